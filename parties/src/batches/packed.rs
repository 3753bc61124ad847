//! Virtual cards of a batch, made by several workers with one issuing card, into the pack.

use super::common::Common;
use super::issuer::{Issuer, Shared};
use crate::cards::CardHandle;
use crate::sims::{self, Identity};
use crate::trouble::{Context, Result};
use issue::card::{Issued, Personalisation};
use issue::inspect::inspect;
use issue::plan::{Master, Plan};
use issue::source::{CardSource, KeySource};
use office::batch::{Attempt, CardIdentity, Control, Ended, Good, Job, Maker, Summary, fate, run_packed};
use office::journal::KeyRecord;
use office::store::Store;
use office::store::pack::squeeze;
use reader::driver::issuing::IssuingCard;
use scheme::cards::NewChip;
use scheme::chance::chip_serial;
use scheme::numbers::Serial;
use scheme::pin::Pins;
use scheme::profile::{CardKind, State};
use std::sync::{Barrier, Mutex};
use std::time::Instant;

/// Runs the batch.
pub(super) fn run(
    common: &Common<'_>,
    batch: &Summary,
    mut store: Store,
    control: &mut Control<'_>,
) -> Result<Ended> {
    // In a trace the commands of one card stand together.
    let one = common.session.trace.is_some();
    let processors = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let workers = if one { 1 } else { common.request.workers.map_or(processors, usize::from) };
    let Some(issuer) = &common.issuer else {
        let mut makers: Vec<SimMaker<'_>> = (0..workers).map(|_| SimMaker { common }).collect();
        return Ok(run_packed(&mut store, batch, &mut makers, control)?);
    };
    let opening = Opening { one: Mutex::new(()), all: Barrier::new(workers) };
    let mut makers: Vec<CardMaker<'_>> = (0..workers)
        .map(|_| CardMaker { common, issuer, card: issuer.card.clone(), opening: &opening })
        .collect();
    Ok(run_packed(&mut store, batch, &mut makers, control)?)
}

/// Opening a source selects the issuing card's master file and so takes rights away for a moment: the workers open theirs
/// one by one, and begin together.
struct Opening {
    one: Mutex<()>,
    all: Barrier,
}

/// Makes ESAMs and PSAMs.
struct CardMaker<'a> {
    common: &'a Common<'a>,
    issuer: &'a Issuer,
    card: Shared,
    opening: &'a Opening,
}

impl Maker for CardMaker<'_> {
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Attempt) -> bool) {
        let mut card = self.card.clone();
        let source = {
            let _one = self.opening.one.lock();
            CardSource::open(IssuingCard::new(&mut card), &self.issuer.pin)
        };
        self.opening.all.wait();
        let mut source = match source {
            Ok(source) => source,
            Err(error) => {
                if let Some(job) = next() {
                    done(job, Attempt::Lost { why: error.to_string(), gone: fate::is_gone(&error) });
                }
                return;
            }
        };
        while let Some(job) = next() {
            let attempt = self.make(&job, &mut source);
            if !done(job, attempt) {
                return;
            }
        }
    }
}

impl CardMaker<'_> {
    fn make(&self, job: &Job, source: &mut dyn KeySource) -> Attempt {
        let begun = Instant::now();
        let (mut card, serial) = match self.blank(job) {
            Ok(blank) => blank,
            Err(error) => return Attempt::Lost { why: format!("the factory: {error}"), gone: false },
        };
        let plan = match self.common.plan(self.issuer, &job.number, job.details.ceiling_fen) {
            Ok(plan) => plan,
            Err(error) => return spoiled(serial, false, error),
        };
        let issued = match personalise(&plan, serial, &mut card, source, self.issuer) {
            Ok(issued) => issued,
            Err(attempt) => return attempt,
        };
        let pairing = match pairing(&plan, source, &issued) {
            Ok(pairing) => pairing,
            Err(attempt) => return attempt,
        };
        Attempt::Good(Box::new(Good {
            serial,
            card: Some(CardIdentity::of(&plan)),
            keys: issued.keys.iter().map(KeyRecord::from).collect(),
            apdus: issued.apdus,
            millis: begun.elapsed().as_millis() as u64, // a card takes less than an age
            image: card.image().ok().map(|image| squeeze(&image)),
            pairing,
        }))
    }

    /// A blank from the factory, in a slot. The next attempt at a line gets another chip.
    fn blank(&self, job: &Job) -> Result<(CardHandle, Serial)> {
        let session = self.common.session;
        let kind = self.common.request.kind;
        let label = format!("{} {} chip {}", kind.name(), job.number, job.attempt);
        let serial = match job.serial {
            Some(serial) => serial,
            None => Serial(chip_serial(&mut *session.chance(&format!("serial of {label}")))),
        };
        let formal = self.issuer.about.state == State::Formal;
        let root = self.issuer.transport.as_ref().context("no transport root for the pack")?;
        let chip = NewChip { kind, serial: serial.0, root, formal };
        let name = format!("{}-{}.card", kind.name(), job.number);
        let card = session.cards.new_chip(&chip, &name, &label)?;
        Ok((CardHandle::of(session, card)?, serial))
    }
}

/// Personalises a blank, reads it back and inspects it.
fn personalise(
    plan: &Plan,
    serial: Serial,
    card: &mut CardHandle,
    source: &mut dyn KeySource,
    issuer: &Issuer,
) -> Result<Issued, Attempt> {
    let failed = |error: &issue::card::IssueError, condition| match fate::of(plan, error, condition) {
        fate::Fate::Stays => Attempt::Lost { why: error.to_string(), gone: fate::is_gone(error) },
        fate => spoiled(serial, fate == fate::Fate::Scrapped, error),
    };
    let course = Personalisation::probe(plan, card, Some(serial)).map_err(|error| failed(&error, None))?;
    let condition = course.condition();
    let mut issued = course
        .run(source, Pins::from(issuer.card_pin.as_ref()), Master::Transport, &mut ())
        .map_err(|error| failed(&error, Some(condition)))?;
    let tally =
        inspect(plan, serial, &issued.keys, card, source).map_err(|error| {
            match fate::of_inspected(&error) {
                fate::Fate::Stays => Attempt::Lost { why: error.to_string(), gone: fate::is_gone(&error) },
                _ => spoiled(serial, true, error),
            }
        })?;
    issued.apdus += tally.apdus;
    Ok(issued)
}

/// The pairing file that goes with an ESAM.
pub(super) fn pairing(
    plan: &Plan,
    source: &mut dyn KeySource,
    issued: &Issued,
) -> Result<Option<String>, Attempt> {
    if plan.kind() != CardKind::Esam {
        return Ok(None);
    }
    let lost = |why: String, gone| Attempt::Lost { why, gone };
    let file = issue::pairing::make(source, plan.number(), plan.region(), &issued.keys)
        .map_err(|error| lost(error.to_string(), fate::is_gone(&error)))?;
    file.to_json().map(Some).map_err(|error| lost(error.to_string(), false))
}

/// A chip that cannot be used.
pub(super) fn spoiled(serial: Serial, begun: bool, why: impl ToString) -> Attempt {
    Attempt::Spoiled { serial, begun, why: why.to_string() }
}

/// Makes SIMs.
struct SimMaker<'a> {
    common: &'a Common<'a>,
}

impl Maker for SimMaker<'_> {
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Attempt) -> bool) {
        while let Some(job) = next() {
            let attempt = self.make(&job).unwrap_or_else(|error| Attempt::Lost {
                why: format!("{}: {error}", job.number),
                gone: false,
            });
            if !done(job, attempt) {
                return;
            }
        }
    }
}

impl SimMaker<'_> {
    /// Makes a SIM, reads it back as a telephone would, and tries what a telephone may not do.
    fn make(&self, job: &Job) -> Result<Attempt> {
        let (session, begun) = (self.common.session, Instant::now());
        let identity = Identity {
            iccid: job.number.parse()?,
            imsi: job.details.imsi.as_deref().unwrap_or_default().parse()?,
            msisdn: job.details.msisdn.as_deref().map(str::parse).transpose()?,
            state: State::Test,
            kind: CardKind::Sim,
        };
        let (serial, sim) = sims::personalised(
            session,
            &identity,
            self.common.request.sms_records,
            sims::SimSecrets::default(),
        )?;
        let mut sim = CardHandle::of(session, sim)?;
        let verdict = sims::inspect(&mut sim, &identity);
        let image = sim.image()?;
        Ok(match verdict {
            Ok(()) => Attempt::Good(Box::new(Good {
                serial,
                card: None,
                keys: Vec::new(),
                apdus: 0,
                millis: begun.elapsed().as_millis() as u64,
                image: Some(squeeze(&image)),
                pairing: None,
            })),
            Err(error) => spoiled(serial, true, error),
        })
    }
}
