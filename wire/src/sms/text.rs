//! The text of a message, for a person to read [TS 23.038 6.2].
//!
//! Decoding here never fails: a message of somebody else is shown as well as it can be.

use alloc::string::String;
use alloc::vec::Vec;

use super::tpdu::{Address, Alphabet, UserData};

const IE_PART: u8 = 0x00;
pub(super) const IE_PART_WIDE: u8 = 0x08;
const ESCAPE: u8 = 0x1B;

/// GSM 7-bit default alphabet, 16 characters a line; 1B (escape) reads as a space when alone.
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// Place of a message in a longer text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Number all parts of one text share.
    pub reference: u16,
    /// Parts the text has, at least 1.
    pub total: u8,
    /// This part, 1 to `total`.
    pub sequence: u8,
}

/// Where this message belongs in a longer text; none when it stands alone, or when its numbers
/// make no sense (the standard has them ignored then).
#[must_use]
pub fn part(user_data: &UserData) -> Option<Part> {
    user_data.elements().iter().find_map(|element| {
        let (reference, total, sequence) = match (element.id, element.data.as_slice()) {
            (IE_PART, &[reference, total, sequence]) => (u16::from(reference), total, sequence),
            (IE_PART_WIDE, &[high, low, total, sequence]) => {
                (u16::from_be_bytes([high, low]), total, sequence)
            }
            _ => return None,
        };
        let sound = sequence >= 1 && sequence <= total;
        sound.then_some(Part { reference, total, sequence })
    })
}

/// The text of user data under a data coding scheme; 8-bit data as upper-case hex.
#[must_use]
pub fn text(user_data: &UserData, dcs: u8) -> String {
    let body = user_data.body();
    match Alphabet::of(dcs) {
        Alphabet::Gsm7 => septets_to_text(&septets(user_data)),
        Alphabet::Octets => hex::encode_upper(body),
        Alphabet::Ucs2 => ucs2(body),
    }
}

/// The septets of 7-bit user data, behind its header.
pub(super) fn septets(user_data: &UserData) -> Vec<u8> {
    let body = user_data.body();
    let header_bits = user_data.header_len() * 8;
    // The text begins on a septet border counted from the start of the user data.
    let header_septets = header_bits.div_ceil(7);
    let fill = header_septets * 7 - header_bits;
    let total = user_data.septets().map_or(body.len() * 8 / 7, usize::from);
    let count = total.saturating_sub(user_data.septets().map_or(0, |_| header_septets));
    unpack(body, fill, count)
}

/// What to call the sender or receiver: the number, or the name of an alphanumeric address;
/// the bytes in hex when it is neither.
#[must_use]
pub fn address(address: &Address) -> String {
    if address.is_alphanumeric() {
        // Four bits a semi-octet, seven a letter.
        let count = usize::from(address.semi_octets()) * 4 / 7;
        return septets_to_text(&unpack(address.bytes(), 0, count));
    }
    address.digits().unwrap_or_else(|| hex::encode_upper(address.bytes()))
}

/// Takes up to `count` septets that begin `skip` bits into `bytes`, least significant bit first.
fn unpack(bytes: &[u8], skip: usize, count: usize) -> Vec<u8> {
    let septet = |index: usize| {
        let bit = skip + index * 7;
        let (byte, shift) = (bit / 8, bit % 8);
        let low = u16::from(*bytes.get(byte)?);
        let high = match bytes.get(byte + 1) {
            Some(high) => u16::from(*high),
            // Seven bits from bit 0 or 1 need no second byte.
            None if shift <= 1 => 0,
            None => return None,
        };
        Some((((high << 8 | low) >> shift) & 0x7F) as u8)
    };
    (0..count).map_while(septet).collect()
}

pub(super) fn septets_to_text(septets: &[u8]) -> String {
    let mut out = String::with_capacity(septets.len());
    let mut escaped = false;
    for &septet in septets {
        if escaped {
            // Without an entry in the extension table, the default character is shown.
            out.push(extension(septet).unwrap_or_else(|| default(septet)));
            escaped = false;
        } else if septet == ESCAPE {
            escaped = true;
        } else {
            out.push(default(septet));
        }
    }
    if escaped {
        out.push(default(ESCAPE));
    }
    out
}

fn default(septet: u8) -> char {
    DEFAULT[usize::from(septet & 0x7F)]
}

fn extension(septet: u8) -> Option<char> {
    Some(match septet {
        0x0A => '\u{0C}',
        0x14 => '^',
        0x28 => '{',
        0x29 => '}',
        0x2F => '\\',
        0x3C => '[',
        0x3D => '~',
        0x3E => ']',
        0x40 => '|',
        0x65 => '€',
        _ => return None,
    })
}

/// Big-endian UCS2; surrogate pairs are accepted, as phones send them. Anything else that is no
/// character, and a lone last octet, becomes the replacement character.
pub(super) fn ucs2(bytes: &[u8]) -> String {
    let pairs = bytes.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut out: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if odd {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out
}
