//! Numbers of devices and people: decimal or hexadecimal text for people, packed bytes on cards and lines.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use keys::hierarchy;
use serde::{Deserialize, Serialize};

use crate::damage::{Damage, LOST_ZEROS, instead_of};
use crate::fault::{Fault, Hint};

/// Why a text or bytes are not the number or time they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
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
    /// A character that is no digit of the number's kind.
    #[error("{what}: {found:?} at place {place} is no digit")]
    Digit {
        /// What it should be.
        what: &'static str,
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// Another program damaged it.
    #[error("{what} {damage}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// By what.
        damage: Damage,
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
        "{last:012} names no device: the keys of 000000000000 begin with a published check value, and 000000000001 is the \
         factory's"
    )]
    NoDevice {
        /// 0 or 1.
        last: u8,
    },
    /// A serial that would give a chip the transport key of a meter's MCU.
    #[error("a card serial does not begin with 0F00: such serials stand for the MCUs of meters")]
    McuSerial,
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
    /// No such day.
    #[error("{year:04}-{month:02}-{day:02} is no day of the calendar")]
    Day {
        /// Year.
        year: u16,
        /// Month.
        month: u8,
        /// Day.
        day: u8,
    },
}

impl Fault for NumberError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                NumberError::Day { .. } => "write a day as YYYY-MM-DD",
                NumberError::Length { what: "a check value", .. } => {
                    "a check value is the six hexadecimal digits printed beside the key or component"
                }
                NumberError::Length { wanted, found, .. } if found < wanted => LOST_ZEROS,
                NumberError::Digit { found, .. } => return instead_of(*found),
                NumberError::NoDevice { .. } => "number devices from 000000000002",
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            NumberError::Length { .. } => "number-length",
            NumberError::Digit { .. } => "number-digit",
            NumberError::Nibble { .. } => "number-nibble",
            NumberError::NoDevice { .. } => "number-no-device",
            NumberError::McuSerial => "number-mcu-serial",
            NumberError::Calendar { .. } => "number-calendar",
            NumberError::Day { .. } => "number-day",
            NumberError::Damaged { .. } => "number-damaged",
        }
    }
}

/// Whether a number, 12 digits packed BCD, may be a device's. 000000000000 may not: the factor of zeros gives the block whose
/// first bytes are a key's published check value. 000000000001 may not: it is the factory factor of the field's ESAMs
/// [docs/specs/cards.md 2].
pub const fn names_a_device(number: &[u8; 6]) -> bool {
    !matches!(number, [0, 0, 0, 0, 0, 0 | 1])
}

/// Reads exactly `N` bytes from `2 N` digits of `radix` (10 or 16), high nibble first. What is no digit is told before the length.
pub(crate) fn packed<const N: usize>(
    what: &'static str,
    radix: u32,
    text: &str,
) -> Result<[u8; N], NumberError> {
    if let Some(damage) = Damage::of(text) {
        return Err(NumberError::Damaged { what, damage });
    }
    let mut out = [0; N];
    let mut count = 0;
    for (i, c) in text.chars().enumerate() {
        let digit = c.to_digit(radix).ok_or(NumberError::Digit { what, place: i + 1, found: c })?;
        if let Some(byte) = out.get_mut(i / 2) {
            *byte = (*byte << 4) | digit as u8; // a digit of either radix is below 16
        }
        count = i + 1;
    }
    if count == 2 * N { Ok(out) } else { Err(NumberError::Length { what, wanted: 2 * N, found: count }) }
}

/// Whether every nibble is a decimal digit.
pub(crate) fn decimal(what: &'static str, bytes: &[u8]) -> Result<(), NumberError> {
    match bytes.iter().enumerate().find(|(_, byte)| wire::bcd::value(**byte).is_none()) {
        Some((place, found)) => Err(NumberError::Nibble { what, place, found: *found }),
        None => Ok(()),
    }
}

fn any<const N: usize>(what: &'static str, bytes: &[u8; N]) -> Result<(), NumberError> {
    decimal(what, bytes)
}

const fn anything<const N: usize>(_: &'static str, _: &[u8; N]) -> Result<(), NumberError> {
    Ok(())
}

fn a_device(what: &'static str, number: &[u8; 6]) -> Result<(), NumberError> {
    decimal(what, number)?;
    if names_a_device(number) { Ok(()) } else { Err(NumberError::NoDevice { last: number[5] }) }
}

/// Serials that stand for a meter's MCU are no chip's.
fn a_chip(_: &'static str, serial: &[u8; 8]) -> Result<(), NumberError> {
    if hierarchy::is_mcu_serial(serial) { Err(NumberError::McuSerial) } else { Ok(()) }
}

/// One newtype over bytes that people write as digits.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $len:literal, $radix:literal, $what:literal, $allowed:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Checks that the bytes are digits, and may be one of these.
            pub fn new(bytes: [u8; $len]) -> Result<Self, NumberError> {
                $allowed($what, &bytes)?;
                Ok($name(bytes))
            }
        }

        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                $name::new(packed($what, $radix, text)?)
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

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = NumberError;

            /// As it stands in a record, which may be of an older make.
            fn try_from(text: String) -> Result<Self, NumberError> {
                packed($what, $radix, &text).map($name)
            }
        }
    };
}

number!(
    /// Number of a meter, and of its ESAM: 12 digits, packed BCD; not all of them may be one ([`names_a_device`]).
    MeterNumber, 6, 10, "a meter number", a_device
);
number!(
    /// Number of a customer: 12 digits, packed BCD.
    CustomerNumber, 6, 10, "a customer number", any
);
number!(
    /// Region code of a city: 8 digits, packed BCD.
    RegionCode, 4, 10, "a region code", any
);
number!(
    /// Number of a card or meter: 12 decimal digits, 6 bytes packed BCD. A meter, its ESAM and its MCU share
    /// one; a PSAM's is its terminal number. 000000000000 and 000000000001 are none.
    DeviceNumber, 6, 10, "a device number", a_device
);
number!(
    /// Serial of a chip: 8 bytes, 16 hexadecimal digits, as in its ATR.
    Serial, 8, 16, "a card serial", a_chip
);
number!(
    /// Check value of a key (KCV): the first 3 bytes of one zero block enciphered under it. Not a secret.
    CheckValue, 3, 16, "a check value", anything
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
