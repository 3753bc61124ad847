//! One program at a time on a file: a lock file beside it, `.NAME.lock`, held while the file is in use and removed after.
//!
//! The system drops the lock of a program that dies, so what a killed one leaves behind stops nobody. Its holder writes into it
//! who he is; others wait for him, and then say his name.

use crate::open_to_append;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks at a lock that another program holds.
const PAUSE: Duration = Duration::from_millis(20);

/// A file held by this program.
#[derive(Debug)]
pub struct Lock {
    /// `None` where the folder cannot be written: then nothing in it can change either.
    held: Option<(File, PathBuf)>,
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another program holds it.
    Held(Holder),
    /// The lock file cannot be used.
    Io(io::Error),
}

/// Who holds a lock, as its file says; nothing in the moment between locking and signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(Option<(u32, String)>);

impl Holder {
    fn of(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let signed = text.trim().split_once(' ');
        Holder(signed.and_then(|(pid, name)| Some((pid.parse().ok()?, name.to_owned()))))
    }

    /// The number of its process, and the name it wrote.
    pub fn name(&self) -> Option<(u32, &str)> {
        self.0.as_ref().map(|(pid, name)| (*pid, name.as_str()))
    }
}

impl Lock {
    /// No lock, for what nobody else can reach.
    pub const fn none() -> Self {
        Lock { held: None }
    }

    /// Takes the lock of a file and signs it with `name`. Waits at most so long for whoever has it, and not for one that
    /// `keeps` says keeps it until somebody ends it.
    ///
    /// # Errors
    /// Somebody holds it still; the lock file cannot be opened.
    pub fn take(
        file: &Path,
        patience: Duration,
        name: &str,
        keeps: impl Fn(&Holder) -> bool,
    ) -> Result<Self, LockError> {
        // A link and its target share one lock.
        let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
        let own = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = file.with_file_name(format!(".{own}.lock"));
        let until = Instant::now() + patience;
        loop {
            let lock = match open_to_append(&path) {
                Ok(lock) => lock,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                    ) =>
                {
                    return Ok(Lock { held: None });
                }
                Err(error) => return Err(LockError::Io(error)),
            };
            match lock.try_lock() {
                // Its holder may have removed the file between our opening and our locking it.
                Ok(()) if is_still(&lock, &path) => {
                    sign(&lock, name);
                    return Ok(Lock { held: Some((lock, path)) });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = Holder::of(&path);
                    if keeps(&holder) || Instant::now() >= until {
                        return Err(LockError::Held(holder));
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
        }
    }
}

/// Writes into the lock file who holds it, for whoever waits. One that cannot is nameless.
fn sign(mut file: &File, name: &str) {
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{} {name}", std::process::id()));
}

/// Tries again while something is held by another program, at most so long.
///
/// # Errors
/// What the last attempt said.
pub fn patiently<T, E>(
    patience: Duration,
    held: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let until = Instant::now() + patience;
    loop {
        match attempt() {
            Err(error) if held(&error) && Instant::now() < until => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

impl Drop for Lock {
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
