//! The file under the journal: whole lines, synced, only ever added.

use super::entry::{Entry, Event};
use crate::messages::JournalError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Lines at the end of the file that a crash tore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// First torn line, from 1.
    pub from: u64,
    /// Last torn line; more than one when a crash tore the mending of another.
    pub to: u64,
}

/// What reading a file came to.
#[derive(Default)]
struct Shape {
    /// Lines in the file, torn ones counted.
    lines: u64,
    torn: Option<Torn>,
    /// The last line has no line end.
    open_end: bool,
}

#[derive(Debug)]
pub(super) struct LineFile {
    file: File,
    /// Every line is on the disk before the next act; else at [`LineFile::sync`].
    every_line: bool,
    path: PathBuf,
    lines: u64,
    torn: Option<Torn>,
    open_end: bool,
}

impl LineFile {
    pub(super) fn open(
        path: &Path,
        every_line: bool,
        each: impl FnMut(u64, &Entry),
    ) -> Result<Self, JournalError> {
        let fail =
            |doing: &'static str| move |source| JournalError::Io { path: path.to_owned(), doing, source };
        let new = !path.exists();
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(fail("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(fail("lock")(source)),
        }
        if new {
            sync_folder(path).map_err(fail("keep"))?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail("read"))?;
        let shape = parse(path, &bytes, each)?;
        Ok(LineFile {
            file,
            every_line,
            path: path.to_owned(),
            lines: shape.lines,
            torn: shape.torn,
            open_end: shape.open_end,
        })
    }

    /// Waits until all lines are on the disk.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            doing: "keep",
            source,
        })
    }

    pub(super) const fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// Adds a line, and before it the line that explains torn ones; returns the number of the new line once
    /// it is on the disk.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<u64, JournalError> {
        let fail = |doing: &'static str, source| JournalError::Io { path: self.path.clone(), doing, source };
        let mut text = Vec::new();
        let mut lines = self.lines;
        if self.open_end {
            text.push(b'\n');
        }
        if let Some(Torn { from, to }) = self.torn {
            push_line(&mut text, &Entry { at: entry.at.clone(), event: Event::Torn { from, to } })
                .map_err(|source| fail("write", source.into()))?;
            lines += 1;
        }
        push_line(&mut text, entry).map_err(|source| fail("write", source.into()))?;
        lines += 1;
        // If this fails half way the file ends in a torn line that this value does not know of; the caller
        // gets an error and the next open finds it.
        self.file.write_all(&text).map_err(|source| fail("write", source))?;
        if self.every_line {
            self.file.sync_data().map_err(|source| fail("keep", source))?;
        }
        self.open_end = false;
        self.torn = None;
        self.lines = lines;
        Ok(lines)
    }
}

impl Drop for LineFile {
    /// Closing alone would leave the lock to a child process that was forked at this moment.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Reads a file without keeping it open.
pub(super) fn read(path: &Path, each: impl FnMut(u64, &Entry)) -> Result<(), JournalError> {
    let bytes = std::fs::read(path).map_err(|source| JournalError::Io {
        path: path.to_owned(),
        doing: "read",
        source,
    })?;
    parse(path, &bytes, each).map(drop)
}

/// A new file's name is only safe once its folder is on the disk.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Folders cannot be opened as files everywhere; where they cannot, there is nothing to sync.
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}

fn push_line(text: &mut Vec<u8>, entry: &Entry) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *text, entry)?;
    text.push(b'\n');
    Ok(())
}

/// Reads all lines. A run of unreadable lines is torn when it stands at the end, or when the next readable
/// line says so; anywhere else it is an error, because somebody changed the file.
fn parse(path: &Path, bytes: &[u8], mut each: impl FnMut(u64, &Entry)) -> Result<Shape, JournalError> {
    let mut shape = Shape { open_end: bytes.last().is_some_and(|last| *last != b'\n'), ..Shape::default() };
    let mut bad: Option<(Torn, serde_json::Error)> = None;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(shape);
    }
    for line in body.split(|byte| *byte == b'\n') {
        shape.lines += 1;
        let number = shape.lines;
        match (serde_json::from_slice::<Entry>(line), bad.take()) {
            (Err(error), None) => bad = Some((Torn { from: number, to: number }, error)),
            (Err(_), Some((torn, first))) => bad = Some((Torn { to: number, ..torn }, first)),
            (Ok(entry), None) => each(number, &entry),
            (Ok(entry), Some((torn, first))) => {
                if entry.event != (Event::Torn { from: torn.from, to: torn.to }) {
                    return Err(JournalError::Line { path: path.to_owned(), line: torn.from, source: first });
                }
                each(number, &entry);
            }
        }
    }
    shape.torn = bad.map(|(torn, _)| torn);
    Ok(shape)
}
