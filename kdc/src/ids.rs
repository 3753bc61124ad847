//! Names of things that could be confused: numbers, serials, days, check values, PINs.
//!
//! Numbers of devices are decimal text for people and packed BCD (two digits a byte) on cards.

use crate::messages::IdError;
use keys::hierarchy;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use wire::bcd::MeterNumber;
use wire::profile::{OPERATOR_PIN, PinRow};
use zeroize::Zeroizing;

pub use wire::bcd::RegionCode;

/// Reads exactly `N` bytes from `2 N` digits of `radix` (10 or 16), high nibble first.
fn nibbles<const N: usize>(what: &'static str, radix: u32, text: &str) -> Result<[u8; N], IdError> {
    let mut out = [0; N];
    let mut count = 0;
    for (i, c) in text.chars().enumerate() {
        let digit = c.to_digit(radix).ok_or(IdError::Character { what, position: i + 1, found: c })?;
        if let Some(byte) = out.get_mut(i / 2) {
            *byte = (*byte << 4) | digit as u8; // a digit of either radix is below 16
        }
        count = i + 1;
    }
    if count == 2 * N { Ok(out) } else { Err(IdError::Length { what, expected: 2 * N, found: count }) }
}

fn any<const N: usize>(_: &[u8; N]) -> Result<(), IdError> {
    Ok(())
}

/// Numbers that name no device are in no new record.
fn a_device(number: &[u8; 6]) -> Result<(), IdError> {
    if wire::bcd::names_a_device(number) { Ok(()) } else { Err(IdError::NoDevice { last: number[5] }) }
}

/// Serials that stand for a meter's MCU are no chip's.
fn a_chip(serial: &[u8; 8]) -> Result<(), IdError> {
    if hierarchy::is_mcu_serial(serial) { Err(IdError::McuSerial) } else { Ok(()) }
}

/// One newtype over bytes that people write as digits.
macro_rules! digits {
    ($(#[$doc:meta])* $name:ident, $len:literal, $radix:literal, $what:literal, $allowed:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(pub [u8; $len]);

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let bytes = nibbles($what, $radix, text)?;
                $allowed(&bytes)?;
                Ok($name(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            /// As it stands in a record, which may be of an older make.
            fn try_from(text: String) -> Result<Self, IdError> {
                nibbles($what, $radix, &text).map($name)
            }
        }
    };
}

digits!(
    /// Number of a card or meter: 12 decimal digits, 6 bytes packed BCD. A meter, its ESAM and its MCU share
    /// one; a PSAM's is its terminal number. 000000000000 and 000000000001 are none.
    DeviceNumber, 6, 10, "a device number", a_device
);
digits!(
    /// Serial of a chip: 8 bytes, 16 hexadecimal digits, as in its ATR.
    Serial, 8, 16, "a card serial", a_chip
);
digits!(
    /// Check value of a key (KCV): the first 3 bytes of one zero block enciphered under it. Not a secret.
    CheckValue, 3, 16, "a check value", any
);

/// The province itself: what stands for a region on a provincial card.
pub const PROVINCE: RegionCode = RegionCode([0; 4]);

impl From<MeterNumber> for DeviceNumber {
    /// A meter's number is the number of its ESAM and of its MCU.
    fn from(meter: MeterNumber) -> Self {
        DeviceNumber(meter.0)
    }
}

impl DeviceNumber {
    /// The serial that a meter's MCU, which has no chip serial, uses in key transport: `0F 00 || number`
    /// [docs/specs/cards.md 2, 7].
    pub const fn as_mcu_serial(self) -> Serial {
        Serial(hierarchy::mcu_serial(self.0))
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
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl Day {
    /// The four BCD bytes.
    pub const fn bytes(self) -> [u8; 4] {
        self.0
    }
}

impl FromStr for Day {
    type Err = IdError;

    /// Reads `YYYYMMDD` or `YYYY-MM-DD`; the day must exist (Gregorian rules).
    fn from_str(text: &str) -> Result<Self, IdError> {
        let compact = match text.split('-').collect::<Vec<_>>()[..] {
            [year, month, day] if (year.len(), month.len(), day.len()) == (4, 2, 2) => {
                format!("{year}{month}{day}")
            }
            _ => text.to_owned(),
        };
        let bytes: [u8; 4] = nibbles("a day", 10, &compact)?;
        let decimal = |bcd: u8| u16::from(bcd >> 4) * 10 + u16::from(bcd & 0x0F);
        let year = decimal(bytes[0]) * 100 + decimal(bytes[1]);
        let (month, day) = (decimal(bytes[2]), decimal(bytes[3]));
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        if (1..=last).contains(&day) { Ok(Day(bytes)) } else { Err(IdError::Day { text: compact }) }
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
    pub fn new(from: Day, to: Day) -> Result<Self, IdError> {
        if from <= to { Ok(Validity { from, to }) } else { Err(IdError::Validity { from, to }) }
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

/// An operator's PIN as it stands on a card: packed BCD, an odd digit filled up with `F`, as the examples of
/// the FMCOS manual have it (`12345` is `12 34 5F`). Wiped when dropped, never shown.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// A PIN of 4 to 12 decimal digits (2 to 6 bytes, what VERIFY takes).
    pub fn from_digits(text: &str) -> Result<Self, IdError> {
        let mut digits = Zeroizing::new(Vec::with_capacity(12));
        for (i, c) in text.chars().enumerate() {
            // The digit itself stays out of the error: the rest of the PIN may be right.
            let digit = c.to_digit(10).ok_or(IdError::PinCharacter { position: i + 1 })?;
            digits.push(digit as u8);
        }
        if !(4..=12).contains(&digits.len()) {
            return Err(IdError::PinLength { found: digits.len() });
        }
        let packed = digits.chunks(2).map(|pair| (pair[0] << 4) | pair.get(1).unwrap_or(&0x0F)).collect();
        Ok(Pin(Zeroizing::new(packed)))
    }

    /// The bytes as WRITE KEY and VERIFY carry them. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        keys::equal(&self.0, &other.0)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(hidden)")
    }
}

/// The PINs a card is worked with, or will have: the operator's, and the second officer's (of an ESAM issuing card the
/// supervisor's), and whether the last try of one may be spent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pins<'a> {
    /// 3A/00.
    pub operator: Option<&'a Pin>,
    /// 3A/01.
    pub officer: Option<&'a Pin>,
    /// Verify although one try is left.
    pub spend_last_try: bool,
}

impl<'a> Pins<'a> {
    /// Both PINs.
    pub const fn both(operator: &'a Pin, officer: &'a Pin) -> Self {
        Pins { operator: Some(operator), officer: Some(officer), spend_last_try: false }
    }

    /// The PIN of a row of the PIN table.
    pub fn of(&self, row: &PinRow) -> Option<&'a Pin> {
        if row.id == OPERATOR_PIN.id { self.operator } else { self.officer }
    }
}

impl<'a> From<&'a Pin> for Pins<'a> {
    fn from(operator: &'a Pin) -> Self {
        Pins { operator: Some(operator), ..Pins::default() }
    }
}

impl<'a> From<Option<&'a Pin>> for Pins<'a> {
    fn from(operator: Option<&'a Pin>) -> Self {
        Pins { operator, ..Pins::default() }
    }
}
