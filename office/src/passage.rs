//! A passage with the journal around it: intent before the card is touched, outcome after.

use crate::journal::{Journal, JournalError};
use issue::card::KeyCheck;
use issue::life::{LifeError, Passage};
use issue::source::KeySource;
use scheme::fault::{Fault, Hint, Kind};
use wire::channel::Channel;

/// Why a passage did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PassageError {
    /// The ESAM did not get further.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// The journal could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Fault for PassageError {
    fn kind(&self) -> Kind {
        match self {
            PassageError::Life(error) => error.kind(),
            PassageError::Journal(error) => error.kind(),
        }
    }

    fn hint(&self) -> Hint {
        match self {
            PassageError::Life(error) => error.hint(),
            PassageError::Journal(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            PassageError::Life(error) => error.code(),
            PassageError::Journal(error) => error.code(),
        }
    }
}

/// How a passage ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The keys as seen at the end.
    pub keys: Vec<KeyCheck>,
}

/// Does a passage and keeps the journal. When card or reader went away the intent stays open; run again, and the card
/// tells how far it came.
pub fn pass(
    passage: &Passage,
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    at: &str,
) -> Result<Passed, PassageError> {
    let passing = passage.passing();
    journal.intend_passage(at, &passing)?;
    match passage.run(channel, source) {
        Ok(keys) => {
            journal.conclude_passage(at, &passing, &keys)?;
            Ok(Passed { keys })
        }
        Err(error) if error.is_open() => Err(error.into()),
        Err(error) => {
            // The reason the card was refused matters more than a journal that cannot take it.
            let _ = journal.fail_passage(at, &passing, &error.to_string(), error.tries_left());
            Err(error.into())
        }
    }
}
