//! The text of a message, for a person to read [TS 23.038 6.2, annex A].
//!
//! Decoding here never fails: a message of somebody else is shown as well as it can be.

use alloc::string::String;
use alloc::vec::Vec;

use super::language;
use super::tpdu::{Address, Alphabet, ESCAPE, TpduError, UserData};

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

/// The tables of one part: main table and extension table, by the numbers its header names; 0 and numbers without a table are
/// the default ones [TS 23.038 6.2.1.2].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Language {
    main: u8,
    extension: u8,
}

impl Language {
    pub(super) fn of(user_data: &UserData) -> Self {
        let (main, extension) = user_data.language();
        Language { main, extension }
    }

    fn character(self, septet: u8) -> char {
        language::main(self.main, septet).unwrap_or_else(|| default(septet))
    }

    /// The character behind an escape. Without an entry in the extension table, the one of the main table is shown.
    fn escaped(self, septet: u8) -> char {
        let own = language::extension(self.extension, septet);
        own.or_else(|| extension(septet)).unwrap_or_else(|| self.character(septet))
    }
}

/// The text of user data under a data coding scheme; 8-bit data as upper-case hex.
#[must_use]
pub fn text(user_data: &UserData, dcs: u8) -> String {
    let body = user_data.body();
    match Alphabet::of(dcs) {
        Alphabet::Gsm7 if user_data.is_whole() => {
            septets_to_text(&user_data.text_septets(), Language::of(user_data))
        }
        Alphabet::Ucs2 if user_data.is_whole() => ucs2(body),
        _ => hex::encode_upper(body),
    }
}

/// Data coding of text in the default alphabet.
const DCS_GSM7: u8 = 0x00;
/// Data coding of text in UCS2.
const DCS_UCS2: u8 = 0x08;

/// The user data of a text, and its data coding scheme: the default alphabet where it has every character, else UCS2.
///
/// # Errors
/// More than one message holds: 160 septets, or 70 characters of UCS2.
pub fn user_data(text: &str) -> Result<(UserData, u8), TpduError> {
    let septets: Option<Vec<u8>> = text.chars().map(septet).collect();
    match septets {
        Some(septets) => Ok((UserData::from_septets(&septets)?, DCS_GSM7)),
        None => {
            let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            Ok((UserData::from_octets(&octets, false)?, DCS_UCS2))
        }
    }
}

/// A character's place in the default alphabet; none when it stands in the extension table or nowhere.
fn septet(c: char) -> Option<u8> {
    // The escape reads as a space and writes as none.
    let is_it = |(place, known): &(usize, &char)| **known == c && *place != usize::from(ESCAPE);
    let (place, _) = DEFAULT.iter().enumerate().find(is_it)?;
    u8::try_from(place).ok()
}

/// What to call the sender or receiver: the number, or the name of an alphanumeric address;
/// the bytes in hex when it is neither.
#[must_use]
pub fn address(address: &Address) -> String {
    match address.name() {
        Some(name) => septets_to_text(&name, Language::default()),
        None => address.digits().unwrap_or_default(),
    }
}

pub(super) fn septets_to_text(septets: &[u8], language: Language) -> String {
    let mut out = String::with_capacity(septets.len());
    let mut is_escaped = false;
    for &septet in septets {
        if is_escaped {
            out.push(language.escaped(septet));
            is_escaped = false;
        } else if septet == ESCAPE {
            is_escaped = true;
        } else {
            out.push(language.character(septet));
        }
    }
    // An escape with nothing behind it says nothing.
    out
}

fn default(septet: u8) -> char {
    DEFAULT[usize::from(septet & 0x7F)]
}

fn extension(septet: u8) -> Option<char> {
    Some(match septet {
        // A page break, which a message has no pages for.
        0x0A => '\n',
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

/// Big-endian UCS2; surrogate pairs are accepted, as phones send them. Half a pair becomes the replacement character, half a
/// character at the end is left out.
pub(super) fn ucs2(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
