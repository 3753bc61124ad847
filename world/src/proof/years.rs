//! A world that lives: customers who buy in cash, by their bank, by telephone and online, and who consume; messages that are late, lost, doubled
//! and out of order, lines that are cut, SIMs that are pulled, changed and put into the wrong meter, supplies that fail in the middle of a write,
//! a bank that refuses, says nothing or says yes too late, clocks that are wrong. After every event what touches money is looked at; at the end
//! every message comes through, and every order must have settled once.

mod check;
mod counter;
mod media;
mod meters;
mod online;
mod paying;
mod phones;
mod pipes;
mod report;
mod under;
mod wish;

pub use report::{Years, YearsReport};

use super::board::Progress;
use crate::bare::{BEGIN, City, Entry, House, Site};
use crate::queue::Queue;
use crate::stick::Stick;
use parties::trouble::Result;
use scheme::signing::Mode;
use server::Store;
use std::collections::BTreeMap;
use under::{Household, Under, Way, draw};
use wish::Phone;

/// PSAMs of the bank.
const PSAMS: u32 = 2;

/// Lives them.
///
/// An act that must go and fails is a violation too, and the world ends there.
///
/// # Errors
/// The parties cannot be set up.
pub fn years(what: &Years, progress: Progress<'_>) -> Result<YearsReport> {
    years_with(Store::in_memory()?, what, progress)
}

/// As [`years`], with the bank's books where they are given.
///
/// # Errors
/// As [`years`]; books that have customers.
pub fn years_with(books: Store, what: &Years, progress: Progress<'_>) -> Result<YearsReport> {
    progress("making cards and meters");
    let mut city = City::new(what.suite, what.seed)?;
    for _ in 1..PSAMS {
        city.make_psam()?;
    }
    let mode = |n: u32| if n % 3 == 2 { Mode::Signed } else { Mode::Symmetric };
    let site = |n: u32| city.site(n, mode(n))?.with_profile(pipes::profile(n));
    let sites: Vec<Site> = (0..what.meters).map(site).collect::<Result<_>>()?;
    let bank = city.bank_with(books, &sites)?;
    let mut chance = what.seed.chance("households");
    let households = sites.into_iter().map(|site| Household {
        way: Way::of(&site),
        site,
        drift: if draw(&mut chance, 100) == 0 { 0 } else { i64::from(draw(&mut chance, 7200)) - 3600 },
        sim: 0,
        waiting: None,
        sold: BTreeMap::new(),
        credited: 0,
        count: 0,
        gained: (0, 0),
        tries: 0,
        spent: 0,
        paying: None,
        phone: Phone::default(),
        stick: Stick::default(),
    });
    let mut under = Under {
        what: *what,
        bank,
        households: households.collect(),
        queue: Queue::default(),
        chance: what.seed.chance("world"),
        now: BEGIN,
        quiet: what.calm,
        cash: 0,
        house: House::default(),
        payers: BTreeMap::new(),
        entry: Entry::new(what.seed),
        offered: BTreeMap::new(),
        report: YearsReport { seed: what.seed.0, meters: what.meters, ..YearsReport::default() },
        progress,
    };
    if let Err(error) = under.live_to_the_end() {
        under.report.violations.push(format!("{}: what must go was refused: {error}", under.now));
    }
    Ok(under.report)
}
