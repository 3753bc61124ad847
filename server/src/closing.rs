//! The day's closing: its figures are frozen, and the ledger's heads are kept and printed [docs/specs/books.md 17].

use crate::booking::{day_text, midnight};
use crate::closing_error::ClosingError;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, time, time_text};
use crate::store::{Store, View};
use scheme::moment::Moment;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What was booked up to the end of a day, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayFigures {
    /// Transfers that moved their money.
    pub transfers: i64,
    /// Money that came in.
    pub sold: i64,
    /// What meters confirmed, and still have or used.
    pub settled: i64,
    /// Sold and not confirmed.
    pub outstanding: i64,
    /// On its way between two meters.
    pub transferred: i64,
    /// Due to customers.
    pub refund_due: i64,
    /// Paid back.
    pub refunded: i64,
    /// Confirmed and never paid for.
    pub loss: i64,
    /// What is none of these: suspense, fees, what is taken for the company.
    pub other: i64,
}

impl DayFigures {
    fn add(&mut self, kind: &str, fen: i64) {
        match kind {
            "bank-cash" | "bank-clearing" | "drawer" | "difference" => self.sold += fen,
            "delivered" => self.settled -= fen,
            "prepaid" => self.outstanding -= fen,
            "refund-due" => self.refund_due -= fen,
            "refunded" => self.refunded -= fen,
            "loss" => self.loss += fen,
            _ => self.other -= fen,
        }
    }

    /// What came in less everything it became: nothing, if the books are in order.
    pub const fn unaccounted(&self) -> i64 {
        self.sold + self.loss
            - self.settled
            - self.outstanding
            - self.transferred
            - self.refund_due
            - self.refunded
            - self.other
    }
}

/// A day that is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayClose {
    /// The day, YYYYMMDD.
    pub day: String,
    /// When it was closed.
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// Where each server's chain through the ledger stood: `SERVER:NUMBER:HASH`, a line each.
    pub heads: String,
    /// SHA-256 over these lines.
    pub digest: [u8; 32],
    /// What was booked up to its end.
    pub figures: DayFigures,
}

/// Closings, behind the seam of [`Books`](crate::Books).
pub trait Closings {
    /// Closes a day, and all open ones before it. `day`: YYYYMMDD.
    ///
    /// # Errors
    /// It is closed, has not come, or somebody's drawer is open.
    fn close_day(&mut self, day: &str, by: &str, at: Moment) -> Result<DayClose, ClosingError>;

    /// What closing a day would freeze now, with the open days before it. `day`: YYYYMMDD.
    ///
    /// # Errors
    /// The books cannot be read.
    fn would_freeze(&self, day: &str) -> Result<DayFigures, StoreError>;

    /// Closed days, the newest first, at most so many.
    ///
    /// # Errors
    /// The books cannot be read.
    fn closings(&self, most: u32) -> Result<Vec<DayClose>, StoreError>;

    /// Recomputes every closed day from the ledger; what differs, in words.
    ///
    /// # Errors
    /// The books cannot be read.
    fn check_closings(&self) -> Result<Vec<String>, StoreError>;
}

const SELECT: &str = "SELECT day, closed, made_by, heads, digest, transfers, sold, settled, outstanding, transferred, refund_due, \
     refunded, loss, other FROM day_close";

fn day_close(row: &Row<'_>) -> Result<DayClose, StoreError> {
    Ok(DayClose {
        day: column(row, "day")?,
        at: time(row, "closed")?,
        by: column(row, "made_by")?,
        heads: column(row, "heads")?,
        digest: bytes(row, "digest")?,
        figures: DayFigures {
            transfers: column(row, "transfers")?,
            sold: column(row, "sold")?,
            settled: column(row, "settled")?,
            outstanding: column(row, "outstanding")?,
            transferred: column(row, "transferred")?,
            refund_due: column(row, "refund_due")?,
            refunded: column(row, "refunded")?,
            loss: column(row, "loss")?,
            other: column(row, "other")?,
        },
    })
}

fn digest(heads: &str) -> [u8; 32] {
    Sha256::digest(heads).into()
}

impl View<'_> {
    /// What was booked on each day after `after` and up to `to`, as the ledger has it: no sum is taken from elsewhere.
    fn days_booked(&self, after: &str, to: &str) -> Result<BTreeMap<String, DayFigures>, StoreError> {
        let mut days: BTreeMap<String, DayFigures> = BTreeMap::new();
        let fen = |row: &Row<'_>| Ok((column::<String>(row, "day")?, column::<i64>(row, "fen")?));
        let moved = self.conn.all(
            "SELECT b.day AS day, account.kind AS kind, sum(CASE account.id WHEN t.debit THEN t.moved ELSE -t.moved END) AS fen \
             FROM booking b JOIN transfer t ON t.id = b.transfer JOIN account ON account.id IN (t.debit, t.credit) \
             WHERE b.day > ?1 AND b.day <= ?2 GROUP BY b.day, account.kind",
            params![after, to],
            |row| Ok((fen(row)?, column::<String>(row, "kind")?)),
        )?;
        for ((day, fen), kind) in moved {
            days.entry(day).or_default().add(&kind, fen);
        }
        let counted = self.conn.all(
            "SELECT day, count(*) AS fen FROM booking WHERE day > ?1 AND day <= ?2 GROUP BY day",
            params![after, to],
            fen,
        )?;
        for (day, number) in counted {
            days.entry(day).or_default().transfers = number;
        }
        let carried = self.conn.all(
            "SELECT b.day AS day, sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END) AS fen \
             FROM (SELECT DISTINCT life, count FROM transfer WHERE code IN ('meter-in', 'meter-more')) AS m \
             JOIN transfer t ON t.life = m.life AND t.count = m.count JOIN booking b ON b.transfer = t.id \
             JOIN account ON account.id IN (t.debit, t.credit) \
             WHERE account.kind = 'prepaid' AND b.day > ?1 AND b.day <= ?2 GROUP BY b.day",
            params![after, to],
            fen,
        )?;
        for (day, fen) in carried {
            let figures = days.entry(day).or_default();
            figures.transferred += fen;
            figures.outstanding -= fen;
        }
        Ok(days)
    }

    /// Figures up to the end of `to`, from those up to the end of `after`.
    fn figures_up_to(
        &self,
        mut figures: DayFigures,
        after: &str,
        to: &str,
    ) -> Result<DayFigures, StoreError> {
        for day in self.days_booked(after, to)?.into_values() {
            figures = plus(figures, day);
        }
        Ok(figures)
    }

    /// Where each server's chain stands, a line each.
    fn heads(&self) -> Result<String, StoreError> {
        let servers: Vec<String> =
            self.conn.all("SELECT DISTINCT server FROM transfer ORDER BY server", params![], |row| {
                column(row, "server")
            })?;
        let mut lines = String::new();
        for server in servers {
            if let Some(head) = self.chain_head(&server)? {
                lines.push_str(&format!("{head}\n"));
            }
        }
        Ok(lines)
    }

    fn closings(&self, most: u32) -> Result<Vec<DayClose>, StoreError> {
        self.conn.all(&format!("{SELECT} ORDER BY day DESC LIMIT ?1"), params![most], day_close)
    }

    /// What differs from the ledger in the closed days, in words.
    pub(crate) fn closings_differ(&self) -> Result<Vec<String>, StoreError> {
        let closed = self.conn.all(&format!("{SELECT} ORDER BY day"), params![], day_close)?;
        let Some(last) = closed.last() else { return Ok(Vec::new()) };
        let (mut days, mut wrong) = (self.days_booked("", &last.day)?.into_iter().peekable(), Vec::new());
        let mut figures = DayFigures::default();
        for close in &closed {
            while let Some((_, day)) = days.next_if(|(day, _)| *day <= close.day) {
                figures = plus(figures, day);
            }
            if figures != close.figures {
                wrong.push(format!(
                    "day {} was closed with {:?}; the ledger gives {figures:?}",
                    close.day, close.figures
                ));
            }
            if digest(&close.heads) != close.digest {
                wrong.push(format!("day {} was closed with other heads than stand there", close.day));
            }
            for line in close.heads.lines() {
                let there = match line.parse::<crate::ledger_chain::Head>() {
                    Ok(head) => self.chain_at(&head.server, head.number)? == Some(head.hash),
                    Err(_) => false,
                };
                if !there {
                    wrong.push(format!(
                        "day {} was closed at {line}, and no such transfer is there",
                        close.day
                    ));
                }
            }
        }
        Ok(wrong)
    }
}

fn plus(a: DayFigures, b: DayFigures) -> DayFigures {
    DayFigures {
        transfers: a.transfers + b.transfers,
        sold: a.sold + b.sold,
        settled: a.settled + b.settled,
        outstanding: a.outstanding + b.outstanding,
        transferred: a.transferred + b.transferred,
        refund_due: a.refund_due + b.refund_due,
        refunded: a.refunded + b.refunded,
        loss: a.loss + b.loss,
        other: a.other + b.other,
    }
}

impl Closings for Store {
    fn close_day(&mut self, day: &str, by: &str, at: Moment) -> Result<DayClose, ClosingError> {
        let is_day = day.len() == 8 && midnight(day).is_some();
        if !is_day {
            return Err(ClosingError::NoDay(day.to_owned()));
        }
        self.batch(|act| {
            if day > day_text(at).as_str() {
                return Err(ClosingError::Future(day.to_owned()));
            }
            let before = act.closings(1)?.pop();
            if let Some(last) = before.as_ref().filter(|last| last.day.as_str() >= day) {
                return Err(ClosingError::Closed { day: day.to_owned(), last: last.day.clone() });
            }
            if let Some(open) = act.some_drawer()? {
                let since = open.opened.to_string();
                return Err(ClosingError::DrawerIsOpen { clerk: open.clerk, since });
            }
            let (figures, after) =
                before.map_or((DayFigures::default(), String::new()), |last| (last.figures, last.day));
            let figures = act.figures_up_to(figures, &after, day)?;
            let heads = act.heads()?;
            let closed = DayClose {
                day: day.to_owned(),
                at,
                by: by.to_owned(),
                digest: digest(&heads),
                heads,
                figures,
            };
            act.conn.write(
                "INSERT INTO day_close (day, closed, made_by, heads, digest, transfers, sold, settled, outstanding, transferred, \
                 refund_due, refunded, loss, other) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                params![
                    closed.day,
                    time_text(at),
                    closed.by,
                    closed.heads,
                    closed.digest,
                    figures.transfers,
                    figures.sold,
                    figures.settled,
                    figures.outstanding,
                    figures.transferred,
                    figures.refund_due,
                    figures.refunded,
                    figures.loss,
                    figures.other,
                ],
            )?;
            Ok(closed)
        })
    }

    fn would_freeze(&self, day: &str) -> Result<DayFigures, StoreError> {
        self.read(|view| {
            let before = view.closings(1)?.pop();
            let (figures, after) =
                before.map_or((DayFigures::default(), String::new()), |last| (last.figures, last.day));
            view.figures_up_to(figures, &after, day)
        })
    }

    fn closings(&self, most: u32) -> Result<Vec<DayClose>, StoreError> {
        self.read(|view| view.closings(most))
    }

    fn check_closings(&self) -> Result<Vec<String>, StoreError> {
        self.read(|view| view.closings_differ())
    }
}
