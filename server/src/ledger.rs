//! The ledger: double entry, in fen, append-only.
//!
//! Accounts: the bank's cash, what each customer has paid for and no meter has confirmed yet, what is due to
//! him back, what meters have confirmed, what was paid back, what was credited and never paid for. Every entry moves
//! an amount from one to another, so every entry and the whole ledger sum to zero; the schema refuses to commit
//! anything else.

use crate::error::StoreError;
use crate::rows::{self, time_text};
use crate::store::{Transaction, View};
use rusqlite::params;
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

    const fn customer(self) -> Option<CustomerNumber> {
        match self {
            Account::Prepaid(customer) | Account::RefundDue(customer) => Some(customer),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
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

impl EntryKind {
    const ALL: [EntryKind; 9] = [
        EntryKind::Sale,
        EntryKind::Correction,
        EntryKind::Cancelled,
        EntryKind::Delivery,
        EntryKind::RefundDue,
        EntryKind::Refund,
        EntryKind::CarryOut,
        EntryKind::CarryIn,
        EntryKind::Loss,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Sale => "sale",
            EntryKind::Correction => "correction",
            EntryKind::Cancelled => "cancelled",
            EntryKind::Delivery => "delivery",
            EntryKind::RefundDue => "refund-due",
            EntryKind::Refund => "refund",
            EntryKind::CarryOut => "carry-out",
            EntryKind::CarryIn => "carry-in",
            EntryKind::Loss => "loss",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The purchase an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// The life its count belongs to.
    pub life: i64,
    /// The purchase count.
    pub count: u32,
    /// The order that was sold or settled; none when a meter credited an order that is none of ours.
    pub order: Option<OrderId>,
}

/// One line of an entry, in fen: debit positive, credit negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: Account,
    /// The amount in fen, never zero.
    pub amount: i64,
}

/// Why lines do not make an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Debits and credits differ.
    #[error("the entry does not balance: debits exceed credits by {0} fen")]
    Unbalanced(i128),
    /// Fewer than two lines.
    #[error("an entry has at least two lines, this has {0}")]
    Lines(usize),
    /// A line that moves nothing.
    #[error("line {0} moves nothing")]
    Zero(usize),
}

/// A balanced set of lines, ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    kind: EntryKind,
    at: Moment,
    purchase: Purchase,
    lines: Vec<Line>,
}

impl Entry {
    /// An entry of these lines; refused when they do not balance.
    pub fn new(
        kind: EntryKind,
        at: Moment,
        purchase: Purchase,
        mut lines: Vec<Line>,
    ) -> Result<Self, EntryFault> {
        if lines.len() < 2 {
            return Err(EntryFault::Lines(lines.len()));
        }
        if let Some(i) = lines.iter().position(|line| line.amount == 0) {
            return Err(EntryFault::Zero(i + 1));
        }
        match lines.iter().map(|line| i128::from(line.amount)).sum() {
            // Debits first: then no beginning of the entry balances, and the schema can close it when it does.
            0 => lines.sort_by_key(|line| line.amount < 0),
            over => return Err(EntryFault::Unbalanced(over)),
        }
        Ok(Entry { kind, at, purchase, lines })
    }

    /// Moves `amount`, above zero, out of one account into another.
    pub(crate) fn transfer(
        kind: EntryKind,
        at: Moment,
        purchase: Purchase,
        [debit, credit]: [Account; 2],
        amount: i64,
    ) -> Self {
        let lines = vec![Line { account: debit, amount }, Line { account: credit, amount: -amount }];
        Entry { kind, at, purchase, lines }
    }

    /// The lines, debits first.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
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
    /// Writes an entry into the journal.
    pub(crate) fn post(&self, entry: &Entry) -> Result<(), StoreError> {
        let Purchase { life, count, order } = entry.purchase;
        self.conn
            .prepare_cached(
                "INSERT INTO journal_entry (kind, at, life, count, order_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![entry.kind.name(), time_text(entry.at), life, count, order.map(|id| id.0)])?;
        let id = self.conn.last_insert_rowid();
        for (number, line) in (1i64..).zip(&entry.lines) {
            let account = self.account(line.account)?;
            self.conn
                .prepare_cached("INSERT INTO posting (entry, line, account, amount) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![id, number, account, line.amount])?;
        }
        Ok(())
    }

    /// Posts a transfer, unless it moves nothing.
    pub(crate) fn move_money(
        &self,
        kind: EntryKind,
        at: Moment,
        purchase: Purchase,
        accounts: [Account; 2],
        amount: i64,
    ) -> Result<(), StoreError> {
        if amount == 0 { Ok(()) } else { self.post(&Entry::transfer(kind, at, purchase, accounts, amount)) }
    }

    /// The row of an account; a customer's is opened with the first posting on it.
    fn account(&self, account: Account) -> Result<i64, StoreError> {
        let kind = account.kind();
        let Some(customer) = account.customer() else {
            let mut find =
                self.conn.prepare_cached("SELECT id FROM account WHERE kind = ?1 AND customer IS NULL")?;
            return Ok(find.query_row([kind], |row| row.get(0))?);
        };
        let customer = customer.to_string();
        let mut find =
            self.conn.prepare_cached("SELECT id FROM account WHERE customer = ?1 AND kind = ?2")?;
        if let Some(id) = rows::first(&mut find, [customer.as_str(), kind], |row| rows::column(row, "id"))? {
            return Ok(id);
        }
        self.conn
            .prepare_cached("INSERT INTO account (kind, customer) VALUES (?1, ?2)")?
            .execute([kind, &customer])?;
        Ok(self.conn.last_insert_rowid())
    }
}

impl View<'_> {
    /// The balance of every kind of account.
    pub fn trial_balance(&self) -> Result<TrialBalance, StoreError> {
        let mut balance = TrialBalance::default();
        let mut sums = self.conn.prepare_cached(
            "SELECT account.kind AS kind, sum(posting.amount) AS fen \
             FROM posting JOIN account ON account.id = posting.account GROUP BY account.kind",
        )?;
        let read = |row: &rusqlite::Row<'_>| -> Result<(String, i64), StoreError> {
            Ok((rows::column(row, "kind")?, rows::column(row, "fen")?))
        };
        for (kind, fen) in rows::all(&mut sums, [], read)? {
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
        let mut sum = self.conn.prepare_cached(
            "SELECT -coalesce(sum(posting.amount), 0) FROM posting JOIN account ON account.id = posting.account \
             WHERE account.customer = ?1 AND account.kind = ?2",
        )?;
        Ok(sum.query_row([customer.to_string().as_str(), kind], |row| row.get(0))?)
    }

    /// What stands on the customers' accounts of one kind for one purchase, in fen.
    pub(crate) fn owed_for(&self, kind: &str, life: i64, count: u32) -> Result<i64, StoreError> {
        let mut sum = self.conn.prepare_cached(
            "SELECT -coalesce(sum(posting.amount), 0) FROM journal_entry \
             JOIN posting ON posting.entry = journal_entry.id JOIN account ON account.id = posting.account \
             WHERE journal_entry.life = ?1 AND journal_entry.count = ?2 AND account.kind = ?3",
        )?;
        Ok(sum.query_row(params![life, count, kind], |row| row.get(0))?)
    }
}

impl scheme::Fault for EntryFault {
    fn code(&self) -> &str {
        match self {
            EntryFault::Unbalanced(_) => "entry-unbalanced",
            EntryFault::Lines(_) => "entry-lines",
            EntryFault::Zero(_) => "entry-zero",
        }
    }
}
