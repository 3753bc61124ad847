//! Prices and steps as the ESAM's files 03 and 04 hold them, and as a meter bills by them [docs/specs/profiles.md 2].
//!
//! Bytes are packed BCD, most significant first, as the file has them; on a line each field is turned round.

use crate::fault::Fault;
use crate::moment::Moment;
use crate::money::Fen;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::bcd;

/// Most amounts that part the steps of a period.
pub const MOST_STEPS: usize = 6;
/// Most days on which a period begins.
pub const MOST_DAYS: usize = 4;
/// Bytes of a table of rates: 32 prices of 4 bytes.
pub const RATES_LEN: usize = 128;
/// Bytes of a table of steps: 6 amounts and 7 prices of 4 bytes, 4 days of 3.
pub const STEPS_LEN: usize = 64;
/// Bytes of a switch time: YY MM DD hh mm.
pub const TIME_LEN: usize = 5;

/// A price of a kWh or of a cubic metre, in 0.01 fen (0.0001 yuan), the unit of the field's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Price(pub u64);

impl From<Fen> for Price {
    fn from(fen: Fen) -> Self {
        Price(u64::from(fen.0) * 100)
    }
}

/// Why bytes are no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// Another length.
    #[error("a table of this kind has {wanted} bytes, these are {found}")]
    Length {
        /// What it has.
        wanted: usize,
        /// What there is.
        found: usize,
    },
    /// A byte that is no two digits.
    #[error("byte {0} of the table is no two digits")]
    Digits(usize),
    /// An amount below the one before it.
    #[error("amount {0} of the steps is below the one before it")]
    Falls(usize),
    /// A day that is none of every year.
    #[error("day {0} of the steps is not a day and an hour of every year: write MM DD hh, at most day 28")]
    Day(usize),
    /// A time that is none.
    #[error("the switch time is no time: write YY MM DD hh mm, or zeros for never")]
    Time,
    /// More than a table holds.
    #[error("a table holds {MOST_STEPS} amounts, one price more than amounts, and {MOST_DAYS} days")]
    TooMany,
}

impl Fault for TariffError {
    fn code(&self) -> &str {
        match self {
            TariffError::Length { .. } => "tariff-length",
            TariffError::Digits(_) => "tariff-digits",
            TariffError::Falls(_) => "tariff-steps",
            TariffError::Day(_) => "tariff-day",
            TariffError::Time => "tariff-time",
            TariffError::TooMany => "tariff-room",
        }
    }
}

/// A day of every year on which a period of the steps begins, at a full hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodDay {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 28: every month has it.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
}

impl PeriodDay {
    /// That day of a year.
    fn of(self, year: u16) -> Option<i64> {
        Moment::from_parts(year, self.month, self.day, self.hour, 0, 0).ok().map(Moment::seconds)
    }
}

/// Prices that rise with what was drawn since the period began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Where a step ends, in 0.01 kWh or 0.01 m3 since the period began; none falls.
    pub amounts: Vec<u32>,
    /// The price of each step, one more than amounts. None: there are no steps.
    pub prices: Vec<Price>,
    /// When periods begin. None: with each month.
    pub days: Vec<PeriodDay>,
}

fn number(table: &[u8], at: usize, len: usize) -> Result<u32, TariffError> {
    let bytes =
        table.get(at..at + len).ok_or(TariffError::Length { wanted: at + len, found: table.len() })?;
    bytes.iter().enumerate().try_fold(0_u32, |sum, (i, byte)| {
        let value = bcd::value(*byte).ok_or(TariffError::Digits(at + i))?;
        // 8 digits at most.
        Ok(sum * 100 + u32::from(value))
    })
}

fn digits(value: u64) -> [u8; 4] {
    let pair = |of: u64| bcd::byte((value / of % 100) as u8);
    [pair(1_000_000), pair(10_000), pair(100), pair(1)]
}

fn has_length(table: &[u8], wanted: usize) -> Result<(), TariffError> {
    if table.len() == wanted { Ok(()) } else { Err(TariffError::Length { wanted, found: table.len() }) }
}

/// The price of rate 1 in a table of rates; a meter of ours has one rate. Zero where nobody wrote one.
///
/// # Errors
/// [`TariffError`].
pub fn rate(table: &[u8]) -> Result<Price, TariffError> {
    has_length(table, RATES_LEN)?;
    (0..RATES_LEN).step_by(4).try_for_each(|at| number(table, at, 4).map(drop))?;
    number(table, 0, 4).map(|price| Price(price.into()))
}

/// A table of rates with one price in all places, as a tariff without zones of the day is written; at most 9999.9999 yuan.
pub fn rates_of(price: Price) -> [u8; RATES_LEN] {
    let bytes = digits(price.0);
    core::array::from_fn(|i| bytes[i % 4])
}

/// When a table that waits takes the place of the one in use, in seconds as [`Moment::seconds`]; zeros or all 99: never.
///
/// # Errors
/// [`TariffError`].
pub fn switch_time(bytes: &[u8]) -> Result<Option<i64>, TariffError> {
    has_length(bytes, TIME_LEN)?;
    if bytes.iter().all(|byte| *byte == 0) || bytes.iter().all(|byte| *byte == 0x99) {
        return Ok(None);
    }
    let mut whole = [0x20, 0, 0, 0, 0, 0, 0];
    whole[1..6].copy_from_slice(bytes);
    Moment::new(whole).map(|moment| Some(moment.seconds())).map_err(|_| TariffError::Time)
}

/// A switch time as the file has it; seconds are left out, and the century.
pub fn switch_bytes(time: Option<Moment>) -> [u8; TIME_LEN] {
    time.map_or([0; TIME_LEN], |time| core::array::from_fn(|i| time.0[1 + i]))
}

impl Steps {
    /// Reads a table of steps. UNSPECIFIED: no public source says how fewer than six amounts are written; here the first that is zero, and
    /// all behind it, are none, and prices behind the last step are not looked at.
    ///
    /// # Errors
    /// [`TariffError`].
    pub fn from_file(table: &[u8]) -> Result<Self, TariffError> {
        has_length(table, STEPS_LEN)?;
        let numbers: Vec<u32> = (0..13).map(|n| number(table, n * 4, 4)).collect::<Result<_, _>>()?;
        let (amounts, prices) = numbers.split_at(MOST_STEPS);
        let used = amounts.iter().take_while(|amount| **amount > 0).count();
        let falls = amounts.windows(2).position(|pair| pair[1] < pair[0] && pair[1] > 0);
        if let Some(at) = falls {
            return Err(TariffError::Falls(at + 2));
        }
        if let Some(at) = amounts[used..].iter().position(|amount| *amount > 0) {
            return Err(TariffError::Falls(used + at + 1));
        }
        let mut days = Vec::new();
        for n in 0..MOST_DAYS {
            let at = 13 * 4 + n * 3;
            let [month, day, hour] = [at, at + 1, at + 2].map(|at| number(table, at, 1));
            let [month, day, hour] = [month?, day?, hour?].map(|value| value as u8);
            match [month, day, hour] {
                [0, 0, 0] | [99, 99, 99] => {}
                [1..=12, 1..=28, 0..=23] => days.push(PeriodDay { month, day, hour }),
                _ => return Err(TariffError::Day(n + 1)),
            }
        }
        days.sort();
        days.dedup();
        let prices = prices[..=used].iter().map(|price| Price(u64::from(*price))).collect::<Vec<_>>();
        // What nobody wrote has neither amounts nor a price.
        let none = used == 0 && prices == [Price(0)];
        Ok(if none { Steps::default() } else { Steps { amounts: amounts[..used].to_vec(), prices, days } })
    }

    /// The table; the last price stands in all places behind it.
    ///
    /// # Errors
    /// [`TariffError::TooMany`]: more than fits, or not one price more than amounts. [`TariffError::Falls`], [`TariffError::Day`].
    pub fn to_file(&self) -> Result<[u8; STEPS_LEN], TariffError> {
        let fits = self.amounts.len() <= MOST_STEPS
            && self.days.len() <= MOST_DAYS
            && self.prices.len() == self.amounts.len() + 1
            && self.amounts.iter().all(|amount| (1..100_000_000).contains(amount))
            && self.prices.iter().all(|price| price.0 < 100_000_000);
        if !fits {
            return Err(TariffError::TooMany);
        }
        let mut out = [0; STEPS_LEN];
        let last = self.prices.last().copied().unwrap_or_default();
        let amounts = (0..MOST_STEPS).map(|n| u64::from(self.amounts.get(n).copied().unwrap_or(0)));
        let prices = (0..=MOST_STEPS).map(|n| self.prices.get(n).unwrap_or(&last).0);
        for (place, value) in out.chunks_exact_mut(4).zip(amounts.chain(prices)) {
            place.copy_from_slice(&digits(value));
        }
        for (place, day) in out[13 * 4..].chunks_exact_mut(3).zip(&self.days) {
            place.copy_from_slice(&[day.month, day.day, day.hour].map(bcd::byte));
        }
        // What was written is what a meter reads.
        Steps::from_file(&out).map(|_| out)
    }

    /// Whether there are none.
    pub const fn is_none(&self) -> bool {
        self.prices.is_empty()
    }

    /// The price after so much of a period, and how much more has it, both in `parts` of 0.01 unit; `None`: all that comes.
    pub fn at(&self, drawn: u128, parts: u128) -> (Price, Option<u128>) {
        let step = self.amounts.iter().take_while(|amount| u128::from(**amount) * parts <= drawn).count();
        let price = self.prices.get(step).copied().unwrap_or_default();
        (price, self.amounts.get(step).map(|amount| u128::from(*amount) * parts - drawn))
    }

    /// The last beginning of a period at or before a time, in seconds as [`Moment::seconds`].
    pub fn period_at(&self, time: i64) -> i64 {
        let year = year_of(time);
        let begins = [year.saturating_sub(1), year].map(|year| self.beginnings(year)).concat();
        begins.into_iter().filter(|begin| *begin <= time).max().unwrap_or(time)
    }

    /// The first beginning of a period after a time; `None` at the end of the calendar.
    pub fn period_after(&self, time: i64) -> Option<i64> {
        let year = year_of(time);
        let begins = [year, year.saturating_add(1)].map(|year| self.beginnings(year)).concat();
        begins.into_iter().filter(|begin| *begin > time).min()
    }

    fn beginnings(&self, year: u16) -> Vec<i64> {
        if self.days.is_empty() {
            let first = |month| PeriodDay { month, day: 1, hour: 0 }.of(year);
            return (1..=12).filter_map(first).collect();
        }
        self.days.iter().filter_map(|day| day.of(year)).collect()
    }
}

fn year_of(time: i64) -> u16 {
    Moment::from_seconds(time).map_or(2000, |moment| moment.parts().0)
}
