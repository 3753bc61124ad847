//! Times and days, in China's time (UTC+8), binary-coded decimals on cards.

use crate::fault::Fault;
use crate::numbers::{NumberError, decimal, packed};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use wire::bcd;

/// A time of day in China (UTC+8), BCD `YYYYMMDDhhmmss`. Orders by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub [u8; 7]);

impl Moment {
    /// Checks digits and calendar.
    pub fn new(bytes: [u8; 7]) -> Result<Self, NumberError> {
        decimal("a time", &bytes)?;
        let [a, b, month, day, hour, minute, second] = bytes.map(|byte| bcd::value(byte).unwrap_or(0));
        Moment::from_parts(u16::from(a) * 100 + u16::from(b), month, day, hour, minute, second)
    }

    /// From its parts; years 0000 to 9999, no leap seconds.
    pub fn from_parts(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Result<Self, NumberError> {
        let fault = NumberError::Calendar { year, month, day, hour, minute, second };
        let days = days_in_month(year, month).ok_or(fault)?;
        if year > 9999 || day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
            return Err(fault);
        }
        let parts = [(year / 100) as u8, (year % 100) as u8, month, day, hour, minute, second];
        Ok(Moment(parts.map(bcd::byte)))
    }

    /// Year, month, day, hour, minute, second. Bytes that are no digits read as 0.
    pub fn parts(self) -> (u16, u8, u8, u8, u8, u8) {
        let [a, b, month, day, hour, minute, second] = self.0.map(|byte| bcd::value(byte).unwrap_or(0));
        (u16::from(a) * 100 + u16::from(b), month, day, hour, minute, second)
    }

    /// ISO 8601 with China's offset, as in `2026-11-22T08:00:00+08:00`.
    pub fn iso(self) -> String {
        format!("{}+08:00", self.to_string().replace(' ', "T"))
    }

    /// Seconds since 1970-01-01 00:00:00 of the same clock.
    pub fn seconds(self) -> i64 {
        let (year, month, day, hour, minute, second) = self.parts();
        let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day));
        days * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)
    }

    /// The day of the week, 0 for Sunday.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        (self.seconds().div_euclid(86_400) + 4).rem_euclid(7) as u8
    }

    /// The time of [`Moment::seconds`]; `None` outside years 0 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let year = u16::try_from(year).ok()?;
        let [hour, minute, second] = [rest / 3600, rest / 60 % 60, rest % 60].map(|part| part as u8);
        Moment::from_parts(year, month, day, hour, minute, second).ok()
    }

    /// So many seconds later (or earlier); `None` outside years 0 to 9999.
    pub fn add_seconds(self, seconds: i64) -> Option<Self> {
        Moment::from_seconds(self.seconds().checked_add(seconds)?)
    }
}

/// A time as files of a home keep it, in ISO 8601 for whoever does not know them; what is none stays as it is.
pub fn iso(text: &str) -> String {
    text.parse::<Moment>().map_or_else(|_| text.to_owned(), Moment::iso)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({self})")
    }
}

impl FromStr for Moment {
    type Err = NumberError;

    /// `YYYY-MM-DDThh:mm:ss`, a blank instead of the T, or the 14 digits alone: China's time. With an offset of ISO 8601
    /// (`+08:00`, `Z`) behind it, the same instant in China's time.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        if let Some((time, offset)) = text.split_at_checked(19)
            && let Some(minutes) = offset_minutes(offset)
        {
            let there: Moment = time.parse()?;
            let (year, month, day, hour, minute, second) = there.parts();
            let fault = NumberError::Calendar { year, month, day, hour, minute, second };
            return there.add_seconds((CHINA_MINUTES - minutes) * 60).ok_or(fault);
        }
        let separators = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
        let written = separators.iter().all(|(i, c)| {
            let found = text.as_bytes().get(*i).map(|byte| char::from(*byte));
            found == Some(*c) || (*c == 'T' && found == Some(' '))
        });
        if written && text.len() == 19 {
            let digits: String = text
                .chars()
                .enumerate()
                .filter(|(i, _)| !separators.iter().any(|s| s.0 == *i))
                .map(|c| c.1)
                .collect();
            return Moment::new(packed("a time", 10, &digits)?);
        }
        Moment::new(packed("a time", 10, text)?)
    }
}

/// China's offset from UTC.
const CHINA_MINUTES: i64 = 8 * 60;

/// Minutes of an offset of ISO 8601, `Z` or `+hh:mm`, no more than 14 hours as none is.
fn offset_minutes(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let digits = |text: &str| -> Option<i64> {
        let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if two { text.parse().ok() } else { None }
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_in_month(year: u16, month: u8) -> Option<u8> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; the year is taken to begin in March.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + if month <= 2 { 1 } else { 0 }, month as u8, day as u8)
}

impl Moment {
    /// Its day.
    pub fn day(self) -> Day {
        let [a, b, month, day, ..] = self.0;
        Day([a, b, month, day])
    }
}

/// A validity that ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the validity ends on {to}, before it begins on {from}")]
pub struct ValidityError {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

impl Fault for ValidityError {
    fn code(&self) -> &str {
        "validity"
    }
}

/// A day of the calendar, 4 bytes packed BCD `YYYYMMDD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day([u8; 4]);

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl Day {
    /// The day of four BCD bytes; it must exist (Gregorian rules).
    ///
    /// # Errors
    /// It does not.
    pub fn new([a, b, c, d]: [u8; 4]) -> Result<Self, NumberError> {
        format!("{a:02X}{b:02X}{c:02X}{d:02X}").parse()
    }

    /// The four BCD bytes.
    pub const fn bytes(self) -> [u8; 4] {
        self.0
    }
}

impl FromStr for Day {
    type Err = NumberError;

    /// Reads `YYYYMMDD` or `YYYY-MM-DD`; the day must exist (Gregorian rules).
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let compact = match text.split('-').collect::<Vec<_>>()[..] {
            [year, month, day] if (year.len(), month.len(), day.len()) == (4, 2, 2) => {
                format!("{year}{month}{day}")
            }
            _ => text.to_owned(),
        };
        let bytes: [u8; 4] = packed("a day", 10, &compact)?;
        let [a, b, month, day] = bytes.map(|byte| bcd::value(byte).unwrap_or(0));
        let year = u16::from(a) * 100 + u16::from(b);
        match days_in_month(year, month) {
            Some(last) if (1..=last).contains(&day) => Ok(Day(bytes)),
            _ => Err(NumberError::Day { year, month, day }),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:02X}{b:02X}-{c:02X}-{d:02X}")
    }
}

/// First and last day on which a card is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    from: Day,
    to: Day,
}

impl Validity {
    /// From `from` to `to`, both included; refuses an end before the start.
    pub fn new(from: Day, to: Day) -> Result<Self, ValidityError> {
        if from <= to { Ok(Validity { from, to }) } else { Err(ValidityError { from, to }) }
    }

    /// First valid day.
    pub const fn from(self) -> Day {
        self.from
    }

    /// Last valid day.
    pub const fn to(self) -> Day {
        self.to
    }
}
