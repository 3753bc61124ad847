//! The day, the office and the channel that a transfer counts for, kept beside it and in sums [docs/specs/books.md 15].

use crate::engine::{Question, params};
use crate::error::StoreError;
use crate::rows::{column, time_text};
use crate::store::{Transaction, View};
use crate::transfer::{Account, Entry, Standing, Transfer};
use scheme::moment::Moment;
use scheme::order::OrderId;

/// A day as the books have it: 8 digits, YYYYMMDD.
pub(crate) fn day_text(at: Moment) -> String {
    let mut text = time_text(at);
    text.truncate(8);
    text
}

/// The beginning of a day of 8 digits; `None` where it is none.
pub(crate) fn midnight(day: &str) -> Option<Moment> {
    let raw: Vec<u8> = hex::decode(format!("{day}000000")).ok()?;
    Moment::new(raw.try_into().ok()?).ok()
}

/// The day after one of 8 digits.
fn next_day(day: &str) -> Option<String> {
    midnight(day)?.add_seconds(86_400).map(day_text)
}

/// The last day that is closed.
pub(crate) fn last_closed() -> Question {
    Question::new("SELECT day FROM day_close ORDER BY day DESC LIMIT 1", params![])
}

impl View<'_> {
    /// The last day that is closed.
    pub(crate) fn last_closed(&self) -> Result<Option<String>, StoreError> {
        self.conn.answer(&last_closed(), |row| column(row, "day"))
    }

    /// The day that what is booked now counts for: today or, when that is closed, the first day that is open.
    pub(crate) fn open_day(&self, at: Moment) -> Result<String, StoreError> {
        let today = day_text(at);
        Ok(match self.last_closed()? {
            Some(closed) if closed >= today => next_day(&closed)
                .ok_or_else(|| StoreError::Value { place: "day_close.day", detail: closed })?,
            _ => today,
        })
    }
}

impl Transaction<'_> {
    /// Counts a transfer that was just booked, when it moves its money.
    pub(crate) fn count_in(&self, entry: &Entry, transfer: &Transfer<'_>) -> Result<(), StoreError> {
        if !matches!(transfer.standing, Standing::Posted | Standing::Post(_)) {
            return Ok(());
        }
        let day = self.open_day(transfer.at)?;
        let (office, channel) = (&self.actor.office, self.actor.channel.name());
        self.conn.write(
            "INSERT INTO booking (transfer, day, office, channel) \
             SELECT id, ?3, ?4, ?5 FROM transfer WHERE server = ?1 AND number = ?2",
            params![entry.server, entry.number, day, office, channel],
        )?;
        self.conn.write(
            "INSERT INTO rollup (day, server, office, channel, code, number, fen) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) \
             ON CONFLICT (day, server, office, channel, code) DO UPDATE SET number = rollup.number + 1, \
             fen = rollup.fen + excluded.fen",
            params![day, entry.server, office, channel, transfer.code.name(), transfer.amount],
        )?;
        Ok(())
    }

    /// Writes down where an order was made.
    pub(crate) fn note_origin(&self, id: OrderId) -> Result<(), StoreError> {
        self.conn.write(
            "INSERT INTO order_origin (order_id, office, channel) VALUES (?1, ?2, ?3)",
            params![id.0, self.actor.office, self.actor.channel.name()],
        )?;
        Ok(())
    }

    /// Where cash comes to and from: the drawer of whoever acts, while he has one open.
    pub(crate) fn cash(&self) -> Result<Account<'_>, StoreError> {
        let Some(clerk) = &self.actor.clerk else { return Ok(Account::BankCash) };
        let open =
            self.conn.any("SELECT 1 FROM shift WHERE clerk = ?1 AND closed IS NULL", params![clerk])?;
        Ok(if open { Account::Drawer(clerk) } else { Account::BankCash })
    }
}
