//! The authorisation code on a slip, and what it becomes [docs/specs/client.md 3].

use crate::hash::{hkdf, sha256};
use alloc::string::String;
use keys::Zeroizing;
use scheme::fault::{Fault, Hint, Kind};

/// The 32 characters of a code [RFC 4648 6].
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// What a code is made into a key for.
const ENROL: &[u8] = b"gridcard enrol 1";
/// Characters of a code.
const LEN: usize = 16;

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an authorisation code has 16 characters, A to Z and 2 to 7")]
pub struct CodeError;

impl Fault for CodeError {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hint(&self) -> Hint {
        Some("type it as it stands on the slip; blanks and dashes do not matter".into())
    }

    fn code(&self) -> &str {
        "code-form"
    }
}

/// An authorisation code of 80 bits.
pub struct Code(Zeroizing<String>);

impl Code {
    /// Of 10 random bytes.
    pub fn new(bits: &[u8; 10]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(LEN));
        for five in bits.chunks(5) {
            let mut number = [0; 8];
            number[3..].copy_from_slice(five);
            let number = u64::from_be_bytes(number);
            for place in (0..8).rev() {
                text.push(char::from(BASE32[(number >> (5 * place)) as usize & 31]));
            }
        }
        Code(text)
    }

    /// As it is typed: capitals or not, with blanks and dashes where somebody likes them.
    ///
    /// # Errors
    /// It has not its form.
    pub fn read(typed: &str) -> Result<Self, CodeError> {
        let mut code = Zeroizing::new(String::with_capacity(LEN));
        for c in typed.chars().filter(|c| !matches!(c, ' ' | '-' | '\t' | '\n' | '\r')) {
            // Never more than there is room for: the text does not move, and leaves no copy behind.
            if code.len() == LEN || !c.is_ascii() {
                return Err(CodeError);
            }
            code.push(c.to_ascii_uppercase());
        }
        let good = code.len() == LEN && code.bytes().all(|byte| BASE32.contains(&byte));
        if good { Ok(Code(code)) } else { Err(CodeError) }
    }

    /// As it is printed: four groups of four.
    pub fn printed(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LEN + 3));
        for (place, c) in self.0.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(c);
        }
        text
    }

    /// What it becomes for a server of this static key: HKDF-SHA-256.
    pub fn psk(&self, server: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        hkdf(&sha256(&[server]), self.0.as_bytes(), ENROL)
    }
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Code(..)")
    }
}
