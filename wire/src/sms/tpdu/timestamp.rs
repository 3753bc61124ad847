//! The service centre time stamp [TS 23.040 9.2.3.11].

use super::cursor::Cursor;
use super::error::TpduError;
use super::field::Field;
use super::note::Oddity;

/// A point in time as a message tells it: local time and its distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampParts {
    /// Year without century, 0 to 99.
    pub year: u8,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31, as the month has them.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Local time minus UTC in quarters of an hour, -79 to 79; China is 32.
    pub quarters: i8,
}

impl TimestampParts {
    /// Whether anybody lives in such a zone: -12:00 to +14:00.
    #[must_use]
    pub fn is_zone(&self) -> bool {
        (-48..=56).contains(&self.quarters)
    }
}

/// Service centre time stamp, seven bytes as on the wire [TS 23.040 9.2.3.11].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub [u8; 7]);

impl Timestamp {
    /// Encodes a time; each byte is a decimal pair with its nibbles swapped.
    pub fn from_parts(parts: &TimestampParts) -> Result<Self, TpduError> {
        let TimestampParts { year, month, day, hour, minute, second, quarters } = *parts;
        let values = [year, month, day, hour, minute, second];
        check_parts(values)?;
        let distance = quarters.unsigned_abs();
        if distance > 79 {
            return Err(TpduError::TimestampPart { part: 6 });
        }
        // The sign takes the top bit of the tens digit, which is the low nibble on the wire.
        let sign = if quarters < 0 { 0x08 } else { 0 };
        let mut out = [0; 7];
        for (byte, value) in out.iter_mut().zip(values.into_iter().chain([distance])) {
            *byte = (value / 10) | ((value % 10) << 4);
        }
        out[6] |= sign;
        Ok(Self(out))
    }

    /// China standard time (8 hours ahead) from BCD `YYYYMMDDhhmmss`; the century is not carried.
    pub fn china(bcd: [u8; 7]) -> Result<Self, TpduError> {
        let mut values = [0; 6];
        for (part, (value, byte)) in values.iter_mut().zip(&bcd[1..]).enumerate() {
            *value = crate::bcd::value(*byte).ok_or(TpduError::TimestampPart { part })?;
        }
        let [year, month, day, hour, minute, second] = values;
        Self::from_parts(&TimestampParts { year, month, day, hour, minute, second, quarters: 32 })
    }

    /// The time as a receiver reads it: a nibble above 9 counts as the digit 0. Fails when there is no such date or time of
    /// day.
    pub fn parts(&self) -> Result<TimestampParts, TpduError> {
        let [year, month, day, hour, minute, second, zone] = self.0;
        let values = [year, month, day, hour, minute, second].map(|byte| pair(byte & 0x0F, byte >> 4));
        check_parts(values)?;
        let [year, month, day, hour, minute, second] = values;
        // Three bits of tens, so at most 79.
        let distance = i8::try_from(pair(zone & 0x07, zone >> 4)).unwrap_or(i8::MAX);
        let quarters = if zone & 0x08 == 0 { distance } else { -distance };
        Ok(TimestampParts { year, month, day, hour, minute, second, quarters })
    }

    pub(super) fn read(cursor: &mut Cursor<'_>, field: Field) -> Result<Self, TpduError> {
        let offset = cursor.at;
        let stamp = Self(cursor.array(field)?);
        for (n, byte) in stamp.0.iter().enumerate() {
            // The low nibble of the zone holds its sign and three bits.
            let tens = if n == 6 { byte & 0x07 } else { byte & 0x0F };
            if tens > 9 || byte >> 4 > 9 {
                cursor.note(field, offset + n, Oddity::NoDigit(*byte));
            }
        }
        match stamp.parts() {
            Err(_) => cursor.note(field, offset, Oddity::NoSuchTime(stamp.0)),
            Ok(parts) if !parts.is_zone() => cursor.note(field, offset + 6, Oddity::Zone(parts.quarters)),
            Ok(_) => {}
        }
        Ok(stamp)
    }
}

/// Two digits as a number; what is no digit counts as 0.
fn pair(tens: u8, units: u8) -> u8 {
    let digit = |nibble: u8| if nibble > 9 { 0 } else { nibble };
    digit(tens) * 10 + digit(units)
}

fn check_parts(values: [u8; 6]) -> Result<(), TpduError> {
    let [year, month, ..] = values;
    // 2000 to 2099: every fourth year is a leap year.
    let days = match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let ranges = [(0, 99), (1, 12), (1, days), (0, 23), (0, 59), (0, 59)];
    let wrong = values.iter().zip(ranges).position(|(v, (low, high))| *v < low || *v > high);
    wrong.map_or(Ok(()), |part| Err(TpduError::TimestampPart { part }))
}
