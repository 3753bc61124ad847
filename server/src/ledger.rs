//! The ledger: double entry, in fen, append-only.
//!
//! Accounts: the bank's cash, what each customer has paid for and no meter has confirmed yet, what is due to
//! him back, what meters have confirmed, what was paid back, what was credited and never paid for. A transfer moves an
//! amount from one to another, so the whole ledger sums to zero by its form; each carries the hash of the one before it
//! ([`crate::ledger_chain`]).

use crate::engine::params;
use crate::error::StoreError;
use crate::ledger_chain::{AS_BOOKED, Head, booked, link};
use crate::rows::{bytes, column, time_text};
use crate::store::{Transaction, View};
use crate::transfer::{Account, Code, Purchase, Transfer};
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;

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

impl View<'_> {
    /// Where a server's chain stands; `None` before its first transfer.
    pub fn chain_head(&self, server: &str) -> Result<Option<Head>, StoreError> {
        self.conn.first(
            "SELECT server, number, hash FROM transfer WHERE server = ?1 ORDER BY number DESC LIMIT 1",
            params![server],
            |row| {
                Ok(Head {
                    server: column(row, "server")?,
                    number: column(row, "number")?,
                    hash: bytes(row, "hash")?,
                })
            },
        )
    }

    /// The hash that a server's transfer of a number carries; `None` where there is none.
    pub fn chain_at(&self, server: &str, number: i64) -> Result<Option<[u8; 32]>, StoreError> {
        self.conn.first(
            "SELECT hash FROM transfer WHERE server = ?1 AND number = ?2",
            params![server, number],
            |row| bytes(row, "hash"),
        )
    }

    /// Recomputes the chains of all servers from the transfers as they stand. Gives where each stands, and the first thing
    /// that does not fit, in words.
    pub fn recompute_ledger(&self) -> Result<(Vec<Head>, Option<String>), StoreError> {
        let (mut heads, mut wrong): (Vec<Head>, Option<String>) = (Vec::new(), None);
        self.conn.each(AS_BOOKED, params![], &mut |row| {
            let server: String = column(row, "server")?;
            if heads.last().is_none_or(|head| head.server != server) {
                heads.push(Head { server, number: 0, hash: [0; 32] });
            }
            let Some(head) = heads.last_mut() else { return Ok(ControlFlow::Break(())) };
            let found = booked(row, |_| head.hash)?;
            wrong = if found.number != head.number + 1 {
                Some(format!(
                    "transfer {} of server {} is missing; the next one that is there is {}",
                    head.number + 1,
                    found.server,
                    found.number
                ))
            } else if Code::from_name(&column::<String>(row, "code")?).is_none() || found.hash != found.linked {
                Some(format!(
                    "transfer {} of server {} does not carry the hash of what it says: it, or the one before it, was changed",
                    found.number, found.server
                ))
            } else {
                (head.number, head.hash) = (found.number, found.hash);
                None
            };
            Ok(if wrong.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        // An account that a transfer names and that is not there takes the transfer out of the list.
        if wrong.is_none() {
            let counted: i64 = self.conn.one("SELECT count(*) FROM transfer", params![])?;
            let read: i64 = heads.iter().map(|head| head.number).sum();
            if counted != read {
                wrong = Some(format!(
                    "{counted} transfers are there and {read} can be read: an account is missing"
                ));
            }
        }
        Ok((heads, wrong))
    }
}
