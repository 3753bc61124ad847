//! What the server can tell: totals, a customer's statement, days.

use crate::error::StoreError;
use crate::ledger::EntryKind;
use crate::order::OrderState;
use crate::rows::{self, bytes, column, parsed, time};
use crate::store::View;
use rusqlite::Row;
use wire::bcd::{BcdTime, CustomerNumber, MeterNumber};
use wire::order::OrderId;

/// The house in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Taken over the counter, in fen.
    pub sold_fen: i64,
    /// Confirmed by meters, in fen.
    pub settled_fen: i64,
    /// Sold and not yet confirmed, in fen: `sold_fen - settled_fen`.
    pub outstanding_fen: i64,
    /// Registered customers.
    pub customers: u32,
    /// Orders ever placed, of any state.
    pub orders: u32,
    /// Orders that the security module has not answered for.
    pub prepared: u32,
    /// Orders that await their receipt.
    pub sealed: u32,
    /// Orders whose place another took, with the receipt of either still to come.
    pub superseded: u32,
    /// Orders with a receipt.
    pub settled: u32,
    /// Orders that were given up.
    pub void: u32,
}

/// One line of a customer's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// When it was booked.
    pub at: BcdTime,
    /// Sale or delivery.
    pub kind: EntryKind,
    /// The order.
    pub order: OrderId,
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// What it was about, in fen.
    pub amount_fen: i64,
    /// Paid for and not confirmed after this line, in fen.
    pub prepaid_fen: i64,
}

/// One day's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day, YYYYMMDD.
    pub day: String,
    /// Purchases sold.
    pub sales: u32,
    /// Their amount in fen.
    pub sold_fen: i64,
    /// Purchases confirmed.
    pub deliveries: u32,
    /// Their amount in fen.
    pub settled_fen: i64,
}

/// Something in the books that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The ledger as a whole is out of balance.
    #[error("the ledger does not balance: the sum of all accounts is {0} fen")]
    Balance(i128),
    /// An entry is out of balance.
    #[error("journal entry {entry} does not balance: {fen} fen")]
    Entry {
        /// The entry.
        entry: i64,
        /// Its sum.
        fen: i64,
    },
    /// Ledger and orders disagree on what was settled.
    #[error("the ledger says {ledger} fen are settled, the orders say {orders} fen")]
    Settled {
        /// By the ledger.
        ledger: i64,
        /// By the orders.
        orders: i64,
    },
    /// Ledger and orders disagree on what was sold.
    #[error("the ledger says {ledger} fen are sold, the orders say {orders} fen")]
    Sold {
        /// By the ledger.
        ledger: i64,
        /// By the orders.
        orders: i64,
    },
}

impl View<'_> {
    /// The house in figures.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        let balance = self.trial_balance()?;
        let mut totals = Totals {
            sold_fen: balance.bank_cash,
            settled_fen: -balance.delivered,
            outstanding_fen: -balance.prepaid,
            customers: self
                .conn
                .prepare_cached("SELECT count(*) FROM customer")?
                .query_row([], |row| row.get(0))?,
            ..Totals::default()
        };
        let mut states =
            self.conn.prepare_cached("SELECT state, count(*) AS n FROM purchase_order GROUP BY state")?;
        let counted = rows::all(&mut states, [], |row| {
            Ok((column::<String>(row, "state")?, column::<u32>(row, "n")?))
        })?;
        for (state, n) in counted {
            totals.orders += n;
            match OrderState::from_name(&state) {
                Some(OrderState::Prepared) => totals.prepared = n,
                Some(OrderState::Sealed) => totals.sealed = n,
                Some(OrderState::Superseded) => totals.superseded = n,
                Some(OrderState::Settled) => totals.settled = n,
                Some(OrderState::Void) => totals.void = n,
                None => return Err(StoreError::Value { place: "purchase_order.state", detail: state }),
            }
        }
        Ok(totals)
    }

    /// What a customer paid and what was confirmed, oldest first.
    pub fn statement(&self, customer: CustomerNumber) -> Result<Vec<StatementLine>, StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT journal_entry.kind AS kind, at, meter, count, order_id, posting.amount AS amount \
             FROM posting JOIN account ON account.id = posting.account \
             JOIN journal_entry ON journal_entry.id = posting.entry \
             WHERE account.customer = ?1 ORDER BY journal_entry.id, posting.line",
        )?;
        let mut lines = rows::all(&mut find, [customer.to_string()], statement_line)?;
        let mut prepaid = 0;
        for line in &mut lines {
            prepaid += line.prepaid_fen;
            line.prepaid_fen = prepaid;
        }
        Ok(lines)
    }

    /// Every day with business, oldest first.
    pub fn days(&self) -> Result<Vec<Day>, StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT substr(at, 1, 8) AS day, \
             sum(kind = 'sale') AS sales, sum(CASE kind WHEN 'sale' THEN fen ELSE 0 END) AS sold, \
             sum(kind = 'delivery') AS deliveries, sum(CASE kind WHEN 'delivery' THEN fen ELSE 0 END) AS settled \
             FROM journal_entry JOIN \
             (SELECT entry, sum(amount) AS fen FROM posting WHERE amount > 0 GROUP BY entry) ON entry = id \
             GROUP BY day ORDER BY day",
        )?;
        rows::all(&mut find, [], |row| {
            Ok(Day {
                day: column(row, "day")?,
                sales: column(row, "sales")?,
                sold_fen: column(row, "sold")?,
                deliveries: column(row, "deliveries")?,
                settled_fen: column(row, "settled")?,
            })
        })
    }

    /// Checks the books against each other; an empty list is what it should be.
    pub fn audit(&self) -> Result<Vec<Finding>, StoreError> {
        let balance = self.trial_balance()?;
        let mut findings = Vec::new();
        if balance.sum() != 0 {
            findings.push(Finding::Balance(balance.sum()));
        }
        let mut uneven = self.conn.prepare_cached(
            "SELECT entry, sum(amount) AS fen FROM posting GROUP BY entry HAVING sum(amount) <> 0",
        )?;
        findings.extend(rows::all(&mut uneven, [], |row| {
            Ok(Finding::Entry { entry: column(row, "entry")?, fen: column(row, "fen")? })
        })?);
        let orders =
            self.number("SELECT coalesce(sum(amount), 0) FROM purchase_order WHERE state = 'settled'")?;
        if orders != -balance.delivered {
            findings.push(Finding::Settled { ledger: -balance.delivered, orders });
        }
        // The orders of one purchase carry one amount; it was sold once, when the first of them was sealed.
        let orders = self.number(
            "SELECT coalesce(sum(amount), 0) FROM (SELECT max(amount) AS amount FROM purchase_order \
             WHERE record IS NOT NULL OR state = 'settled' GROUP BY meter, count)",
        )?;
        if orders != balance.bank_cash {
            findings.push(Finding::Sold { ledger: balance.bank_cash, orders });
        }
        Ok(findings)
    }

    fn number(&self, sql: &str) -> Result<i64, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}

/// A line with its own movement of the prepaid account in place of the running sum.
fn statement_line(row: &Row<'_>) -> Result<StatementLine, StoreError> {
    let kind: String = column(row, "kind")?;
    let amount: i64 = column(row, "amount")?;
    Ok(StatementLine {
        at: time(row, "at")?,
        kind: EntryKind::from_name(&kind)
            .ok_or(StoreError::Value { place: "journal_entry.kind", detail: kind })?,
        order: OrderId(bytes(row, "order_id")?),
        meter: parsed(row, "meter")?,
        count: column(row, "count")?,
        amount_fen: amount.abs(),
        prepaid_fen: -amount,
    })
}
