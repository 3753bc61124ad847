//! The audit log: who did what when, each line chained to the one before [docs/specs/audit.md].
//!
//! Lines are only ever added. Each carries the SHA-256 of itself and of the hash before it, so that a line that was
//! changed, removed or moved is found by reading the file alone. That the end was cut off is found with the head
//! file beside it, or, against somebody who changes both, with a head hash that was written down elsewhere. The log
//! holds no secret: names, numbers, check values and words.

mod entry;
pub(crate) mod error;
mod file;
pub(crate) mod head;
pub(crate) mod log;
mod verify;
mod witness;

pub use entry::{Card, Ending, Entry, Hash, LogEvent};
pub use error::{AuditError, AuditFinding};
pub use file::Torn;
pub use head::{Head, head_path};
pub use log::Audit;
pub use verify::{Anchor, Report, verify, verify_against};

use crate::journal::error::JournalError;
use crate::store::error::StoreError;
use std::path::Path;

/// Name of a party's log in its folder.
pub const LOG: &str = "audit.jsonl";

/// Where the log at `path` ends, as its head file says; `None` without one.
pub fn head_of(path: &Path) -> Result<Option<Head>, AuditError> {
    file::read_head(path)
}

/// Whether a chain of causes holds what a log itself had to say.
pub fn is_in<'e>(mut chain: impl Iterator<Item = &'e (dyn std::error::Error + 'static)>) -> bool {
    chain.any(|cause| {
        cause.downcast_ref::<AuditError>().is_some()
            || matches!(cause.downcast_ref(), Some(StoreError::Audit(_)))
            || matches!(
                cause.downcast_ref(),
                Some(JournalError::Audit(_) | JournalError::Store(StoreError::Audit(_)))
            )
    })
}
