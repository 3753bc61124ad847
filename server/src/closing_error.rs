//! Why a drawer or a day is not opened or closed, in words.

use crate::error::StoreError;
use scheme::fault::{Fault, Hint, Kind};

/// Why a drawer or a day is not opened or closed. Nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClosingError {
    /// The clerk has one.
    #[error("the drawer of {clerk} is open since {since}")]
    DrawerIsOpen {
        /// Whose.
        clerk: String,
        /// Since when.
        since: String,
    },
    /// The clerk has none.
    #[error("{0} has no drawer open")]
    NoDrawer(String),
    /// A day that is closed.
    #[error("day {day} is closed; the last closed day is {last}")]
    Closed {
        /// The day.
        day: String,
        /// The last that is closed.
        last: String,
    },
    /// A day that has not come.
    #[error("day {0} has not come yet")]
    Future(String),
    /// No day.
    #[error("{0:?} is no day: write YYYY-MM-DD")]
    NoDay(String),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for ClosingError {
    fn kind(&self) -> Kind {
        match self {
            ClosingError::Store(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            ClosingError::DrawerIsOpen { .. } => {
                Some("count it and close it with `gridcard server drawer close --counted YUAN`".into())
            }
            ClosingError::NoDrawer(_) => {
                Some("`gridcard server drawer open --counted YUAN` opens one".into())
            }
            ClosingError::Closed { .. } => {
                Some("what is booked now counts for the first day that is open, with its own time".into())
            }
            ClosingError::Store(error) => error.hint(),
            ClosingError::Future(_) | ClosingError::NoDay(_) => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            ClosingError::DrawerIsOpen { .. } => "drawer-open",
            ClosingError::NoDrawer(_) => "drawer-none",
            ClosingError::Closed { .. } => "day-closed",
            ClosingError::Future(_) => "day-future",
            ClosingError::NoDay(_) => "day-none",
            ClosingError::Store(error) => error.code(),
        }
    }
}
