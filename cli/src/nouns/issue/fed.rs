//! Cards of a batch that come one by one.

use super::batch::{Common, Issuer};
use super::feeders::{Folder, Hand};
use super::packed::{paper, spoiled};
use crate::card_ref::CardRef;
use crate::clock::now;
use ::issue::card::Issued;
use ::issue::inspect::inspect;
use ::issue::plan::Plan;
use ::issue::source::{CardSource, KeySource};
use ::office::batch::{CardIdentity, Control, Ended, FedMaker, Good, Job, Made, Summary, fate, run_fed};
use ::office::journal::{Journal, KeyRecord};
use ::office::recorded::{self, Order, Recorded};
use ::office::store::Store;
use ::scheme::numbers::Serial;
use ::scheme::pin::Pins;
use parties::trouble::Result;
use reader::driver::issuing::IssuingCard;
use std::time::Instant;
use wire::Channel;

/// Runs the batch.
pub fn run(common: &Common<'_>, batch: &Summary, store: Store, control: &mut Control<'_>) -> Result<Ended> {
    let Some(issuer) = &common.issuing else {
        return Err(crate::fail::refused("SIMs are not made by hand").into());
    };
    let mut card = issuer.card.clone();
    let mut source = CardSource::open(IssuingCard::new(&mut card), &issuer.pin)?;
    let mut journal = Journal::of(store);
    let mut maker = Fed { common, issuer, source: &mut source };
    let stop = control.stop;
    match (&common.options.blanks, &common.options.reader) {
        (Some(folder), _) => {
            let mut feeder = Folder::open(common.global, folder, common.kind, issuer.about.state)?;
            Ok(run_fed(&mut journal, batch, &mut feeder, &mut maker, control)?)
        }
        (None, reader) => {
            let reader = reader.clone().unwrap_or(CardRef::Reader(crate::card_ref::ReaderName::new("")));
            let mut feeder = Hand::new(common.global, reader, common.kind, stop);
            Ok(run_fed(&mut journal, batch, &mut feeder, &mut maker, control)?)
        }
    }
}

struct Fed<'a, 's> {
    common: &'a Common<'a>,
    issuer: &'a Issuer,
    source: &'s mut dyn KeySource,
}

impl FedMaker for Fed<'_, '_> {
    fn make(&mut self, job: &Job, serial: Serial, card: &mut dyn Channel, journal: &mut Journal) -> Made {
        let begun = Instant::now();
        let plan = match self.common.plan(self.issuer, &job.number, job.more.ceiling_fen) {
            Ok(plan) => plan,
            Err(error) => return spoiled(serial, false, error.to_string()),
        };
        let issued = match self.issue(&plan, serial, card, journal) {
            Ok(issued) => issued,
            Err(made) => return made,
        };
        let tally = match inspect(&plan, serial, &issued.keys, card, self.source) {
            Ok(tally) => tally,
            Err(error) => {
                return match fate::of_inspected(&error) {
                    fate::Fate::Stays => Made::Lost { why: error.to_string(), gone: fate::is_gone(&error) },
                    _ => spoiled(serial, true, error.to_string()),
                };
            }
        };
        let paper = match paper(&plan, self.source, &issued) {
            Ok(paper) => paper,
            Err(made) => return made,
        };
        Made::Good(Box::new(Good {
            serial,
            card: Some(CardIdentity::of(&plan)),
            keys: issued.keys.iter().map(KeyRecord::from).collect(),
            apdus: issued.apdus + tally.apdus,
            millis: begun.elapsed().as_millis() as u64,
            image: None,
            paper,
        }))
    }
}

impl Fed<'_, '_> {
    fn issue(
        &mut self,
        plan: &Plan,
        serial: Serial,
        card: &mut dyn Channel,
        journal: &mut Journal,
    ) -> Result<Issued, Made> {
        let lost = |why: String| Made::Lost { why, gone: false };
        let at = now(self.common.global).map_err(|error| lost(error.to_string()))?.to_string();
        let order = Order {
            plan,
            wanted: Some(serial),
            pins: Pins::from(self.issuer.card_pin.as_ref()),
            if_open: self.common.options.allowed.try_master,
            spend_last_try: self.common.options.allowed.spend_last_try,
            at: &at,
        };
        match recorded::issue(&order, card, self.source, journal, &mut ()) {
            Ok(Recorded::Issued(issued) | Recorded::Found(issued)) => Ok(issued),
            Err(error) => Err(match fate::of_recorded(plan, &error) {
                fate::Fate::Stays => Made::Lost { why: error.to_string(), gone: fate::is_gone(&error) },
                fate => spoiled(serial, fate == fate::Fate::Scrapped, error.to_string()),
            }),
        }
    }
}
