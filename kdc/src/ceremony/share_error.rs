//! Words of shares.

use scheme::fault::{Fault, Hint};
use scheme::numbers::CheckValue;

/// Why shares were not made, taken or joined. Nothing here carries a share: at most one wrong character of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// No such set.
    #[error("{threshold} of {total} shares cannot be: 2 to 15 shares, of which 2 to all are needed")]
    Shape {
        /// Shares needed.
        threshold: u8,
        /// Shares made.
        total: u8,
    },
    /// Wrong number of digits.
    #[error("a share has {expected} hexadecimal digits, {found} were typed")]
    Length {
        /// Digits of a share.
        expected: usize,
        /// Digits typed.
        found: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("digit {digit} of the share is {found:?}, not a hexadecimal digit")]
    NotHex {
        /// Place among the digits, from 1.
        digit: usize,
        /// What stands there.
        found: char,
    },
    /// The check bytes do not match.
    #[error("the share is mistyped{}", group.map_or(": more than one place is wrong".to_owned(), |group| format!(" in its group {group} of four digits")))]
    Mistyped {
        /// The group, from 1, when one alone is wrong.
        group: Option<usize>,
    },
    /// The check bytes are right and what they cover is no share.
    #[error("these digits are no share this program knows")]
    Format,
    /// A share of another splitting.
    #[error("share {number} is of set {found}, the shares before it are of set {own}")]
    OtherSet {
        /// Number of the share.
        number: u8,
        /// The set under way.
        own: String,
        /// The set of the share.
        found: String,
    },
    /// Of the set by its name, and not by what else it says.
    #[error("share {number} names this set, but is not of it")]
    Contradiction {
        /// Number of the share.
        number: u8,
    },
    /// In already.
    #[error("share {number} was already entered")]
    Repeated {
        /// Number of the share.
        number: u8,
    },
    /// Another than was asked for.
    #[error("this is share {found}; share {asked} was asked for")]
    OtherNumber {
        /// Asked for.
        asked: u8,
        /// Typed.
        found: u8,
    },
    /// Not enough.
    #[error("{have} of the {threshold} shares that are needed were entered")]
    TooFew {
        /// Entered.
        have: u8,
        /// Needed.
        threshold: u8,
    },
    /// They join to something else.
    #[error("the shares of set {set} join to a secret with check value {found}; they say {expected}")]
    Whole {
        /// The set.
        set: String,
        /// Check value in the shares.
        expected: CheckValue,
        /// Check value of what came out.
        found: CheckValue,
    },
    /// A rehearsal's share in a formal ceremony, or the other way about; or of another suite.
    #[error("the shares are of a {found} secret, this ceremony is {wanted}")]
    Kind {
        /// State and suite of the shares.
        found: String,
        /// State and suite of the ceremony.
        wanted: String,
    },
}

impl Fault for ShareError {
    fn hint(&self) -> Hint {
        Some(match self {
            ShareError::Length { .. } | ShareError::NotHex { .. } | ShareError::Mistyped { .. } => {
                "nothing was taken; type the share again from the paper"
            }
            ShareError::OtherSet { .. } => {
                "each ceremony's backup has its own set; the eight digits after the first two name it"
            }
            ShareError::Repeated { .. } | ShareError::OtherNumber { .. } => {
                "take the paper of another custodian"
            }
            ShareError::TooFew { .. } => "fewer shares than that say nothing about the secret",
            ShareError::Contradiction { .. } | ShareError::Whole { .. } => {
                "a share was made up or changed on purpose: digits mistyped by chance do not come out like this"
            }
            ShareError::Kind { .. } => "a rehearsal's shares restore no formal province",
            ShareError::Shape { .. } | ShareError::Format => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            ShareError::Shape { .. } => "share-shape",
            ShareError::Length { .. } => "share-length",
            ShareError::NotHex { .. } => "share-not-hex",
            ShareError::Mistyped { .. } => "share-mistyped",
            ShareError::Format => "share-format",
            ShareError::OtherSet { .. } => "share-other-set",
            ShareError::Contradiction { .. } => "share-contradiction",
            ShareError::Repeated { .. } => "share-repeated",
            ShareError::OtherNumber { .. } => "share-other-number",
            ShareError::TooFew { .. } => "share-too-few",
            ShareError::Whole { .. } => "share-whole",
            ShareError::Kind { .. } => "share-kind",
        }
    }
}
