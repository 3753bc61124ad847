//! What the next unit costs: rates and steps, those in use and those that wait for their time [docs/specs/profiles.md 2].
//!
//! The tables are the ESAM's files, written under a station's MAC; the MCU bills by its copy, because it prices between two sessions.
//! A table that waits takes the other's place once, at its time; what was drawn before costs what it cost before.

use scheme::moment::Moment;
use scheme::tariff::{Price, Steps};
use serde::{Deserialize, Serialize};

/// Load-seconds in the register's unit, 0.01 kWh or 0.01 m3: joules, or a 3600th of a litre.
pub(crate) const PER_HUNDREDTH: u128 = 36_000;

/// A table in use, and one that waits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables<T> {
    /// Bills.
    pub current: T,
    /// Waits.
    pub spare: T,
    /// When it bills, in seconds as [`Moment::seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// The time at which it took the other's place; it does so once. The file of a table that waits goes on naming its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<i64>,
}

impl<T: Clone> Tables<T> {
    fn due(&self) -> Option<i64> {
        self.from.filter(|from| self.done != Some(*from))
    }

    fn switch(&mut self) {
        (self.current, self.done) = (self.spare.clone(), self.from);
    }
}

/// Which part of the ESAM's tables a station wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// Rates in use.
    Rates,
    /// Rates that wait, or their time.
    SpareRates,
    /// Steps in use.
    Steps,
    /// Steps that wait, or their time.
    SpareSteps,
}

impl Written {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Written::Rates => "rates",
            Written::SpareRates => "spare-rates",
            Written::Steps => "steps",
            Written::SpareSteps => "spare-steps",
        }
    }
}

/// A table on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// Which.
    pub table: Written,
    /// What stood in its place: the first 8 bytes of SHA-256, in hexadecimal.
    pub before: String,
}

/// What a meter bills by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tariff {
    /// The price beside the steps; a meter of ours has one rate.
    pub rates: Tables<Price>,
    /// Prices that rise within a period.
    pub steps: Tables<Steps>,
    /// When the period began, in seconds as [`Moment::seconds`]; of no meaning without steps.
    pub period: i64,
    /// Load-seconds since then.
    pub drawn: u64,
    /// A table that may have come into the ESAM and not here: the supply went between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

/// Something that happens to a tariff at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Rates,
    /// Before the steps: a period that ends with its table has ended.
    Period,
    Steps,
}

impl Tariff {
    /// Whether no station ever wrote a table: the price is that of the production line.
    pub fn is_plain(&self) -> bool {
        *self == Tariff::default()
    }

    /// What the next unit costs; `plain` where no table names a price.
    ///
    /// UNSPECIFIED: no public source says how rates and steps go together; here both are paid, so that one of them alone is the price.
    pub fn price(&self, plain: Price) -> Price {
        self.at(plain).0
    }

    /// All prices of a period, rates and steps together.
    pub(crate) fn table(&self, plain: Price) -> Steps {
        if self.steps.current.is_none() {
            return Steps { prices: vec![self.price(plain)], ..Steps::default() };
        }
        let mut steps = self.steps.current.clone();
        steps.prices.iter_mut().for_each(|price| price.0 = price.0.saturating_add(self.rates.current.0));
        steps
    }

    /// The price, and how many load-seconds more have it by the steps.
    fn at(&self, plain: Price) -> (Price, Option<u128>) {
        if self.steps.current.is_none() {
            let rate = self.rates.current;
            return (if rate == Price(0) { plain } else { rate }, None);
        }
        let (step, left) = self.steps.current.at(self.drawn.into(), PER_HUNDREDTH);
        (Price(self.rates.current.0.saturating_add(step.0)), left)
    }

    /// Rates in use from now on.
    pub(crate) fn take_rates(&mut self, rates: Price) {
        self.rates.current = rates;
    }

    /// Rates that wait for a time, in seconds as [`Moment::seconds`].
    pub(crate) fn take_spare_rates(&mut self, rates: Price, from: Option<i64>) {
        (self.rates.spare, self.rates.from) = (rates, from);
    }

    /// Steps in use from now on.
    pub(crate) fn take_steps(&mut self, steps: Steps, now: Moment) {
        self.step_on(steps, now.seconds());
    }

    /// Steps that wait for a time.
    pub(crate) fn take_spare_steps(&mut self, steps: Steps, from: Option<i64>) {
        (self.steps.spare, self.steps.from) = (steps, from);
    }

    /// Other steps bill from a time on. A period that is under way goes on, with what was drawn in it.
    fn step_on(&mut self, steps: Steps, at: i64) {
        if steps.is_none() {
            (self.period, self.drawn) = (0, 0);
        } else if self.steps.current.is_none() {
            (self.period, self.drawn) = (steps.period_at(at), 0);
        } else {
            // Days of theirs that are over have begun nothing; one that begins now does.
            self.period = at.saturating_sub(1);
        }
        self.steps.current = steps;
    }

    /// What happens to it next, and when.
    fn next(&self) -> Option<(i64, Change)> {
        let current = &self.steps.current;
        let period = if current.is_none() { None } else { current.period_after(self.period) };
        let changes =
            [(self.rates.due(), Change::Rates), (self.steps.due(), Change::Steps), (period, Change::Period)];
        changes.into_iter().filter_map(|(at, change)| Some((at?, change))).min()
    }

    fn apply(&mut self, at: i64, change: Change) {
        match change {
            Change::Rates => self.rates.switch(),
            Change::Steps => {
                let spare = self.steps.spare.clone();
                self.steps.done = self.steps.from;
                self.step_on(spare, at);
            }
            Change::Period => (self.period, self.drawn) = (at, 0),
        }
    }

    /// Everything that was to happen until now.
    pub(crate) fn advance(&mut self, now: Moment) {
        while let Some((at, change)) = self.next().filter(|(at, _)| *at <= now.seconds()) {
            self.apply(at, change);
        }
    }
}

/// A stretch that is drawn at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) load_seconds: u128,
    pub(crate) price: Price,
}

/// A consumption that ends now, priced stretch by stretch.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(crate) tariff: Tariff,
    plain: Price,
    load: u128,
    now: i64,
    /// All of it, in load-seconds.
    all: u128,
    /// Priced so far.
    done: u128,
}

impl Walk {
    /// `all` load-seconds at `load`, the last of them now. Without a load all is drawn now.
    pub(crate) fn new(tariff: Tariff, plain: Price, all: u128, load: u32, now: Moment) -> Self {
        Walk { tariff, plain, load: load.into(), now: now.seconds(), all, done: 0 }
    }

    /// Where in the consumption a time stands that is over.
    pub(crate) fn place(&self, at: i64) -> u128 {
        let before = u128::from(self.now.saturating_sub(at).unsigned_abs()) * self.load;
        if self.load == 0 { 0 } else { self.all.saturating_sub(before) }
    }

    /// The next stretch, at most so long; `None` when nothing is left.
    pub(crate) fn next(&mut self, most: u128) -> Option<Stretch> {
        let mut next = self.tariff.next().filter(|(at, _)| *at <= self.now);
        while let Some((at, change)) = next.filter(|(at, _)| self.place(*at) <= self.done) {
            self.tariff.apply(at, change);
            next = self.tariff.next().filter(|(at, _)| *at <= self.now);
        }
        let left = self.all.saturating_sub(self.done).min(most);
        if left == 0 {
            return None;
        }
        let (price, of_step) = self.tariff.at(self.plain);
        let until = next.map_or(left, |(at, _)| self.place(at) - self.done);
        let load_seconds = left.min(until).min(of_step.unwrap_or(left));
        self.done += load_seconds;
        if !self.tariff.steps.current.is_none() {
            let drawn = u64::try_from(load_seconds).unwrap_or(u64::MAX);
            self.tariff.drawn = self.tariff.drawn.saturating_add(drawn);
        }
        Some(Stretch { load_seconds, price })
    }
}
