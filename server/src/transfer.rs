//! A movement of money: what a row of the ledger says.

use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;

/// An account of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account<'a> {
    /// Money taken over the counter. An asset.
    BankCash,
    /// Money that customers' banks have debited for us. An asset.
    BankClearing,
    /// Cash in the drawer of a clerk, by his name. An asset.
    Drawer(&'a str),
    /// What a customer has paid for and no meter has confirmed. A liability.
    Prepaid(CustomerNumber),
    /// What a customer has paid and no meter will credit. A liability.
    RefundDue(CustomerNumber),
    /// Money that came and belongs to no purchase (yet): a debit before its sale, paid twice, paid late. A liability.
    Suspense,
    /// What meters have confirmed. Revenue.
    Delivered,
    /// What was paid back over the counter.
    Refunded,
    /// Claims on their way from one chip to another; zero between two acts.
    Carried,
    /// What meters have confirmed and nobody had paid for.
    Loss,
    /// What a drawer or the bank has less than the books say, or more.
    Difference,
    /// What customers pay for a service. Revenue.
    Fee,
    /// What was taken for the power company. A liability.
    CompanyPayable,
}

impl Account<'_> {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Account::BankCash => "bank-cash",
            Account::BankClearing => "bank-clearing",
            Account::Drawer(_) => "drawer",
            Account::Prepaid(_) => "prepaid",
            Account::RefundDue(_) => "refund-due",
            Account::Suspense => "suspense",
            Account::Delivered => "delivered",
            Account::Refunded => "refunded",
            Account::Carried => "carried",
            Account::Loss => "loss",
            Account::Difference => "difference",
            Account::Fee => "fee",
            Account::CompanyPayable => "company-payable",
        }
    }

    /// The customer or clerk whose it is; of the house's, nothing.
    pub(crate) fn whose(self) -> String {
        match (self.customer(), self.clerk()) {
            (Some(customer), _) => customer.to_string(),
            (None, clerk) => clerk.unwrap_or_default().to_owned(),
        }
    }

    pub(crate) const fn customer(&self) -> Option<CustomerNumber> {
        match self {
            Account::Prepaid(customer) | Account::RefundDue(customer) => Some(*customer),
            _ => None,
        }
    }

    pub(crate) const fn clerk(&self) -> Option<&str> {
        match self {
            Account::Drawer(clerk) => Some(clerk),
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
    /// A customer's bank debits him for an order.
    Debit,
    /// His bank gave a debit back to him.
    DebitReversal,
    /// The bank's file says otherwise than the books, and two people have booked it so.
    BankDifference,
    /// A drawer was counted and emptied.
    DrawerClose,
    /// A drawer held more or less than the books say.
    DrawerDifference,
    /// Two people have moved money for a reason that they say.
    Adjust,
    /// What stood in the purse of a meter that was changed left it.
    MeterOut,
    /// Of what was paid for a meter that was changed, what two people say was used in it.
    MeterUsed,
    /// What was carried from a meter came to the one in its place.
    MeterIn,
    /// More stood in the old meter than was carried.
    MeterMore,
    /// Less stood in the old meter than was carried: the house's loss.
    MeterLess,
    /// Cash was put into a drawer at its opening.
    DrawerOpen,
    /// Cash was paid out of a drawer.
    DrawerOut,
    /// What stood in suspense was paid back over the counter.
    SuspenseRefund,
    /// What stood in suspense went elsewhere, as two people said.
    SuspenseEnd,
}

impl Code {
    const ALL: [Code; 24] = [
        Code::Sale,
        Code::Correction,
        Code::Cancelled,
        Code::Delivery,
        Code::RefundDue,
        Code::Refund,
        Code::CarryOut,
        Code::CarryIn,
        Code::Loss,
        Code::Debit,
        Code::DebitReversal,
        Code::BankDifference,
        Code::DrawerClose,
        Code::DrawerDifference,
        Code::Adjust,
        Code::MeterOut,
        Code::MeterUsed,
        Code::MeterIn,
        Code::MeterMore,
        Code::MeterLess,
        Code::DrawerOpen,
        Code::DrawerOut,
        Code::SuspenseRefund,
        Code::SuspenseEnd,
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
            Code::Debit => "debit",
            Code::DebitReversal => "debit-reversal",
            Code::BankDifference => "bank-difference",
            Code::DrawerClose => "drawer-close",
            Code::DrawerDifference => "drawer-difference",
            Code::Adjust => "adjust",
            Code::MeterOut => "meter-out",
            Code::MeterUsed => "meter-used",
            Code::MeterIn => "meter-in",
            Code::MeterMore => "meter-more",
            Code::MeterLess => "meter-less",
            Code::DrawerOpen => "drawer-open",
            Code::DrawerOut => "drawer-out",
            Code::SuspenseRefund => "suspense-refund",
            Code::SuspenseEnd => "suspense-end",
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

/// A transfer that was booked: which server booked it, and its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The server.
    pub server: String,
    /// The number.
    pub number: i64,
}

impl core::fmt::Display for Entry {
    /// `SERVER:NUMBER`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}", self.server, self.number)
    }
}

/// Whether a transfer moves its money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing<'a> {
    /// At once.
    #[default]
    Posted,
    /// Not before a later one posts it; that or another may void it.
    Pending,
    /// What the pending one says is moved with this one.
    Post(&'a Entry),
    /// What the pending one says is never moved.
    Void(&'a Entry),
}

impl Standing<'_> {
    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Posted => "posted",
            Standing::Pending => "pending",
            Standing::Post(_) => "post",
            Standing::Void(_) => "void",
        }
    }

    /// The pending transfer that it says something of.
    pub const fn resolves(&self) -> Option<&Entry> {
        match self {
            Standing::Post(entry) | Standing::Void(entry) => Some(entry),
            Standing::Posted | Standing::Pending => None,
        }
    }
}

/// A movement of money from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// What happened.
    pub code: Code,
    /// When it was booked.
    pub at: Moment,
    /// The purchase it belongs to, if it does to one.
    pub purchase: Option<Purchase>,
    /// Where it comes to.
    pub debit: Account<'a>,
    /// Where it comes from.
    pub credit: Account<'a>,
    /// How much, in fen; above zero.
    pub amount: i64,
    /// Whether it moves it.
    pub standing: Standing<'a>,
    /// What else it is about (the reference of a payment, a finding), in 1 to 64 characters without `|`.
    pub subject: Option<&'a str>,
}
