//! A SIM is put into the meter: the state machine from the reset of both cards to the receipt on the SIM
//! [docs/specs/purchase.md 4 to 6].
//!
//! The SIM may be pulled between any two commands. Before the ENVELOPE nothing has happened; after it the
//! money is in the purse and the ESAM keeps the receipt, which the next insertion gets again by the count
//! rule. So every tear is cured by inserting once more.

use crate::crediting::Crediting;
use crate::display::Display;
use crate::events::EventKind;
use crate::fault::BrokenOff;
use crate::mcu::Meter;
use crate::outcome::{OrderOutcome, OrderResult, Outcome};
use crate::session::EsamSession;
use crate::slot::SimSlot;
use crate::source::{Course, Source};
use crate::step::Step;
use crate::storage::{Medium, Storage, StoredFile};
use reader::count::{Counter, Exchange, Tally};
use reader::driver::esam::Esam;
use scheme::moment::Moment;
use scheme::money::Fen;
use wire::channel::Channel;

/// What came of a source's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The orders tried, in the order they were decided.
    pub orders: Vec<OrderResult>,
    /// Money added, also when it broke off afterwards.
    pub credited: Fen,
    /// What was consumed beyond the purse before and was taken off it now, in fen: why the balance is less than the credit.
    pub debt_paid: u64,
    /// What the card said, when it was a card that ended it. For the log; holds no secret.
    pub cause: Option<String>,
    /// What the display shows now.
    pub display: Display,
}

/// What a meter's customer owes, in fen: due with the next look, and beyond the purse.
#[derive(Clone, Copy)]
pub(crate) struct Owed {
    due: u64,
    debt: u64,
}

/// Everything about one insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertionReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The orders tried, in the order they were decided.
    pub orders: Vec<OrderResult>,
    /// Money added, also when the insertion broke off afterwards.
    pub credited: Fen,
    /// What was consumed beyond the purse before and was taken off it now, in fen: why the balance is less than the credit.
    pub debt_paid: u64,
    /// Steps entered, in order; the last one is where it ended.
    pub steps: Vec<Step>,
    /// What the card said, when it was a card that ended it. For the log; holds no secret.
    pub cause: Option<String>,
    /// What the display shows now.
    pub display: Display,
    /// Traffic with the ESAM.
    pub esam: Tally,
    /// Traffic with the SIM.
    pub sim: Tally,
    /// Every exchange with the ESAM; its mark is the place of the step in [`Step::ALL`].
    pub esam_line: Vec<Exchange>,
    /// Every exchange with the SIM, likewise.
    pub sim_line: Vec<Exchange>,
}

/// Everything about the insertion of a medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageReport {
    /// What an insertion tells. There was no SIM, so nothing went to one; an order's `record` is the place of its file, from 1.
    pub insertion: InsertionReport,
    /// The files that held something of ours, by name.
    pub files: Vec<StoredFile>,
}

impl InsertionReport {
    pub(crate) fn new(
        report: CreditReport,
        course: Course,
        esam: Counter<&mut dyn Channel>,
        sim: Option<Counter<&mut dyn Channel>>,
    ) -> Self {
        let CreditReport { outcome, orders, credited, debt_paid, cause, display } = report;
        InsertionReport {
            outcome,
            orders,
            credited,
            debt_paid,
            steps: course.into_steps(),
            cause,
            display,
            esam: esam.tally(),
            sim: sim.as_ref().map(Counter::tally).unwrap_or_default(),
            esam_line: esam.into_exchanges(),
            sim_line: sim.map(Counter::into_exchanges).unwrap_or_default(),
        }
    }
}

impl Meter {
    /// Puts a SIM in. `random` fills a buffer with random bytes, for the MCU's challenge to the ESAM.
    ///
    /// Never fails as such: whatever goes wrong is a refusal with its number and words.
    pub fn insert(
        &mut self,
        esam: &mut dyn Channel,
        sim: &mut dyn Channel,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> InsertionReport {
        let course = Course::default();
        let (mut esam, mut sim) = (Counter::marked(esam, course.mark()), Counter::marked(sim, course.mark()));
        let report = self.take_money(&mut esam, &mut SimSlot::new(&mut sim), &course, now, random);
        InsertionReport::new(report, course, esam, Some(sim))
    }

    /// As [`Meter::insert`], of a medium with record files in the place of the SIM: of `only` that one, else of all there are.
    pub fn insert_storage(
        &mut self,
        esam: &mut dyn Channel,
        medium: &mut dyn Medium,
        only: Option<&str>,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> StorageReport {
        let course = Course::default();
        let mut esam = Counter::marked(esam, course.mark());
        let mut storage = Storage::new(medium, only);
        let report = self.take_money(&mut esam, &mut storage, &course, now, random);
        StorageReport { files: storage.files, insertion: InsertionReport::new(report, course, esam, None) }
    }

    /// Takes money from whatever source of sealed orders; the purse, the count and the receipt are the same whichever it is.
    /// `course` is told of each step.
    pub fn take_money(
        &mut self,
        esam: &mut dyn Channel,
        source: &mut dyn Source,
        course: &Course,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> CreditReport {
        let owed = self.owed();
        let session = EsamSession::new(self, Esam::new(esam), course, now);
        let mut crediting = Crediting { session, source, course, results: Vec::new(), bearer: None };
        let end = crediting.run(random);
        let Crediting { session, results: orders, .. } = crediting;
        let credited = session.credited;
        let end = end.map(|()| outcome_of(&orders, credited, self.state.balance));
        CreditReport { orders, ..self.ended(end, credited, owed, now, source.farewell()) }
    }

    /// What is due and what is owed, as an insertion finds them.
    pub(crate) fn owed(&self) -> Owed {
        Owed { due: self.state.due.fen, debt: self.debt() }
    }

    /// Records how an insertion ended, and tells it: with which outcome, how much was added, what was owed before, and which message
    /// stands at the end.
    pub(crate) fn ended(
        &mut self,
        end: Result<Outcome, BrokenOff>,
        credited: Fen,
        owed: Owed,
        now: Moment,
        farewell: &'static str,
    ) -> CreditReport {
        let (outcome, cause) = match end {
            Ok(outcome) => (outcome, None),
            Err(end) => (Outcome::Refused { refusal: end.refusal, step: end.step }, end.cause),
        };
        self.record(now, &outcome);
        CreditReport {
            display: Display::after(&outcome, &self.state, farewell),
            outcome,
            orders: Vec::new(),
            credited,
            debt_paid: owed.debt.min(owed.due.saturating_sub(self.state.due.fen)),
            cause,
        }
    }

    /// Counts illegal insertions, logs, and lets relay or valve follow the purse.
    pub(crate) fn record(&mut self, now: Moment, outcome: &Outcome) {
        let event = match *outcome {
            Outcome::Credited { amount, balance, .. } => {
                self.bought(amount);
                EventKind::Credited { amount, balance }
            }
            Outcome::ReceiptRepeated { .. } => EventKind::ReceiptRepeated,
            Outcome::Certified { .. } => EventKind::Certified,
            Outcome::Produced { produced, .. } => EventKind::Produced { what: produced.name().to_owned() },
            Outcome::Refused { refusal, step } => {
                if (4..=10).contains(&refusal.field_error()) {
                    self.state.illegal_insertions = self.state.illegal_insertions.saturating_add(1);
                }
                EventKind::Refused { refusal: refusal.name().to_owned(), step: step.name().to_owned() }
            }
        };
        self.state.events.push(now, event);
        if !matches!(outcome, Outcome::Refused { .. }) {
            self.hear(now);
        }
        self.switch_at_once(now);
    }
}

/// The outcome of an insertion that went through to its end.
fn outcome_of(results: &[OrderResult], amount: Fen, balance: Fen) -> Outcome {
    let orders = results.iter().filter(|result| matches!(result.outcome, OrderOutcome::Credited(_))).count();
    if orders > 0 {
        return Outcome::Credited { orders, amount, balance };
    }
    let refusal = results.iter().find_map(|result| match result.outcome {
        OrderOutcome::Refused(refusal) => Some(refusal),
        _ => None,
    });
    match refusal {
        Some(refusal) if results.iter().all(|r| matches!(r.outcome, OrderOutcome::Refused(_))) => {
            Outcome::Refused { refusal, step: Step::Envelope }
        }
        _ if results.iter().any(|r| r.outcome == OrderOutcome::ReceiptRepeated) => {
            Outcome::ReceiptRepeated { balance }
        }
        Some(refusal) => Outcome::Refused { refusal, step: Step::Envelope },
        None => Outcome::Certified { balance },
    }
}
