//! Two orders of one count, however they meet; the chip changed; the old order found later. In the end what was paid is what was credited and
//! what is due.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{Bank, City, Seed, Site};
use keys::Suite;
use meter::{OrderOutcome, Outcome};
use parties::trouble::{Context, Result};
use scheme::money::Fen;
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use server::{Anew, SealedOrder, Settlement};
use wire::sms::record::Records;

/// A month, longer than any order is valid.
const MONTH: i64 = 32 * 86_400;
pub(super) const PAID: Fen = Fen(50_00);

/// A meter with an order A of 50 yuan that is out.
pub(super) struct Scene {
    pub(super) city: City,
    pub(super) bank: Bank,
    pub(super) site: Site,
    pub(super) a: SealedOrder,
    /// What the chips before the present one were credited.
    before: i64,
}

impl Scene {
    pub(super) fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let sites = [city.site(0, Mode::Symmetric)?];
        let mut bank = city.bank(&sites)?;
        let [site] = sites;
        let first = bank.buy(&site, Fen(10_00))?;
        let mut scene = Scene { city, bank, site, a: first.clone(), before: 0 };
        let receipt = scene.insert(&first)?.context("a receipt")?;
        scene.bank.settle(&scene.site, &receipt)?;
        scene.a = scene.bank.buy(&scene.site, PAID)?;
        Ok(scene)
    }

    /// Puts an order on the SIM and the SIM into the meter; the receipt it leaves, if any.
    pub(super) fn insert(&mut self, order: &SealedOrder) -> Result<Option<Records>> {
        self.site.deliver(&order.record)?;
        self.bank.now = self.bank.now.add_seconds(60).context("a time")?;
        self.site.insert(self.bank.now);
        self.site.take_receipt()
    }

    fn settle(&mut self, receipt: Option<Records>) -> Result<()> {
        let receipt = receipt.context("a receipt")?;
        self.bank.settle(&self.site, &receipt).map(drop)
    }

    /// What is wrong in the end: the books' own checks, an order without an end, money that was lost or made.
    pub(super) fn wrong(&mut self, due: i64) -> Result<Option<String>> {
        let credited = self.before + i64::from(self.site.purse()?.total_credited.0);
        self.ended(credited, due)
    }

    /// The same, where so much was credited by all chips.
    pub(super) fn ended(&mut self, credited: i64, due: i64) -> Result<Option<String>> {
        if let Some(fault) = self.bank.faults()?.first() {
            return Ok(Some(fault.clone()));
        }
        let totals = self.bank.store.read(|view| view.totals())?;
        let found = (totals.settled_fen, totals.refund_due_fen, totals.outstanding_fen, totals.loss_fen);
        if found != (credited, due, 0, 0) || totals.sold_fen != credited + due {
            return Ok(Some(format!(
                "sold {}, credited {credited}; settled, due, out, lost: {found:?}; due should be {due}",
                totals.sold_fen
            )));
        }
        let paid = self.bank.refund(&self.site)?;
        Ok((paid != due).then(|| format!("{paid} fen were paid back, {due} were due")))
    }
}

pub(super) fn told(row: &mut Row, what: &str, by: &str, wrong: Option<String>) {
    match wrong {
        None => row.stopped(by),
        Some(wrong) => row.went_through(format!("{what}: {wrong}")),
    }
}

/// All of them.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    Ok(vec![orders_of_one_count(suite, seed)?, chips(suite, seed)?])
}

fn orders_of_one_count(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "two orders of one count, in whatever order they come");
    let by = "count rule, and the digest in the receipt";
    for (fen, due_when_a, due_when_b) in [(80_00, 30_00, 0), (20_00, 0, 30_00), (0, 0, 50_00)] {
        for a_first in [true, false] {
            let mut scene = Scene::new(suite, seed)?;
            let (a, b) = (scene.a.clone(), scene.bank.correct(&scene.site, Fen(fen))?);
            if (b.order.count, b.order.kind) != (a.order.count, a.order.kind) {
                row.went_through(format!("another count or kind: {:?}", b.order));
            }
            let (first, second) = if a_first { (&a, &b) } else { (&b, &a) };
            let receipt = scene.insert(first)?;
            scene.settle(receipt)?;
            let again = scene.insert(second)?.context("the receipt again")?;
            match scene.bank.settle(&scene.site, &again)? {
                Settlement::AlreadySettled(Some(order)) if order == first.order.id => row.stopped(by),
                other => row.went_through(format!("the second order settled: {other:?}")),
            }
            let wrong = scene.wrong(if a_first { due_when_a } else { due_when_b })?;
            told(&mut row, &format!("{fen} fen, A first: {a_first}"), by, wrong);
        }
    }
    // Credited, and the receipt lost: the second order brings it.
    let mut scene = Scene::new(suite, seed)?;
    let a = scene.a.clone();
    scene.insert(&a)?;
    let b = scene.bank.correct(&scene.site, Fen(0))?;
    let stored = scene.insert(&b)?;
    scene.settle(stored)?;
    told(&mut row, "the receipt lost", by, scene.wrong(0)?);
    // A on one SIM, B on another, each first.
    for a_first in [true, false] {
        let mut scene = Scene::new(suite, seed)?;
        let a = scene.a.clone();
        let mut other = scene.site.copy()?;
        let new = other.replace_sim(1)?;
        scene.bank.replace_sim(&scene.site, &new)?;
        let b = scene.bank.correct(&scene.site, Fen(0))?;
        let mut receipt = if a_first { scene.insert(&a)? } else { None };
        std::mem::swap(&mut scene.site.sim, &mut other.sim);
        let second = scene.insert(&b)?;
        receipt = receipt.or(second);
        scene.settle(receipt)?;
        told(&mut row, "two SIMs", by, scene.wrong(if a_first { 0 } else { 50_00 })?);
    }
    // A expires by the meter's clock, and is taken back.
    let mut scene = Scene::new(suite, seed)?;
    let a = scene.a.clone();
    scene.bank.now = scene.bank.now.add_seconds(MONTH).context("a time")?;
    if scene.insert(&a)?.is_some() {
        row.went_through("an order past its validity is credited");
    }
    let b = scene.bank.correct(&scene.site, Fen(0))?;
    let receipt = scene.insert(&b)?;
    scene.settle(receipt)?;
    told(&mut row, "expired", by, scene.wrong(50_00)?);
    // A is found after the purchase that came next.
    let mut scene = Scene::new(suite, seed)?;
    let a = scene.a.clone();
    let b = scene.bank.correct(&scene.site, Fen(30_00))?;
    let receipt = scene.insert(&b)?;
    scene.settle(receipt)?;
    let next = scene.bank.buy(&scene.site, Fen(7_00))?;
    let receipt = scene.insert(&next)?;
    scene.settle(receipt)?;
    scene.site.make_room()?;
    if scene.insert(&a)?.is_some() {
        row.went_through("an order of a count long past is credited");
    }
    told(&mut row, "found after the next", by, scene.wrong(20_00)?);
    Ok(row)
}

/// What a meter said to the first order it found.
pub(super) fn refusal(site: &mut Site, now: scheme::Moment) -> Option<Refusal> {
    let report = site.insert(now);
    let of_order = report.orders.iter().find_map(|order| match order.outcome {
        OrderOutcome::Refused(refusal) => Some(refusal),
        _ => None,
    });
    of_order.or(match report.outcome {
        Outcome::Refused { refusal, .. } => Some(refusal),
        _ => None,
    })
}

/// Two chips of one number; a chip that took another's place: the order names its chip, and the books begin the new life's counts.
fn chips(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "one order and two chips of one number");
    let by = "the order names its chip";
    for credited_before in [true, false] {
        let mut scene = Scene::new(suite, seed)?;
        let a = scene.a.clone();
        let mut twin = scene.city.site_with(0, Mode::Symmetric, "another chip")?;
        let receipt = if credited_before { scene.insert(&a)? } else { None };
        twin.deliver(&a.record)?;
        match refusal(&mut twin, scene.bank.now) {
            Some(Refusal::EsamSerial) if twin.purse()?.count == 0 => row.stopped(by),
            other => row.went_through(format!("the second chip: {other:?}")),
        }
        if let Some(receipt) = receipt {
            scene.settle(Some(receipt))?;
            told(&mut row, "credited by the first", by, scene.wrong(0)?);
            continue;
        }
        // The second chip takes the place of the first, and what was paid moves to it as the first order of its life.
        scene.bank.tell(std::slice::from_ref(&twin))?;
        let moved = scene.bank.anew(&scene.site, Anew::ChipReplaced)?;
        scene.before = i64::from(scene.site.purse()?.total_credited.0);
        scene.site = twin;
        scene.site.make_room()?;
        if moved.order.count != 1 {
            row.went_through(format!("the first order of a life has count {}", moved.order.count));
        }
        let receipt = scene.insert(&moved)?;
        scene.settle(receipt)?;
        told(&mut row, "the chip replaced", "a count belongs to one life", scene.wrong(0)?);
    }
    Ok(row)
}
