//! What the journal's lines come to: which chips and numbers are taken, and by what.

use super::entry::{Entry, Event, Passing, Subject};
use crate::ids::{DeviceNumber, Serial};
use crate::messages::JournalError;
use std::collections::{HashMap, HashSet};
use wire::profile::CardKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// An intent is open.
    Open,
    Issued,
}

/// A claim on a chip and a number, and the line that made it.
#[derive(Debug, Clone, Copy)]
struct Claim {
    subject: Subject,
    stage: Stage,
    line: u64,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    /// By chip; a chip is in here while its intent is open and for ever once it was issued.
    claims: HashMap<Serial, Claim>,
    /// The chip that claims a number of a kind.
    numbers: HashMap<(CardKind, DeviceNumber), Serial>,
    /// Chips that hold their own master key.
    own_master: HashSet<Serial>,
    tries: HashMap<Serial, u8>,
    issued: usize,
    /// Passages begun and not concluded, by chip.
    passages: HashMap<Serial, Passing>,
}

impl Index {
    pub(super) fn take(&mut self, line: u64, entry: &Entry) {
        match &entry.event {
            Event::Intent { subject } => self.claim(*subject, Stage::Open, line),
            Event::OwnMaster { serial } => {
                self.own_master.insert(*serial);
                self.tries.remove(serial);
            }
            Event::Issued { subject, .. } | Event::Found { subject } => {
                self.claim(*subject, Stage::Issued, line);
                self.issued += 1;
            }
            Event::Failed { subject, tries_left, .. } => self.fail(subject, *tries_left),
            Event::Passage { passing } => {
                self.passages.insert(passing.serial, *passing);
            }
            Event::NotPassed { passing, tries_left, .. } => {
                self.passages.remove(&passing.serial);
                if let Some(tries) = tries_left {
                    self.tries.insert(passing.serial, *tries);
                }
            }
            Event::Passed { passing, .. } => {
                self.passages.remove(&passing.serial);
                self.tries.remove(&passing.serial);
            }
            Event::Revoked { .. } | Event::Limit { .. } | Event::Torn { .. } => {}
        }
    }

    fn claim(&mut self, subject: Subject, stage: Stage, line: u64) {
        self.claims.insert(subject.serial, Claim { subject, stage, line });
        self.numbers.insert((subject.kind, subject.number), subject.serial);
        if stage == Stage::Issued {
            self.tries.remove(&subject.serial);
        }
    }

    fn fail(&mut self, subject: &Subject, tries_left: Option<u8>) {
        self.claims.remove(&subject.serial);
        self.numbers.remove(&(subject.kind, subject.number));
        if let Some(tries) = tries_left {
            self.tries.insert(subject.serial, tries);
        }
    }

    pub(super) const fn issued(&self) -> usize {
        self.issued
    }

    pub(super) fn awaits(&self, subject: &Subject) -> bool {
        self.claims
            .get(&subject.serial)
            .is_some_and(|claim| claim.stage == Stage::Open && claim.subject == *subject)
    }

    pub(super) fn has_own_master(&self, serial: Serial) -> bool {
        self.own_master.contains(&serial)
    }

    pub(super) fn open_passage(&self, serial: Serial) -> Option<Passing> {
        self.passages.get(&serial).copied()
    }

    pub(super) fn tries_left(&self, serial: Serial) -> Option<u8> {
        self.tries.get(&serial).copied()
    }

    pub(super) fn check(&self, subject: &Subject) -> Result<(), JournalError> {
        if let Some(claim) = self.claims.get(&subject.serial) {
            let Claim { subject: other, line, stage } = *claim;
            match stage {
                Stage::Issued => return Err(JournalError::ChipIssued { other, line }),
                Stage::Open if other != *subject => return Err(JournalError::ChipUnderWay { other, line }),
                Stage::Open => {}
            }
        }
        let holder =
            self.numbers.get(&(subject.kind, subject.number)).filter(|serial| **serial != subject.serial);
        if let Some(claim) = holder.and_then(|serial| self.claims.get(serial)) {
            let Claim { subject: other, line, stage } = *claim;
            return Err(match stage {
                Stage::Issued => JournalError::NumberIssued { other, line },
                Stage::Open => JournalError::NumberUnderWay { other, line },
            });
        }
        Ok(())
    }
}
