//! Files of a party.

use crate::trouble::{Context, Result, Trouble, refused};
use disk::Durability;
use scheme::fault::READ_ONLY;
use std::fs::{self, File};
use std::path::Path;

/// Writes a file whole or not at all, for its owner alone, and waits until it is on the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, Durability::Synced)
}

/// As [`write`], without waiting for the disk: for batches that are repeated as a whole when they break.
pub fn write_soon(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes, Durability::Soon)
}

fn put(path: &Path, bytes: &[u8], durability: Durability) -> Result<()> {
    disk::replace(path, bytes, durability).map_err(|error| not_written(path, error.into()))
}

/// Why a file was not written: its folder is read-only, or as the error says.
fn not_written(path: &Path, error: Trouble) -> Trouble {
    if path.parent().is_some_and(disk::is_read_only) {
        return refused(format!("{} is read-only", path.display())).code("read-only").hint(READ_ONLY).into();
    }
    error.context(format!("cannot write {}", path.display()))
}

/// As [`write`], piece by piece, for files that should not stand in memory.
pub fn write_with(path: &Path, content: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    disk::replace_with(path, Durability::Synced, |file| content(file))
        .map_err(|error: Trouble| not_written(path, error))
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
