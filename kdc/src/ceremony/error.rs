//! Words of the ceremony.

use keys::{Role, Suite};
use scheme::fault::{Fault, Hint, list};
use scheme::numbers::{CheckValue, NumberError};
use scheme::profile::State;

/// Why a ceremony did not go on. Nothing here carries a component: at most one wrong character of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// Too few or too many components.
    #[error("a ceremony has 2 to 8 components, not {found}")]
    Count {
        /// Components asked for.
        found: u8,
    },
    /// No such component in this ceremony.
    #[error("component {number}: this ceremony has components 1 to {total}")]
    Number {
        /// Number typed.
        number: u8,
        /// Components of the ceremony.
        total: u8,
    },
    /// The number was entered before.
    #[error("component {number} was already entered")]
    AlreadyEntered {
        /// The component.
        number: u8,
    },
    /// Wrong number of digits.
    #[error("component {number}: 32 hexadecimal digits are needed, {found} were typed")]
    Length {
        /// The component.
        number: u8,
        /// Digits typed.
        found: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("component {number}: digit {digit} is {found:?}, not a hexadecimal digit")]
    NotHex {
        /// The component.
        number: u8,
        /// Place among the digits, from 1.
        digit: usize,
        /// What stands there.
        found: char,
    },
    /// All zeros: no component at all.
    #[error("component {number} is all zeros")]
    AllZero {
        /// The component.
        number: u8,
    },
    /// The typed check value cannot be one.
    #[error("component {number}: {source}")]
    CheckValueText {
        /// The component.
        number: u8,
        /// What is wrong with the text.
        source: NumberError,
    },
    /// The digits typed are not the ones on the paper.
    #[error("component {number}: its check value is {found}, the paper says {expected}")]
    CheckValue {
        /// The component.
        number: u8,
        /// Check value typed.
        expected: CheckValue,
        /// Check value of the digits typed.
        found: CheckValue,
    },
    /// The same digits under two numbers.
    #[error("component {number} is the same as component {other}")]
    Same {
        /// The component just typed.
        number: u8,
        /// The one entered before.
        other: u8,
    },
    /// Components are still missing.
    #[error("still missing: component {}", list(numbers))]
    Missing {
        /// Their numbers.
        numbers: Vec<u8>,
    },
    /// The components cancel each other out.
    #[error("the components cancel out: their XOR is all zeros")]
    ZeroSecret,
    /// Not a record of ours.
    #[error("the ceremony record is of format {found:?}, this program knows \"gridcard ceremony 1\"")]
    RecordFormat {
        /// First field of the record.
        found: String,
    },
    /// Another suite or state.
    #[error(
        "the record is of {} {} roots, these are {} {} roots",
        recorded.1.name(), recorded.0.name(), found.1.name(), found.0.name()
    )]
    RecordKind {
        /// Suite and state of the record.
        recorded: (Suite, State),
        /// Suite and state of the roots at hand.
        found: (Suite, State),
    },
    /// A root with another check value.
    #[error(
        "the root of {} has check value {found}, the record says {}",
        role.name(), recorded.map_or("nothing".to_owned(), |value| value.to_string())
    )]
    RecordRoot {
        /// The role.
        role: Role,
        /// Check value in the record.
        recorded: Option<CheckValue>,
        /// Check value of the root at hand.
        found: CheckValue,
    },
}

impl Fault for CeremonyError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                CeremonyError::AlreadyEntered { .. } => "withdraw it first if another paper is the right one",
                CeremonyError::Length { .. }
                | CeremonyError::NotHex { .. }
                | CeremonyError::CheckValue { .. } => {
                    "nothing was taken; type the component again from the paper"
                }
                CeremonyError::CheckValueText { .. } => {
                    "the check value is the six hexadecimal digits printed under the component"
                }
                CeremonyError::AllZero { .. } | CeremonyError::ZeroSecret => {
                    "the components are not random; make new ones"
                }
                CeremonyError::Same { .. } => "two custodians must never hold the same component",
                CeremonyError::Missing { .. } => "every custodian of the ceremony has to enter a component",
                CeremonyError::RecordRoot { .. } | CeremonyError::RecordKind { .. } => {
                    "these are not the papers of that ceremony, or a component of another one was used"
                }
                CeremonyError::Count { .. }
                | CeremonyError::Number { .. }
                | CeremonyError::RecordFormat { .. } => {
                    return None;
                }
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            CeremonyError::Count { .. } => "ceremony-count",
            CeremonyError::Number { .. } => "ceremony-number",
            CeremonyError::AlreadyEntered { .. } => "ceremony-already-entered",
            CeremonyError::Length { .. } => "ceremony-length",
            CeremonyError::NotHex { .. } => "ceremony-not-hex",
            CeremonyError::AllZero { .. } => "ceremony-all-zero",
            CeremonyError::CheckValueText { .. } => "ceremony-check-value-text",
            CeremonyError::CheckValue { .. } => "ceremony-check-value",
            CeremonyError::Same { .. } => "ceremony-same",
            CeremonyError::Missing { .. } => "ceremony-missing",
            CeremonyError::ZeroSecret => "ceremony-zero-secret",
            CeremonyError::RecordFormat { .. } => "ceremony-record-format",
            CeremonyError::RecordKind { .. } => "ceremony-record-kind",
            CeremonyError::RecordRoot { .. } => "ceremony-record-root",
        }
    }
}
