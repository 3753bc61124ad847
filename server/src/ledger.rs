//! The ledger: double entry, in fen, append-only.
//!
//! Three kinds of account: the bank's cash, what each customer has paid for and no meter has confirmed
//! yet, and what meters have confirmed. A sale moves money from the second into the first, a delivery
//! from the third into the second, so every entry and the whole ledger sum to zero; the schema refuses
//! to commit anything else.

use crate::error::StoreError;
use crate::rows::{self, time_text};
use crate::store::{Act, View};
use rusqlite::params;
use wire::bcd::{BcdTime, CustomerNumber, MeterNumber};
use wire::money::Fen;
use wire::order::OrderId;

/// An account of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Money taken over the counter. An asset.
    BankCash,
    /// What a customer has paid for and no meter has confirmed. A liability.
    Prepaid(CustomerNumber),
    /// What meters have confirmed. Revenue.
    Delivered,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// An order was sealed: the customer has paid, a meter owes the credit.
    Sale,
    /// A receipt was settled: the meter has credited.
    Delivery,
}

impl EntryKind {
    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Sale => "sale",
            EntryKind::Delivery => "delivery",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [EntryKind::Sale, EntryKind::Delivery].into_iter().find(|kind| kind.name() == name)
    }
}

/// The purchase an entry belongs to: at most one entry of each kind stands for a meter and a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// The order that was sealed or settled.
    pub order: OrderId,
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
    at: BcdTime,
    purchase: Purchase,
    lines: Vec<Line>,
}

impl Entry {
    /// An entry of these lines; refused when they do not balance.
    pub fn new(
        kind: EntryKind,
        at: BcdTime,
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

    /// The customer paid `amount`.
    pub(crate) fn sale(at: BcdTime, purchase: Purchase, customer: CustomerNumber, amount: Fen) -> Self {
        Self::transfer(EntryKind::Sale, at, purchase, [Account::BankCash, Account::Prepaid(customer)], amount)
    }

    /// A meter confirmed `amount`.
    pub(crate) fn delivery(at: BcdTime, purchase: Purchase, customer: CustomerNumber, amount: Fen) -> Self {
        Self::transfer(
            EntryKind::Delivery,
            at,
            purchase,
            [Account::Prepaid(customer), Account::Delivered],
            amount,
        )
    }

    fn transfer(
        kind: EntryKind,
        at: BcdTime,
        purchase: Purchase,
        accounts: [Account; 2],
        amount: Fen,
    ) -> Self {
        let [debit, credit] = accounts;
        let amount = i64::from(amount.0);
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
    /// Confirmed by meters; revenue, so zero or negative.
    pub delivered: i64,
}

impl TrialBalance {
    /// The sum over all accounts: zero.
    pub const fn sum(&self) -> i128 {
        self.bank_cash as i128 + self.prepaid as i128 + self.delivered as i128
    }
}

impl Act<'_> {
    /// Writes an entry into the journal.
    pub(crate) fn post(&self, entry: &Entry) -> Result<(), StoreError> {
        let Purchase { meter, count, order } = entry.purchase;
        self.conn
            .prepare_cached(
                "INSERT INTO journal_entry (kind, at, meter, count, order_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![entry.kind.name(), time_text(entry.at), meter.to_string(), count, order.0])?;
        let id = self.conn.last_insert_rowid();
        for (number, line) in (1i64..).zip(&entry.lines) {
            let account = self.account(line.account)?;
            self.conn
                .prepare_cached("INSERT INTO posting (entry, line, account, amount) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![id, number, account, line.amount])?;
        }
        Ok(())
    }

    /// The row of an account; a customer's is opened with the first posting on it.
    fn account(&self, account: Account) -> Result<i64, StoreError> {
        let house = |kind: &str| -> Result<i64, StoreError> {
            let mut find =
                self.conn.prepare_cached("SELECT id FROM account WHERE kind = ?1 AND customer IS NULL")?;
            Ok(find.query_row([kind], |row| row.get(0))?)
        };
        let customer = match account {
            Account::BankCash => return house("bank-cash"),
            Account::Delivered => return house("delivered"),
            Account::Prepaid(customer) => customer.to_string(),
        };
        let mut find = self.conn.prepare_cached("SELECT id FROM account WHERE customer = ?1")?;
        let found = rows::first(&mut find, [&customer], |row| rows::column(row, "id"))?;
        if let Some(id) = found {
            return Ok(id);
        }
        self.conn
            .prepare_cached("INSERT INTO account (kind, customer) VALUES ('prepaid', ?1)")?
            .execute([&customer])?;
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
                _ => balance.delivered = fen,
            }
        }
        Ok(balance)
    }

    /// What a customer has paid for and no meter has confirmed, in fen.
    pub fn prepaid(&self, customer: CustomerNumber) -> Result<i64, StoreError> {
        let mut sum = self.conn.prepare_cached(
            "SELECT -coalesce(sum(posting.amount), 0) FROM posting JOIN account ON account.id = posting.account \
             WHERE account.customer = ?1",
        )?;
        Ok(sum.query_row([customer.to_string()], |row| row.get(0))?)
    }
}
