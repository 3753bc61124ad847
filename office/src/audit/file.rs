//! The file under the log, and its head file.

use super::entry::{self, Ending, Entry, Hash, LogEvent};
use super::error::AuditError;
use super::head::{Head, head_path};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much of the end is looked at: many times the longest line.
const TAIL: u64 = 256 * 1024;
/// How often another process is waited for.
const PATIENCE: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes at the end of the file that a crash tore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, which the line that explains them keeps.
    pub hash: Hash,
}

#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    path: PathBuf,
    every_line: bool,
    head: Head,
    torn: Option<Torn>,
    /// The torn bytes have no line end.
    open_end: bool,
    /// Lines were written that nobody waited for.
    unsynced: bool,
    /// Where the file ends.
    end: u64,
}

impl LogFile {
    /// Opens the log and gives its last entry.
    pub(super) fn open(path: &Path, every_line: bool) -> Result<(Self, Option<Entry>), AuditError> {
        let fail =
            |doing: &'static str| move |source| AuditError::Io { path: path.to_owned(), doing, source };
        let mut file = disk::open_to_append(path).map_err(fail("open"))?;
        lock(&file, path)?;
        let (tail, whole) = tail(&mut file).map_err(fail("read"))?;
        let end = last_line(&tail);
        let (entry, head, rest) = match end {
            Some((read, rest)) => {
                let head = Head { lines: read.entry.no, hash: read.stated };
                (Some(read.entry), head, rest)
            }
            // Nothing readable in so much of the end: no crash tears that.
            None if !whole => return Err(AuditError::End { path: path.to_owned() }),
            None => (None, Head { lines: 0, hash: Hash::default() }, tail.as_slice()),
        };
        let torn = (!rest.is_empty()).then(|| Torn { bytes: rest.len() as u64, hash: Hash::of(rest) });
        let open_end = tail.last().is_some_and(|last| *last != b'\n');
        let end = file.metadata().map_err(fail("read"))?.len();
        let log =
            LogFile { file, path: path.to_owned(), every_line, head, torn, open_end, unsynced: false, end };
        log.compare()?;
        Ok((log, entry))
    }

    /// The end of the log against the head file.
    fn compare(&self) -> Result<(), AuditError> {
        let Some(kept) = read_head(&self.path)? else {
            // The first head is set before the first line, so a log with lines has one.
            return match self.head.lines {
                0 => write_head(&self.path, self.head).map_err(|source| AuditError::Io {
                    path: head_path(&self.path),
                    doing: "keep",
                    source,
                }),
                _ => Err(AuditError::HeadGone { path: self.path.clone() }),
            };
        };
        let same_line = kept.lines == self.head.lines;
        if kept.lines > self.head.lines || (same_line && kept.hash != self.head.hash) {
            return Err(AuditError::Head {
                path: self.path.clone(),
                kept: kept.lines,
                found: self.head.lines,
            });
        }
        Ok(())
    }

    pub(super) const fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Adds a line with its number and chain; before it, if need be, the line that explains torn bytes.
    pub(super) fn append(&mut self, entry: Entry) -> Result<(), AuditError> {
        let mut text = Vec::new();
        let mut head = self.head;
        if self.open_end {
            text.push(b'\n');
        }
        if let Some(torn) = self.torn {
            let facts = [("bytes", torn.bytes.to_string()), ("sha256", torn.hash.to_string())];
            let mending = Entry {
                act: LogEvent::Torn,
                card: None,
                check_values: BTreeMap::new(),
                outcome: Ending::Done,
                facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
                ..entry.clone()
            };
            push(&mut text, &mut head, mending).map_err(|source| self.fail("write", source.into()))?;
        }
        push(&mut text, &mut head, entry).map_err(|source| self.fail("write", source.into()))?;
        if let Err(source) = self.file.write_all(&text) {
            // What came of a line that is not whole goes, so that it can be written again. Where it cannot go, it is torn.
            let grew = self.file.metadata().map_or(true, |now| now.len() > self.end);
            self.open_end |= grew && self.file.set_len(self.end).is_err();
            return Err(self.fail("write", source));
        }
        self.end += text.len() as u64;
        self.open_end = false;
        self.torn = None;
        self.head = head;
        self.unsynced = true;
        if self.every_line { self.sync() } else { Ok(()) }
    }

    pub(super) fn sync(&mut self) -> Result<(), AuditError> {
        if disk::waits() {
            self.file.sync_data().map_err(|source| self.fail("keep", source))?;
        }
        self.unsynced = false;
        write_head(&self.path, self.head).map_err(|source| AuditError::Io {
            path: head_path(&self.path),
            doing: "keep",
            source,
        })
    }

    fn fail(&self, doing: &'static str, source: std::io::Error) -> AuditError {
        AuditError::Io { path: self.path.clone(), doing, source }
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        // Lines that were not waited for are there all the same, unless the machine stops now.
        if self.unsynced {
            let _ = self.sync();
        }
        let _ = self.file.unlock();
    }
}

/// Other commands hold the log for a moment only, or, in a batch, for long.
fn lock(file: &File, path: &Path) -> Result<(), AuditError> {
    for _ in 0..PATIENCE {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => {
                return Err(AuditError::Io { path: path.to_owned(), doing: "lock", source });
            }
        }
    }
    Err(AuditError::Busy { path: path.to_owned() })
}

/// The end of a file from the beginning of a line, and whether that is all of it.
fn tail(file: &mut File) -> std::io::Result<(Vec<u8>, bool)> {
    let len = file.metadata()?.len();
    let from = len.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if from > 0 {
        let begin = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..begin);
    }
    Ok((bytes, from == 0))
}

/// The last line that is in itself as it was written, and what follows it. Of a whole line a crash may have torn off the
/// line end alone.
fn last_line(tail: &[u8]) -> Option<(entry::Read, &[u8])> {
    let mut end = tail.len();
    loop {
        let begin = tail[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
        if let Some(read) = entry::read(&tail[begin..end])
            && read.stated == read.computed
        {
            let rest = &tail[end..];
            return Some((read, rest.strip_prefix(b"\n").unwrap_or(rest)));
        }
        end = begin.checked_sub(1)?;
    }
}

fn push(text: &mut Vec<u8>, head: &mut Head, entry: Entry) -> Result<(), serde_json::Error> {
    let entry = Entry { no: head.lines + 1, prev: head.hash, ..entry };
    let (line, hash) = entry::line(&entry)?;
    text.extend_from_slice(&line);
    *head = Head { lines: entry.no, hash };
    Ok(())
}

/// The head file of a log; `None` when there is none.
pub(super) fn read_head(log: &Path) -> Result<Option<Head>, AuditError> {
    let path = head_path(log);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AuditError::Io { path, doing: "read", source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| AuditError::HeadFile { path, source })
}

/// Whole or not at all.
fn write_head(log: &Path, head: Head) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(&head)?;
    text.push(b'\n');
    disk::replace(&head_path(log), &text, disk::Durability::Synced)
}

#[cfg(test)]
mod tests {
    use super::{Ending, Entry, Hash, LogEvent, LogFile};

    fn entry(who: &str) -> Entry {
        Entry {
            no: 0,
            at: "2026-11-28T10:00:00+08:00".to_owned(),
            behind: None,
            who: who.to_owned(),
            act: LogEvent::Torn,
            card: None,
            check_values: Default::default(),
            outcome: Ending::Done,
            facts: Default::default(),
            prev: Hash::default(),
        }
    }

    /// Nothing of a line that is refused is left, and the same line is written when the file takes it.
    #[test]
    fn a_line_that_could_not_be_written_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let (mut log, _) = LogFile::open(&path, false).expect("a log");
        log.append(entry("first")).expect("written");
        let before = (log.head(), std::fs::read(&path).expect("a file"));
        let whole = std::mem::replace(&mut log.file, std::fs::File::open(&path).expect("to read alone"));
        assert!(log.append(entry("second")).is_err());
        assert_eq!((log.head(), std::fs::read(&path).expect("a file")), before);
        log.file = whole;
        log.append(entry("second")).expect("written");
        log.sync().expect("kept");
        drop(log);
        let (log, last) = LogFile::open(&path, false).expect("a sound log");
        assert_eq!((log.head().lines, last.map(|last| last.who)), (2, Some("second".to_owned())));
        assert!(log.torn().is_none());
    }
}
