//! Binary-coded decimals: numbers of devices and people, times, the swapped digits of a SIM.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// Why text or bytes are not the decimal they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BcdError {
    /// Wrong number of digits.
    #[error("{what} has {wanted} digits, this has {found}")]
    Length {
        /// What it should be.
        what: &'static str,
        /// Digits it has.
        wanted: usize,
        /// Digits given.
        found: usize,
    },
    /// A character that is no digit.
    #[error("{what}: {found:?} at place {place} is no digit")]
    Digit {
        /// What it should be.
        what: &'static str,
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// A nibble above 9.
    #[error("{what}: byte {place} is {found:02X}, which is not two decimal digits")]
    Nibble {
        /// What it should be.
        what: &'static str,
        /// 0-based byte.
        place: usize,
        /// The byte.
        found: u8,
    },
    /// A number that no device may have ([`names_a_device`]).
    #[error(
        "{what}: {last:012} names no device: keys made from it would be the published check value's or the factory's"
    )]
    NoDevice {
        /// What it should be.
        what: &'static str,
        /// 0 or 1.
        last: u8,
    },
    /// A month, day or hour that does not exist.
    #[error("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} does not exist")]
    Calendar {
        /// Year.
        year: u16,
        /// Month.
        month: u8,
        /// Day.
        day: u8,
        /// Hour.
        hour: u8,
        /// Minute.
        minute: u8,
        /// Second.
        second: u8,
    },
}

/// Packs `2 * N` decimal digits.
pub fn pack<const N: usize>(what: &'static str, digits: &str) -> Result<[u8; N], BcdError> {
    if let Some((i, found)) = digits.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
        return Err(BcdError::Digit { what, place: i + 1, found });
    }
    let bytes = digits.as_bytes();
    if bytes.len() != 2 * N {
        return Err(BcdError::Length { what, wanted: 2 * N, found: bytes.len() });
    }
    Ok(core::array::from_fn(|i| (bytes[2 * i] - b'0') << 4 | (bytes[2 * i + 1] - b'0')))
}

/// The value of one packed byte, 0 to 99; `None` when a nibble is above 9.
pub const fn value(byte: u8) -> Option<u8> {
    if byte >> 4 > 9 || byte & 0x0F > 9 { None } else { Some((byte >> 4) * 10 + (byte & 0x0F)) }
}

/// Packs 0 to 99; larger values keep their last two digits.
pub const fn byte(value: u8) -> u8 {
    let value = value % 100;
    ((value / 10) << 4) | (value % 10)
}

fn check(what: &'static str, bytes: &[u8]) -> Result<(), BcdError> {
    match bytes.iter().enumerate().find(|(_, byte)| value(**byte).is_none()) {
        Some((place, found)) => Err(BcdError::Nibble { what, place, found: *found }),
        None => Ok(()),
    }
}

/// Whether a number, 12 digits packed BCD, may be a device's. 000000000000 may not: the factor of zeros gives the block whose
/// first bytes are a key's published check value. 000000000001 may not: it is the factory factor of the field's ESAMs
/// [docs/specs/cards.md 2].
pub const fn names_a_device(number: &[u8; 6]) -> bool {
    !matches!(number, [0, 0, 0, 0, 0, 0 | 1])
}

fn any<const N: usize>(_: &'static str, _: &[u8; N]) -> Result<(), BcdError> {
    Ok(())
}

fn a_device(what: &'static str, number: &[u8; 6]) -> Result<(), BcdError> {
    if names_a_device(number) { Ok(()) } else { Err(BcdError::NoDevice { what, last: number[5] }) }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal, $allowed:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Checks that every nibble is a digit, and that the number may be one of these.
            pub fn new(bytes: [u8; $len]) -> Result<Self, BcdError> {
                check($what, &bytes)?;
                $allowed($what, &bytes)?;
                Ok($name(bytes))
            }
        }

        impl FromStr for $name {
            type Err = BcdError;

            fn from_str(text: &str) -> Result<Self, BcdError> {
                $name::new(pack($what, text)?)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

number!(
    /// Number of a meter, and of its ESAM: 12 digits, packed BCD; not all of them may be one ([`names_a_device`]).
    MeterNumber, 6, "a meter number", a_device
);
number!(
    /// Number of a customer: 12 digits, packed BCD.
    CustomerNumber, 6, "a customer number", any
);
number!(
    /// Region code of a city: 8 digits, packed BCD.
    RegionCode, 4, "a region code", any
);

/// A time of day in China (UTC+8), BCD `YYYYMMDDhhmmss`. Orders by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BcdTime(pub [u8; 7]);

impl BcdTime {
    /// Checks digits and calendar.
    pub fn new(bytes: [u8; 7]) -> Result<Self, BcdError> {
        check("a time", &bytes)?;
        let [a, b, month, day, hour, minute, second] = bytes.map(|byte| value(byte).unwrap_or(0));
        BcdTime::from_parts(u16::from(a) * 100 + u16::from(b), month, day, hour, minute, second)
    }

    /// From its parts; years 0000 to 9999, no leap seconds.
    pub fn from_parts(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Result<Self, BcdError> {
        let fault = BcdError::Calendar { year, month, day, hour, minute, second };
        let days = days_in_month(year, month).ok_or(fault)?;
        if year > 9999 || day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
            return Err(fault);
        }
        let parts = [(year / 100) as u8, (year % 100) as u8, month, day, hour, minute, second];
        Ok(BcdTime(parts.map(byte)))
    }

    /// Year, month, day, hour, minute, second. Bytes that are no digits read as 0.
    pub fn parts(self) -> (u16, u8, u8, u8, u8, u8) {
        let [a, b, month, day, hour, minute, second] = self.0.map(|byte| value(byte).unwrap_or(0));
        (u16::from(a) * 100 + u16::from(b), month, day, hour, minute, second)
    }

    /// Seconds since 1970-01-01 00:00:00 of the same clock.
    pub fn seconds(self) -> i64 {
        let (year, month, day, hour, minute, second) = self.parts();
        let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day));
        days * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)
    }

    /// The time of [`BcdTime::seconds`]; `None` outside years 0 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let year = u16::try_from(year).ok()?;
        let [hour, minute, second] = [rest / 3600, rest / 60 % 60, rest % 60].map(|part| part as u8);
        BcdTime::from_parts(year, month, day, hour, minute, second).ok()
    }

    /// So many seconds later (or earlier); `None` outside years 0 to 9999.
    pub fn add_seconds(self, seconds: i64) -> Option<Self> {
        BcdTime::from_seconds(self.seconds().checked_add(seconds)?)
    }
}

impl fmt::Display for BcdTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Debug for BcdTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BcdTime({self})")
    }
}

impl FromStr for BcdTime {
    type Err = BcdError;

    /// `YYYY-MM-DDThh:mm:ss`, a blank instead of the T, or the 14 digits alone.
    fn from_str(text: &str) -> Result<Self, BcdError> {
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
            return BcdTime::new(pack("a time", &digits)?);
        }
        BcdTime::new(pack("a time", text)?)
    }
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

/// Digits with nibbles swapped, low nibble first, as a SIM and SMS addresses hold them; F fills an odd end.
///
/// Characters that are no digits are left out.
pub fn swapped(digits: &str) -> Vec<u8> {
    let nibbles: Vec<u8> = digits.bytes().filter(u8::is_ascii_digit).map(|c| c - b'0').collect();
    nibbles.chunks(2).map(|pair| pair.get(1).unwrap_or(&0x0F) << 4 | pair[0]).collect()
}

/// The digits of swapped nibbles up to the first F; `None` when another nibble is above 9.
pub fn unswapped(bytes: &[u8]) -> Option<String> {
    let mut digits = String::new();
    for nibble in bytes.iter().flat_map(|byte| [byte & 0x0F, byte >> 4]) {
        match nibble {
            0..=9 => digits.push(char::from(b'0' + nibble)),
            0x0F => return Some(digits),
            _ => return None,
        }
    }
    Some(digits)
}

/// The Luhn check digit that would follow these digits [ISO/IEC 7812-1]; characters that are no digits do
/// not count.
pub fn luhn_check_digit(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .filter(u8::is_ascii_digit)
        .enumerate()
        .map(|(i, c)| {
            let digit = u32::from(c - b'0');
            match (i % 2 == 0, digit * 2) {
                (true, twice) if twice > 9 => twice - 9,
                (true, twice) => twice,
                (false, _) => digit,
            }
        })
        .sum();
    // 0 to 9.
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// True when the last digit is the Luhn digit of the others.
pub fn luhn_is_valid(digits: &str) -> bool {
    match digits.char_indices().next_back() {
        Some((at, last)) if at > 0 => luhn_check_digit(&digits[..at]) == last,
        _ => false,
    }
}
