//! Where a log ends, and the file beside it that says so.

use super::entry::Hash;
use std::path::{Path, PathBuf};

/// Where a log ends: how many lines it has, and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Lines.
    pub lines: u64,
    /// Hash of the last line; zeros for an empty log.
    pub hash: Hash,
}

/// The head file of a log: `audit.head` beside `audit.jsonl`.
pub fn head_path(log: &Path) -> PathBuf {
    log.with_extension("head")
}
