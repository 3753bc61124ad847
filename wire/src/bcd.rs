//! Binary-coded decimals: packed digits, and the swapped digits of a SIM.

use alloc::string::String;
use alloc::vec::Vec;

/// The value of one packed byte, 0 to 99; `None` when a nibble is above 9.
pub const fn value(byte: u8) -> Option<u8> {
    if byte >> 4 > 9 || byte & 0x0F > 9 { None } else { Some((byte >> 4) * 10 + (byte & 0x0F)) }
}

/// Packs 0 to 99; larger values keep their last two digits.
pub const fn byte(value: u8) -> u8 {
    let value = value % 100;
    ((value / 10) << 4) | (value % 10)
}

/// Digits with nibbles swapped, low nibble first, as a SIM and SMS addresses hold them; F fills an odd end. Letters A to F
/// are digits too, as ICCIDs have them.
///
/// Characters that are no digits are left out.
pub fn swapped(digits: &str) -> Vec<u8> {
    let nibbles: Vec<u8> = digits.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    nibbles.chunks(2).map(|pair| pair.get(1).unwrap_or(&0x0F) << 4 | pair[0]).collect()
}

/// All swapped nibbles as hexadecimal digits in capitals, without the fillers at the end.
pub fn unswapped_hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte & 0x0F, byte >> 4]);
    let mut digits: String = nibbles
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    digits.truncate(digits.trim_end_matches('F').len());
    digits
}

/// The digits of swapped nibbles up to the first F; `None` when another nibble is above 9.
pub fn unswapped(bytes: &[u8]) -> Option<String> {
    let mut digits = String::new();
    for nibble in bytes.iter().flat_map(|byte| [byte & 0x0F, byte >> 4]) {
        match nibble {
            0..=9 => digits.push(char::from(b'0' + nibble)),
            0x0F => return Some(digits),
            _ => return None,
        }
    }
    Some(digits)
}

/// The Luhn check digit that would follow these digits [ISO/IEC 7812-1]; characters that are no digits do
/// not count.
pub fn luhn_check_digit(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .filter(u8::is_ascii_digit)
        .enumerate()
        .map(|(i, c)| {
            let digit = u32::from(c - b'0');
            match (i % 2 == 0, digit * 2) {
                (true, twice) if twice > 9 => twice - 9,
                (true, twice) => twice,
                (false, _) => digit,
            }
        })
        .sum();
    // 0 to 9.
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// True when the last digit is the Luhn digit of the others.
pub fn luhn_is_valid(digits: &str) -> bool {
    match digits.char_indices().next_back() {
        Some((at, last)) if at > 0 => luhn_check_digit(&digits[..at]) == last,
        _ => false,
    }
}
