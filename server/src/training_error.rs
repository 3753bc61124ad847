//! What books to learn with do not do, in words.

use crate::error::StoreError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::MeterNumber;
use scheme::order::Serial8;

/// What the tokens of bank accounts begin with in such books. A customers' bank has no such account.
pub const ACCOUNTS: &str = "training-";

/// What books to learn with do not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// They hold something that was not made to learn with.
    #[error("these books have been worked with: books for training begin empty")]
    Begun,
    /// A meter whose keys are no test keys.
    #[error("ESAM {serial} of meter {meter} has formal keys, and these books are for training")]
    Formal {
        /// The meter.
        meter: MeterNumber,
        /// Its chip.
        serial: Serial8,
    },
    /// An account that a bank could have.
    #[error("these books are for training: an account of theirs begins with {ACCOUNTS}")]
    Account,
    /// The power company is told of nothing.
    #[error("these books are for training: the power company is told of nothing that happens in them")]
    Company,
    /// Books of one kind in the place of those of the other.
    #[error("one of the two is for training and the other is not")]
    Mixed,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for TrainingError {
    fn kind(&self) -> Kind {
        match self {
            TrainingError::Begun | TrainingError::Account => Kind::Refused,
            TrainingError::Formal { .. } | TrainingError::Company | TrainingError::Mixed => Kind::Security,
            TrainingError::Store(error) => error.kind(),
        }
    }

    fn hint(&self) -> Hint {
        match self {
            TrainingError::Begun => {
                Some("begin in a home of its own: `gridcard --home DIR demo --training` makes one with a whole town".into())
            }
            TrainingError::Account => Some(format!("name one like {ACCOUNTS}1, which `gridcard simulate bank` has").into()),
            TrainingError::Formal { .. } => {
                Some("take a list of test meters, or this one into the books that sell in earnest".into())
            }
            TrainingError::Company => Some("ask the books that sell in earnest".into()),
            TrainingError::Mixed => Some("put the copy back in a home of its own kind, or in a new one".into()),
            TrainingError::Store(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            TrainingError::Begun => "training-begun",
            TrainingError::Formal { .. } => "training-formal",
            TrainingError::Account => "training-account",
            TrainingError::Company => "training-company",
            TrainingError::Mixed => "training-mixed",
            TrainingError::Store(error) => error.code(),
        }
    }
}
