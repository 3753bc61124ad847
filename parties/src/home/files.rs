//! Files of a party.

use crate::trouble::{Context, Failure, Result, Trouble, refused};
use disk::Durability;
use scheme::fault::READ_ONLY;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Writes a file whole or not at all, for its owner alone, and waits until it is on the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, Durability::Synced)
}

/// As [`write()`], without waiting for the disk: for batches that are repeated as a whole when they break.
pub fn write_soon(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, Durability::Soon)
}

fn put(path: &Path, bytes: &[u8], durability: Durability) -> Result<()> {
    disk::replace(path, bytes, durability).map_err(|error| not_written(path, error.into()))
}

/// A folder or file that is read-only; `more` goes on with the words.
pub fn read_only(path: &Path, more: &str) -> Failure {
    refused(format!("{} is read-only{more}", path.display())).code("read-only").hint(READ_ONLY)
}

/// Why a file was not written: its folder is read-only, or as the error says.
fn not_written(path: &Path, error: Trouble) -> Trouble {
    if path.parent().is_some_and(disk::is_read_only) {
        return read_only(path, "").into();
    }
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];
    let is_full = error.find().is_some_and(|error: &io::Error| full.contains(&error.kind()));
    if is_full {
        let words = format!("cannot write {}: {error}", path.display());
        return refused(words).code("medium-full").hint("make room, then run the same command again").into();
    }
    error.context(format!("cannot write {}", path.display()))
}

/// Makes a folder of a party, and those above it that are missing.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(path: &Path) -> Result<()> {
    disk::create_folder(path).map_err(|error| match disk::is_read_only(path) {
        true => read_only(path, ", and a folder was to be made there").into(),
        false => Trouble::from(error).context(format!("cannot make {}", path.display())),
    })
}

/// As [`write()`], piece by piece, for files that should not stand in memory.
pub fn write_with(path: &Path, content: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    disk::replace_with(path, Durability::Synced, |file| content(file))
        .map_err(|error: Trouble| not_written(path, error))
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
