//! What spreadsheets and keyboards do to a number before it reaches us.
//!
//! A cell that looks like a number is one to a spreadsheet: it keeps 15 digits, drops zeros in front, and shows long numbers in
//! powers of ten. What is lost is lost, so a damaged number is never mended here; its cause is named.

use crate::fault::Hint;

/// What was done to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// `2.6E+11`.
    #[error(
        "is written in powers of ten, as a spreadsheet shows a long number (2.6E+11), and its last digits are lost; \
         format the column as text and enter the numbers anew"
    )]
    PowersOfTen,
    /// `261100000001.0`.
    #[error(
        "ends in a fraction of zeros: a program took it for an amount; format the column as text and enter the numbers anew"
    )]
    Fraction,
    /// `2,026,111,400`.
    #[error("has marks between its thousands; format the column as text and enter the numbers anew")]
    Thousands,
    /// `#N/A`, `#REF!`, `####`.
    #[error("is a spreadsheet's word for a cell it could not show or compute; put the value there")]
    ErrorValue,
    /// `=A2`; what only wraps a text, `="0012"`, is unwrapped where lists are read.
    #[error("is a formula; a list takes values alone")]
    Formula,
}

impl Damage {
    /// What was done to a text that should be digits; `None` when it shows no such mark.
    pub fn of(text: &str) -> Option<Self> {
        if text.starts_with('#') {
            return Some(Damage::ErrorValue);
        }
        if text.starts_with('=') {
            return Some(Damage::Formula);
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E'])
            && is_fraction(mantissa)
            && is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
            // Letters stand in hexadecimal numbers too; powers of ten have a sign or a fraction.
            && (exponent.starts_with(['+', '-']) || !is_digits(mantissa))
        {
            return Some(Damage::PowersOfTen);
        }
        if let Some((whole, fraction)) = unsigned.split_once(['.', ','])
            && is_digits(whole)
            && !fraction.is_empty()
            && fraction.bytes().all(|byte| byte == b'0')
            && fraction.len() != 3
        {
            return Some(Damage::Fraction);
        }
        let mut groups = unsigned.split([',', '.', '\'']);
        let first = groups.next().is_some_and(|first| is_digits(first) && first.len() <= 3);
        let mut rest = groups.peekable();
        let grouped = rest.peek().is_some() && rest.all(|group| group.len() == 3 && is_digits(group));
        (first && grouped).then_some(Damage::Thousands)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, with one decimal point or comma among them or without.
fn is_fraction(text: &str) -> bool {
    match text.split_once(['.', ',']) {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(text),
    }
}

/// What to do about a character that is no digit, where one can tell: digits and signs of the width of Chinese characters look
/// like ours.
pub(crate) fn instead_of(found: char) -> Hint {
    ('\u{FF01}'..='\u{FF5E}')
        .contains(&found)
        .then_some("it is a full-width character: type it in half width".into())
}

/// What to do about a number with too few digits.
pub const LOST_ZEROS: &str = "a spreadsheet drops the zeros in front of a number: format the column as text and enter the numbers \
                              anew with all their digits";
