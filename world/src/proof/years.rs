//! A world that lives: customers who buy and consume, messages that are late, lost, doubled and out of order, SIMs that are pulled, changed
//! and put into the wrong meter, supplies that fail in the middle of a write, clocks that are wrong. After every event what touches money is
//! looked at; at the end every message comes through, and every order must have settled once.

use super::board::Progress;
use crate::bare::{BEGIN, Bank, City, Seed, Site};
use crate::queue::Queue;
use keys::Suite;
use meter::{Consumption, Outcome};
use parties::trouble::Result;
use scheme::Moment;
use scheme::chance::random;
use scheme::money::Fen;
use scheme::signing::Mode;
use serde::Serialize;
use server::{CommitFault, FindingKind, SealedOrder, Settlement, Store};
use std::collections::BTreeMap;
use vcard::{Pull, SeededChance, SupplyCut, Torn};
use wire::sms::record::Records;

const DAY_S: i64 = 86_400;
/// Joules of 0.01 kWh.
const HUNDREDTH_J: u128 = 36_000;
/// Fen times joule per kWh, of one fen.
const FEN_J: u128 = 3_600_000;
/// A balance at which a customer buys.
const LOW: Fen = Fen(30_00);
/// The last days of a world have no faults, so that everything comes through.
const QUIET_DAYS: u32 = 60;
/// So many violations are told.
const TOLD: usize = 20;

/// What is to be lived.
#[derive(Debug, Clone, Copy)]
pub struct Years {
    /// Suite of all keys.
    pub suite: Suite,
    /// Of everything random.
    pub seed: Seed,
    /// Days; quiet ones follow, until every message has come through.
    pub days: u32,
    /// Meters. Every third takes signed orders alone.
    pub meters: u32,
    /// Nothing goes wrong.
    pub calm: bool,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct YearsReport {
    /// The seed that repeats it.
    pub seed: u64,
    /// Days that were lived, the quiet ones too.
    pub days: u32,
    /// Meters.
    pub meters: u32,
    /// Events: days of a meter, sales, messages, insertions.
    pub events: u64,
    /// What went wrong, by its kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Orders sold.
    pub orders: u64,
    /// Sold, in fen.
    pub sold_fen: i64,
    /// Credited by meters, in fen.
    pub credited_fen: i64,
    /// Settled, in fen.
    pub settled_fen: i64,
    /// Paid back or due, in fen.
    pub refunded_fen: i64,
    /// Consumed and debited, in fen.
    pub consumed_fen: i64,
    /// What must not be and was, with the day and the meter.
    pub violations: Vec<String>,
    /// Sold, credited, settled and consumed in fen, and faults, up to the end of each tenth day.
    #[serde(skip)]
    pub course: Vec<[i64; 5]>,
}

impl YearsReport {
    /// Faults of all kinds.
    pub fn faults_in_all(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// Something that is going to happen.
enum Event {
    /// An order's message reaches its customer's SIM.
    Order(usize, Records),
    /// A customer puts his SIM into a meter.
    Insert(usize),
    /// The phone sends the receipt that waits.
    Send(usize),
    /// A receipt reaches the server.
    Receipt(usize, Records),
    /// A customer whose order came to nothing asks at the counter.
    Complain(usize, u32),
}

/// What a customer has, and what is believed of him.
struct Household {
    site: Site,
    /// Seconds his meter's clock is wrong.
    drift: i64,
    /// Version of his SIM.
    sim: u32,
    /// The order he waits for.
    waiting: Option<u32>,
    /// Amounts of the orders of each count that were sealed: the meter may credit one of them.
    sold: BTreeMap<u32, Vec<Fen>>,
    credited: u64,
    count: u32,
}

/// The world under way.
struct Under<'p> {
    what: Years,
    bank: Bank,
    households: Vec<Household>,
    queue: Queue<Event>,
    chance: SeededChance,
    now: Moment,
    quiet: bool,
    report: YearsReport,
    progress: Progress<'p>,
}

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
    let mode = |n: u32| if n % 3 == 2 { Mode::Signed } else { Mode::Symmetric };
    let sites: Vec<Site> = (0..what.meters).map(|n| city.site(n, mode(n))).collect::<Result<_>>()?;
    let bank = city.bank_with(books, &sites)?;
    let mut chance = what.seed.chance("households");
    let households = sites.into_iter().map(|site| Household {
        site,
        drift: if draw(&mut chance, 100) == 0 { 0 } else { i64::from(draw(&mut chance, 7200)) - 3600 },
        sim: 0,
        waiting: None,
        sold: BTreeMap::new(),
        credited: 0,
        count: 0,
    });
    let mut under = Under {
        what: *what,
        bank,
        households: households.collect(),
        queue: Queue::default(),
        chance: what.seed.chance("world"),
        now: BEGIN,
        quiet: what.calm,
        report: YearsReport { seed: what.seed.0, meters: what.meters, ..YearsReport::default() },
        progress,
    };
    if let Err(error) = under.live_to_the_end() {
        under.report.violations.push(format!("{}: what must go was refused: {error}", under.now));
    }
    Ok(under.report)
}

fn draw(chance: &mut SeededChance, below: u32) -> u32 {
    u32::from_be_bytes(random(chance)) % below.max(1)
}

impl Under<'_> {
    fn live_to_the_end(&mut self) -> Result<()> {
        self.live()?;
        self.end()
    }

    fn live(&mut self) -> Result<()> {
        let mut day = 0;
        loop {
            if day >= self.what.days {
                // Quiet days until nothing is under way any more.
                self.quiet = true;
                let waits = self.households.iter().any(|household| household.waiting.is_some());
                if day >= self.what.days + QUIET_DAYS || (!waits && self.queue.is_empty()) {
                    break;
                }
            }
            self.day(day)?;
            day += 1;
            if day % 10 == 0 {
                let r = &self.report;
                let faults = i64::try_from(r.faults_in_all()).unwrap_or(i64::MAX);
                let line = [r.sold_fen, r.credited_fen, r.settled_fen, r.consumed_fen, faults];
                self.report.course.push(line);
                (self.progress)(&format!("day {day} of {}", self.what.days));
            }
        }
        self.report.days = day;
        Ok(())
    }

    /// One day of everybody: what is due happens at its time, and in the evening each meter takes what was consumed.
    fn day(&mut self, day: u32) -> Result<()> {
        let evening = self.at(DAY_S);
        while let Some((at, event)) = self.queue.due(evening) {
            self.now = at.max(self.now);
            self.bank.now = self.now;
            self.report.events += 1;
            self.happen(event)?;
        }
        self.now = evening;
        self.bank.now = evening;
        for n in 0..self.households.len() {
            self.consume(n)?;
            if day < self.what.days {
                self.maybe_buy(n)?;
            }
        }
        Ok(())
    }

    fn at(&self, seconds: i64) -> Moment {
        self.now.add_seconds(seconds).unwrap_or(self.now)
    }

    /// Whether something goes wrong that does so once in so many times.
    fn fault(&mut self, name: &'static str, once_in: u32) -> bool {
        if self.quiet || draw(&mut self.chance, once_in) != 0 {
            return false;
        }
        *self.report.faults.entry(name).or_default() += 1;
        true
    }

    fn later(&mut self, least_s: u32, most_s: u32, event: Event) {
        let seconds = least_s + draw(&mut self.chance, most_s - least_s);
        self.queue.put(self.at(i64::from(seconds)), event);
    }

    fn violation(&mut self, n: usize, what: impl Into<String>) {
        let at = self.now;
        if self.report.violations.len() < TOLD {
            self.report.violations.push(format!(
                "{at}, meter {}: {}",
                self.households[n].site.n,
                what.into()
            ));
        }
    }

    fn consume(&mut self, n: usize) -> Result<()> {
        self.report.events += 1;
        let hundredths = u64::from(300 + draw(&mut self.chance, 900));
        let cut = self.fault("supply of an ESAM cut while it debits", 400);
        let (after, household) = (draw(&mut self.chance, 12), &mut self.households[n]);
        if cut {
            household.site.esam.cut(SupplyCut { after, torn: Torn::Noise(1) });
        }
        let now = self.now.add_seconds(household.drift).unwrap_or(self.now);
        household.site.meter.consume(&mut household.site.esam, Consumption::Energy(hundredths), now);
        if cut {
            household.site.power_off()?;
        }
        // The purse is read on a tenth of the days: reading it costs as much as the day.
        if cut || draw(&mut self.chance, 10) == 0 { self.check(n) } else { Ok(()) }
    }

    /// What was credited is in the purse or was consumed, to the last part of a fen; counts and sums only rise.
    fn check(&mut self, n: usize) -> Result<()> {
        let household = &mut self.households[n];
        let purse = household.site.purse()?;
        let state = household.site.meter.state();
        let (due, register) = (state.due, state.register);
        let spent = purse.total_credited.0.wrapping_sub(purse.balance.0);
        let pending = state.pending_debit.is_some();
        let cost = (u128::from(register.hundredths) * HUNDREDTH_J + u128::from(register.joules))
            * u128::from(state.config.price.0);
        let taken = (u128::from(spent) + u128::from(due.fen)) * FEN_J + u128::from(due.part);
        let (credited, count) = (household.credited, household.count);
        // While a debit has no known outcome it is in the purse or in what is due, and the meter finds out at the next.
        if !pending && cost != taken {
            self.violation(n, format!("consumed {cost}, taken {taken} (fen times joule per kWh)"));
        }
        if (u64::from(purse.total_credited.0), purse.count) != (credited, count) {
            let words = format!(
                "{} in {} orders, known are {credited} in {count}",
                purse.total_credited, purse.count
            );
            self.violation(n, words);
        }
        Ok(())
    }

    fn maybe_buy(&mut self, n: usize) -> Result<()> {
        let household = &self.households[n];
        if household.waiting.is_some() || household.site.meter.state().balance > LOW {
            return Ok(());
        }
        let amount = Fen(50_00 + 10_00 * draw(&mut self.chance, 25));
        let cut = self.server_fault();
        let sold = self.bank.buy(&self.households[n].site, amount);
        let sold =
            if cut && self.server_back(sold.is_err())? { self.sold_after_all(n, amount)? } else { sold? };
        self.report.orders += 1;
        self.report.sold_fen += i64::from(amount.0);
        self.sold(n, &sold);
        self.send(n, sold.record);
        if self.fault("order corrected while it was on its way", 60) {
            let other = Fen(amount.0 - 10_00);
            let corrected = self.bank.correct(&self.households[n].site, other)?;
            self.sold(n, &corrected);
            self.send(n, corrected.record);
        }
        Ok(())
    }

    /// The server's machine loses its supply at one of the next commits, or its disk its room. Says whether that was planned.
    fn server_fault(&mut self) -> bool {
        for (name, once_in, fault) in [
            ("server's supply cut before a commit", 120, CommitFault::Lost),
            ("server's supply cut after a commit", 120, CommitFault::Kept),
            ("server's disk full", 120, CommitFault::Full),
        ] {
            if self.fault(name, once_in) {
                self.bank.store.plan_fault(draw(&mut self.chance, 3), fault);
                return true;
            }
        }
        false
    }

    /// The server is on again, with room on its disk, whatever was planned; says whether its act broke.
    fn server_back(&mut self, broke: bool) -> Result<bool> {
        if self.bank.store.power_on() {
            self.bank.psam_again()?;
        }
        Ok(broke)
    }

    /// After a sale that broke the server goes on with what is written down, or the customer is sold to anew.
    fn sold_after_all(&mut self, n: usize, amount: Fen) -> Result<SealedOrder> {
        let site = &self.households[n].site;
        if self.bank.outstanding_order(site)? { self.bank.resume(site) } else { self.bank.buy(site, amount) }
    }

    fn sold(&mut self, n: usize, sealed: &SealedOrder) {
        let household = &mut self.households[n];
        let count = sealed.order.count;
        household.sold.entry(count).or_default().push(sealed.order.amount);
        household.waiting = Some(count);
        self.later(15 * DAY_S as u32, 16 * DAY_S as u32, Event::Complain(n, count));
    }

    /// An order on its way: late, lost, doubled.
    fn send(&mut self, n: usize, records: Records) {
        if self.fault("message lost", 30) {
            return;
        }
        let most = if self.fault("message late", 30) { 5 * DAY_S } else { 600 };
        if self.fault("message doubled", 30) {
            self.later(5, 3 * DAY_S as u32, Event::Order(n, records.clone()));
        }
        self.later(5, most as u32, Event::Order(n, records));
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Order(n, records) => {
                let site = &mut self.households[n].site;
                // A SIM that is full, or gone, takes nothing; its customer complains.
                if site.deliver(&records).is_err() {
                    *self.report.faults.entry("SIM full").or_default() += 1;
                }
                self.later(600, 2 * DAY_S as u32, Event::Insert(n));
                Ok(())
            }
            Event::Insert(n) => self.insert(n),
            Event::Send(n) => {
                let Some(records) = self.households[n].site.take_receipt()? else { return Ok(()) };
                if !self.fault("receipt lost", 30) {
                    if self.fault("receipt doubled", 30) {
                        self.later(5, 3 * DAY_S as u32, Event::Receipt(n, records.clone()));
                    }
                    self.later(5, 7200, Event::Receipt(n, records));
                }
                Ok(())
            }
            Event::Receipt(n, records) => self.settle(n, &records),
            Event::Complain(n, count) => self.complain(n, count),
        }
    }

    fn insert(&mut self, n: usize) -> Result<()> {
        if self.fault("SIM in another customer's meter", 100) {
            self.wrong_meter(n)?;
        }
        let pulled = self.fault("SIM pulled", 25);
        let cut = self.fault("supply of an ESAM cut while it credits", 25);
        let flash = self.fault("meter without power while it credits", 50);
        let (at, writes) = (draw(&mut self.chance, 40), draw(&mut self.chance, 40));
        let household = &mut self.households[n];
        let before = household.site.purse()?;
        if pulled || flash {
            household.site.sim.pull(Pull::AfterAnswering(at));
        }
        if cut {
            household.site.esam.cut(SupplyCut { after: writes, torn: Torn::Old });
        }
        let now = self.now.add_seconds(household.drift).unwrap_or(self.now);
        let (report, kept) = household.site.insert_and_stop(now)?;
        if pulled || cut || flash {
            household.site.power_off()?;
            if flash && matches!(report.outcome, Outcome::Refused { .. }) {
                household.site.restart(&kept)?;
            }
        }
        let purse = household.site.purse()?;
        let gained = purse.total_credited.0.wrapping_sub(before.total_credited.0);
        let counts = purse.count.wrapping_sub(before.count);
        let allowed = household.sold.get(&purse.count).cloned().unwrap_or_default();
        household.credited += u64::from(gained);
        household.count = purse.count;
        self.report.credited_fen += i64::from(gained);
        match counts {
            0 if gained == 0 => {}
            1 if allowed.contains(&Fen(gained)) => {}
            _ => self
                .violation(n, format!("{counts} counts and {gained} fen in one insertion, sold {allowed:?}")),
        }
        self.check(n)?;
        match report.outcome {
            Outcome::Refused { .. } if pulled || cut || flash => {
                self.later(600, DAY_S as u32, Event::Insert(n));
                Ok(())
            }
            _ => {
                self.later(600, DAY_S as u32, Event::Send(n));
                Ok(())
            }
        }
    }

    /// A customer tries his neighbour's meter: nothing of either changes.
    fn wrong_meter(&mut self, n: usize) -> Result<()> {
        let other = (n + 1) % self.households.len();
        if other == n {
            return Ok(());
        }
        let mut site = self.households[other].site.copy()?;
        site.sim = self.households[n].site.copy()?.sim;
        let before = site.purse()?;
        let report = site.insert(self.now);
        let after = site.purse()?;
        // What the other meter consumed and could not take is taken now, as at any insertion: its own money, and no other.
        if (after.total_credited, after.count) != (before.total_credited, before.count)
            || after.balance > before.balance
        {
            let words =
                format!("its order changed another meter: {before:?}, then {after:?}: {:?}", report.outcome);
            self.violation(n, words);
        }
        Ok(())
    }

    fn settle(&mut self, n: usize, records: &Records) -> Result<()> {
        let cut = self.server_fault();
        let mut settled = self.bank.settle(&self.households[n].site, records);
        if cut && self.server_back(settled.is_err())? {
            // The receipt comes again, as it would from a phone that heard nothing.
            settled = self.bank.settle(&self.households[n].site, records);
            if let Ok(Settlement::AlreadySettled(Some(_))) = settled {
                return self.heard_of_by_the_books(n, records);
            }
        }
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) => {
                self.violation(n, format!("a genuine receipt is refused: {error}"));
                return Ok(());
            }
        };
        match settled {
            Settlement::Settled(settled) => {
                let count = settled.receipt.count;
                self.report.settled_fen += i64::from(settled.amount.0);
                self.report.refunded_fen += settled.refund_due_fen;
                let strange = settled.findings.iter().map(|finding| finding.kind);
                let bad: Vec<FindingKind> = strange.filter(|kind| kind.freezes()).collect();
                if !bad.is_empty() {
                    self.violation(n, format!("findings {bad:?}"));
                }
                if self.households[n].waiting == Some(count) {
                    self.households[n].waiting = None;
                    self.households[n].sold.remove(&count);
                }
            }
            Settlement::AlreadySettled(_) => {}
            Settlement::Held(finding) => self.violation(n, format!("held: {}", finding.detail)),
        }
        Ok(())
    }

    /// It was settled in a commit that nobody heard of: what it came to, the books say.
    fn heard_of_by_the_books(&mut self, n: usize, records: &Records) -> Result<()> {
        let said = self.bank.open(&self.households[n].site, records)?;
        let totals = self.bank.store.read(|view| view.totals())?;
        (self.report.settled_fen, self.report.refunded_fen) = (totals.settled_fen, totals.refund_due_fen);
        if self.households[n].waiting == Some(said.count) {
            self.households[n].waiting = None;
            self.households[n].sold.remove(&said.count);
        }
        Ok(())
    }

    /// What is bought and not confirmed after a while: a new SIM where his is gone, else the order made anew or handed out again.
    fn complain(&mut self, n: usize, count: u32) -> Result<()> {
        if self.households[n].waiting != Some(count) {
            return Ok(());
        }
        if self.fault("SIM lost and replaced", 6) {
            let version = self.households[n].sim + 1;
            let sim = self.households[n].site.replace_sim(version)?;
            self.households[n].sim = version;
            self.bank.replace_sim(&self.households[n].site, &sim)?;
            let anew = self.bank.reissue(&self.households[n].site)?;
            self.sold(n, &anew);
            self.send(n, anew.record);
            return Ok(());
        }
        let again = match self.bank.outstanding(&self.households[n].site)? {
            Some(records) => records,
            None => {
                self.violation(n, "what he paid for is not outstanding, and not settled");
                return Ok(());
            }
        };
        let household = &mut self.households[n];
        household.site.make_room()?;
        self.later(5 * DAY_S as u32, 6 * DAY_S as u32, Event::Complain(n, count));
        self.send(n, again);
        Ok(())
    }

    /// When everything came through: every order settled once, and what was sold is in purses, was consumed, or is due to customers.
    fn end(&mut self) -> Result<()> {
        (self.progress)("the books");
        let mut purses = 0;
        for n in 0..self.households.len() {
            self.check(n)?;
            if let Some(count) = self.households[n].waiting {
                self.violation(n, format!("purchase {count} is not settled"));
            }
            let purse = self.households[n].site.purse()?;
            purses += i64::from(purse.balance.0);
            self.report.consumed_fen += i64::from(purse.total_credited.0.wrapping_sub(purse.balance.0));
        }
        for fault in self.bank.faults()? {
            self.report.violations.push(fault);
        }
        let r = &self.report;
        let sums = [
            ("sold", r.sold_fen, "settled and due", r.settled_fen + r.refunded_fen),
            ("credited", r.credited_fen, "in purses and consumed", purses + r.consumed_fen),
            ("credited", r.credited_fen, "settled", r.settled_fen),
        ];
        for (one, a, other, b) in sums {
            if a != b {
                self.report.violations.push(format!("{a} fen {one}, {b} fen {other}"));
            }
        }
        Ok(())
    }
}
