//! The server's machine loses its supply, or its disk its room, at each commit of a sale and of a settlement, and again at each commit of what
//! it does when it is back.

use super::super::board::Row;
use super::depth::{AMOUNT, Depth, mode_name};
use crate::bare::{Bank, City, Seed, Site};
use ::server::{CommitFault, SealedOrder, Settlement};
use keys::Suite;
use meter::Outcome;
use parties::trouble::{Context, Result};
use scheme::signing::Mode;
use wire::sms::record::Records;

/// More commits than an act has.
const MOST: u32 = 60;
const FAULTS: [CommitFault; 3] = [CommitFault::Lost, CommitFault::Kept, CommitFault::Full];

/// When what goes; none at the end of a sweep.
type Planned = Option<(u32, CommitFault)>;

/// A bank before its first sale, and who buys.
struct Counter<'c> {
    city: &'c City,
    site: &'c Site,
}

impl Counter<'_> {
    /// A bank that sells with these faults, one after another; the order, and whether every fault came to pass.
    fn sold(&self, faults: &[Planned]) -> Result<(Bank, SealedOrder, bool)> {
        let mut bank = self.city.bank(std::slice::from_ref(self.site))?;
        let mut all = true;
        for fault in faults {
            all &= broken(&mut bank, *fault, |bank| sell(bank, self.site).map(drop))?;
        }
        let order = sell(&mut bank, self.site)?;
        Ok((bank, order, all))
    }
}

/// An act with a fault; says whether it came to pass. The machine is on again afterwards, its PSAM in its reader.
fn broken(bank: &mut Bank, fault: Planned, act: impl FnOnce(&mut Bank) -> Result<()>) -> Result<bool> {
    let Some((after, fault)) = fault else { return Ok(true) };
    bank.store.plan_fault(after, fault);
    let failed = act(bank).is_err();
    let was_off = bank.store.power_on();
    if was_off {
        bank.psam_again()?;
    }
    Ok(failed)
}

/// What the server does that was asked for a sale before: it goes on with the one that is written down, or begins.
fn sell(bank: &mut Bank, site: &Site) -> Result<SealedOrder> {
    if bank.outstanding_order(site)? { bank.resume(site) } else { bank.buy(site, AMOUNT) }
}

/// What is not as it would be had nothing happened.
fn difference(bank: &mut Bank, site: &Site, order: &SealedOrder) -> Result<Option<String>> {
    let mut site = site.copy()?;
    site.deliver(&order.record)?;
    let outcome = site.insert(bank.now).outcome;
    if !matches!(outcome, Outcome::Credited { amount: AMOUNT, .. }) {
        return Ok(Some(format!("the meter says {outcome:?}")));
    }
    let receipt = site.take_receipt()?.context("a receipt")?;
    match bank.settle(&site, &receipt)? {
        Settlement::Settled(settled) if settled.findings.is_empty() => {}
        other => return Ok(Some(format!("its receipt: {other:?}"))),
    }
    ended(bank)
}

/// One order of its amount in books that are in order, and one in the PSAM.
fn ended(bank: &mut Bank) -> Result<Option<String>> {
    let totals = bank.store.read(|view| view.totals())?;
    let sums = (totals.sold_fen, totals.settled_fen, totals.outstanding_fen, totals.refund_due_fen);
    let amount = i64::from(AMOUNT.0);
    if sums != (amount, amount, 0, 0) || bank.sealed()? != 1 {
        return Ok(Some(format!("sold, settled, out, due {sums:?}; {} sealed", bank.sealed()?)));
    }
    Ok(bank.faults()?.into_iter().next())
}

/// What keeps books whole.
const KEPT: &str = "intent and outcome, a commit each; the PSAM's chain";

/// A row for sales and one for settlements.
pub fn rows(suite: Suite, mode: Mode, seed: Seed, depth: Depth) -> Result<Vec<Row>> {
    let mut city = City::new(suite, seed)?;
    let site = city.site(0, mode)?;
    let counter = Counter { city: &city, site: &site };
    Ok(vec![sales(&counter, mode, depth)?, settlements(&counter, mode, depth)?])
}

fn seconds(depth: Depth, first: CommitFault) -> Vec<CommitFault> {
    match depth {
        Depth::Single => Vec::new(),
        Depth::Pairs => vec![first],
        Depth::Crossed => FAULTS.to_vec(),
    }
}

fn sales(counter: &Counter<'_>, mode: Mode, depth: Depth) -> Result<Row> {
    let mut row = Row::new(
        "cuts",
        format!("server's supply or disk gone at each commit of a sale, {}", mode_name(mode)),
    );
    for fault in FAULTS {
        for after in 0..MOST {
            let (mut bank, order, came) = counter.sold(&[Some((after, fault))])?;
            if !came {
                break;
            }
            told(&mut row, format!("{fault:?} at {after}"), difference(&mut bank, counter.site, &order)?);
            for second in seconds(depth, fault) {
                for then in 0..MOST {
                    let planned = [Some((after, fault)), Some((then, second))];
                    let (mut bank, order, came) = counter.sold(&planned)?;
                    if !came {
                        break;
                    }
                    let how = format!("{fault:?} at {after}, then {second:?} at {then}");
                    told(&mut row, how, difference(&mut bank, counter.site, &order)?);
                }
            }
        }
    }
    Ok(row)
}

fn settlements(counter: &Counter<'_>, mode: Mode, depth: Depth) -> Result<Row> {
    let name = format!("server's supply or disk gone at each commit of a settlement, {}", mode_name(mode));
    let mut row = Row::new("cuts", name);
    for fault in FAULTS {
        for after in 0..MOST {
            let first = settled(counter, &[Some((after, fault))], &mut row)?;
            if !first {
                break;
            }
            for second in seconds(depth, fault) {
                for then in 0..MOST {
                    if !settled(counter, &[Some((after, fault)), Some((then, second))], &mut row)? {
                        break;
                    }
                }
            }
        }
    }
    Ok(row)
}

/// A settlement with these faults, and once more without; whether all of them came to pass.
fn settled(counter: &Counter<'_>, faults: &[Planned], row: &mut Row) -> Result<bool> {
    let (mut bank, order, _) = counter.sold(&[])?;
    let mut site = counter.site.copy()?;
    site.deliver(&order.record)?;
    site.insert(bank.now);
    let receipt: Records = site.take_receipt()?.context("a receipt")?;
    let mut all = true;
    for fault in faults {
        all &= broken(&mut bank, *fault, |bank| bank.settle(&site, &receipt).map(drop))?;
    }
    if !all {
        return Ok(false);
    }
    let again = bank.settle(&site, &receipt)?;
    let wrong = match &again {
        Settlement::Settled(settled) if settled.order == order.order.id => ended(&mut bank)?,
        Settlement::AlreadySettled(Some(known)) if *known == order.order.id => ended(&mut bank)?,
        other => Some(format!("{other:?}")),
    };
    told(row, format!("{faults:?}"), wrong);
    Ok(true)
}

fn told(row: &mut Row, how: String, wrong: Option<String>) {
    match wrong {
        None => row.stopped(KEPT),
        Some(wrong) => row.went_through(format!("{how}: {wrong}")),
    }
}
