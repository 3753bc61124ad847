//! One command at a time on a card: a card stands in one slot.
//!
//! A lock file beside the card, `.NAME.lock`, held while the card is open and removed when it closes. The system drops
//! the lock of a program that dies, so what a killed one leaves behind stops nobody.

use crate::fail::{Exit, Failure};
use anyhow::{Context, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A card held by this command.
pub struct CardLock {
    /// `None` where the folder cannot be written: then no card in it can change either.
    held: Option<(File, PathBuf)>,
}

impl CardLock {
    /// No lock, for a card nobody else can reach.
    pub const fn none() -> Self {
        CardLock { held: None }
    }

    /// Takes the lock of a card file; exit code 3 when another command has it.
    pub fn take(card: &Path) -> Result<Self> {
        // A link and its card share one lock.
        let card = card.canonicalize().unwrap_or_else(|_| card.to_path_buf());
        let name = card.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = card.with_file_name(format!(".{name}.lock"));
        loop {
            let file = match OpenOptions::new().create(true).append(true).open(&path) {
                Ok(file) => file,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                    ) =>
                {
                    return Ok(CardLock { held: None });
                }
                Err(error) => return Err(error).with_context(|| format!("cannot lock {}", card.display())),
            };
            match file.try_lock() {
                // Its holder may have removed the file between our opening and our locking it.
                Ok(()) if is_still(&file, &path) => return Ok(CardLock { held: Some((file, path)) }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let words = format!("{} stands in the slot of another command", card.display());
                    return Err(Failure::new(Exit::Absent, words)
                        .hint("wait until that command has ended")
                        .into());
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", card.display()));
                }
            }
        }
    }
}

impl Drop for CardLock {
    fn drop(&mut self) {
        if let Some((file, path)) = self.held.take() {
            // Removed while still locked, so that nobody locks a file that is about to go.
            let _ = std::fs::remove_file(path);
            drop(file);
        }
    }
}

/// Whether the open file is the one that stands at the path.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.exists()
}
