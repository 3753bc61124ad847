//! One purchase, its order on the SIM, put into the meter: the power of ESAM, SIM, PSAM and meter goes at every persistent write and between
//! every two commands; then again in the recovery. In the end it must be as if nothing had happened.

mod depth;
mod server;

pub use depth::Depth;

use super::board::{Progress, Row};
use crate::bare::{Bank, City, Seed, Site};
use ::server::{SealedOrder, Settlement};
use depth::{AMOUNT, mode_name};
use keys::Suite;
use meter::Outcome;
use parties::trouble::{Context, Result, refused};
use scheme::receipt::Receipt;
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use std::cell::RefCell;
use vcard::{Pull, SupplyCut, Torn};

/// What a page may hold that was being written.
const TORN: [Torn; 6] =
    [Torn::Old, Torn::New, Torn::Prefix(1), Torn::Prefix(33), Torn::Erased, Torn::Noise(1)];

/// What goes wrong in the recovery after such a fault.
fn seconds(depth: Depth, first: Fault) -> Vec<Fault> {
    match depth {
        Depth::Single => Vec::new(),
        Depth::Pairs => [first].to_vec(),
        Depth::Crossed => Fault::all(),
    }
}

/// Something that goes wrong once, at the n-th occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The supply of the ESAM, at its n-th page write.
    EsamWrite(Torn),
    /// The supply of the SIM, at its n-th page write.
    SimWrite(Torn),
    /// The SIM is pulled before a command, or after it and before its answer.
    SimPulled { answered: bool },
    /// The ESAM loses contact, likewise.
    EsamPulled { answered: bool },
    /// The whole meter stops between two commands to the SIM, or to the ESAM: the MCU has what its flash has.
    MeterStops { at_esam: bool },
}

impl Fault {
    fn all() -> Vec<Fault> {
        let torn = |make: fn(Torn) -> Fault| TORN.map(make);
        let mut all = torn(Fault::EsamWrite).to_vec();
        all.extend(torn(Fault::SimWrite));
        all.extend([false, true].map(|answered| Fault::SimPulled { answered }));
        all.extend([false, true].map(|answered| Fault::EsamPulled { answered }));
        all.extend([false, true].map(|at_esam| Fault::MeterStops { at_esam }));
        all
    }

    const fn group(self) -> &'static str {
        match self {
            Fault::EsamWrite(_) => "ESAM's supply cut at each write",
            Fault::SimWrite(_) => "SIM's supply cut at each write",
            Fault::SimPulled { .. } => "SIM pulled between commands",
            Fault::EsamPulled { .. } => "ESAM without contact between commands",
            Fault::MeterStops { .. } => "meter stopped between commands",
        }
    }

    fn plan(self, site: &mut Site, n: u32) {
        let pull = |answered: bool| if answered { Pull::AfterAnswering(n) } else { Pull::Before(n) };
        match self {
            Fault::EsamWrite(torn) => site.esam.cut(SupplyCut { after: n, torn }),
            Fault::SimWrite(torn) => site.sim.cut(SupplyCut { after: n, torn }),
            Fault::SimPulled { answered } => site.sim.pull(pull(answered)),
            Fault::EsamPulled { answered } => site.esam.pull(pull(answered)),
            Fault::MeterStops { at_esam: true } => site.esam.pull(pull(true)),
            Fault::MeterStops { at_esam: false } => site.sim.pull(pull(true)),
        }
    }
}

/// A purchase about to be inserted, and how it ends where nothing goes wrong.
struct Bench {
    bank: RefCell<Bank>,
    before: Site,
    order: SealedOrder,
    ended: Receipt,
    what: String,
}

impl Bench {
    fn new(suite: Suite, mode: Mode, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let sites = [city.site(0, mode)?];
        let mut bank = city.bank(&sites)?;
        let [mut before] = sites;
        let order = bank.buy(&before, AMOUNT)?;
        before.deliver(&order.record)?;
        bank.now = bank.now.add_seconds(60).context("a time")?;
        let mut whole = before.copy()?;
        let report = whole.insert(bank.now);
        if !matches!(report.outcome, Outcome::Credited { amount: AMOUNT, .. }) {
            return Err(refused(format!("a purchase without any fault ends so: {:?}", report.outcome)).into());
        }
        let records = whole.take_receipt()?.context("a receipt")?;
        let opened = bank.open(&whole, &records)?;
        let what = mode_name(mode).to_owned();
        Ok(Bench { bank: RefCell::new(bank), before, order, ended: opened, what })
    }

    /// Puts the SIM in; a meter that stops is what its flash has of it.
    fn insert(&self, mut site: Site, fault: Option<(Fault, u32)>) -> Result<(Site, bool)> {
        if let Some((fault, n)) = fault {
            fault.plan(&mut site, n);
        }
        let (report, flash) = site.insert_and_stop(self.bank.borrow().now)?;
        // Nothing to do is an end too: all was done before.
        let came_to_pass = match report.outcome {
            Outcome::Refused { refusal, .. } => refusal != Refusal::NoOrder,
            _ => false,
        };
        let mut after = site.copy()?;
        if came_to_pass && matches!(fault, Some((Fault::MeterStops { .. }, _))) {
            after.restart(&flash)?;
        }
        Ok((after, came_to_pass))
    }

    /// What is not as it would be had nothing happened; `None`: all of it is.
    fn difference(&self, mut site: Site) -> Result<Option<String>> {
        let purse = site.purse()?;
        let wanted = (AMOUNT, AMOUNT, 1);
        if (purse.balance, purse.total_credited, purse.count) != wanted {
            return Ok(Some(format!(
                "purse {}, credited {}, count {}",
                purse.balance, purse.total_credited, purse.count
            )));
        }
        let Some(records) = site.take_receipt()? else { return Ok(Some("no receipt".to_owned())) };
        if site.take_receipt()?.is_some() {
            return Ok(Some("a second receipt".to_owned()));
        }
        let opened = match self.bank.borrow_mut().open(&site, &records) {
            Ok(opened) => opened,
            Err(error) => return Ok(Some(format!("the receipt does not open: {error}"))),
        };
        // A receipt that is made again after a cut may be of another second attempt, and never of another purchase.
        let same = Receipt { tac: self.ended.tac, ..opened.clone() } == self.ended;
        Ok((!same).then(|| format!("another receipt: {opened:?}")))
    }
}

/// Cuts everywhere, for each kind of order. Gives a row a place where power goes.
///
/// # Errors
/// The parties cannot be set up, or a purchase fails without any fault.
pub fn cuts(suite: Suite, seed: Seed, depth: Depth, progress: Progress<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mode in [Mode::Symmetric, Mode::Signed] {
        let bench = Bench::new(suite, mode, seed)?;
        for fault in Fault::all() {
            let name = format!("{}, {}", fault.group(), mode_name(mode));
            progress(&name);
            one(&bench, fault, depth, &name, &mut rows)?;
        }
        progress("the books");
        rows.push(settled(&bench)?);
        rows.push(psam(suite, mode, seed)?);
        progress("the server");
        rows.extend(server::rows(suite, mode, seed, depth)?);
    }
    Ok(rows)
}

/// The row of a name, there already or new.
fn row<'r>(rows: &'r mut Vec<Row>, name: &str) -> &'r mut Row {
    let at = rows.iter().position(|row| row.attack == name).unwrap_or_else(|| {
        rows.push(Row::new("cuts", name));
        rows.len() - 1
    });
    &mut rows[at]
}

fn one(bench: &Bench, fault: Fault, depth: Depth, name: &str, rows: &mut Vec<Row>) -> Result<()> {
    for first in 0..MOST {
        let (site, came_to_pass) = bench.insert(bench.before.copy()?, Some((fault, first)))?;
        if !came_to_pass {
            return Ok(());
        }
        let recovered = bench.insert(site.copy()?, None)?.0;
        let how = || format!("{}: {fault:?} at {first}", bench.what);
        match bench.difference(recovered)? {
            None => row(rows, name).stopped(KEPT),
            Some(what) => row(rows, name).went_through(format!("{}: {what}", how())),
        }
        for again in seconds(depth, fault) {
            for second in 0.. {
                let row = row(rows, &format!("{name}, and the recovery too"));
                if second == MOST {
                    row.went_through(format!("{}, then {again:?}: refused without end", how()));
                    return Ok(());
                }
                let (site, came_to_pass) = bench.insert(site.copy()?, Some((again, second)))?;
                let recovered = bench.insert(site, None)?.0;
                match bench.difference(recovered)? {
                    None => row.stopped(KEPT),
                    Some(what) => row.went_through(format!("{}, then {again:?} at {second}: {what}", how())),
                }
                if !came_to_pass {
                    break;
                }
            }
        }
    }
    row(rows, name).went_through(format!("{}: {fault:?}: refused without end", bench.what));
    Ok(())
}

/// More occasions than a purchase has: who is refused at the last of them is refused for another reason than the fault.
const MOST: u32 = 500;

/// What keeps money where it is.
const KEPT: &str = "journal, count rule, receipt kept";

/// The receipt settles its order once, whatever it went through.
fn settled(bench: &Bench) -> Result<Row> {
    let mut row = Row::new("cuts", format!("its receipt settled twice, {}", bench.what));
    let mut site = bench.insert(bench.before.copy()?, None)?.0;
    let records = site.take_receipt()?.context("a receipt")?;
    let mut bank = bench.bank.borrow_mut();
    let first = bank.settle(&site, &records)?;
    let id = bench.order.order.id;
    match (&first, bank.settle(&site, &records)?) {
        (Settlement::Settled(settled), Settlement::AlreadySettled(Some(order)))
            if settled.order == id && order == id && settled.findings.is_empty() =>
        {
            row.stopped("books: UNIQUE(life, count)");
        }
        (first, again) => row.went_through(format!("{first:?}, then {again:?}")),
    }
    if let Some(fault) = bank.faults()?.first() {
        row.went_through(fault.clone());
    }
    Ok(row)
}

/// The PSAM's supply goes at each write while it seals, and it is asked again: one order, counted once, and the meter takes it.
fn psam(suite: Suite, mode: Mode, seed: Seed) -> Result<Row> {
    let mut row = Row::new("cuts", format!("PSAM's supply cut while it seals, {}", mode_name(mode)));
    let mut city = City::new(suite, seed)?;
    let sites = [city.site(0, mode)?];
    for after in 0.. {
        let mut bank = city.bank(&sites)?;
        bank.psam.cut(SupplyCut { after, torn: TORN[after as usize % TORN.len()] });
        let whole = bank.buy(&sites[0], AMOUNT).is_ok();
        bank.psam_again()?;
        // Cut before the intent was written there is nothing to go on with.
        let order = match bank.outstanding_order(&sites[0])? {
            true => bank.resume(&sites[0])?,
            false => bank.buy(&sites[0], AMOUNT)?,
        };
        let mut site = sites[0].copy()?;
        site.deliver(&order.record)?;
        let credited = matches!(site.insert(bank.now).outcome, Outcome::Credited { amount: AMOUNT, .. });
        let faults = bank.faults()?;
        match (credited, bank.sealed()?, faults.first()) {
            (true, 1, None) => row.stopped("order chain: the same order again counts once"),
            (credited, sealed, fault) => {
                row.went_through(format!(
                    "after {after} writes: credited {credited}, {sealed} sealed, {fault:?}"
                ));
            }
        }
        if whole {
            break;
        }
    }
    Ok(row)
}
