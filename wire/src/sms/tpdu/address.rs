//! Addresses of a message and of the service centre [TS 23.040 9.1.2.5].

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::{TpduError, too_long};
use super::field::Field;
use super::note::{Note, Oddity};
use super::septets::unpack;

/// Most digits of an address: its value field has ten octets [TS 23.040 9.1.2.5].
pub const MAX_DIGITS: usize = 20;

const TON_MASK: u8 = 0x70;
const TON_INTERNATIONAL: u8 = 0x10;
const TON_ALPHANUMERIC: u8 = 0x50;
/// Always 1 in an address type.
const TYPE_BIT: u8 = 0x80;
const FILLER: u8 = 0x0F;
/// Half octets of a name of seven letters that were counted in whole octets; eight septets fit them to the last bit.
const SEVEN_LETTERS: u8 = 14;

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

    /// The number to dial, with `+` in front of an international one; none for an alphanumeric address. A filler ends it.
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
        out.extend(self.nibbles().map_while(|nibble| SIGNS.get(usize::from(nibble))));
        Some(out)
    }

    /// The septets of an alphanumeric address, one a byte; none of a number.
    pub(crate) fn name(&self) -> Option<Vec<u8>> {
        if !self.is_alphanumeric() {
            return None;
        }
        // Four bits a semi-octet, seven a letter.
        let mut name = unpack(&self.bytes, 0, usize::from(self.semi_octets) * 4 / 7);
        if self.has_eighth() {
            name.pop();
        }
        Some(name)
    }

    /// QUIRK(octets): many senders count the octets of a name twice instead of its half octets. With seven letters that
    /// adds a septet of zero, which is an `@`.
    fn has_eighth(&self) -> bool {
        self.is_alphanumeric()
            && self.semi_octets == SEVEN_LETTERS
            && self.bytes.last().is_some_and(|last| last >> 1 == 0)
    }

    fn nibbles(&self) -> impl Iterator<Item = u8> + '_ {
        self.bytes.iter().flat_map(|b| [b & 0x0F, b >> 4]).take(usize::from(self.semi_octets))
    }

    /// Reads an address of a message. More digits than there may be are read as long as their octets are there; they are
    /// told back, but no address of ours has them.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, TpduError> {
        let offset = cursor.at;
        let semi_octets = cursor.byte(Field::Address)?;
        let count = usize::from(semi_octets);
        let ton_npi = cursor.byte(Field::Address)?;
        let bytes = cursor.take(Field::Address, count.div_ceil(2))?.to_vec();
        let address = Self { ton_npi, semi_octets, bytes };
        if count > MAX_DIGITS {
            cursor.note(Field::Address, offset, Oddity::ManyDigits(count));
        }
        address.note_odd(cursor, Field::Address, offset + 1);
        Ok(address)
    }

    /// Notes what is odd; the type octet stands at `at`.
    fn note_odd(&self, cursor: &mut Cursor<'_>, field: Field, at: usize) {
        if self.ton_npi & TYPE_BIT == 0 {
            cursor.note(field, at, Oddity::TypeBit(self.ton_npi));
        }
        let end = at + self.bytes.len();
        if self.is_alphanumeric() {
            if self.has_eighth() {
                cursor.note(field, end, Oddity::NameEnds);
            }
            return;
        }
        if let Some(place) = self.nibbles().position(|nibble| nibble == FILLER) {
            cursor.note(field, at + 1 + place / 2, Oddity::NumberEnds);
        }
        let unused = self.bytes.last().map_or(FILLER, |last| last >> 4);
        if self.semi_octets % 2 == 1 && unused != FILLER {
            cursor.note(field, end, Oddity::NoFiller(unused));
        }
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

/// Reads a service centre address; none for length 0, and for a type with no number. Also gives the bytes used.
///
/// Its length counts octets, so whether the last one holds one digit or two shows only in the
/// filler.
pub fn parse_service_centre(bytes: &[u8]) -> Result<(Option<Address>, usize), TpduError> {
    read_service_centre(bytes).map(|(address, used, _)| (address, used))
}

/// As [`parse_service_centre`]; also gives what is odd about it.
pub fn read_service_centre(bytes: &[u8]) -> Result<(Option<Address>, usize, Vec<Note>), TpduError> {
    let mut cursor = Cursor::new(bytes);
    let address = service_centre(&mut cursor)?;
    Ok((address, cursor.at, cursor.notes))
}

fn service_centre(cursor: &mut Cursor<'_>) -> Result<Option<Address>, TpduError> {
    let offset = cursor.at;
    let length = usize::from(cursor.byte(Field::ServiceCentre)?);
    if length == 0 {
        return Ok(None);
    }
    let limit = 1 + MAX_DIGITS / 2;
    if length > limit {
        return Err(too_long(Field::ServiceCentre, offset, length, limit));
    }
    let ton_npi = cursor.byte(Field::ServiceCentre)?;
    let value = cursor.take(Field::ServiceCentre, length - 1)?;
    if value.is_empty() {
        cursor.note(Field::ServiceCentre, offset, Oddity::OnlyType);
        return Ok(None);
    }
    let filler = u8::from(value.last().is_some_and(|last| last >> 4 == FILLER));
    // At most ten octets.
    let octets = u8::try_from(value.len()).unwrap_or(10);
    let address = Address { ton_npi, semi_octets: 2 * octets - filler, bytes: value.to_vec() };
    address.note_odd(cursor, Field::ServiceCentre, offset + 1);
    Ok(Some(address))
}
