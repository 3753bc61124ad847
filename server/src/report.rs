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
    /// Taken over the counter and by customers' banks, in fen.
    pub sold_fen: i64,
    /// Confirmed by meters, in fen.
    pub settled_fen: i64,
    /// Sold and not yet confirmed, in fen.
    pub outstanding_fen: i64,
    /// On its way from a meter that was changed to the one in its place, in fen; in no other figure.
    pub transferred_fen: i64,
    /// Due to customers, in fen.
    pub refund_due_fen: i64,
    /// Paid back, in fen.
    pub refunded_fen: i64,
    /// Confirmed by meters and never paid for, in fen.
    pub loss_fen: i64,
    /// Came and belongs to no purchase, in fen.
    pub suspense_fen: i64,
    /// Paid for services, in fen.
    pub fee_fen: i64,
    /// Taken for the power company, in fen.
    pub company_fen: i64,
    /// What pending transfers would move, in fen; in none of the others.
    pub pending_fen: i64,
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

impl Totals {
    /// What came in less everything it became, in fen: nothing, if the books are in order.
    pub fn unaccounted(&self) -> i128 {
        let became = [
            self.settled_fen,
            self.outstanding_fen,
            self.transferred_fen,
            self.refund_due_fen,
            self.refunded_fen,
            self.suspense_fen,
            self.fee_fen,
            self.company_fen,
        ];
        let became: i128 = became.into_iter().map(i128::from).sum();
        i128::from(self.sold_fen) + i128::from(self.loss_fen) - became
    }
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
    /// Ledger and payments disagree on what customers' banks took and gave back.
    #[error("the ledger says customers' banks took {ledger} fen, the payments say {payments} fen")]
    Debited {
        /// By the ledger.
        ledger: i64,
        /// By the payments.
        payments: i64,
    },
    /// Ledger and payments disagree on what was taken and belongs to no purchase.
    #[error("the ledger says {ledger} fen of payments are in suspense, the payments say {payments} fen")]
    Suspense {
        /// By the ledger.
        ledger: i64,
        /// By the payments.
        payments: i64,
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
        let (balance, transferred_fen) = (self.trial_balance()?, self.between_meters()?);
        let mut totals = Totals {
            sold_fen: balance.money_in(),
            settled_fen: -balance.delivered,
            outstanding_fen: -balance.prepaid - transferred_fen,
            transferred_fen,
            refund_due_fen: -balance.refund_due,
            refunded_fen: -balance.refunded,
            loss_fen: balance.loss,
            suspense_fen: -balance.suspense,
            fee_fen: -balance.fee,
            company_fen: -balance.company_payable,
            pending_fen: self.pending()?,
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
        // Which transfers they are is asked of the indexes of both sides: an `IN` of two columns alone reads the whole ledger.
        let mut lines = self.conn.all(
            "SELECT t.code AS kind, t.at AS at, l.meter AS meter, t.count AS count, t.amount AS amount, \
             sum(CASE account.kind WHEN 'prepaid' THEN CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END \
             ELSE 0 END) AS prepaid, \
             sum(CASE account.kind WHEN 'refund-due' THEN CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END \
             ELSE 0 END) AS refund_due, \
             CASE WHEN EXISTS (SELECT 1 FROM purchase_order g WHERE g.id = t.order_id AND g.given_up_by = ?1) THEN t.order_id \
             WHEN s.life IS NOT NULL THEN s.order_id ELSE (SELECT o.id FROM purchase_order o \
             WHERE o.life = t.life AND o.count = t.count ORDER BY o.state = 'void', o.seq DESC LIMIT 1) END AS order_id \
             FROM account JOIN transfer t ON account.id IN (t.debit, t.credit) JOIN life l ON l.id = t.life \
             LEFT JOIN settlement s ON s.life = t.life AND s.count = t.count WHERE account.customer = ?1 AND t.moved > 0 \
             AND t.id IN (SELECT x.id FROM account a JOIN transfer x ON x.debit = a.id WHERE a.customer = ?1 \
             UNION SELECT x.id FROM account a JOIN transfer x ON x.credit = a.id WHERE a.customer = ?1) \
             GROUP BY t.id, t.code, t.at, l.meter, t.life, t.count, t.amount, t.order_id, s.life, s.order_id ORDER BY t.id",
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
             sum(CASE WHEN code IN ('sale', 'correction') THEN moved WHEN code = 'cancelled' THEN -moved ELSE 0 END) AS sold, \
             sum(CASE code WHEN 'delivery' THEN 1 ELSE 0 END) AS deliveries, \
             sum(CASE code WHEN 'delivery' THEN moved ELSE 0 END) AS settled \
             FROM transfer WHERE moved > 0 AND at BETWEEN ?1 AND ?2 GROUP BY substr(at, 1, 8) ORDER BY day",
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
        // What a meter that was changed had left is no receipt's.
        let between = self.number(
            "SELECT coalesce(sum(CASE WHEN code IN ('meter-out', 'meter-more') THEN moved ELSE -moved END), 0) FROM transfer \
             WHERE code IN ('meter-out', 'meter-more', 'meter-used', 'meter-less')",
        )?;
        let ledger = between - balance.delivered;
        if receipts != ledger {
            faults.push(Fault::Settled { ledger, receipts });
        }
        faults.extend(self.unpaid()?);
        faults.extend(self.debits()?);
        Ok(faults)
    }

    /// Whether the ledger says of payments what they say themselves.
    fn debits(&self) -> Result<Vec<Fault>, StoreError> {
        let on = |kind: &str| -> Result<i64, StoreError> {
            self.conn.one(
                "SELECT coalesce(sum(CASE account.id WHEN t.debit THEN t.moved ELSE -t.moved END), 0) FROM account \
                 JOIN transfer t ON account.id IN (t.debit, t.credit) WHERE account.kind = ?1 \
                 AND (t.code IN ('debit', 'debit-reversal') OR (t.code IN ('sale', 'cancelled') AND t.subject IS NOT NULL))",
                params![kind],
            )
        };
        let mut faults = Vec::new();
        let (ledger, payments) = (
            on("bank-clearing")?,
            self.number(
                "SELECT coalesce(sum(coalesce(debited, 0) - coalesce(returned, 0)), 0) FROM payment",
            )?,
        );
        if ledger != payments {
            faults.push(Fault::Debited { ledger, payments });
        }
        let spent = self.number("SELECT coalesce(sum(amount), 0) FROM payment WHERE state = 'spent'")?;
        // What two people ended: in the ledger, and as it was written down.
        let ended = self.number(
            "SELECT coalesce(sum(CASE account.id WHEN t.debit THEN t.moved ELSE -t.moved END), 0) FROM account \
             JOIN transfer t ON account.id IN (t.debit, t.credit) WHERE account.kind = 'suspense' \
             AND t.code IN ('suspense-refund', 'suspense-end')",
        )?;
        let written = self.number("SELECT coalesce(sum(fen), 0) FROM suspense_end")?;
        let (ledger, payments) = (-on("suspense")? - ended, payments - spent - written);
        if ledger != payments {
            faults.push(Fault::Suspense { ledger, payments });
        }
        Ok(faults)
    }

    /// Purchases of which more may have been sealed than was paid, and settled ones with something left on them. Rows of
    /// the older make were booked by another rule.
    fn unpaid(&self) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        self.conn.each(
            "SELECT l.meter AS meter, p.count AS count, s.life IS NOT NULL AS settled, \
             (SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM transfer t \
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

    /// What stands on purchases that carry what was left in another meter, in fen.
    fn between_meters(&self) -> Result<i64, StoreError> {
        self.number(
            "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM \
             (SELECT DISTINCT life, count FROM transfer WHERE code IN ('meter-in', 'meter-more')) AS m \
             JOIN transfer t ON t.life = m.life AND t.count = m.count \
             JOIN account ON account.id IN (t.debit, t.credit) WHERE account.kind = 'prepaid'",
        )
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
            Fault::Debited { .. } => "ledger-debited",
            Fault::Suspense { .. } => "ledger-suspense",
            Fault::NotPaid { .. } => "ledger-not-paid",
            Fault::LeftOver { .. } => "ledger-left-over",
        }
    }
}
