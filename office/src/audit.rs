//! The audit log: who did what when, each line chained to the one before [docs/specs/audit.md].
//!
//! Lines are only ever added. Each carries the SHA-256 of itself and of the hash before it, so that a line that was
//! changed, removed or moved is found by reading the file alone. That the end was cut off is found with the head
//! file beside it, or, against somebody who changes both, with a head hash that was written down elsewhere. The log
//! holds no secret: names, numbers, check values and words.

mod entry;
mod error;
mod file;
mod verify;

pub use entry::{Act, Card, Entry, Hash, Outcome};
pub use error::{AuditError, AuditFinding};
pub use file::Torn;
pub use verify::{Anchor, Report, verify, verify_against};

use crate::batch::{Done, Outcome as BatchOutcome, Summary};
use crate::journal::{self, Event, Subject};
use file::LogFile;
use issue::life::Passing;
use scheme::numbers::{CheckValue, DeviceNumber};
use scheme::profile::CardKind;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of a party's log in its folder.
pub const LOG: &str = "audit.jsonl";

/// Where a log ends: how many lines it has, and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Lines.
    pub lines: u64,
    /// Hash of the last line; zeros for an empty log.
    pub hash: Hash,
}

/// The head file of a log: `audit.head` beside `audit.jsonl`.
pub fn head_path(log: &Path) -> PathBuf {
    log.with_extension("head")
}

/// Where the log at `path` ends, as its head file says; `None` without one.
pub fn head_of(path: &Path) -> Result<Option<Head>, AuditError> {
    file::read_head(path)
}

/// An open log. While it is open no other process can open it.
#[derive(Debug)]
pub struct Audit {
    file: LogFile,
    who: String,
    /// Time of the last act, which no later one may precede.
    last: Option<String>,
    /// The time the clock fell behind, when that was allowed.
    behind: Option<String>,
}

impl Audit {
    /// Opens the log at `path`, or begins one, for acts of `who`. With `every_line` each line is on the disk before
    /// the next act; otherwise at [`Audit::sync`].
    ///
    /// # Errors
    /// Another process has it open; its end is not what the head file says.
    pub fn open(path: &Path, who: &str, every_line: bool) -> Result<Self, AuditError> {
        let (file, last) = LogFile::open(path, every_line)?;
        let last = last.map(|entry| match entry.act {
            // An act that a clock refused did not set a time.
            Act::Clock => entry.behind.unwrap_or(entry.at),
            _ => entry.at,
        });
        Ok(Audit { file, who: who.to_owned(), last, behind: None })
    }

    /// The torn end of the file, if a crash left one; the next line explains it.
    pub const fn torn(&self) -> Option<&Torn> {
        self.file.torn()
    }

    /// Where the log ends.
    pub const fn head(&self) -> Head {
        self.file.head()
    }

    /// Compares the end with what somebody else keeps of this log. A log that grew since is read by `audit verify` alone.
    ///
    /// # Errors
    /// The log is shorter, or its line of that number another one.
    pub fn must_have(&self, by: &str, kept: Head) -> Result<(), AuditError> {
        let head = self.head();
        if kept.lines < head.lines || kept == head {
            return Ok(());
        }
        let path = self.file.path().to_owned();
        Err(AuditError::Vouched { path, by: by.to_owned(), kept: kept.lines, found: head.lines })
    }

    /// Looks at the clock before an act. One that went back is logged with both times, and refused unless `allowed`.
    pub fn clock(&mut self, at: &str, allowed: bool) -> Result<(), AuditError> {
        let Some(last) = self.last.clone().filter(|last| at < last.as_str()) else { return Ok(()) };
        self.behind = Some(last.clone());
        if allowed {
            return Ok(());
        }
        let refused = Outcome::Refused { why: "the clock went back".to_owned() };
        self.add(at, Act::Clock, None, &[], refused, &[])?;
        Err(AuditError::ClockBack { last, now: at.to_owned() })
    }

    /// Adds a line: an act and how it ended. `facts` are words without secrets.
    pub fn add(
        &mut self,
        at: &str,
        act: Act,
        card: Option<Card>,
        keys: &[(String, CheckValue)],
        outcome: Outcome,
        facts: &[(&str, String)],
    ) -> Result<(), AuditError> {
        let clock = act == Act::Clock;
        let behind = self.behind.clone().filter(|last| at < last.as_str());
        let entry = Entry {
            no: 0,
            at: at.to_owned(),
            behind,
            who: self.who.clone(),
            act,
            card,
            check_values: keys.iter().cloned().collect(),
            outcome,
            facts: facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            prev: Hash::default(),
        };
        self.file.append(entry)?;
        if !clock {
            self.last = Some(at.to_owned());
        }
        Ok(())
    }

    /// Adds the line for the outcome of a card, before it stands in the journal.
    pub fn witness(
        &mut self,
        at: &str,
        subject: &Subject,
        outcome: &journal::Outcome<'_>,
    ) -> Result<(), AuditError> {
        let (outcome, keys, facts) = match outcome {
            journal::Outcome::Issued { keys, apdus } => {
                let keys = keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
                (Outcome::Done, keys, vec![("apdus", apdus.to_string())])
            }
            journal::Outcome::Found => {
                (Outcome::Done, Vec::new(), vec![("found", "finished by an earlier run".to_owned())])
            }
            journal::Outcome::Failed { why, tries_left } => {
                let tries = tries_left.map(|tries| ("tries_left", tries.to_string()));
                (Outcome::Refused { why: why.clone() }, Vec::new(), tries.into_iter().collect())
            }
        };
        self.add(at, Act::Issue, Some(subject.into()), &keys, outcome, &facts)
    }

    /// Adds the line for a line of a batch, before the store keeps it.
    pub(crate) fn witness_line(
        &mut self,
        at: &str,
        batch: &Summary,
        line: &BatchOutcome,
    ) -> Result<(), AuditError> {
        let (serial, outcome, keys) = match &line.done {
            Done::Good(good) => (good.serial, Outcome::Done, good.keys.as_slice()),
            Done::Spoiled { serial, why, .. } => (*serial, Outcome::Refused { why: why.clone() }, &[][..]),
        };
        let card = Card {
            kind: batch.kind.name().to_owned(),
            number: Some(line.number.to_string()),
            serial: Some(serial.to_string()),
            region: Some(batch.region.clone()),
        };
        let keys: Vec<_> = keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
        let facts = [("batch", batch.id.to_string()), ("line", line.line.to_string())];
        self.add(at, Act::Issue, Some(card), &keys, outcome, &facts)
    }

    /// Adds the line for what else happens to a card in its life; intents and notes are the journal's own business.
    pub(crate) fn witness_event(&mut self, at: &str, event: &Event) -> Result<(), AuditError> {
        let card = |kind: CardKind, number: DeviceNumber| Card {
            kind: kind.name().to_owned(),
            number: Some(number.to_string()),
            serial: None,
            region: None,
        };
        let other = |act: &str| Act::Other(act.to_owned());
        match event {
            Event::Passed { passing, keys } => {
                let keys: Vec<_> =
                    keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
                self.add(at, other("life"), Some(passing.into()), &keys, Outcome::Done, &passed(passing))
            }
            Event::NotPassed { passing, why, .. } => {
                let outcome = Outcome::Refused { why: why.clone() };
                self.add(at, other("life"), Some(passing.into()), &[], outcome, &passed(passing))
            }
            Event::Revoked { kind, number, why } => {
                let facts = [("why", why.clone())];
                self.add(at, other("revoke"), Some(card(*kind, *number)), &[], Outcome::Done, &facts)
            }
            Event::Pairing { number } => {
                let psam = card(CardKind::Psam, *number);
                self.add(at, other("pairing"), Some(psam), &[], Outcome::Done, &[])
            }
            Event::Paired { number } => {
                let psam = card(CardKind::Psam, *number);
                self.add(at, other("pair"), Some(psam), &[], Outcome::Done, &[])
            }
            Event::Limit { kind, number, limit } => {
                let facts = [("limit", limit.map_or("none".to_owned(), |limit| limit.to_string()))];
                self.add(at, other("limit"), Some(card(*kind, *number)), &[], Outcome::Done, &facts)
            }
            Event::Retired { kind, number, serial } => {
                let card = Card { serial: Some(serial.to_string()), ..card(*kind, *number) };
                self.add(at, other("retire"), Some(card), &[], Outcome::Done, &[])
            }
            _ => Ok(()),
        }
    }

    /// Waits until every line is on the disk, and sets the head file.
    pub fn sync(&mut self) -> Result<(), AuditError> {
        self.file.sync()
    }
}

impl From<&Subject> for Card {
    fn from(subject: &Subject) -> Self {
        Card {
            kind: subject.kind.name().to_owned(),
            number: Some(subject.number.to_string()),
            serial: Some(subject.serial.to_string()),
            region: Some(subject.region.to_string()),
        }
    }
}

impl From<&Passing> for Card {
    fn from(passing: &Passing) -> Self {
        Card {
            kind: CardKind::Esam.name().to_owned(),
            number: Some(passing.number.to_string()),
            serial: Some(passing.serial.to_string()),
            region: Some(passing.region.to_string()),
        }
    }
}

/// What is to be known of a passage in an ESAM's life.
fn passed(passing: &Passing) -> [(&'static str, String); 4] {
    [
        ("passage", passing.act.words().to_owned()),
        ("from_version", passing.from_version.to_string()),
        ("to_version", passing.to_version.to_string()),
        ("forfeit_fen", passing.forfeit_fen.to_string()),
    ]
}

/// Check values of an entry, by name.
type CheckValues = BTreeMap<String, CheckValue>;

/// Whether a chain of causes holds what a log itself had to say.
pub fn is_in<'e>(mut chain: impl Iterator<Item = &'e (dyn std::error::Error + 'static)>) -> bool {
    use crate::journal::JournalError;
    use crate::store::StoreError;
    chain.any(|cause| {
        cause.downcast_ref::<AuditError>().is_some()
            || matches!(cause.downcast_ref(), Some(StoreError::Audit(_)))
            || matches!(
                cause.downcast_ref(),
                Some(JournalError::Audit(_) | JournalError::Store(StoreError::Audit(_)))
            )
    })
}
