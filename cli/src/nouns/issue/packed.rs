//! Virtual cards of a batch, made by several workers with one issuing card, into the pack.

use super::batch::{Common, Issuer, Issuing};
use crate::bay::Bay;
use crate::clock::{chip_serial, entropy};
use crate::factory;
use crate::fail::refused;
use crate::nouns::sim;
use ::issue::card::{Issued, Personalisation};
use ::issue::inspect::inspect;
use ::issue::pairing;
use ::issue::plan::{Master, Plan};
use ::issue::source::{CardSource, KeySource};
use ::office::batch::{CardIdentity, Control, Ended, Good, Job, Made, Maker, Summary, fate, run_packed};
use ::office::journal::KeyRecord;
use ::office::store::Store;
use ::office::store::pack::squeeze;
use ::scheme::numbers::Serial;
use ::scheme::pin::Pins;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use scheme::profile::{CardKind, State};
use std::sync::{Barrier, Mutex};
use std::time::Instant;
use vcard::Image;

/// Runs the batch.
pub fn run(
    common: &Common<'_>,
    batch: &Summary,
    mut store: Store,
    control: &mut Control<'_>,
) -> Result<Ended> {
    // In a trace the commands of one card stand together.
    let one = common.global.trace.is_some();
    let processors = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let workers = if one { 1 } else { common.options.workers.map_or(processors, usize::from) };
    let Some(issuer) = &common.issuing else {
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
    card: Issuing,
    opening: &'a Opening,
}

impl Maker for CardMaker<'_> {
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Made) -> bool) {
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
                    done(job, Made::Lost { why: error.to_string(), gone: fate::is_gone(&error) });
                }
                return;
            }
        };
        while let Some(job) = next() {
            let made = self.make(&job, &mut source);
            if !done(job, made) {
                return;
            }
        }
    }
}

impl CardMaker<'_> {
    fn make(&self, job: &Job, source: &mut dyn KeySource) -> Made {
        let begun = Instant::now();
        let (mut card, serial) = match self.blank(job) {
            Ok(blank) => blank,
            Err(error) => {
                return Made::Lost { why: format!("the factory: {}", error), gone: false };
            }
        };
        let plan = match self.common.plan(self.issuer, &job.number, job.more.ceiling_fen) {
            Ok(plan) => plan,
            Err(error) => return spoiled(serial, false, error),
        };
        let issued = match personalise(&plan, serial, &mut card, source, self.issuer) {
            Ok(issued) => issued,
            Err(made) => return made,
        };
        let paper = match paper(&plan, source, &issued) {
            Ok(paper) => paper,
            Err(made) => return made,
        };
        Made::Good(Box::new(Good {
            serial,
            card: Some(CardIdentity::of(&plan)),
            keys: issued.keys.iter().map(KeyRecord::from).collect(),
            apdus: issued.apdus,
            millis: begun.elapsed().as_millis() as u64, // a card takes less than an age
            image: card.image().ok().map(|image| squeeze(&image.to_bytes())),
            paper,
        }))
    }

    /// A blank from the factory, in a slot. The next attempt at a line gets another chip.
    fn blank(&self, job: &Job) -> Result<(Bay, Serial)> {
        let global = self.common.global;
        let kind = self.common.kind;
        let label = format!("{} {} chip {}", kind.name(), job.number, job.attempt);
        let serial = match job.serial {
            Some(serial) => serial,
            None => Serial(chip_serial(&mut *entropy(global, &format!("serial of {label}")))),
        };
        let formal = self.issuer.about.state == State::Formal;
        let root = self.issuer.transport.as_ref().context("no transport root for the pack")?;
        let image = factory::blank(root, kind, serial.0, formal, entropy(global, &label))?;
        let name = format!("{}-{}.card", kind.name(), job.number);
        Ok((Bay::in_memory(global, image, &name, &format!("{label} in its slot"))?, serial))
    }
}

/// Personalises a blank, reads it back and inspects it.
fn personalise(
    plan: &Plan,
    serial: Serial,
    card: &mut Bay,
    source: &mut dyn KeySource,
    issuer: &Issuer,
) -> Result<Issued, Made> {
    let failed = |error: &::issue::card::IssueError, condition| match fate::of(plan, error, condition) {
        fate::Fate::Stays => Made::Lost { why: error.to_string(), gone: fate::is_gone(error) },
        fate => spoiled(serial, fate == fate::Fate::Scrapped, error),
    };
    let session = Personalisation::probe(plan, card, Some(serial)).map_err(|error| failed(&error, None))?;
    let condition = session.condition();
    let mut issued = session
        .run(source, Pins::from(issuer.card_pin.as_ref()), Master::Transport, &mut ())
        .map_err(|error| failed(&error, Some(condition)))?;
    let tally =
        inspect(plan, serial, &issued.keys, card, source).map_err(|error| {
            match fate::of_inspected(&error) {
                fate::Fate::Stays => Made::Lost { why: error.to_string(), gone: fate::is_gone(&error) },
                _ => spoiled(serial, true, error),
            }
        })?;
    issued.apdus += tally.apdus;
    Ok(issued)
}

/// The pairing file that goes with an ESAM.
pub fn paper(plan: &Plan, source: &mut dyn KeySource, issued: &Issued) -> Result<Option<String>, Made> {
    if plan.kind() != CardKind::Esam {
        return Ok(None);
    }
    let lost = |why: String, gone| Made::Lost { why, gone };
    let file = pairing::make(source, plan.number(), plan.region(), &issued.keys)
        .map_err(|error| lost(error.to_string(), fate::is_gone(&error)))?;
    file.to_json().map(Some).map_err(|error| lost(error.to_string(), false))
}

/// A chip that cannot be used.
pub const fn spoiled(serial: Serial, begun: bool, why: String) -> Made {
    Made::Spoiled { serial, begun, why }
}

/// Makes SIMs.
struct SimMaker<'a> {
    common: &'a Common<'a>,
}

impl Maker for SimMaker<'_> {
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Made) -> bool) {
        while let Some(job) = next() {
            let made = self.make(&job);
            if !done(job, made) {
                return;
            }
        }
    }
}

impl SimMaker<'_> {
    fn make(&self, job: &Job) -> Made {
        let (global, begun) = (self.common.global, Instant::now());
        let person = sim::Person {
            iccid: &job.number,
            imsi: job.more.imsi.as_deref().unwrap_or_default(),
            msisdn: job.more.msisdn.as_deref(),
            state: State::Test,
            profile: applets::sim::Profile::Sim,
        };
        let image = match sim::personalised(global, &person, self.common.options.sms_records, None) {
            Ok(image) => image,
            Err(error) => {
                return Made::Lost { why: format!("{}: {}", job.number, error), gone: false };
            }
        };
        match self.inspect(job, image) {
            Ok((serial, image, Ok(()))) => Made::Good(Box::new(Good {
                serial,
                card: None,
                keys: Vec::new(),
                apdus: 0,
                millis: begun.elapsed().as_millis() as u64,
                image: Some(squeeze(&image.to_bytes())),
                paper: None,
            })),
            Ok((serial, _, Err(error))) => spoiled(serial, true, error),
            Err(error) => Made::Lost { why: format!("{}: {}", job.number, error), gone: false },
        }
    }

    /// Reads the SIM back as a telephone would, and tries what a telephone may not do.
    fn inspect(&self, job: &Job, image: Image) -> Result<(Serial, Image, Result<()>)> {
        let label = format!("sim {} inspected", job.number);
        let mut bay = Bay::in_memory(self.common.global, image, &format!("{}.card", job.number), &label)?;
        // Not every SIM shows its serial in the ATR; the maker knows it.
        let serial =
            Serial(cos::Chip::read(&bay.image()?.eeprom).map_err(|error| refused(error.to_string()))?.serial);
        let verdict = sim::inspect(&mut bay, &job.number, job.more.imsi.as_deref().unwrap_or_default());
        Ok((serial, bay.image()?, verdict))
    }
}
