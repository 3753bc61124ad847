//! A movement of money: what a row of the ledger says.

use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;

/// An account of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Money taken over the counter. An asset.
    BankCash,
    /// What a customer has paid for and no meter has confirmed. A liability.
    Prepaid(CustomerNumber),
    /// What a customer has paid and no meter will credit. A liability.
    RefundDue(CustomerNumber),
    /// What meters have confirmed. Revenue.
    Delivered,
    /// What was paid back over the counter.
    Refunded,
    /// Claims on their way from one chip to another; zero between two acts.
    Carried,
    /// What meters have confirmed and nobody had paid for.
    Loss,
}

impl Account {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Account::BankCash => "bank-cash",
            Account::Prepaid(_) => "prepaid",
            Account::RefundDue(_) => "refund-due",
            Account::Delivered => "delivered",
            Account::Refunded => "refunded",
            Account::Carried => "carried",
            Account::Loss => "loss",
        }
    }

    /// Its kind, and the customer's number where it is his.
    pub(crate) fn name(self) -> String {
        match self.customer() {
            Some(customer) => format!("{}:{customer}", self.kind()),
            None => self.kind().to_owned(),
        }
    }

    pub(crate) const fn customer(self) -> Option<CustomerNumber> {
        match self {
            Account::Prepaid(customer) | Account::RefundDue(customer) => Some(customer),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The customer paid for an order that is about to be sealed.
    Sale,
    /// The customer paid more, for a larger order of the same purchase.
    Correction,
    /// A sale was undone before anything can have been sealed.
    Cancelled,
    /// A receipt was settled: the meter has credited.
    Delivery,
    /// A receipt was settled for less than was paid.
    RefundDue,
    /// What was due was paid back.
    Refund,
    /// A claim left a chip that was replaced.
    CarryOut,
    /// A claim came to the chip in its place.
    CarryIn,
    /// A receipt was settled for more than was paid.
    Loss,
}

impl Code {
    const ALL: [Code; 9] = [
        Code::Sale,
        Code::Correction,
        Code::Cancelled,
        Code::Delivery,
        Code::RefundDue,
        Code::Refund,
        Code::CarryOut,
        Code::CarryIn,
        Code::Loss,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Code::Sale => "sale",
            Code::Correction => "correction",
            Code::Cancelled => "cancelled",
            Code::Delivery => "delivery",
            Code::RefundDue => "refund-due",
            Code::Refund => "refund",
            Code::CarryOut => "carry-out",
            Code::CarryIn => "carry-in",
            Code::Loss => "loss",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The purchase a transfer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// The life its count belongs to.
    pub life: i64,
    /// The purchase count.
    pub count: u32,
    /// The order that was sold or settled; none when a meter credited an order that is none of ours.
    pub order: Option<OrderId>,
}

/// A movement of money from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// What happened.
    pub code: Code,
    /// When it was booked.
    pub at: Moment,
    /// The purchase it belongs to.
    pub purchase: Purchase,
    /// Where it comes to.
    pub debit: Account,
    /// Where it comes from.
    pub credit: Account,
    /// How much, in fen; above zero.
    pub amount: i64,
}
