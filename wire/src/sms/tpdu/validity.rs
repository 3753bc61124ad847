//! The validity period of a message to be sent [TS 23.040 9.2.3.12].

use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::TpduError;
use super::field::Field;
use super::timestamp::Timestamp;

/// Bits of the first octet that tell the format.
pub(super) const VPF_MASK: u8 = 0x18;
/// Enhanced format: another indicator octet follows this one.
const EXTENDED: u8 = 0x80;
const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// Validity period of a message to be sent [TS 23.040 9.2.3.12].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Left to the service centre.
    None,
    /// One byte, in the steps of the standard.
    Relative(u8),
    /// A point in time, coded as a time stamp.
    Absolute([u8; 7]),
    /// Seven bytes in the enhanced format.
    Enhanced([u8; 7]),
}

/// How long a service centre shall try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// As long as it pleases; also what a reserved form says.
    Default,
    /// So many seconds.
    Seconds(u32),
    /// Until then.
    Until(Timestamp),
}

impl Validity {
    /// How long the service centre shall try.
    #[must_use]
    pub fn period(&self) -> Period {
        match *self {
            Self::None => Period::Default,
            Self::Relative(step) => Period::Seconds(relative_seconds(step)),
            Self::Absolute(stamp) => Period::Until(Timestamp(stamp)),
            Self::Enhanced(bytes) => enhanced(&bytes),
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>, first: u8) -> Result<Self, TpduError> {
        Ok(match first & VPF_MASK {
            0x10 => Self::Relative(cursor.byte(Field::Validity)?),
            0x18 => Self::Absolute(cursor.array(Field::Validity)?),
            0x08 => Self::Enhanced(cursor.array(Field::Validity)?),
            _ => Self::None,
        })
    }

    pub(super) fn format(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Relative(_) => 0x10,
            Self::Absolute(_) => 0x18,
            Self::Enhanced(_) => 0x08,
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Relative(step) => out.push(step),
            Self::Absolute(bytes) | Self::Enhanced(bytes) => out.extend(bytes),
        }
    }
}

/// Seconds of a relative period; every value has a meaning [TS 23.040 9.2.3.12.1].
#[must_use]
pub const fn relative_seconds(step: u8) -> u32 {
    let n = step as u32;
    match step {
        0..=143 => (n + 1) * 5 * MINUTE,
        144..=167 => 12 * HOUR + (n - 143) * 30 * MINUTE,
        168..=196 => (n - 166) * DAY,
        197..=255 => (n - 192) * 7 * DAY,
    }
}

/// The enhanced format: what the first octet's low bits say stands behind it and its extensions [TS 23.040 9.2.3.12.3].
fn enhanced(bytes: &[u8; 7]) -> Period {
    let extensions = bytes.iter().take_while(|byte| **byte & EXTENDED != 0).count();
    let value = bytes.get(extensions + 1..).unwrap_or_default();
    match (bytes[0] & 0x07, value) {
        (1, [step, ..]) => Period::Seconds(relative_seconds(*step)),
        (2, [seconds, ..]) if *seconds > 0 => Period::Seconds((*seconds).into()),
        (3, [hours, minutes, seconds, ..]) => {
            let digits = |byte: &u8| crate::bcd::value(byte.rotate_left(4)).map(u32::from);
            match (digits(hours), digits(minutes), digits(seconds)) {
                (Some(h), Some(m), Some(s)) => Period::Seconds(h * HOUR + m * MINUTE + s),
                _ => Period::Default,
            }
        }
        _ => Period::Default,
    }
}
