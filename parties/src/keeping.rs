//! A home can be kept: looked over, copied away, put back, and brought up to this program's schemas
//! [docs/specs/home.md].
//!
//! A backup is one file: a tar archive of every file of every party, with a list of their hashes in front. It holds what the
//! home holds, the keys of virtual cards among it, and is its owner's alone to read.

mod archive;
mod check;

pub use archive::{BackupReport, RestoreReport, backup, restore};
pub use check::{CheckReport, PartyCheck, StoreCheck, UpgradeReport, check, upgrade};

use crate::bank;
use crate::trouble::{Context, Result};
use office::store::FILE;
use std::path::{Path, PathBuf};

/// Where a card that was copied in an archive begins: locks, sockets and what a killed program began are nobody's to keep.
fn is_kept(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = ["-wal", "-shm", "-journal"].iter().any(|end| name.ends_with(end));
    !(name.starts_with('.') || name.ends_with(".sock") || beside)
}

/// Files below a folder that are to be kept, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let kind =
                entry.file_type().with_context(|| format!("cannot read {}", entry.path().display()))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_kept(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a party's database.
fn is_database(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == FILE || Some(name) == bank::database(Path::new("")).file_name()
}

/// Whether a file is a virtual card.
fn is_card(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "card")
}
