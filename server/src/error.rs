//! What the store can fail on, in words.

use rusqlite::ErrorCode;

/// Why the store could not do it. When one of these comes out of an act, nothing of the act was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be made, or is none that may be written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No room left for the database.
    #[error(
        "the disk (or the quota set for the database) is full; nothing of this act was kept: make room and run it again"
    )]
    Full,
    /// The file is damaged, or is no SQLite database at all.
    #[error("the database file is damaged: {detail}; restore it from a copy, do not go on writing to it")]
    Corrupt {
        /// What the damage is.
        detail: String,
    },
    /// The file is a SQLite database of another program.
    #[error("the file is a database of another program, not of the payment server")]
    NotOurs,
    /// A newer version of this program wrote the file.
    #[error(
        "the database is of schema version {found}, this program knows up to {known}: use the newer program"
    )]
    Newer {
        /// Version in the file.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// Another program held the write lock too long.
    #[error(
        "another program is writing to the database; nothing was kept: run it again when that one has ended"
    )]
    Busy,
    /// The file or its folder cannot be written.
    #[error("the database cannot be written: the file or its folder is read-only")]
    ReadOnly,
    /// The file is of an older schema, and cannot be brought up to date where it is.
    #[error("the database is of schema version {found} and read-only; this program reads version {known}")]
    ReadOnlyOlder {
        /// Version in the file.
        found: i64,
        /// The version known here.
        known: i64,
    },
    /// The file cannot be opened.
    #[error("the database file cannot be opened: {detail}")]
    CannotOpen {
        /// The system's words.
        detail: String,
    },
    /// The disk failed.
    #[error("the disk failed under the database: {detail}")]
    Disk {
        /// The system's words.
        detail: String,
    },
    /// A simulated machine has no supply.
    #[error("the supply of the server's machine went at a commit; look what was kept when it is back")]
    Cut,
    /// SQLite ended the transaction by itself after an earlier error.
    #[error("an earlier error ended this transaction; nothing of it was kept")]
    RolledBack,
    /// A rule in the schema refused the change: a defect of this program or a hand in the file.
    #[error("the database refused a change that breaks one of its rules: {detail}")]
    Rule {
        /// The rule, in SQLite's words.
        detail: String,
    },
    /// A value that this program did not write.
    #[error("the database holds an impossible value in {place}: {detail}")]
    Value {
        /// Table and column.
        place: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The database server went away before the act was asked to be kept.
    #[error(
        "the database server does not answer: {detail}; nothing of this act was kept, run it again when it is back"
    )]
    Gone {
        /// The client's words.
        detail: String,
    },
    /// The database server went away while it was keeping the act.
    #[error(
        "the database server went away while it kept this act ({detail}); whether it did is not known: look before it is run again"
    )]
    Unknown {
        /// The client's words.
        detail: String,
    },
    /// The database server does not let us.
    #[error("the database server refuses: {detail}")]
    Denied {
        /// The server's words.
        detail: String,
    },
    /// What is asked is done with a file alone.
    #[error("these books are not in a file; or those are not in a database server")]
    NoFile,
    /// Books that should be new are not.
    #[error(
        "the books they should go into are not new: somebody is registered there, or something is booked"
    )]
    NotEmpty,
    /// Anything else PostgreSQL reports.
    #[error("the database failed")]
    Postgres(#[source] Box<dyn core::error::Error + Send + Sync>),
    /// Anything else SQLite reports.
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return StoreError::Sqlite(error);
        };
        let detail = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            other => other.to_string(),
        };
        match code {
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt { detail },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly,
            ErrorCode::CannotOpen => StoreError::CannotOpen { detail },
            ErrorCode::SystemIoFailure => StoreError::Disk { detail },
            ErrorCode::ConstraintViolation => StoreError::Rule { detail },
            _ => StoreError::Sqlite(error),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let closed = error.is_closed()
                || core::error::Error::source(&error).is_some_and(|cause| cause.is::<std::io::Error>());
            let detail =
                core::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            return if closed { StoreError::Gone { detail } } else { StoreError::Postgres(error.into()) };
        };
        let detail = db.message().to_owned();
        // Classes and codes of PostgreSQL's appendix A.
        match db.code().code() {
            "25006" => StoreError::ReadOnly,
            "42501" => StoreError::Denied { detail },
            "53100" | "53200" => StoreError::Full,
            "55P03" | "57014" => StoreError::Busy,
            "25P02" => StoreError::RolledBack,
            "57P01" | "57P02" | "57P03" => StoreError::Gone { detail },
            "P0001" => StoreError::Rule { detail },
            "58030" => StoreError::Disk { detail },
            "XX001" | "XX002" => StoreError::Corrupt { detail },
            code => match &code[..2] {
                "23" => StoreError::Rule { detail },
                "08" => StoreError::Gone { detail },
                "28" | "3D" => StoreError::Denied { detail },
                _ => StoreError::Postgres(error.into()),
            },
        }
    }
}

impl scheme::Fault for StoreError {
    fn hint(&self) -> scheme::fault::Hint {
        match self {
            StoreError::ReadOnly | StoreError::ReadOnlyOlder { .. } => Some(scheme::fault::READ_ONLY.into()),
            StoreError::Disk { .. } | StoreError::CannotOpen { .. } => Some(
                "make room where the books are, then run the same command again; nothing was kept".into(),
            ),
            StoreError::NoFile => Some(
                "a database server has its own copies and standbys; `gridcard server move` goes from the bank's file into one".into(),
            ),
            StoreError::NotEmpty => Some("name a database or a schema in which there are no books yet".into()),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            StoreError::File { .. } => "books-file",
            StoreError::Full => "books-full",
            StoreError::Corrupt { .. } => "books-corrupt",
            StoreError::NotOurs => "books-foreign",
            StoreError::Newer { .. } => "books-newer",
            StoreError::Busy => "books-busy",
            StoreError::ReadOnly => "books-read-only",
            StoreError::ReadOnlyOlder { .. } => "books-read-only-older",
            StoreError::CannotOpen { .. } => "books-cannot-open",
            StoreError::Disk { .. } => "books-disk",
            StoreError::Cut => "books-cut",
            StoreError::RolledBack => "books-rolled-back",
            StoreError::Rule { .. } => "books-rule",
            StoreError::Value { .. } => "books-value",
            StoreError::Gone { .. } => "books-gone",
            StoreError::Unknown { .. } => "books-unknown",
            StoreError::Denied { .. } => "books-denied",
            StoreError::NoFile => "books-no-file",
            StoreError::NotEmpty => "books-not-new",
            StoreError::Postgres(_) => "books-postgres",
            StoreError::Sqlite(_) => "books-sqlite",
        }
    }
}
