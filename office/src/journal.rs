//! The journal of single acts: what was issued, in the office's store ([`crate::store`]).
//!
//! An intent is on the medium before a card is touched, an outcome after; whatever happens between, the next run
//! sees the open intent. The journal holds no secret: numbers, serials, check values and words. What was written is
//! never changed.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod outcome;

pub use crate::store::items::Happening;
pub use entry::{Entry, Event, KeyRecord, Subject};
pub use error::{Claim, JournalError};
pub use outcome::IntentEnd;

use crate::audit::Audit;
use crate::store::{Durability, Particulars, Store};
use issue::card::KeyCheck;
use issue::life::Passing;
use scheme::numbers::Serial;
use std::path::Path;

/// An open journal. While it is open no other process can issue from the same store.
#[derive(Debug)]
pub struct Journal {
    store: Store,
}

impl Journal {
    /// Opens the store at `path` to issue, or begins one. Fails when another process has it open.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Journal { store: Store::open(path, Durability::Now)? })
    }

    /// As [`Journal::open`], for a demonstration that is repeated as a whole when the machine stops: a killed
    /// program loses nothing, and all is on the medium after [`Journal::sync`].
    pub fn open_batch(path: &Path) -> Result<Self, JournalError> {
        Ok(Journal { store: Store::open(path, Durability::Soon)? })
    }

    /// The journal of a store that is open to issue.
    pub fn of(store: Store) -> Self {
        Journal { store }
    }

    /// With an audit log that is told of every outcome before the journal ([`Store::audited`]).
    pub fn audited(self, audit: Audit) -> Result<Self, JournalError> {
        Ok(Journal { store: self.store.audited(audit)? })
    }

    /// The store underneath.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Waits until everything is on the medium.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if let Some(audit) = self.store.audit() {
            audit.sync()?;
        }
        Ok(self.store.sync()?)
    }

    /// Number of cards issued.
    pub fn issued(&self) -> Result<i64, JournalError> {
        Ok(self.store.issued()?)
    }

    /// Whether an intent for this card is open.
    pub fn awaits(&self, subject: &Subject) -> Result<bool, JournalError> {
        Ok(self.store.awaits(subject)?)
    }

    /// Whether a run saw the chip take its own master key.
    pub fn has_own_master(&self, serial: Serial) -> Result<bool, JournalError> {
        Ok(self.store.chip(serial)?.is_some_and(|chip| chip.own_master))
    }

    /// Tries of the chip's master key left when a run was last refused; `None` after a success.
    pub fn tries_left(&self, serial: Serial) -> Result<Option<u8>, JournalError> {
        Ok(self.store.chip(serial)?.and_then(|chip| chip.tries))
    }

    /// Whether the card may be issued: neither its chip nor its number (of its kind) was issued before, and
    /// no other card is under way with either.
    pub fn check(&self, subject: &Subject) -> Result<(), JournalError> {
        self.store.check(subject)
    }

    /// Whether a number whose chip is at its end may go to this one, under a key version: it must rise.
    pub fn must_rise(&self, subject: &Subject, version: u8) -> Result<(), JournalError> {
        self.store.must_rise(subject, version)
    }

    /// Notes what its city tells a bank of a chip that becomes a card.
    pub fn note_plan(&mut self, serial: Serial, particulars: Particulars) -> Result<(), JournalError> {
        Ok(self.store.note_plan(serial, particulars)?)
    }

    /// Writes the intent to issue a card, after [`Journal::check`]. An intent that is already open for the
    /// same card goes on; it is written again with the new time.
    pub fn intend(&mut self, at: &str, subject: &Subject) -> Result<(), JournalError> {
        self.store.check_clock(at)?;
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
        outcome: IntentEnd<'_>,
    ) -> Result<(), JournalError> {
        if !self.awaits(subject)? {
            return Err(JournalError::NoIntent { serial: subject.serial });
        }
        if let Some(audit) = self.store.audit() {
            audit.witness(at, subject, &outcome)?;
        }
        let subject = *subject;
        self.add(
            at,
            match outcome {
                IntentEnd::Issued { keys, apdus } => {
                    Event::Issued { subject, keys: keys.iter().map(KeyRecord::from).collect(), apdus }
                }
                IntentEnd::Found => Event::Found { subject },
                IntentEnd::Failed { why, tries_left } => Event::Failed { subject, why, tries_left },
            },
        )
    }

    /// The passage of a chip whose outcome was never written.
    pub fn open_passage(&self, serial: Serial) -> Result<Option<Passing>, JournalError> {
        Ok(self.store.open_passage(serial)?)
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
        if let Some(audit) = self.store.audit() {
            audit.witness_event(at, &event)?;
        }
        Ok(self.store.happened(at, &event)?)
    }
}

/// All that happened by the store at `path`, in order.
pub fn read(path: &Path) -> Result<Vec<Happening>, JournalError> {
    Ok(Store::visit(path)?.happenings()?)
}
