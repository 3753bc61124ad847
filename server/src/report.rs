//! What the server can tell: totals, a customer's statement, days.

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::order_state::OrderState;
use crate::rows::{self, column, parsed, time};
use crate::store::View;
use crate::transfer::Code;
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// The house in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Taken over the counter, in fen.
    pub sold_fen: i64,
    /// Confirmed by meters, in fen.
    pub settled_fen: i64,
    /// Sold and not yet confirmed, in fen.
    pub outstanding_fen: i64,
    /// Due to customers, in fen.
    pub refund_due_fen: i64,
    /// Paid back, in fen.
    pub refunded_fen: i64,
    /// Confirmed by meters and never paid for, in fen.
    pub loss_fen: i64,
    /// Registered customers.
    pub customers: u32,
    /// Orders that stand: prepared, sealed or settled. A purchase has one at most.
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
    pub at: Moment,
    /// What happened.
    pub kind: Code,
    /// The order that stands for the purchase: the one that was credited, or else the last one made. None when a meter
    /// credited an order that is none of ours.
    pub order: Option<OrderId>,
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// What it was about, in fen.
    pub amount_fen: i64,
    /// Paid for and not confirmed after this line, in fen.
    pub prepaid_fen: i64,
    /// Due to the customer after this line, in fen.
    pub refund_due_fen: i64,
}

/// One day's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day, YYYYMMDD.
    pub day: String,
    /// Purchases sold, less those cancelled.
    pub sales: i64,
    /// What was paid for them and for corrections, in fen.
    pub sold_fen: i64,
    /// Purchases confirmed.
    pub deliveries: u32,
    /// Their amount in fen.
    pub settled_fen: i64,
}

/// Something in the books that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The ledger as a whole is out of balance.
    #[error("the ledger does not balance: the sum of all accounts is {0} fen")]
    Balance(i128),
    /// A transfer is missing or was changed.
    #[error("the ledger was changed by hand: {0}")]
    Ledger(String),
    /// Ledger and receipts disagree on what was settled.
    #[error("the ledger says {ledger} fen are settled, the receipts say {receipts} fen")]
    Settled {
        /// By the ledger.
        ledger: i64,
        /// By the receipts.
        receipts: i64,
    },
    /// Less was paid for a purchase than the largest of its orders that may have been sealed.
    #[error(
        "purchase {count} of meter {meter}: {paid} fen are paid, an order of {amount} fen may have been sealed"
    )]
    NotPaid {
        /// The meter.
        meter: MeterNumber,
        /// The purchase count.
        count: u32,
        /// Paid, in fen.
        paid: i64,
        /// The largest order, in fen.
        amount: i64,
    },
    /// A purchase is settled and money still stands on it.
    #[error("purchase {count} of meter {meter} is settled, and {fen} fen still count as not confirmed")]
    LeftOver {
        /// The meter.
        meter: MeterNumber,
        /// The purchase count.
        count: u32,
        /// What is left, in fen.
        fen: i64,
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
            refund_due_fen: -balance.refund_due,
            refunded_fen: -balance.refunded,
            loss_fen: balance.loss,
            customers: self.conn.one("SELECT count(*) FROM customer", params![])?,
            ..Totals::default()
        };
        let counted = self.conn.all(
            "SELECT state, count(*) AS n FROM purchase_order GROUP BY state",
            params![],
            |row| Ok((column::<String>(row, "state")?, column::<u32>(row, "n")?)),
        )?;
        for (state, n) in counted {
            match OrderState::from_name(&state) {
                Some(OrderState::Prepared) => totals.prepared = n,
                Some(OrderState::Sealed) => totals.sealed = n,
                Some(OrderState::Superseded) => totals.superseded = n,
                Some(OrderState::Settled) => totals.settled = n,
                Some(OrderState::Void) => totals.void = n,
                None => return Err(StoreError::Value { place: "purchase_order.state", detail: state }),
            }
        }
        totals.orders = totals.prepared + totals.sealed + totals.settled;
        Ok(totals)
    }

    /// What a customer paid, what was confirmed and what was paid back, oldest first.
    pub fn statement(&self, customer: CustomerNumber) -> Result<Vec<StatementLine>, StoreError> {
        let mut lines = self.conn.all(
            "SELECT t.code AS kind, t.at AS at, l.meter AS meter, t.count AS count, t.amount AS amount, \
             sum(CASE account.kind WHEN 'prepaid' THEN CASE account.id WHEN t.credit THEN t.amount ELSE -t.amount END \
             ELSE 0 END) AS prepaid, \
             sum(CASE account.kind WHEN 'refund-due' THEN CASE account.id WHEN t.credit THEN t.amount ELSE -t.amount END \
             ELSE 0 END) AS refund_due, \
             CASE WHEN s.life IS NOT NULL THEN s.order_id ELSE (SELECT o.id FROM purchase_order o \
             WHERE o.life = t.life AND o.count = t.count ORDER BY o.state = 'void', o.seq DESC LIMIT 1) END AS order_id \
             FROM account JOIN transfer t ON account.id IN (t.debit, t.credit) JOIN life l ON l.id = t.life \
             LEFT JOIN settlement s ON s.life = t.life AND s.count = t.count WHERE account.customer = ?1 \
             GROUP BY t.id, t.code, t.at, l.meter, t.life, t.count, t.amount, s.life, s.order_id ORDER BY t.id",
            params![customer.to_string()],
            statement_line,
        )?;
        let (mut prepaid, mut due) = (0, 0);
        for line in &mut lines {
            prepaid += line.prepaid_fen;
            due += line.refund_due_fen;
            (line.prepaid_fen, line.refund_due_fen) = (prepaid, due);
        }
        Ok(lines)
    }

    /// Every day with business, oldest first.
    pub fn days(&self) -> Result<Vec<Day>, StoreError> {
        self.days_between("00000000", "99999999")
    }

    /// Those from one day to another, both in it, each YYYYMMDD.
    pub fn days_between(&self, from: &str, to: &str) -> Result<Vec<Day>, StoreError> {
        let (first, last) = (format!("{from}000000"), format!("{to}999999"));
        self.conn.all(
            "SELECT substr(at, 1, 8) AS day, \
             sum(CASE code WHEN 'sale' THEN 1 WHEN 'cancelled' THEN -1 ELSE 0 END) AS sales, \
             sum(CASE WHEN code IN ('sale', 'correction') THEN amount WHEN code = 'cancelled' THEN -amount ELSE 0 END) AS sold, \
             sum(CASE code WHEN 'delivery' THEN 1 ELSE 0 END) AS deliveries, \
             sum(CASE code WHEN 'delivery' THEN amount ELSE 0 END) AS settled \
             FROM transfer WHERE at BETWEEN ?1 AND ?2 GROUP BY substr(at, 1, 8) ORDER BY day",
            params![first, last],
            |row| {
                Ok(Day {
                    day: column(row, "day")?,
                    sales: column(row, "sales")?,
                    sold_fen: column(row, "sold")?,
                    deliveries: column(row, "deliveries")?,
                    settled_fen: column(row, "settled")?,
                })
            },
        )
    }

    /// Checks the books against each other; an empty list is what it should be.
    pub fn audit(&self) -> Result<Vec<Fault>, StoreError> {
        let balance = self.trial_balance()?;
        let mut faults = Vec::new();
        if balance.sum() != 0 {
            faults.push(Fault::Balance(balance.sum()));
        }
        let receipts = self.number("SELECT coalesce(sum(credited), 0) FROM settlement")?;
        if receipts != -balance.delivered {
            faults.push(Fault::Settled { ledger: -balance.delivered, receipts });
        }
        faults.extend(self.unpaid()?);
        Ok(faults)
    }

    /// Purchases of which more may have been sealed than was paid, and settled ones with something left on them. Rows of
    /// the older make were booked by another rule.
    fn unpaid(&self) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        self.conn.each(
            "SELECT l.meter AS meter, p.count AS count, s.life IS NOT NULL AS settled, \
             (SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.amount ELSE -t.amount END), 0) FROM transfer t \
             JOIN account ON account.id IN (t.debit, t.credit) \
             WHERE t.life = p.life AND t.count = p.count AND account.kind = 'prepaid') AS paid, \
             (SELECT coalesce(max(o.amount), 0) FROM purchase_order o WHERE o.life = p.life AND o.count = p.count \
             AND o.state <> 'void' AND (o.record IS NOT NULL OR EXISTS (SELECT 1 FROM ask WHERE ask.order_id = o.id) \
             OR EXISTS (SELECT 1 FROM seal WHERE seal.order_id = o.id))) AS amount \
             FROM purchase p JOIN life l ON l.id = p.life \
             LEFT JOIN settlement s ON s.life = p.life AND s.count = p.count WHERE l.serial IS NOT NULL",
            params![],
            &mut |row| {
                let (meter, count): (MeterNumber, u32) = (parsed(row, "meter")?, column(row, "count")?);
                let (settled, paid, amount): (bool, i64, i64) =
                    (column(row, "settled")?, column(row, "paid")?, column(row, "amount")?);
                match (settled, paid, amount) {
                    (true, 0, _) => {}
                    (true, fen, _) => faults.push(Fault::LeftOver { meter, count, fen }),
                    (false, paid, amount) if paid < amount => {
                        faults.push(Fault::NotPaid { meter, count, paid, amount });
                    }
                    _ => {}
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(faults)
    }

    fn number(&self, sql: &str) -> Result<i64, StoreError> {
        self.conn.one(sql, params![])
    }
}

/// A line with its own movements of the customer's accounts in place of the running sums.
fn statement_line(row: &Row<'_>) -> Result<StatementLine, StoreError> {
    let kind: String = column(row, "kind")?;
    let order: Option<Vec<u8>> = column(row, "order_id")?;
    Ok(StatementLine {
        at: time(row, "at")?,
        kind: Code::from_name(&kind).ok_or(StoreError::Value { place: "transfer.code", detail: kind })?,
        order: order.map(|id| rows::exactly(&id, "order_id").map(OrderId)).transpose()?,
        meter: parsed(row, "meter")?,
        count: column(row, "count")?,
        amount_fen: column(row, "amount")?,
        prepaid_fen: column(row, "prepaid")?,
        refund_due_fen: column(row, "refund_due")?,
    })
}

impl scheme::Fault for Fault {
    fn code(&self) -> &str {
        match self {
            Fault::Balance(_) => "ledger-balance",
            Fault::Ledger(_) => "ledger-changed",
            Fault::Settled { .. } => "ledger-settled",
            Fault::NotPaid { .. } => "ledger-not-paid",
            Fault::LeftOver { .. } => "ledger-left-over",
        }
    }
}
