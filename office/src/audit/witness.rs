//! The lines for what happens to cards, before the store keeps it.

use super::entry::{Card, Ending, LogEvent};
use super::error::AuditError;
use super::log::Audit;
use crate::batch::parts::{Done, LineEnd, Summary};
use crate::journal::entry::{Event, Subject};
use crate::journal::outcome::IntentEnd;
use issue::life::Passing;
use scheme::numbers::DeviceNumber;
use scheme::profile::CardKind;

impl Audit {
    /// Adds the line for the outcome of a card, before it stands in the journal.
    pub fn witness(
        &mut self,
        at: &str,
        subject: &Subject,
        outcome: &IntentEnd<'_>,
    ) -> Result<(), AuditError> {
        let (outcome, keys, facts) = match outcome {
            IntentEnd::Issued { keys, apdus } => {
                let keys = keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
                (Ending::Done, keys, vec![("apdus", apdus.to_string())])
            }
            IntentEnd::Found => {
                (Ending::Done, Vec::new(), vec![("found", "finished by an earlier run".to_owned())])
            }
            IntentEnd::Failed { why, tries_left } => {
                let tries = tries_left.map(|tries| ("tries_left", tries.to_string()));
                (Ending::Refused { why: why.clone() }, Vec::new(), tries.into_iter().collect())
            }
        };
        self.add(at, LogEvent::Issue, Some(subject.into()), &keys, outcome, &facts)
    }

    /// Adds the line for a line of a batch, before the store keeps it.
    pub(crate) fn witness_line(
        &mut self,
        at: &str,
        batch: &Summary,
        line: &LineEnd,
    ) -> Result<(), AuditError> {
        let (serial, outcome, keys) = match &line.done {
            Done::Good(good) => (good.serial, Ending::Done, good.keys.as_slice()),
            Done::Spoiled { serial, why, .. } => (*serial, Ending::Refused { why: why.clone() }, &[][..]),
        };
        let card = Card {
            kind: batch.kind.name().to_owned(),
            number: Some(line.number.to_string()),
            serial: Some(serial.to_string()),
            region: Some(batch.region.clone()),
        };
        let keys: Vec<_> = keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
        let facts = [("batch", batch.id.to_string()), ("line", line.line.to_string())];
        self.add(at, LogEvent::Issue, Some(card), &keys, outcome, &facts)
    }

    /// Adds the line for what else happens to a card in its life; intents and notes are the journal's own business.
    pub(crate) fn witness_event(&mut self, at: &str, event: &Event) -> Result<(), AuditError> {
        let card = |kind: CardKind, number: DeviceNumber| Card {
            kind: kind.name().to_owned(),
            number: Some(number.to_string()),
            serial: None,
            region: None,
        };
        let other = |act: &str| LogEvent::Other(act.to_owned());
        match event {
            Event::Passed { passing, keys } => {
                let keys: Vec<_> =
                    keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect();
                self.add(at, other("life"), Some(passing.into()), &keys, Ending::Done, &passed(passing))
            }
            Event::NotPassed { passing, why, .. } => {
                let outcome = Ending::Refused { why: why.clone() };
                self.add(at, other("life"), Some(passing.into()), &[], outcome, &passed(passing))
            }
            Event::Revoked { kind, number, why } => {
                let facts = [("why", why.clone())];
                self.add(at, other("revoke"), Some(card(*kind, *number)), &[], Ending::Done, &facts)
            }
            Event::Pairing { number } => {
                let psam = card(CardKind::Psam, *number);
                self.add(at, other("pairing"), Some(psam), &[], Ending::Done, &[])
            }
            Event::Paired { number } => {
                let psam = card(CardKind::Psam, *number);
                self.add(at, other("pair"), Some(psam), &[], Ending::Done, &[])
            }
            Event::Limit { kind, number, limit } => {
                let facts = [("limit", limit.map_or("none".to_owned(), |limit| limit.to_string()))];
                self.add(at, other("limit"), Some(card(*kind, *number)), &[], Ending::Done, &facts)
            }
            Event::Retired { kind, number, serial } => {
                let card = Card { serial: Some(serial.to_string()), ..card(*kind, *number) };
                self.add(at, other("retire"), Some(card), &[], Ending::Done, &[])
            }
            _ => Ok(()),
        }
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
