//! Words of the stock.

use crate::stock::{Handling, Item, Stage};
use crate::store::StoreError;
use scheme::fault::{Fault, Hint};

/// Why the stock stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing of that name.
    #[error("the stock knows no {name}")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Several items have the number.
    #[error("the stock has {name} as {}", kinds.join(" and as "))]
    Several {
        /// The number.
        name: String,
        /// The kinds that have it.
        kinds: Vec<&'static str>,
    },
    /// An arrival that is here already.
    #[error("{} is in the stock since {} ({})", known.name(), known.since, known.stage.name())]
    Known {
        /// Its place among the arrivals, from 0.
        place: usize,
        /// The item.
        known: Box<Item>,
    },
    /// The item's stage does not allow the act.
    #[error("{item} is {}; it cannot be {}: that may be {}", stage.name(), act.words(), names(from))]
    NotFrom {
        /// The item.
        item: String,
        /// Its stage.
        stage: Stage,
        /// What was wanted.
        act: Handling,
        /// The stages that allow it.
        from: &'static [Stage],
    },
    /// The act is for cards, and this chip never became one.
    #[error("{item} was never issued; it cannot be {}", act.words())]
    NeverIssued {
        /// The item.
        item: String,
        /// What was wanted.
        act: Handling,
    },
    /// A card that is at work is neither scrapped nor retired on paper.
    #[error("{item} is at work, {place}; it is not {} there", act.words())]
    AtWork {
        /// The item.
        item: String,
        /// Where.
        place: String,
        /// What was wanted.
        act: Handling,
    },
}

fn names(stages: &[Stage]) -> String {
    let names: Vec<&str> = stages.iter().map(|stage| stage.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("what is {} or {last}", rest.join(", ")),
        _ => format!("what is {}", names.concat()),
    }
}

impl Fault for StockError {
    fn hint(&self) -> Hint {
        Some(match self {
            StockError::Store(error) => return error.hint(),
            StockError::Unknown { .. } => {
                "a serial has 16 hexadecimal digits, a number 12; `gridcard stock list` shows what is there"
            }
            StockError::Several { .. } => "say which with --kind, or name its serial",
            StockError::Known { .. } => "nothing was taken in; take the line out and give the file again",
            StockError::AtWork { .. } => {
                "`gridcard esam retire CARD` ends an ESAM by its keys; one that was taken out comes back with `gridcard stock back`"
            }
            StockError::NotFrom { .. } | StockError::NeverIssued { .. } => {
                "`gridcard stock show` tells what happened to it"
            }
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            StockError::Store(error) => error.code(),
            StockError::Unknown { .. } => "stock-unknown",
            StockError::Several { .. } => "stock-several",
            StockError::Known { .. } => "stock-known",
            StockError::NotFrom { .. } => "stock-not-from",
            StockError::NeverIssued { .. } => "stock-never-issued",
            StockError::AtWork { .. } => "stock-at-work",
        }
    }
}
