//! Issuing with the journal around it: intent before the card is touched, outcome after.

use crate::journal::{IntentEnd, Journal, JournalError, Subject};
use crate::store::Particulars;
use issue::card::{IfOpen, IssueError, Issued, KeyCheck, NotNoted, Observer, Personalisation, fits};
use issue::plan::{Master, Plan, Step};
use issue::source::KeySource;
use keys::Role;
use reader::driver::fmcos::Fmcos;
use reader::error::{CardError, tries_words};
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::{CheckValue, Serial};
use scheme::pin::Pins;
use scheme::profile::Recipient;
use wire::channel::Channel;

/// Why an issue with a journal did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The card was not issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The journal forbids it or could not be written before the card was touched.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The last try of the master key would be spent.
    #[error("the master key of card {serial} has {}; a wrong one would block the card for good", tries_words(*tries))]
    LastTry {
        /// Serial of the chip.
        serial: Serial,
        /// Tries left by the journal.
        tries: u8,
    },
    /// The card was issued, but the journal could not be written.
    #[error("the card {serial} was issued, but that could not be recorded: {source}")]
    NotRecorded {
        /// Serial of the chip.
        serial: Serial,
        /// Why not.
        source: JournalError,
    },
}

impl Fault for RecordedError {
    fn kind(&self) -> Kind {
        match self {
            RecordedError::LastTry { .. } => Kind::Security,
            RecordedError::Issue(error) => error.kind(),
            RecordedError::Journal(error) | RecordedError::NotRecorded { source: error, .. } => error.kind(),
        }
    }

    fn hint(&self) -> Hint {
        match self {
            RecordedError::Issue(error) => error.hint(),
            RecordedError::Journal(error) => error.hint(),
            RecordedError::LastTry { .. } => {
                Some("allow it with --spend-last-try if the reason is understood".into())
            }
            RecordedError::NotRecorded { .. } => {
                Some("make the journal writable and run the same command with the same card again".into())
            }
        }
    }

    fn code(&self) -> &str {
        match self {
            RecordedError::Issue(error) => error.code(),
            RecordedError::Journal(error) => error.code(),
            RecordedError::LastTry { .. } => "recorded-last-try",
            RecordedError::NotRecorded { .. } => "recorded-not-recorded",
        }
    }
}

/// What is to be issued, and what the operator allows.
#[derive(Debug, Clone, Copy)]
pub struct WorkOrder<'a> {
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
    /// The card was finished by a run whose outcome never reached the journal; now it has. Its keys are those it shows,
    /// and no command was needed.
    Found(Issued),
}

/// Issues a card and keeps the journal.
///
/// The intent is on disk before the card changes, and so is the own master key once the card has taken it;
/// an interrupted run is finished by the same call. A refusal is recorded with its reason, after which
/// number and chip are free again. When card or reader went away nobody knows whether the last command was
/// done, perhaps the very last one: the intent then stays open, and number and chip stay reserved, until
/// the run is finished or [`Journal::conclude`] gives it up.
pub fn issue(
    order: &WorkOrder<'_>,
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    observer: &mut dyn Observer,
) -> Result<Recorded, RecordedError> {
    fits(order.plan, source, order.pins)?;
    let session = match Personalisation::probe(order.plan, &mut *channel, order.wanted) {
        Ok(session) => session,
        Err(error) => return found(order, channel, journal, error),
    };
    let subject = subject(order.plan, session.serial());
    let tries = match session.tries_left() {
        Some(tries) => Some(tries),
        None => journal.tries_left(subject.serial)?,
    };
    if let Some(tries) = tries
        && tries <= 1
        && !order.spend_last_try
    {
        return Err(RecordedError::LastTry { serial: subject.serial, tries });
    }
    journal.must_rise(&subject, order.plan.version())?;
    journal.intend(order.at, &subject)?;
    journal.note_plan(subject.serial, Particulars::of(order.plan))?;
    let noted = if journal.has_own_master(subject.serial)? { Master::Own } else { Master::Transport };
    let if_open = order.if_open.map_or(IfOpen { first: noted, then_other: true }, IfOpen::from);
    let mut noting = Noting { journal, at: order.at, serial: subject.serial, observer };
    match session.run(source, order.pins, if_open, &mut noting) {
        Ok(issued) => {
            let outcome = IntentEnd::Issued { keys: &issued.keys, apdus: issued.apdus };
            journal
                .conclude(order.at, &subject, outcome)
                .map_err(|source| RecordedError::NotRecorded { serial: subject.serial, source })?;
            Ok(Recorded::Issued(issued))
        }
        Err(error) if error.is_interruption() => Err(error.into()),
        Err(error) => {
            let outcome = IntentEnd::Failed { why: error.to_string(), tries_left: error.tries_left() };
            // The reason the card was refused matters more than a journal that cannot take it.
            let _ = journal.conclude(order.at, &subject, outcome);
            Err(error.into())
        }
    }
}

/// A finished card is an error, unless the journal still waits for the outcome of this very card.
fn found(
    order: &WorkOrder<'_>,
    channel: &mut dyn Channel,
    journal: &mut Journal,
    error: IssueError,
) -> Result<Recorded, RecordedError> {
    if let IssueError::AlreadyIssued { serial, kind, number } = error {
        let subject = subject(order.plan, serial);
        if (kind, number) == (subject.kind, subject.number) && journal.awaits(&subject)? {
            let keys = shown(order.plan, channel).map_err(IssueError::Probe)?;
            journal.conclude(order.at, &subject, IntentEnd::Found)?;
            return Ok(Recorded::Found(Issued {
                kind,
                number,
                serial,
                keys,
                apdus: 0,
                resumed: true,
                certificate: None,
            }));
        }
    }
    Err(error.into())
}

/// The keys that a finished card shows.
fn shown(plan: &Plan, channel: &mut dyn Channel) -> Result<Vec<KeyCheck>, CardError> {
    let mut card = Fmcos::new(channel);
    card.reset()?;
    card.select_mf()?;
    let directory = plan.steps().iter().find_map(|step| match step {
        Step::Select(fid) => Some(*fid),
        _ => None,
    });
    if let Some(directory) = directory {
        card.select_fid(directory)?;
    }
    let mut keys = Vec::new();
    for row in Recipient::Card(plan.kind()).keys() {
        if let Some(role) = Role::from_code(row.role) {
            let check_value = CheckValue(card.key_information(row.kind, row.id)?.kcv);
            keys.push(KeyCheck { role, check_value, confirmed: false });
        }
    }
    Ok(keys)
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

    fn own_master(&mut self) -> Result<(), NotNoted> {
        self.journal.note_own_master(self.at, self.serial).map_err(|error| NotNoted(Box::new(error)))?;
        self.observer.own_master()
    }
}
