//! A new file beside the old one, then a rename; and what a killed program left of it.

use crate::folder::sync_folder;
use crate::open::{must_be_plain, private};
use crate::wait::waits;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When a file must be on the medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns: content and name.
    Synced,
    /// When the system comes to it: for what is repeated as a whole when the machine stops.
    Soon,
}

/// Writes a file whole or not at all: into a new file beside it, made with O_EXCL under a random name and mode 0600, which
/// then takes the name. The old file's mode does not pass on.
///
/// # Errors
/// A target that is a symbolic link or no regular file is refused: [`io::ErrorKind::InvalidInput`], with words.
pub fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    replace_with(path, durability, |file| file.write_all(bytes))
}

/// As [`replace`], piece by piece, for contents that should not stand in memory.
///
/// # Errors
/// As [`replace`], and what `content` says.
pub fn replace_with<E: From<io::Error>>(
    path: &Path,
    durability: Durability,
    content: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    place(path, durability, content, |beside| fs::rename(beside, path))
}

/// Writes a file that is no party's and everybody may read: a page of the manual. Its mode is what the user's umask leaves.
///
/// # Errors
/// It cannot be written.
pub fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// Writes a file that must not be there yet, whole or not at all; never over another, whoever was quicker.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when the name is taken, by a symbolic link too.
pub fn create(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let write = |file: &mut File| file.write_all(bytes);
    place(path, durability, write, |beside| match fs::hard_link(beside, path) {
        Ok(()) => fs::remove_file(beside),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A medium without links: it was looked for a moment ago.
        Err(_) => fs::rename(beside, path),
    })
}

fn place<E: From<io::Error>>(
    path: &Path,
    durability: Durability,
    content: impl FnOnce(&mut File) -> Result<(), E>,
    take_name: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), E> {
    must_be_plain(path)?;
    let synced = durability == Durability::Synced && waits();
    let (beside, mut file) = beside(path)?;
    let written = content(&mut file).and_then(|()| {
        if synced {
            file.sync_all()?;
        }
        Ok(take_name(&beside)?)
    });
    match written {
        Ok(()) if synced => sync_folder(path),
        Ok(()) => {}
        Err(_) => {
            let _ = fs::remove_file(&beside); // the error that matters is the first
        }
    }
    written
}

/// Removes what programs that were killed left in a folder: files with a name that only [`replace`] and its like give, last
/// written before `before`. They hold what was to be written, keys of a card among it, and nobody reads them. The answer is
/// their paths. A folder that is not there has none.
///
/// # Errors
/// The folder cannot be read, or a file not be removed.
pub fn remove_leftovers(folder: &Path, before: SystemTime) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut removed = Vec::new();
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(is_beside) {
            continue;
        }
        // Whoever wrote it may take its name, or remove it, at this moment.
        let Ok(found) = fs::symlink_metadata(entry.path()) else { continue };
        if found.is_file() && found.modified()? < before {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                gone => gone.map(|()| removed.push(entry.path()))?,
            }
        }
    }
    Ok(removed)
}

/// Whether a file's name is one that [`beside`] gives.
fn is_beside(name: &str) -> bool {
    let parts = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".new"))
        .and_then(|name| name.rsplit_once('.'));
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    parts.is_some_and(|(of, random)| !of.is_empty() && random.len() == 16 && random.chars().all(is_digit))
}

/// A new file that nobody else has, in the folder of `path`: hidden, named after it, with 16 random digits.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}.new", hex::encode(random)));
    let beside = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let file = options.open(&beside)?;
    Ok((beside, file))
}
