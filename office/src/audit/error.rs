//! Words of the audit log.

use scheme::fault::{Fault, Hint, Kind};
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
    /// There is no head file beside a log that has lines.
    #[error("the audit log {} has lines and no head file", path.display())]
    HeadGone {
        /// The log.
        path: PathBuf,
    },
    /// Somebody who keeps the end of the log keeps another one.
    #[error("the audit log {} ends with line {found}, and {by} keeps line {kept} of it with another end", path.display())]
    Vouched {
        /// The log.
        path: PathBuf,
        /// Who keeps it.
        by: String,
        /// Line kept.
        kept: u64,
        /// Last line of the log.
        found: u64,
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

impl Fault for AuditError {
    fn kind(&self) -> Kind {
        match self {
            // A log that is not what was written, or not all of it.
            AuditError::End { .. }
            | AuditError::Head { .. }
            | AuditError::HeadFile { .. }
            | AuditError::HeadGone { .. }
            | AuditError::Vouched { .. } => Kind::Security,
            AuditError::Io { .. } | AuditError::Busy { .. } | AuditError::ClockBack { .. } => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            AuditError::Busy { .. } => "wait until the other command is done",
            AuditError::End { .. }
            | AuditError::Head { .. }
            | AuditError::HeadFile { .. }
            | AuditError::HeadGone { .. }
            | AuditError::Vouched { .. } => {
                "somebody changed it: look with `audit verify`, keep what is there as evidence, and put back log, head file and store from the copy you keep"
            }
            AuditError::ClockBack { .. } => {
                "set the clock; --allow-clock-back goes on and has both times in the log"
            }
            AuditError::Io { .. } => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            AuditError::Io { .. } => "log-io",
            AuditError::Busy { .. } => "log-busy",
            AuditError::End { .. } => "log-end",
            AuditError::Head { .. } => "log-head",
            AuditError::HeadFile { .. } => "log-head-file",
            AuditError::HeadGone { .. } => "log-head-gone",
            AuditError::Vouched { .. } => "log-vouched",
            AuditError::ClockBack { .. } => "log-clock-back",
        }
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
    /// Lines, and no head file.
    #[error("the head file is gone: the log has {found} line(s), and nothing beside it says where it ended")]
    HeadGone {
        /// Last line of the log.
        found: u64,
    },
    /// Somebody keeps a line that is not there.
    #[error(
        "{by} keeps line {kept} of this log, which the log has not: it ends with line {found}; its end was cut off or written anew, or an old copy was put back"
    )]
    Vouched {
        /// Who keeps it.
        by: String,
        /// The line.
        kept: u64,
        /// Last line of the log.
        found: u64,
    },
    /// A card counts more than the office knows of.
    #[error(
        "{card} has made {made} card(s), and the store knows of {known} at most: the store or the log is gone, or an old copy was put back"
    )]
    Card {
        /// Which card.
        card: String,
        /// What it counts.
        made: u64,
        /// What the store can explain.
        known: u64,
    },
    /// The list of operators is not what the log says.
    #[error("the list of operators is not the one of line {line}, the last that changed it")]
    Operators {
        /// The line; 0: no line speaks of operators.
        line: u64,
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

impl scheme::Fault for AuditFinding {
    fn code(&self) -> &str {
        match self {
            AuditFinding::Unreadable { .. } => "unreadable",
            AuditFinding::TornGone { .. } => "torn-gone",
            AuditFinding::Changed { .. } => "changed",
            AuditFinding::Number { .. } => "number",
            AuditFinding::Chain { .. } => "chain",
            AuditFinding::Time { .. } => "time",
            AuditFinding::HeadFile { .. } => "head-file",
            AuditFinding::HeadGone { .. } => "head-gone",
            AuditFinding::Vouched { .. } => "vouched",
            AuditFinding::Card { .. } => "card",
            AuditFinding::Operators { .. } => "operators",
            AuditFinding::Head { .. } => "head",
        }
    }
}
