//! The ledger: double entry, in fen, append-only.
//!
//! Accounts: the bank's cash, what each customer has paid for and no meter has confirmed yet, what is due to
//! him back, what meters have confirmed, what was paid back, what was credited and never paid for. A transfer moves an
//! amount from one to another, so the whole ledger sums to zero by its form; each carries the hash of the one before it
//! ([`crate::ledger_chain`]).

use crate::engine::params;
use crate::error::StoreError;
use crate::ledger_chain::link;
use crate::rows::{column, time_text};
use crate::store::{Transaction, View};
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
    const fn kind(self) -> &'static str {
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

    const fn customer(self) -> Option<CustomerNumber> {
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

/// Balance of one kind of account over all customers, in fen, debit positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrialBalance {
    /// Money taken over the counter.
    pub bank_cash: i64,
    /// Paid for and not yet confirmed; a liability, so zero or negative.
    pub prepaid: i64,
    /// Due to customers; a liability, so zero or negative.
    pub refund_due: i64,
    /// Confirmed by meters; revenue, so zero or negative.
    pub delivered: i64,
    /// Paid back; money that left, so zero or negative.
    pub refunded: i64,
    /// On its way between two chips: zero.
    pub carried: i64,
    /// Confirmed and never paid for.
    pub loss: i64,
}

impl TrialBalance {
    /// The sum over all accounts: zero.
    pub const fn sum(&self) -> i128 {
        self.bank_cash as i128
            + self.prepaid as i128
            + self.refund_due as i128
            + self.delivered as i128
            + self.refunded as i128
            + self.carried as i128
            + self.loss as i128
    }
}

impl Transaction<'_> {
    /// Books a transfer, unless it moves nothing.
    pub(crate) fn move_money(
        &self,
        code: Code,
        at: Moment,
        purchase: Purchase,
        [debit, credit]: [Account; 2],
        amount: i64,
    ) -> Result<(), StoreError> {
        if amount == 0 {
            return Ok(());
        }
        let transfer = Transfer { code, at, purchase, debit, credit, amount };
        let before = self.chain_head(self.server)?;
        let number = before.as_ref().map_or(0, |head| head.number) + 1;
        let hash = link(&before.map_or([0; 32], |head| head.hash), self.server, number, &transfer);
        let (debit, credit) = (self.account(debit)?, self.account(credit)?);
        self.conn.execute(
            "INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, order_id, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                self.server,
                number,
                code.name(),
                debit,
                credit,
                amount,
                time_text(at),
                purchase.life,
                purchase.count,
                purchase.order.map(|id| id.0),
                hash
            ],
        )?;
        Ok(())
    }

    /// The row of an account; a customer's is opened with the first posting on it.
    fn account(&self, account: Account) -> Result<i64, StoreError> {
        let kind = account.kind();
        let Some(customer) = account.customer() else {
            return self
                .conn
                .one("SELECT id FROM account WHERE kind = ?1 AND customer IS NULL", params![kind]);
        };
        let customer = customer.to_string();
        if let Some(id) = self.conn.first(
            "SELECT id FROM account WHERE customer = ?1 AND kind = ?2",
            params![customer.as_str(), kind],
            |row| column(row, "id"),
        )? {
            return Ok(id);
        }
        self.conn
            .one("INSERT INTO account (kind, customer) VALUES (?1, ?2) RETURNING id", params![kind, customer])
    }
}

impl View<'_> {
    /// The balance of every kind of account.
    pub fn trial_balance(&self) -> Result<TrialBalance, StoreError> {
        let mut balance = TrialBalance::default();
        let sums = self.conn.all(
            "SELECT account.kind AS kind, sum(moved.fen) AS fen FROM (\
             SELECT debit AS account, sum(amount) AS fen FROM transfer GROUP BY debit UNION ALL \
             SELECT credit AS account, -sum(amount) AS fen FROM transfer GROUP BY credit) AS moved \
             JOIN account ON account.id = moved.account GROUP BY account.kind",
            params![],
            |row| Ok((column::<String>(row, "kind")?, column::<i64>(row, "fen")?)),
        )?;
        for (kind, fen) in sums {
            match kind.as_str() {
                "bank-cash" => balance.bank_cash = fen,
                "prepaid" => balance.prepaid = fen,
                "refund-due" => balance.refund_due = fen,
                "delivered" => balance.delivered = fen,
                "refunded" => balance.refunded = fen,
                "carried" => balance.carried = fen,
                _ => balance.loss = fen,
            }
        }
        Ok(balance)
    }

    /// What a customer has paid for and no meter has confirmed, in fen.
    pub fn prepaid(&self, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.owed("prepaid", customer)
    }

    /// What is due to a customer, in fen.
    pub fn refund_due(&self, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.owed("refund-due", customer)
    }

    fn owed(&self, kind: &str, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.amount ELSE -t.amount END), 0) FROM account \
             JOIN transfer t ON account.id IN (t.debit, t.credit) \
             WHERE account.customer = ?1 AND account.kind = ?2",
            params![customer.to_string(), kind],
        )
    }

    /// What stands on the customers' accounts of one kind for one purchase, in fen.
    pub(crate) fn owed_for(&self, kind: &str, life: i64, count: u32) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.amount ELSE -t.amount END), 0) FROM transfer t \
             JOIN account ON account.id IN (t.debit, t.credit) \
             WHERE t.life = ?1 AND t.count = ?2 AND account.kind = ?3",
            params![life, count, kind],
        )
    }
}
