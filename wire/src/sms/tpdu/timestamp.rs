//! The service centre time stamp [TS 23.040 9.2.3.11].

use super::error::TpduError;

/// A point in time as a message tells it: local time and its distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampParts {
    /// Year without century, 0 to 99.
    pub year: u8,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
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
            *value = decimal(byte >> 4, byte & 0x0F).ok_or(TpduError::TimestampPart { part })?;
        }
        let [year, month, day, hour, minute, second] = values;
        Self::from_parts(&TimestampParts { year, month, day, hour, minute, second, quarters: 32 })
    }

    /// Decodes the time; fails on nibbles that are no digits and on values out of range.
    pub fn parts(&self) -> Result<TimestampParts, TpduError> {
        let mut values = [0; 6];
        for (part, (value, byte)) in values.iter_mut().zip(&self.0).enumerate() {
            *value = decimal(byte & 0x0F, byte >> 4).ok_or(TpduError::TimestampPart { part })?;
        }
        check_parts(values)?;
        let [year, month, day, hour, minute, second] = values;
        let zone = self.0[6];
        let distance = decimal(zone & 0x07, zone >> 4)
            .and_then(|value| i8::try_from(value).ok())
            .ok_or(TpduError::TimestampPart { part: 6 })?;
        let quarters = if zone & 0x08 == 0 { distance } else { -distance };
        Ok(TimestampParts { year, month, day, hour, minute, second, quarters })
    }
}

fn decimal(tens: u8, units: u8) -> Option<u8> {
    (tens <= 9 && units <= 9).then_some(tens * 10 + units)
}

fn check_parts(values: [u8; 6]) -> Result<(), TpduError> {
    const RANGES: [(u8, u8); 6] = [(0, 99), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59)];
    let wrong = values.iter().zip(RANGES).position(|(v, (low, high))| *v < low || *v > high);
    wrong.map_or(Ok(()), |part| Err(TpduError::TimestampPart { part }))
}
