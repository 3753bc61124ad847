//! Words of the office's store.

use rusqlite::ErrorCode;
use scheme::fault::{Fault, Hint, Kind, READ_ONLY};
use std::path::{Path, PathBuf};

/// Why the store could not do it. When one of these comes out of an act, nothing of the act was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The audit log takes no line, so nothing was kept.
    #[error(transparent)]
    Audit(#[from] crate::audit::error::AuditError),
    /// The file system said no.
    #[error("cannot {doing} the store {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// Another program issues from it.
    #[error("another command issues from the store {}", path.display())]
    Issuing {
        /// The file.
        path: PathBuf,
    },
    /// No room left.
    #[error("the disk is full: the store {} took nothing of this act", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be written, and this act would write; or it must be brought up to date first.
    #[error("the store {} is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk failed.
    #[error("the disk failed under the store {}: {detail}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// The file is damaged, or no SQLite file.
    #[error("the store {} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the damage is.
        detail: String,
    },
    /// A SQLite file of another program.
    #[error("{} is a database of another program, not an office's store", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program wrote the file.
    #[error("the store {} is of schema version {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// Another program held the write lock too long.
    #[error("another command is writing to the store {}; nothing was kept", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A line of the old journal that is no entry.
    #[error("line {line} of the journal {} is not an entry: {source}", path.display())]
    OldLine {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The clock stands on a day before that of the last act.
    #[error("the clock says {now}, and the store's last act was at {last}: the clock went back")]
    Clock {
        /// What the clock says.
        now: String,
        /// Time of the last act.
        last: String,
    },
    /// A value that this program did not write.
    #[error("the store holds an impossible value in {place}: {detail}")]
    Value {
        /// Table and column.
        place: &'static str,
        /// What stands there.
        detail: String,
    },
    /// Anything else SQLite reports.
    #[error("the store {} failed: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: Box<rusqlite::Error>,
    },
}

impl StoreError {
    /// An error of SQLite, with the file it happened in.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => StoreError::Disk { path, detail },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt { path, detail }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
            _ => StoreError::Sqlite { path, source: Box::new(error) },
        }
    }
}

impl Fault for StoreError {
    fn kind(&self) -> Kind {
        match self {
            StoreError::Audit(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            StoreError::Audit(error) => return error.hint(),
            StoreError::Issuing { .. } | StoreError::Busy { .. } => "wait until the other command is done",
            StoreError::Full { .. } | StoreError::Disk { .. } => {
                "make room (or let the folder be written), then run the same command again; a batch goes on with --resume"
            }
            StoreError::ReadOnly { .. } => READ_ONLY,
            StoreError::Corrupt { .. } => "put back the copy you keep of it; do not go on writing to it",
            StoreError::NotOurs { .. } => "move the foreign file away",
            StoreError::Newer { .. } => "use the newer program",
            StoreError::OldLine { .. } => "the file was changed by hand; put back the copy you keep of it",
            StoreError::Clock { .. } => "put the clock right, or give the true time with --at",
            StoreError::Io { .. } | StoreError::Value { .. } | StoreError::Sqlite { .. } => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            StoreError::Audit(error) => error.code(),
            StoreError::Io { .. } => "office-store-io",
            StoreError::Issuing { .. } => "office-store-issuing",
            StoreError::Full { .. } => "office-store-full",
            StoreError::ReadOnly { .. } => "office-store-read-only",
            StoreError::Disk { .. } => "office-store-disk",
            StoreError::Corrupt { .. } => "office-store-corrupt",
            StoreError::NotOurs { .. } => "office-store-foreign",
            StoreError::Newer { .. } => "office-store-newer",
            StoreError::Busy { .. } => "office-store-busy",
            StoreError::OldLine { .. } => "office-store-old-line",
            StoreError::Clock { .. } => "office-store-clock",
            StoreError::Value { .. } => "office-store-value",
            StoreError::Sqlite { .. } => "office-store-sqlite",
        }
    }
}
