//! Bytes as people type them: hexadecimal digits in the forms that tools print and programs hold.

use alloc::vec::Vec;

/// Why a text is no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// A character that is neither a digit nor stands between digits, with its place in the text counted from 1.
    #[error("{character:?} at place {place} is no hex digit")]
    Digit {
        /// The character.
        character: char,
        /// Its place, in bytes from 1.
        place: usize,
    },
    /// An odd number of digits: in all, or in a group that `0x` or `:` marks off.
    #[error("an odd number of hex digits")]
    Odd,
}

/// True for what may stand between digits and means nothing: blanks, `:` and `,`, and the mark that some editors write at
/// the beginning of a file.
pub const fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | ',' | BYTE_ORDER_MARK)
}

/// U+FEFF.
pub const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A text without the mark at its beginning.
pub fn unmarked(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// True where a group of digits begins with `0x`.
pub const fn is_prefix(first: char, second: Option<char>) -> bool {
    first == '0' && matches!(second, Some('x' | 'X'))
}

/// The characters of a secret as it is typed from a paper, in groups of any length: without what [`separates`], hyphens, and
/// `0x` before a group. Who reads them names a wrong one by its place and nothing else.
pub fn counted(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text.chars().peekable();
    let mut fresh = true;
    core::iter::from_fn(move || {
        loop {
            let next = rest.next()?;
            if separates(next) || next == '-' {
                fresh = true;
            } else if fresh && is_prefix(next, rest.peek().copied()) {
                rest.next();
                fresh = false;
            } else {
                fresh = false;
                return Some(next);
            }
        }
    })
}

/// Reads bytes: digits of any case, with whatever [`separates`] between them and `0x` before a group. Blanks may stand
/// anywhere; a group beside a `:`, or behind `0x`, is of whole bytes, or nobody could tell which digit is missing.
///
/// ```
/// use gridcard_wire::typed::bytes;
///
/// for text in ["00A404", "00 a4 04", "00:A4:04", "0x00, 0xA4, 0x04", "0x00A404", "\u{FEFF}00A404"] {
///     assert_eq!(bytes(text), Ok(vec![0x00, 0xA4, 0x04]), "{text}");
/// }
/// ```
///
/// # Errors
/// The first character that is none of these, or an odd number of digits.
pub fn bytes(text: &str) -> Result<Vec<u8>, TypedError> {
    // Never grown, so that of a secret no copy stays behind.
    let mut out = Vec::with_capacity(text.len() / 2 + 1);
    let mut half = None;
    // Digits of the present group, whether the group is marked off, and whether it has not begun.
    let (mut group, mut whole, mut fresh) = (0_usize, false, true);
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if separates(character) {
            let marked = matches!(character, ':' | ',');
            if (whole || marked) && !group.is_multiple_of(2) {
                return Err(TypedError::Odd);
            }
            // A blank beside a mark is part of the mark.
            (group, whole, fresh) = (0, marked || (whole && group == 0), true);
        } else if fresh && is_prefix(character, rest.peek().map(|(_, next)| *next)) {
            rest.next();
            (whole, fresh) = (true, false);
        } else {
            let digit = character.to_digit(16).ok_or(TypedError::Digit { character, place: at + 1 })? as u8;
            (group, fresh) = (group + 1, false);
            match half.take() {
                None => half = Some(digit << 4),
                Some(high) => out.push(high | digit),
            }
        }
    }
    if half.is_some() || (whole && !group.is_multiple_of(2)) { Err(TypedError::Odd) } else { Ok(out) }
}
