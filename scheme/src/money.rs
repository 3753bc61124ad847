//! Money: whole fen, never a fraction of one.

use core::fmt;
use core::str::FromStr;

/// An amount in fen (0.01 yuan).
///
/// ```
/// use gridcard_scheme::money::Fen;
/// let fen: Fen = "50.5".parse()?;
/// assert_eq!((fen, fen.to_string()), (Fen(5050), "50.50 yuan".into()));
/// # Ok::<(), gridcard_scheme::money::MoneyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fen(pub u32);

/// Why text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Nothing there.
    #[error("the amount is empty; write yuan, as in 50 or 50.00")]
    Empty,
    /// A character that does not belong.
    #[error("{found:?} at place {place} does not belong in an amount; write yuan, as in 50 or 50.00")]
    Character {
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// More than two digits after the point.
    #[error("an amount has at most two digits after the point: a fen is the least there is")]
    Fraction,
    /// Does not fit.
    #[error("the amount is too large; at most 42949672.95 yuan fit a purse")]
    TooLarge,
}

impl Fen {
    /// The sum, unless it does not fit.
    pub const fn checked_add(self, other: Fen) -> Option<Fen> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Fen(sum)),
            None => None,
        }
    }

    /// The difference, unless it is negative.
    pub const fn checked_sub(self, other: Fen) -> Option<Fen> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Fen(rest)),
            None => None,
        }
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} yuan", self.0 / 100, self.0 % 100)
    }
}

impl FromStr for Fen {
    type Err = MoneyError;

    /// Yuan with at most two digits after the point: `50`, `50.5`, `50.00`. No sign, no blank, no grouping.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let stray = |c: &(usize, char)| !(c.1.is_ascii_digit() || c.1 == '.');
        if let Some((i, found)) = text.chars().enumerate().find(stray) {
            return Err(MoneyError::Character { place: i + 1, found });
        }
        let (yuan, fraction) = text.split_once('.').unwrap_or((text, ""));
        if let Some(i) = fraction.find('.') {
            return Err(MoneyError::Character { place: yuan.len() + i + 2, found: '.' });
        }
        if yuan.is_empty() {
            return Err(MoneyError::Empty);
        }
        let fen = match fraction.as_bytes() {
            [] => 0,
            [tenth] => u32::from(tenth - b'0') * 10,
            [tenth, one] => u32::from(tenth - b'0') * 10 + u32::from(one - b'0'),
            _ => return Err(MoneyError::Fraction),
        };
        let yuan: u32 = yuan.parse().map_err(|_| MoneyError::TooLarge)?;
        yuan.checked_mul(100).and_then(|whole| whole.checked_add(fen)).map(Fen).ok_or(MoneyError::TooLarge)
    }
}

impl crate::Fault for MoneyError {
    fn code(&self) -> &str {
        match self {
            MoneyError::Empty => "amount-empty",
            MoneyError::Character { .. } => "amount-character",
            MoneyError::Fraction => "amount-fraction",
            MoneyError::TooLarge => "amount-too-large",
        }
    }
}
