//! PINs of cards, as people type them and as cards keep them.

use crate::fault::Fault;
use crate::profile::{OPERATOR_PIN, PinRow};
use alloc::vec::Vec;
use core::fmt;
use keys::Zeroizing;

/// Why a text is no PIN. The text itself is in no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinTextError {
    /// Wrong number of digits.
    #[error("a PIN has 4 to 12 digits, this has {found}")]
    Length {
        /// Digits typed.
        found: usize,
    },
    /// A character that is no decimal digit.
    #[error("a PIN has decimal digits only; character {position} is none")]
    Character {
        /// Place, from 1.
        position: usize,
    },
}

impl Fault for PinTextError {
    fn code(&self) -> &str {
        match self {
            PinTextError::Length { .. } => "pin-text-length",
            PinTextError::Character { .. } => "pin-text-character",
        }
    }
}

/// An operator's PIN as it stands on a card: packed BCD, an odd digit filled up with `F`, as the examples of
/// the FMCOS manual have it (`12345` is `12 34 5F`). Wiped when dropped, never shown.
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// A PIN of 4 to 12 decimal digits (2 to 6 bytes, what VERIFY takes).
    pub fn from_digits(text: &str) -> Result<Self, PinTextError> {
        let mut digits = Zeroizing::new(Vec::with_capacity(12));
        for (i, c) in text.chars().enumerate() {
            // The digit itself stays out of the error: the rest of the PIN may be right.
            let digit = c.to_digit(10).ok_or(PinTextError::Character { position: i + 1 })?;
            digits.push(digit as u8);
        }
        if !(4..=12).contains(&digits.len()) {
            return Err(PinTextError::Length { found: digits.len() });
        }
        let packed = digits.chunks(2).map(|pair| (pair[0] << 4) | pair.get(1).unwrap_or(&0x0F)).collect();
        Ok(Pin(Zeroizing::new(packed)))
    }

    /// The bytes as WRITE KEY and VERIFY carry them. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        keys::equal(&self.0, &other.0)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(hidden)")
    }
}

/// The PINs a card is worked with, or will have: the operator's, and the second officer's (of an ESAM issuing card the
/// supervisor's), and whether the last try of one may be spent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pins<'a> {
    /// 3A/00.
    pub operator: Option<&'a Pin>,
    /// 3A/01.
    pub officer: Option<&'a Pin>,
    /// Verify although one try is left.
    pub spend_last_try: bool,
}

impl<'a> Pins<'a> {
    /// Both PINs.
    pub const fn both(operator: &'a Pin, officer: &'a Pin) -> Self {
        Pins { operator: Some(operator), officer: Some(officer), spend_last_try: false }
    }

    /// The PIN of a row of the PIN table.
    pub fn of(&self, row: &PinRow) -> Option<&'a Pin> {
        if row.id == OPERATOR_PIN.id { self.operator } else { self.officer }
    }
}

impl<'a> From<&'a Pin> for Pins<'a> {
    fn from(operator: &'a Pin) -> Self {
        Pins { operator: Some(operator), ..Pins::default() }
    }
}

impl<'a> From<Option<&'a Pin>> for Pins<'a> {
    fn from(operator: Option<&'a Pin>) -> Self {
        Pins { operator, ..Pins::default() }
    }
}
