//! What was done in which period, office and channel: sums that are written with the ledger, and can be recomputed from it
//! [docs/specs/books.md 15].

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::column;
use crate::store::{Store, View};
use std::collections::BTreeMap;

/// What happened of one code on one day at one server, in one office, over one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The day, YYYYMMDD.
    pub day: String,
    /// The server that booked it.
    pub server: String,
    /// The office; empty: not known.
    pub office: String,
    /// The channel.
    pub channel: String,
    /// What happened.
    pub code: String,
}

/// How often, and how much, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Transfers.
    pub number: i64,
    /// Their amounts.
    pub fen: i64,
}

/// How long a period of statistics is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// A day.
    #[default]
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
    /// All days that were asked for.
    Whole,
}

impl Period {
    /// All of them.
    pub const ALL: [Period; 4] = [Period::Day, Period::Month, Period::Year, Period::Whole];

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Month => "month",
            Period::Year => "year",
            Period::Whole => "whole",
        }
    }

    /// The period of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Period::ALL.into_iter().find(|period| period.name() == name)
    }

    /// The period a day of 8 digits is in.
    fn of(self, day: &str) -> String {
        let digits = match self {
            Period::Day => 8,
            Period::Month => 6,
            Period::Year => 4,
            Period::Whole => 0,
        };
        day.chars().take(digits).collect()
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// The first day, YYYYMMDD.
    pub from: String,
    /// The last day.
    pub to: String,
    /// How long the periods are.
    pub period: Period,
    /// A line for each office.
    pub by_office: bool,
    /// A line for each channel.
    pub by_channel: bool,
}

/// A line of statistics. What the line is not parted by is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The period: 8, 6, 4 digits or none.
    pub period: String,
    /// The office.
    pub office: String,
    /// The channel.
    pub channel: String,
    /// Purchases sold, less those cancelled.
    pub sales: i64,
    /// What was paid for them and for corrections, in fen.
    pub sold_fen: i64,
    /// Purchases that meters confirmed.
    pub deliveries: i64,
    /// What they confirmed, in fen.
    pub settled_fen: i64,
    /// What was paid back, in fen.
    pub refunded_fen: i64,
    /// What was carried to another meter, in fen.
    pub transferred_fen: i64,
}

impl Line {
    fn add(&mut self, code: &str, sum: Sum) {
        match code {
            "sale" => {
                self.sales += sum.number;
                self.sold_fen += sum.fen;
            }
            "correction" => self.sold_fen += sum.fen,
            "cancelled" => {
                self.sales -= sum.number;
                self.sold_fen -= sum.fen;
            }
            "delivery" => {
                self.deliveries += sum.number;
                self.settled_fen += sum.fen;
            }
            "loss" => self.settled_fen += sum.fen,
            "refund" | "suspense-refund" => self.refunded_fen += sum.fen,
            "meter-in" | "meter-more" => self.transferred_fen += sum.fen,
            _ => {}
        }
    }
}

/// Statistics, behind the seam of [`Books`](crate::Books).
pub trait Statistics {
    /// The lines of a question, by period, office and channel.
    ///
    /// # Errors
    /// The books cannot be read.
    fn statistics(&self, question: &Question) -> Result<Vec<Line>, StoreError>;

    /// Recomputes the sums from the ledger; the first that differs, in words.
    ///
    /// # Errors
    /// The books cannot be read.
    fn check_statistics(&self) -> Result<Option<String>, StoreError>;
}

fn entry(row: &Row<'_>) -> Result<(Key, Sum), StoreError> {
    let key = Key {
        day: column(row, "day")?,
        server: column(row, "server")?,
        office: column(row, "office")?,
        channel: column(row, "channel")?,
        code: column(row, "code")?,
    };
    Ok((key, Sum { number: column(row, "number")?, fen: column(row, "fen")? }))
}

impl View<'_> {
    /// The first sum that differs from the ledger, in words.
    pub(crate) fn sums_differ(&self) -> Result<Option<String>, StoreError> {
        let kept = self.conn.all(
            "SELECT day, server, office, channel, code, number, fen FROM rollup",
            params![],
            entry,
        )?;
        let booked = self.conn.all(
            "SELECT b.day AS day, t.server AS server, b.office AS office, b.channel AS channel, t.code AS code, \
             count(*) AS number, sum(t.moved) AS fen FROM booking b JOIN transfer t ON t.id = b.transfer \
             GROUP BY b.day, t.server, b.office, b.channel, t.code",
            params![],
            entry,
        )?;
        let (kept, booked): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (kept.into_iter().collect(), booked.into_iter().collect());
        let odd = kept
            .iter()
            .map(|(key, sum)| (key, *sum, booked.get(key).copied().unwrap_or_default()))
            .chain(
                booked
                    .iter()
                    .filter(|(key, _)| !kept.contains_key(*key))
                    .map(|(key, sum)| (key, Sum::default(), *sum)),
            )
            .find(|(_, kept, booked)| kept != booked);
        if let Some((key, kept, booked)) = odd {
            let Key { day, server, office, channel, code } = key;
            return Ok(Some(format!(
                "day {day}, server {server}, office {office:?}, {channel}, {code}: {} of {} fen are kept, the ledger has {} of {} fen",
                kept.number, kept.fen, booked.number, booked.fen
            )));
        }
        let uncounted: i64 = self.conn.one(
            "SELECT count(*) FROM transfer t WHERE t.moved > 0 \
             AND NOT EXISTS (SELECT 1 FROM booking b WHERE b.transfer = t.id)",
            params![],
        )?;
        Ok((uncounted > 0).then(|| format!("{uncounted} transfer(s) count for no day")))
    }
}

impl Statistics for Store {
    fn statistics(&self, question: &Question) -> Result<Vec<Line>, StoreError> {
        let rows = self.read(|view| {
            view.conn.all(
                "SELECT day, server, office, channel, code, number, fen FROM rollup WHERE day BETWEEN ?1 AND ?2",
                params![question.from, question.to],
                entry,
            )
        })?;
        let mut lines: BTreeMap<(String, String, String), Line> = BTreeMap::new();
        for (key, sum) in rows {
            let part = |wanted: bool, value: String| if wanted { value } else { String::new() };
            let place = (
                question.period.of(&key.day),
                part(question.by_office, key.office),
                part(question.by_channel, key.channel),
            );
            lines.entry(place).or_default().add(&key.code, sum);
        }
        let named = |((period, office, channel), line)| Line { period, office, channel, ..line };
        Ok(lines.into_iter().map(named).collect())
    }

    fn check_statistics(&self) -> Result<Option<String>, StoreError> {
        self.read(|view| view.sums_differ())
    }
}
