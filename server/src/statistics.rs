//! What was done in which period, office, channel and tariff: sums that are written with the ledger, and can be recomputed from it
//! [docs/specs/books.md 15]. By tariff they are counted from the ledger itself.

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
    /// A line for each tariff.
    pub by_tariff: bool,
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
    /// The tariff that held for the meter; empty too where no contract named one.
    pub tariff: String,
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
    /// The lines of a question, by period, office, channel and tariff.
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

/// The same from the ledger, and for the tariff that held for a meter when the transfer was booked: by the contracts about it, each as
/// the last message said that had come before that second. What comes later changes nothing of it.
const BY_TARIFF: &str = "SELECT day, server, office, channel, code, tariff, count(*) AS number, sum(fen) AS fen FROM (\
     SELECT b.day AS day, t.server AS server, b.office AS office, b.channel AS channel, t.code AS code, t.moved AS fen, \
     coalesce((SELECT c.tariff FROM company_contract c JOIN company_message m ON m.number = c.message \
       WHERE c.meter = l.meter AND m.at < t.at AND (c.customer IS NULL OR c.customer = p.customer) \
       AND c.begins <= t.at AND (c.ends IS NULL OR c.ends >= t.at) \
       AND NOT EXISTS (SELECT 1 FROM company_contract later JOIN company_message n ON n.number = later.message \
         WHERE later.contract = c.contract AND later.message > c.message AND n.at < t.at \
         AND later.begins <= t.at) \
       ORDER BY c.message DESC LIMIT 1), '') AS tariff \
     FROM booking b JOIN transfer t ON t.id = b.transfer LEFT JOIN life l ON l.id = t.life \
     LEFT JOIN purchase p ON p.life = t.life AND p.count = t.count WHERE b.day BETWEEN ?1 AND ?2) AS told \
     GROUP BY day, server, office, channel, code, tariff";

impl View<'_> {
    /// The sums of some days, each with its tariff, which is empty where the question has none.
    fn sums(&self, question: &Question) -> Result<Vec<(Key, String, Sum)>, StoreError> {
        let days = params![question.from, question.to];
        if question.by_tariff {
            return self.conn.all(BY_TARIFF, days, |row| {
                let (key, sum) = entry(row)?;
                Ok((key, column(row, "tariff")?, sum))
            });
        }
        self.conn.all(
            "SELECT day, server, office, channel, code, number, fen FROM rollup WHERE day BETWEEN ?1 AND ?2",
            days,
            |row| entry(row).map(|(key, sum)| (key, String::new(), sum)),
        )
    }

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
        let sums = self.read(|view| view.sums(question))?;
        let mut lines: BTreeMap<(String, String, String, String), Line> = BTreeMap::new();
        for (key, tariff, sum) in sums {
            let part = |wanted: bool, value: String| if wanted { value } else { String::new() };
            let place = (
                question.period.of(&key.day),
                part(question.by_office, key.office),
                part(question.by_channel, key.channel),
                tariff,
            );
            lines.entry(place).or_default().add(&key.code, sum);
        }
        let named =
            |((period, office, channel, tariff), line)| Line { period, office, channel, tariff, ..line };
        Ok(lines.into_iter().map(named).collect())
    }

    fn check_statistics(&self) -> Result<Option<String>, StoreError> {
        self.read(|view| view.sums_differ())
    }
}
