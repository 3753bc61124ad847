//! Words of the audit log.

use super::Hint;
use std::path::PathBuf;

/// Why the audit log could not be kept, or what it forbids.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file system said no.
    #[error("cannot {doing} the audit log {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done: open, lock, read, write, keep.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("the audit log {} is in use by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The end is no line and no torn one either.
    #[error("the end of the audit log {} cannot be read", path.display())]
    End {
        /// The file.
        path: PathBuf,
    },
    /// The end is not the one the head file keeps.
    #[error("the audit log {} ends with line {found} and not as its head file says, which keeps line {kept}", path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// Line in the head file.
        kept: u64,
        /// Last line of the log.
        found: u64,
    },
    /// The head file is none.
    #[error("the head file {} cannot be read: {source}", path.display())]
    HeadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The clock stands before the last act.
    #[error("the clock went back: it says {now}, the last act was at {last}")]
    ClockBack {
        /// Time of the last act.
        last: String,
        /// Time now.
        now: String,
    },
}

impl Hint for AuditError {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            AuditError::Busy { .. } => "wait until the other command is done",
            AuditError::End { .. } | AuditError::Head { .. } | AuditError::HeadFile { .. } => {
                "somebody changed it: look with `audit verify`, put back the copy you keep, or move log and head file away as evidence and begin a new log"
            }
            AuditError::ClockBack { .. } => {
                "set the clock; --allow-clock-back goes on and has both times in the log"
            }
            AuditError::Io { .. } => return None,
        })
    }
}

/// Something wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFinding {
    /// A line that is no entry, and that no later line explains.
    #[error("lines {from} to {to} cannot be read, and no line says that a crash tore them")]
    Unreadable {
        /// First, from 1.
        from: u64,
        /// Last.
        to: u64,
    },
    /// A line says that bytes before it were torn, and there are none.
    #[error("line {place} explains torn bytes that are not there")]
    TornGone {
        /// The line, from 1.
        place: u64,
    },
    /// A line that is not what was written.
    #[error("line {place} was changed: its hash is another")]
    Changed {
        /// The line, from 1.
        place: u64,
    },
    /// A line is missing, too many, or in another place.
    #[error("line {place} has number {found} where {expected} follows: lines were removed, added or moved")]
    Number {
        /// The line, from 1.
        place: u64,
        /// Number that follows.
        expected: u64,
        /// Number found.
        found: u64,
    },
    /// The chain breaks.
    #[error("line {place} does not follow the line before it: the chain is broken")]
    Chain {
        /// The line, from 1.
        place: u64,
    },
    /// Time goes back, and the line does not say so.
    #[error("line {place} is of {found}, before {last} of the line before it")]
    Time {
        /// The line, from 1.
        place: u64,
        /// Time before.
        last: String,
        /// Time of the line.
        found: String,
    },
    /// The head file names a line that is not there.
    #[error(
        "the head file keeps line {kept} with another hash than any line has; the log ends with line {found}: its end was cut off or written anew"
    )]
    HeadFile {
        /// Line in the head file.
        kept: u64,
        /// Last line of the log.
        found: u64,
    },
    /// No line has the head hash that was written down.
    #[error(
        "no line has the head hash that was asked for; the log ends with line {found}: its end was cut off or written anew"
    )]
    Head {
        /// Last line of the log.
        found: u64,
    },
}
