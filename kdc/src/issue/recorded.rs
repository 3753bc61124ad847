//! Issuing with the journal around it: intent before the card is touched, outcome after.

use super::{IssueError, Issued, Observer, Personalisation};
use crate::ids::{Pins, Serial};
use crate::journal::{Journal, Outcome, Subject};
use crate::messages::{JournalError, RecordedError};
use crate::plan::{Master, Plan, Step};
use crate::source::KeySource;
use wire::channel::Channel;

/// What is to be issued, and what the operator allows.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The plan of the card.
    pub plan: &'a Plan,
    /// The chip that must stand in the slot; `None` for any.
    pub wanted: Option<Serial>,
    /// The PINs the card will have, for kinds that have some.
    pub pins: Pins<'a>,
    /// The master key to try when card and journal cannot tell; `None` leaves it to the journal.
    pub if_open: Option<Master>,
    /// Allows an authentication although the journal saw one try or none left.
    pub spend_last_try: bool,
    /// The time for the journal, as the house writes it (`YYYY-MM-DD hh:mm:ss`).
    pub at: &'a str,
}

/// How a recorded issue ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The card was issued now.
    Issued(Issued),
    /// The card was finished by a run whose outcome never reached the journal; now it has.
    Found(Subject),
}

/// Issues a card and keeps the journal.
///
/// The intent is on disk before the card changes, and so is the own master key once the card has taken it;
/// an interrupted run is finished by the same call. A refusal is recorded with its reason, after which
/// number and chip are free again. When card or reader went away nobody knows whether the last command was
/// done, perhaps the very last one: the intent then stays open, and number and chip stay reserved, until
/// the run is finished or [`Journal::conclude`] gives it up.
pub fn issue(
    order: &Order<'_>,
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    observer: &mut dyn Observer,
) -> Result<Recorded, RecordedError> {
    super::fits(order.plan, source, order.pins)?;
    let session = match Personalisation::probe(order.plan, channel, order.wanted) {
        Ok(session) => session,
        Err(error) => return found(order, journal, error),
    };
    let subject = subject(order.plan, session.serial());
    if let Some(tries) = journal.tries_left(subject.serial)?
        && tries <= 1
        && !order.spend_last_try
    {
        return Err(RecordedError::LastTry { serial: subject.serial, tries });
    }
    journal.intend(order.at, &subject)?;
    journal.note_plan(subject.serial, order.plan.version(), order.plan.ceiling())?;
    let noted = if journal.has_own_master(subject.serial)? { Master::Own } else { Master::Transport };
    let if_open = order.if_open.unwrap_or(noted);
    let mut noting = Noting { journal, at: order.at, serial: subject.serial, observer };
    match session.run(source, order.pins, if_open, &mut noting) {
        Ok(issued) => {
            let outcome = Outcome::Issued { keys: &issued.keys, apdus: issued.apdus };
            journal
                .conclude(order.at, &subject, outcome)
                .map_err(|source| RecordedError::NotRecorded { serial: subject.serial, source })?;
            Ok(Recorded::Issued(issued))
        }
        Err(error) if error.is_interruption() => Err(error.into()),
        Err(error) => {
            let outcome = Outcome::Failed { why: error.to_string(), tries_left: error.tries_left() };
            // The reason the card was refused matters more than a journal that cannot take it.
            let _ = journal.conclude(order.at, &subject, outcome);
            Err(error.into())
        }
    }
}

/// A finished card is an error, unless the journal still waits for the outcome of this very card.
fn found(order: &Order<'_>, journal: &mut Journal, error: IssueError) -> Result<Recorded, RecordedError> {
    if let IssueError::AlreadyIssued { serial, kind, number } = error {
        let subject = subject(order.plan, serial);
        if (kind, number) == (subject.kind, subject.number) && journal.awaits(&subject)? {
            journal.conclude(order.at, &subject, Outcome::Found)?;
            return Ok(Recorded::Found(subject));
        }
    }
    Err(error.into())
}

fn subject(plan: &Plan, serial: Serial) -> Subject {
    Subject {
        serial,
        kind: plan.kind(),
        number: plan.number(),
        region: plan.region(),
        suite: plan.suite(),
        state: plan.state(),
    }
}

/// Passes steps on and notes the own master.
struct Noting<'n> {
    journal: &'n mut Journal,
    at: &'n str,
    serial: Serial,
    observer: &'n mut dyn Observer,
}

impl Observer for Noting<'_> {
    fn step(&mut self, number: usize, total: usize, step: &Step) {
        self.observer.step(number, total, step);
    }

    fn own_master(&mut self) -> Result<(), JournalError> {
        self.journal.note_own_master(self.at, self.serial)?;
        self.observer.own_master()
    }
}
