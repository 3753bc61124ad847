//! Words about numbers, days and PINs.

use super::Hint;
use crate::ids::Day;

/// Why a text is not the number, day or PIN it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Wrong number of digits.
    #[error("{what} has {expected} digits, this has {found}")]
    Length {
        /// What was read.
        what: &'static str,
        /// Digits it has.
        expected: usize,
        /// Digits typed.
        found: usize,
    },
    /// A character that is no digit of the number's kind.
    #[error("{what}: character {position} is {found:?}, not a digit")]
    Character {
        /// What was read.
        what: &'static str,
        /// Place, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// A number that no device may have.
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
    /// No such day.
    #[error("{text} is no day of the calendar")]
    Day {
        /// The text.
        text: String,
    },
    /// A validity that ends before it begins.
    #[error("the validity ends on {to}, before it begins on {from}")]
    Validity {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// Wrong number of PIN digits.
    #[error("a PIN has 4 to 12 digits, this has {found}")]
    PinLength {
        /// Digits typed.
        found: usize,
    },
    /// A PIN character that is no decimal digit.
    #[error("a PIN has decimal digits only; character {position} is none")]
    PinCharacter {
        /// Place, from 1.
        position: usize,
    },
}

impl Hint for IdError {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            IdError::Day { .. } => "write a day as YYYY-MM-DD",
            IdError::Length { what: "a check value", .. } => {
                "a check value is the six hexadecimal digits printed beside the key or component"
            }
            IdError::NoDevice { .. } => "number devices from 000000000002",
            _ => return None,
        })
    }
}
