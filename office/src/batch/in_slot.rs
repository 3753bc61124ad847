//! The way of cards that exist outside, one by one.

use super::run::{Control, Ended, Failures, Feeder, finish};
use super::{Attempt, BatchError, Done, Job, LineEnd, Summary};
use crate::journal::Journal;
use scheme::numbers::Serial;
use wire::atr::serial_of;
use wire::channel::Channel;

/// Makes a card that exists outside; the journal is kept around every act on it.
pub trait SlotMaker {
    /// Makes the chip in the slot the card of a line.
    fn make(&mut self, job: &Job, serial: Serial, card: &mut dyn Channel, journal: &mut Journal) -> Attempt;
}

/// Runs the open lines of a batch with cards that are fed one by one.
///
/// # Errors
/// The store failed; the card under way can be fed again.
pub fn run_in_slot(
    journal: &mut Journal,
    batch: &Summary,
    feeder: &mut dyn Feeder,
    maker: &mut dyn SlotMaker,
    control: &mut Control<'_>,
) -> Result<Ended, BatchError> {
    journal.store().check_clock(&(control.now)())?;
    journal.store().reconcile(batch.id)?;
    let mut tally = Failures::new(control.stop_after);
    let lost = |why: String| Ended::Lost { why, gone: true };
    let ended = loop {
        if !journal.store().has_open(batch.id)? {
            break Ended::Done;
        }
        if (control.stop)() {
            break Ended::Stopped;
        }
        match feeder.next() {
            Ok(true) => {}
            Ok(false) if (control.stop)() => break Ended::Stopped,
            Ok(false) => break Ended::NoCards,
            Err(why) => break lost(why),
        }
        let serial = match feeder.card().reset() {
            Ok(atr) => serial_of(&atr).map(Serial),
            Err(error) => break lost(error.to_string()),
        };
        let job = match serial {
            Some(serial) => journal.store().line_for(batch.id, serial)?.map(|job| (serial, job)),
            None => None,
        };
        let Some((serial, job)) = job else {
            let fate = match serial {
                None => "the card shows no serial: it is none of ours".to_owned(),
                Some(serial) => format!("no open line of the request takes the chip {serial}"),
            };
            control.watch.say(&fate);
            let spoiled = tally.spoiled(&fate);
            if let Err(why) = feeder.leave(&fate) {
                break lost(why);
            }
            match spoiled {
                Some(ended) => break ended,
                None => continue,
            }
        };
        let made = maker.make(&job, serial, feeder.card(), journal);
        let (outcome, fate) = match made {
            Attempt::Lost { why, gone } => {
                let _ = feeder.leave(&why); // the reason the run ends is the first one
                break Ended::Lost { why, gone };
            }
            Attempt::Good(good) => {
                tally.forget();
                let fate = format!("line {}: {} is done", job.line, job.number);
                (LineEnd { line: job.line, number: job.number, done: Done::Good(good) }, fate)
            }
            Attempt::Spoiled { serial, begun, why } => {
                let word = if begun { "scrapped" } else { "refused" };
                let fate = format!("line {}: the chip {serial} is {word}: {why}", job.line);
                let done = Done::Spoiled { serial, begun, why, for_good: job.serial.is_some() };
                (LineEnd { line: job.line, number: job.number, done }, fate)
            }
        };
        (control.before_commit)().map_err(|what| BatchError::BeforeCommit { what })?;
        journal.store().line_done(batch, &outcome, &(control.now)())?;
        control.watch.kept(std::slice::from_ref(&outcome));
        if let Err(why) = feeder.leave(&fate) {
            break lost(why);
        }
        if let Done::Spoiled { why, .. } = &outcome.done
            && let Some(ended) = tally.spoiled(why)
        {
            break ended;
        }
    };
    finish(journal.store(), batch, ended, control)
}
