//! The journal of what was issued: one file of JSON lines in the folder of a role.
//!
//! Lines are only ever added. An intent is written and synced before a card is touched, an outcome after;
//! whatever happens between, the next run sees the open intent. The journal holds no secret: numbers,
//! serials, check values and words.
//!
//! A crash can tear the last line. It is tolerated and named when the journal is opened, and the next line
//! written is preceded by one that says which lines were torn, so that the file explains itself for ever.

mod entry;
mod file;
mod index;

pub use crate::messages::JournalError;
pub use entry::{Entry, Event, KeyRecord, Passing, Subject};
pub use file::Torn;

use crate::audit::Audit;
use crate::ids::Serial;
use crate::issue::KeyCheck;
use file::LineFile;
use index::Index;
use std::path::Path;

/// How an intent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The card was issued.
    Issued {
        /// Its keys as seen at the end.
        keys: &'a [KeyCheck],
        /// Commands it took.
        apdus: u64,
    },
    /// The card was found issued; the run that did it never told.
    Found,
    /// The card was not issued.
    Failed {
        /// The reason, in words without secrets.
        why: String,
        /// Tries of the card's master key left, when it refused one.
        tries_left: Option<u8>,
    },
}

/// An open journal. While it is open no other process can open it.
#[derive(Debug)]
pub struct Journal {
    file: LineFile,
    index: Index,
    /// Told of every outcome before it stands here.
    audit: Option<Audit>,
}

impl Journal {
    /// Opens the journal at `path`, or begins one. Fails when another process has it open, or when a line
    /// other than a torn one cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_as(path, true)
    }

    /// As [`Journal::open`], for a batch that is repeated as a whole when the machine stops: lines are written
    /// at once, so that a killed program loses none, and are on the disk after [`Journal::sync`].
    pub fn open_batch(path: &Path) -> Result<Self, JournalError> {
        Self::open_as(path, false)
    }

    fn open_as(path: &Path, every_line: bool) -> Result<Self, JournalError> {
        let mut index = Index::default();
        let file = LineFile::open(path, every_line, |line, entry| index.take(line, entry))?;
        Ok(Journal { file, index, audit: None })
    }

    /// With an audit log that is told of every outcome before the journal: a card that was finished is never missing
    /// there. When the log takes no line the intent stays open, and the next run finds the card finished.
    pub fn audited(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Waits until every line is on the disk, of the audit log too.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if let Some(audit) = &mut self.audit {
            audit.sync()?;
        }
        self.file.sync()
    }

    /// The torn end of the file, if a crash left one.
    pub const fn torn(&self) -> Option<&Torn> {
        self.file.torn()
    }

    /// Number of cards issued.
    pub fn issued(&self) -> usize {
        self.index.issued()
    }

    /// Whether an intent for this card is open.
    pub fn awaits(&self, subject: &Subject) -> bool {
        self.index.awaits(subject)
    }

    /// Whether a run saw the chip take its own master key.
    pub fn has_own_master(&self, serial: Serial) -> bool {
        self.index.has_own_master(serial)
    }

    /// Tries of the chip's master key left when a run was last refused; `None` after a success.
    pub fn tries_left(&self, serial: Serial) -> Option<u8> {
        self.index.tries_left(serial)
    }

    /// Whether the card may be issued: neither its chip nor its number (of its kind) was issued before, and
    /// no other card is under way with either.
    pub fn check(&self, subject: &Subject) -> Result<(), JournalError> {
        self.index.check(subject)
    }

    /// Writes the intent to issue a card, after [`Journal::check`]. An intent that is already open for the
    /// same card goes on; it is written again with the new time.
    pub fn intend(&mut self, at: &str, subject: &Subject) -> Result<(), JournalError> {
        self.check(subject)?;
        self.add(at, Event::Intent { subject: *subject })
    }

    /// Notes that the chip took its own master key.
    pub fn note_own_master(&mut self, at: &str, serial: Serial) -> Result<(), JournalError> {
        self.add(at, Event::OwnMaster { serial })
    }

    /// Writes the outcome of an open intent. Also the way to give up a card that is lost or destroyed: an
    /// outcome `Failed` frees its number.
    pub fn conclude(
        &mut self,
        at: &str,
        subject: &Subject,
        outcome: Outcome<'_>,
    ) -> Result<(), JournalError> {
        if !self.awaits(subject) {
            return Err(JournalError::NoIntent { serial: subject.serial });
        }
        if let Some(audit) = &mut self.audit {
            audit.witness(at, subject, &outcome)?;
        }
        let subject = *subject;
        self.add(
            at,
            match outcome {
                Outcome::Issued { keys, apdus } => {
                    Event::Issued { subject, keys: keys.iter().map(KeyRecord::from).collect(), apdus }
                }
                Outcome::Found => Event::Found { subject },
                Outcome::Failed { why, tries_left } => Event::Failed { subject, why, tries_left },
            },
        )
    }

    /// The passage of a chip whose outcome was never written.
    pub fn open_passage(&self, serial: Serial) -> Option<Passing> {
        self.index.open_passage(serial)
    }

    /// Writes the intent of a passage in an ESAM's life.
    pub fn intend_passage(&mut self, at: &str, passing: &Passing) -> Result<(), JournalError> {
        self.add(at, Event::Passage { passing: *passing })
    }

    /// Writes that a passage was done, with the keys as seen afterwards.
    pub fn conclude_passage(
        &mut self,
        at: &str,
        passing: &Passing,
        keys: &[KeyCheck],
    ) -> Result<(), JournalError> {
        self.add(at, Event::Passed { passing: *passing, keys: keys.iter().map(KeyRecord::from).collect() })
    }

    /// Writes that a passage was refused: the card is as it was.
    pub fn fail_passage(
        &mut self,
        at: &str,
        passing: &Passing,
        why: &str,
        tries_left: Option<u8>,
    ) -> Result<(), JournalError> {
        self.add(at, Event::NotPassed { passing: *passing, why: why.to_owned(), tries_left })
    }

    /// Writes anything else that happened to a card once it was issued.
    pub fn note(&mut self, at: &str, event: Event) -> Result<(), JournalError> {
        self.add(at, event)
    }

    fn add(&mut self, at: &str, event: Event) -> Result<(), JournalError> {
        if let Some(audit) = &mut self.audit {
            audit.witness_event(at, &event)?;
        }
        let entry = Entry { at: at.to_owned(), event };
        let line = self.file.append(&entry)?;
        self.index.take(line, &entry);
        Ok(())
    }
}

/// Reads all entries of a journal without opening it for writing, with their line numbers (from 1). Torn
/// lines are left out.
pub fn read(path: &Path) -> Result<Vec<(u64, Entry)>, JournalError> {
    let mut entries = Vec::new();
    file::read(path, |line, entry| entries.push((line, entry.clone())))?;
    Ok(entries)
}
