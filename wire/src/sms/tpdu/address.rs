//! Addresses of a message and of the service centre [TS 23.040 9.1.2.5].

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Cursor, Field, TpduError, too_long};

/// Most digits of an address: its value field has ten octets [TS 23.040 9.1.2.5].
pub const MAX_DIGITS: usize = 20;

const TON_MASK: u8 = 0x70;
const TON_INTERNATIONAL: u8 = 0x10;
const TON_ALPHANUMERIC: u8 = 0x50;

/// An address as it travels: TON/NPI, number of semi-octets, value [TS 23.040 9.1.2.5].
///
/// The octets are kept as read, so an address of a kind we do not understand survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    ton_npi: u8,
    semi_octets: u8,
    bytes: Vec<u8>,
}

impl Address {
    /// TON/NPI of an international telephone number.
    pub const INTERNATIONAL: u8 = 0x91;

    /// An address from its parts on the wire; `bytes` holds two semi-octets each, low nibble
    /// first. Fails when there are more than 20 semi-octets or `bytes` has another size.
    pub fn from_wire(ton_npi: u8, semi_octets: u8, bytes: &[u8]) -> Result<Self, TpduError> {
        let digits = usize::from(semi_octets);
        if digits > MAX_DIGITS {
            return Err(too_long(Field::Address, 0, digits, MAX_DIGITS));
        }
        if bytes.len() != digits.div_ceil(2) {
            return Err(TpduError::AddressShape { semi_octets, octets: bytes.len() });
        }
        Ok(Self { ton_npi, semi_octets, bytes: bytes.to_vec() })
    }

    /// An international number, `8613800250500` or `+8613800250500`; 1 to 20 digits.
    pub fn international(digits: &str) -> Result<Self, TpduError> {
        let number = digits.strip_prefix('+').unwrap_or(digits);
        let lead = digits.len() - number.len();
        let mut values = Vec::with_capacity(number.len());
        for (index, c) in number.chars().enumerate() {
            let bad = TpduError::NotADigit { position: index + lead };
            let value = c.to_digit(10).and_then(|d| u8::try_from(d).ok()).ok_or(bad)?;
            values.push(value);
        }
        let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
        if values.is_empty() {
            return Err(TpduError::AddressShape { semi_octets: 0, octets: 0 });
        }
        if values.len() > MAX_DIGITS {
            return Err(too_long(Field::Address, 0, values.len(), MAX_DIGITS));
        }
        let bytes: Vec<u8> =
            values.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0xF0, |high| high << 4)).collect();
        Self::from_wire(Self::INTERNATIONAL, count, &bytes)
    }

    /// TON/NPI byte: 91 international telephone number, D0 letters.
    #[must_use]
    pub fn ton_npi(&self) -> u8 {
        self.ton_npi
    }

    /// Length as on the wire: semi-octets used, without a filler.
    #[must_use]
    pub fn semi_octets(&self) -> u8 {
        self.semi_octets
    }

    /// Value as on the wire: semi-octets, low nibble first, filler F.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the value is packed 7-bit text instead of digits.
    #[must_use]
    pub fn is_alphanumeric(&self) -> bool {
        self.ton_npi & TON_MASK == TON_ALPHANUMERIC
    }

    /// The number to dial, with `+` in front of an international one; none for an alphanumeric
    /// address or when a filler stands where a digit should.
    #[must_use]
    pub fn digits(&self) -> Option<String> {
        const SIGNS: [char; 15] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c'];
        if self.is_alphanumeric() {
            return None;
        }
        let mut out = String::new();
        if self.ton_npi & TON_MASK == TON_INTERNATIONAL {
            out.push('+');
        }
        let nibbles = self.bytes.iter().flat_map(|b| [b & 0x0F, b >> 4]);
        for nibble in nibbles.take(usize::from(self.semi_octets)) {
            out.push(*SIGNS.get(usize::from(nibble))?);
        }
        Some(out)
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, TpduError> {
        let offset = cursor.at;
        let semi_octets = cursor.byte(Field::Address)?;
        let count = usize::from(semi_octets);
        if count > MAX_DIGITS {
            return Err(too_long(Field::Address, offset, count, MAX_DIGITS));
        }
        let ton_npi = cursor.byte(Field::Address)?;
        let value = cursor.take(Field::Address, count.div_ceil(2))?;
        Self::from_wire(ton_npi, semi_octets, value)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.semi_octets, self.ton_npi]);
        out.extend(&self.bytes);
    }
}

/// A service centre address as in EF_SMS: length in *octets* with TON/NPI, TON/NPI, value.
#[must_use]
pub fn service_centre_bytes(address: &Address) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + address.bytes.len());
    // An Address has at most ten octets.
    out.push(1 + u8::try_from(address.bytes.len()).unwrap_or(10));
    out.push(address.ton_npi);
    out.extend(&address.bytes);
    out
}

/// Reads a service centre address; none for length 0. Also gives the bytes used.
///
/// Its length counts octets, so whether the last one holds one digit or two shows only in the
/// filler.
pub fn parse_service_centre(bytes: &[u8]) -> Result<(Option<Address>, usize), TpduError> {
    let mut cursor = Cursor { bytes, at: 0 };
    let length = usize::from(cursor.byte(Field::ServiceCentre)?);
    if length == 0 {
        return Ok((None, cursor.at));
    }
    let limit = 1 + MAX_DIGITS / 2;
    if length > limit {
        return Err(too_long(Field::ServiceCentre, 0, length, limit));
    }
    let ton_npi = cursor.byte(Field::ServiceCentre)?;
    let value = cursor.take(Field::ServiceCentre, length - 1)?;
    let filler = u8::from(value.last().is_some_and(|last| last >> 4 == 0x0F));
    let octets = u8::try_from(value.len()).unwrap_or(10);
    let address = Address::from_wire(ton_npi, 2 * octets - filler, value)?;
    Ok((Some(address), cursor.at))
}
