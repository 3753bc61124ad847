//! One command at a time on a card: a card stands in one slot.
//!
//! A lock file beside the card, `.NAME.lock`, held while the card is open and removed when it closes. The system drops
//! the lock of a program that dies, so what a killed one leaves behind stops nobody. Its holder writes into it who he is;
//! others wait for him some seconds (`--wait`), and then say his name.

use crate::args::Cli;
use crate::fail::{Failure, Kind};
use clap::CommandFactory;
use parties::trouble::{Context, Result, Trouble};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Between two looks at a lock that another program holds.
const PAUSE: Duration = Duration::from_millis(20);
/// The commands that keep their cards until somebody ends them.
const SERVE: [&str; 2] = ["card serve", "card line"];

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

    /// Takes the lock of a card file. Waits at most so long for whoever has it; exit code 3 then, with his name. A `card
    /// serve` is not waited for: it keeps its cards until somebody takes them out.
    pub fn take(card: &Path, patience: Duration) -> Result<Self> {
        // A link and its card share one lock.
        let card = card.canonicalize().unwrap_or_else(|_| card.to_path_buf());
        let name = card.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = card.with_file_name(format!(".{name}.lock"));
        let until = Instant::now() + patience;
        loop {
            let file = match disk::open_to_append(&path) {
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
                Ok(()) if is_still(&file, &path) => {
                    sign(&file);
                    return Ok(CardLock { held: Some((file, path)) });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = Holder::of(&path);
                    if holder.serves() || Instant::now() >= until {
                        return Err(holder.refuses(&card).into());
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", card.display()));
                }
            }
        }
    }
}

/// Writes into the lock file who holds it: process and command, for whoever waits. One that cannot is nameless.
fn sign(mut file: &File) {
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{} {}", std::process::id(), command()));
}

/// Noun and verb of this command, without any of its arguments.
fn command() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let line = Cli::command().ignore_errors(true).get_matches_from(std::env::args_os());
        let (mut words, mut at) = (Vec::new(), &line);
        while let Some((word, below)) = at.subcommand() {
            words.push(word);
            at = below;
        }
        words.join(" ")
    })
}

/// Who holds a lock, as its file says; nothing in the moment between locking and signing.
struct Holder(Option<(u32, String)>);

impl Holder {
    fn of(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let signed = text.trim().split_once(' ');
        Holder(signed.and_then(|(pid, command)| Some((pid.parse().ok()?, command.to_owned()))))
    }

    /// It serves the card to readers.
    fn serves(&self) -> bool {
        self.0.as_ref().is_some_and(|(_, command)| SERVE.contains(&command.as_str()))
    }

    fn refuses(&self, card: &Path) -> Failure {
        let who = self.0.as_ref().map(|(pid, command)| format!(": process {pid}, gridcard {command}"));
        let words =
            format!("{} stands in the slot of another command{}", card.display(), who.unwrap_or_default());
        let hint = if self.serves() {
            "take the card out with `gridcard slot remove`, or end that command"
        } else {
            "wait until that command has ended, or wait longer with --wait SECONDS"
        };
        Failure::new(Kind::Absent, words).hint(hint)
    }
}

/// Tries again while something is held by another program, at most so long.
pub fn patiently<T>(
    patience: Duration,
    held: impl Fn(&Trouble) -> bool,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let until = Instant::now() + patience;
    loop {
        match attempt() {
            Err(error) if held(&error) && Instant::now() < until => std::thread::sleep(PAUSE),
            result => return result,
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
