//! Words of the journal.

use super::Hint;
use crate::ids::Serial;
use crate::journal::Subject;
use std::path::PathBuf;

/// Why the journal could not be kept, or what it forbids.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("cannot {doing} the journal {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done: open, lock, read, write, keep.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("the journal {} is in use by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A line that is no entry, and not a torn end.
    #[error("line {line} of the journal {} is not an entry: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The chip was issued before.
    #[error("the card {} was issued as {} {} (line {line} of the journal)", other.serial, other.kind.name(), other.number)]
    ChipIssued {
        /// What it was issued as.
        other: Subject,
        /// Line of its outcome.
        line: u64,
    },
    /// The number was issued on another chip.
    #[error("{} {} was issued on card {} (line {line} of the journal)", other.kind.name(), other.number, other.serial)]
    NumberIssued {
        /// The card that has it.
        other: Subject,
        /// Line of its outcome.
        line: u64,
    },
    /// The chip is half way to another card.
    #[error("the card {} is on its way to {} {} (line {line} of the journal)", other.serial, other.kind.name(), other.number)]
    ChipUnderWay {
        /// What it is to become.
        other: Subject,
        /// Line of its intent.
        line: u64,
    },
    /// The number is under way on another chip.
    #[error("{} {} is under way on card {} (line {line} of the journal)", other.kind.name(), other.number, other.serial)]
    NumberUnderWay {
        /// The card that is to get it.
        other: Subject,
        /// Line of its intent.
        line: u64,
    },
    /// The audit log takes no line, so the outcome stays open.
    #[error(transparent)]
    Audit(#[from] super::AuditError),
    /// An outcome without an intent.
    #[error("no issue of card {serial} is under way")]
    NoIntent {
        /// Serial of the chip.
        serial: Serial,
    },
}

impl Hint for JournalError {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            JournalError::Audit(error) => return error.hint(),
            JournalError::Busy { .. } => "wait until the other command is done",
            JournalError::Line { .. } => "the file was changed by hand; put back the copy you keep of it",
            JournalError::ChipIssued { .. } => "use a blank card",
            JournalError::NumberIssued { .. } => "give the card another number",
            JournalError::ChipUnderWay { .. } => "finish that card first, or give it up",
            JournalError::NumberUnderWay { .. } => "finish the other card first, or give it up",
            JournalError::Io { .. } | JournalError::NoIntent { .. } => return None,
        })
    }
}
