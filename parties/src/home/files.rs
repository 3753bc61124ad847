//! Files of a party.

use crate::trouble::{Context, Result};
use disk::Durability;
use std::fs::{self, File};
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
    disk::replace(path, bytes, durability).with_context(|| format!("cannot write {}", path.display()))
}

/// As [`write()`], piece by piece, for files that should not stand in memory.
pub fn write_with(path: &Path, content: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    disk::replace_with(path, Durability::Synced, |file| content(file))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
