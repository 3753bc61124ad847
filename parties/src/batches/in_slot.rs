//! Cards of a batch that come one by one.

use super::common::Common;
use super::feeders::{AtReader, Folder};
use super::issuer::Issuer;
use super::packed::{pairing, spoiled};
use crate::trouble::{Result, refused};
use issue::card::Issued;
use issue::inspect::inspect;
use issue::plan::Plan;
use issue::source::{CardSource, KeySource};
use office::batch::{
    Attempt, CardIdentity, Control, Ended, Good, Job, SlotMaker, Summary, fate, run_in_slot,
};
use office::journal::{Journal, KeyRecord};
use office::recorded::{self, Recorded, WorkOrder};
use office::store::Store;
use reader::driver::issuing::IssuingCard;
use scheme::CardRef;
use scheme::numbers::Serial;
use scheme::pin::Pins;
use std::time::Instant;
use wire::Channel;

/// Runs the batch.
pub(super) fn run(
    common: &Common<'_>,
    batch: &Summary,
    store: Store,
    control: &mut Control<'_>,
) -> Result<Ended> {
    let Some(issuer) = &common.issuer else {
        return Err(refused("SIMs are not made by hand").into());
    };
    let (session, request) = (common.session, common.request);
    let mut card = issuer.card.clone();
    let mut source = CardSource::open(IssuingCard::new(&mut card), &issuer.pin)?;
    let mut journal = Journal::of(store);
    let mut maker = CardMaker { common, issuer, source: &mut source };
    let stop = control.stop;
    if let Some(folder) = &request.blanks {
        let mut feeder = Folder::open(session, folder, request.kind, issuer.about.state)?;
        return Ok(run_in_slot(&mut journal, batch, &mut feeder, &mut maker, control)?);
    }
    let reader = request.reader.clone().unwrap_or_else(|| CardRef::in_reader(""));
    let mut feeder = AtReader::new(session, reader, request.kind, stop);
    Ok(run_in_slot(&mut journal, batch, &mut feeder, &mut maker, control)?)
}

struct CardMaker<'a, 's> {
    common: &'a Common<'a>,
    issuer: &'a Issuer,
    source: &'s mut dyn KeySource,
}

impl SlotMaker for CardMaker<'_, '_> {
    fn make(&mut self, job: &Job, serial: Serial, card: &mut dyn Channel, journal: &mut Journal) -> Attempt {
        let begun = Instant::now();
        let plan = match self.common.plan(self.issuer, &job.number, job.details.ceiling_fen) {
            Ok(plan) => plan,
            Err(error) => return spoiled(serial, false, error),
        };
        let issued = match self.issue(&plan, serial, card, journal) {
            Ok(issued) => issued,
            Err(attempt) => return attempt,
        };
        let tally = match inspect(&plan, serial, &issued.keys, card, self.source) {
            Ok(tally) => tally,
            Err(error) => {
                return match fate::of_inspected(&error) {
                    fate::Fate::Stays => {
                        Attempt::Lost { why: error.to_string(), gone: fate::is_gone(&error) }
                    }
                    _ => spoiled(serial, true, error),
                };
            }
        };
        let pairing = match pairing(&plan, self.source, &issued) {
            Ok(pairing) => pairing,
            Err(attempt) => return attempt,
        };
        Attempt::Good(Box::new(Good {
            serial,
            card: Some(CardIdentity::of(&plan)),
            keys: issued.keys.iter().map(KeyRecord::from).collect(),
            apdus: issued.apdus + tally.apdus,
            millis: begun.elapsed().as_millis() as u64,
            image: None,
            pairing,
        }))
    }
}

impl CardMaker<'_, '_> {
    fn issue(
        &mut self,
        plan: &Plan,
        serial: Serial,
        card: &mut dyn Channel,
        journal: &mut Journal,
    ) -> Result<Issued, Attempt> {
        let lost = |why: String| Attempt::Lost { why, gone: false };
        let at = self.common.session.now().map_err(|error| lost(error.to_string()))?.to_string();
        let allowed = self.common.request.allowed;
        let order = WorkOrder {
            plan,
            wanted: Some(serial),
            pins: Pins::from(self.issuer.card_pin.as_ref()),
            if_open: allowed.try_master,
            spend_last_try: allowed.spend_last_try,
            at: &at,
        };
        match recorded::issue(&order, card, self.source, journal, &mut ()) {
            Ok(Recorded::Issued(issued) | Recorded::Found(issued)) => Ok(issued),
            Err(error) => Err(match fate::of_recorded(plan, &error) {
                fate::Fate::Stays => Attempt::Lost { why: error.to_string(), gone: fate::is_gone(&error) },
                fate => spoiled(serial, fate == fate::Fate::Scrapped, error),
            }),
        }
    }
}
