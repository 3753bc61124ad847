//! Words of batches.

use crate::journal::error::JournalError;
use crate::store::error::StoreError;
use disk::table::{RowFault, TableError};
use issue::plan::CEILING_MAX;
use scheme::fault::{Fault, Hint, told};
use scheme::money::{Fen, MoneyError};
use scheme::numbers::NumberError;
use scheme::subscription::NumberFault;
use std::path::PathBuf;

/// Why a batch cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal forbids it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The request file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The request is no table.
    #[error("the request cannot be used: {0}")]
    Table(#[from] TableError),
    /// The first line names no columns this kind of batch takes.
    #[error("line 1: {what}")]
    Header {
        /// What is wrong with it.
        what: String,
    },
    /// No line asks for a card.
    #[error("the request asks for no card")]
    Empty,
    /// Lines with faults; none of the request was taken.
    #[error("{total} line(s) of the request have faults; nothing was begun")]
    Lines {
        /// The first of them.
        first: Vec<LineFault>,
        /// How many there are.
        total: u64,
    },
    /// The file changed while it was read.
    #[error("the request changed while it was read")]
    Changed,
    /// This very file was begun before.
    #[error("this request is batch {id}, begun {at}: {open} card(s) are left to do")]
    Begun {
        /// The batch.
        id: i64,
        /// When it began.
        at: String,
        /// Lines still open.
        open: i64,
    },
    /// This very file was done before.
    #[error("this request is batch {id}, begun {at}, and it is done")]
    Done {
        /// The batch.
        id: i64,
        /// When it began.
        at: String,
    },
    /// Nothing to go on with.
    #[error("no batch was begun with this request (SHA-256 {sha256})")]
    Unknown {
        /// Hash of the file.
        sha256: String,
    },
    /// No batch of that number.
    #[error("there is no batch {id}")]
    NoBatch {
        /// The number asked for.
        id: i64,
    },
    /// The batch was begun for another kind or city.
    #[error("batch {id} is of kind {kind} for region {region}")]
    OtherBatch {
        /// The batch.
        id: i64,
        /// Its kind.
        kind: &'static str,
        /// Its region.
        region: String,
    },
    /// What the caller does before a commit failed.
    #[error("before the cards could be kept: {what}")]
    BeforeCommit {
        /// Why.
        what: String,
    },
}

impl Fault for BatchError {
    fn hint(&self) -> Hint {
        Some(match self {
            BatchError::Store(error) => return error.hint(),
            BatchError::Journal(error) => return error.hint(),
            BatchError::Header { .. } => "the first line names the columns, as in number,serial,ceiling",
            BatchError::Lines { .. } => "mend the lines and give the whole file again",
            BatchError::Begun { .. } => "go on with it: the same command with --resume",
            BatchError::Done { .. } => {
                "`gridcard issue result` gives its result again; ask for other numbers in another file"
            }
            BatchError::Unknown { .. } => {
                "without --resume the batch begins; was the file changed since? `gridcard issue list` shows the batches"
            }
            BatchError::NoBatch { .. } => "`gridcard issue list` shows the batches",
            BatchError::BeforeCommit { .. } => "nothing of the last cards was kept; go on with --resume",
            _ => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            BatchError::Store(error) => error.code(),
            BatchError::Journal(error) => error.code(),
            BatchError::Read { .. } => "batch-read",
            BatchError::Table(_) => "batch-table",
            BatchError::Header { .. } => "batch-header",
            BatchError::Empty => "batch-empty",
            BatchError::Lines { .. } => "batch-lines",
            BatchError::Changed => "batch-changed",
            BatchError::Begun { .. } => "batch-begun",
            BatchError::Done { .. } => "batch-done",
            BatchError::Unknown { .. } => "batch-unknown",
            BatchError::NoBatch { .. } => "batch-none",
            BatchError::OtherBatch { .. } => "batch-other",
            BatchError::BeforeCommit { .. } => "batch-before-commit",
        }
    }
}

/// A line of a request that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: RequestFault,
}

impl std::fmt::Display for LineFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, told(&self.fault))
    }
}

/// What is wrong with one line of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// The line cannot be read.
    #[error("{0}")]
    Row(RowFault),
    /// A field that must be there is empty.
    #[error("no {column}")]
    Missing {
        /// The column.
        column: &'static str,
    },
    /// A number or serial that cannot be one.
    #[error("{column}: {source}")]
    Id {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        source: NumberError,
    },
    /// Digits of a SIM that cannot be such.
    #[error("{column} {source}")]
    Digits {
        /// The column.
        column: &'static str,
        /// What is wrong with them.
        source: NumberFault,
    },
    /// The ceiling is no amount.
    #[error("ceiling: {source}")]
    Ceiling {
        /// What is wrong with it.
        source: MoneyError,
    },
    /// The ceiling is zero or too high.
    #[error("ceiling: {amount} is not between 0.01 and {CEILING_MAX}")]
    CeilingRange {
        /// The amount.
        amount: Fen,
    },
    /// The number or serial stands in an earlier line.
    #[error("{column} {value} stands in line {first} already")]
    Twice {
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// The first line with it.
        first: i64,
    },
    /// The number or serial is taken by what the office did before.
    #[error("{why}")]
    Taken {
        /// By what.
        why: String,
    },
}

impl Fault for RequestFault {
    fn code(&self) -> &str {
        match self {
            RequestFault::Row(_) => "request-row",
            RequestFault::Missing { .. } => "request-missing",
            RequestFault::Id { .. } => "request-id",
            RequestFault::Digits { .. } => "request-digits",
            RequestFault::Ceiling { .. } => "request-ceiling",
            RequestFault::CeilingRange { .. } => "request-ceiling-range",
            RequestFault::Twice { .. } => "request-twice",
            RequestFault::Taken { .. } => "request-taken",
        }
    }

    fn hint(&self) -> Hint {
        match self {
            RequestFault::Id { source, .. } => source.hint(),
            RequestFault::Digits { source, .. } => source.hint(),
            _ => None,
        }
    }
}
