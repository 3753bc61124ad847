//! Money as people type it.

use super::form::FormError;
use scheme::money::Fen;

/// An amount as people type it: with commas, spaces, full-width digits.
pub fn amount(text: &str) -> Result<Fen, FormError> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ',' | '\u{ff0c}'))
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => char::from(b'0' + (u32::from(c) - 0xff10) as u8),
            '\u{ff0e}' | '\u{3002}' => '.',
            c => c,
        })
        .collect();
    plain.parse().map_err(|_| FormError::Amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, fen) in [
            ("100", 10_000),
            ("100.5", 10_050),
            (" 1,240.00 ", 124_000),
            ("\u{ff11}\u{ff10}\u{ff10}", 10_000),
            ("1\u{ff0c}000", 100_000),
            ("0", 0),
        ] {
            assert_eq!(amount(text), Ok(Fen(fen)), "{text}");
        }
        for text in ["", "a", "-1", "1.234", "1e3", "1.2.3", "99999999999"] {
            assert_eq!(amount(text), Err(FormError::Amount), "{text}");
        }
    }
}
