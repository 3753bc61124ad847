//! What a batch is told and tells: its lines, their cards, and its figures.

use super::request::Details;
use crate::journal::entry::KeyRecord;
use crate::store::delivery::Particulars;
use crate::store::items::ItemKind;
use issue::plan::Plan;
use keys::Suite;
use scheme::numbers::{RegionCode, Serial};
use scheme::profile::State;

/// A line that wants its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Line of the request.
    pub line: i64,
    /// Number of the card.
    pub number: String,
    /// The chip it must be; `None` for any.
    pub serial: Option<Serial>,
    /// What else the line says.
    pub details: Details,
    /// Chips that were spoiled for this line before.
    pub attempt: u32,
}

/// Identity of an FMCOS card beside its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardIdentity {
    /// Its city.
    pub region: RegionCode,
    /// Its suite.
    pub suite: Suite,
    /// Test or formal.
    pub state: State,
    /// What the bank is told of it.
    pub particulars: Particulars,
}

impl CardIdentity {
    /// What a plan makes.
    pub fn of(plan: &Plan) -> Self {
        CardIdentity {
            region: plan.region(),
            suite: plan.suite(),
            state: plan.state(),
            particulars: Particulars::of(plan),
        }
    }
}

/// A good card.
#[derive(Debug, Clone)]
pub struct Good {
    /// Serial of its chip.
    pub serial: Serial,
    /// City, suite and state; `None` for a SIM.
    pub card: Option<CardIdentity>,
    /// Its keys.
    pub keys: Vec<KeyRecord>,
    /// Commands it took.
    pub apdus: u64,
    /// Time it took, in milliseconds.
    pub millis: u64,
    /// Image of a virtual card for the pack, as [`squeeze`](crate::store::pack::squeeze) packs it.
    pub image: Option<Vec<u8>>,
    /// Pairing file of an ESAM.
    pub pairing: Option<String>,
}

/// What an attempt at a line came to.
#[derive(Debug, Clone)]
pub enum Attempt {
    /// A good card.
    Good(Box<Good>),
    /// A chip that cannot be used.
    Spoiled {
        /// The chip.
        serial: Serial,
        /// Whether it was begun: then it is scrapped, else it was refused and may serve elsewhere.
        begun: bool,
        /// Why, in words without secrets.
        why: String,
    },
    /// Card, reader or source went away or refused: the run ends.
    Lost {
        /// What and why.
        why: String,
        /// Whether it is gone, rather than refusing.
        gone: bool,
    },
}

/// What the store is told about a line.
#[derive(Debug, Clone)]
pub struct LineEnd {
    /// Line of the request.
    pub line: i64,
    /// Number of the card.
    pub number: String,
    /// What became of the chip.
    pub done: Done,
}

/// What became of a chip.
#[derive(Debug, Clone)]
pub enum Done {
    /// It is the card.
    Good(Box<Good>),
    /// It cannot be used.
    Spoiled {
        /// The chip.
        serial: Serial,
        /// Scrapped, else refused.
        begun: bool,
        /// Why.
        why: String,
        /// Whether the line has failed with it, because it named this chip.
        for_good: bool,
    },
}

/// The figures of a batch: `asked = good + failed + open`, and `good + refused + scrapped` chips were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Lines of the request.
    pub asked: i64,
    /// Lines that have their card.
    pub good: i64,
    /// Lines that will never have one: the chip they named is spoiled.
    pub failed: i64,
    /// Lines that still wait.
    pub open: i64,
    /// Chips that were not begun.
    pub refused: i64,
    /// Chips that were begun and cannot be finished.
    pub scrapped: i64,
}

impl Counts {
    /// Whether the figures add up.
    pub const fn reconciled(&self) -> bool {
        self.asked == self.good + self.failed + self.open
    }
}

/// A batch as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its number in this office.
    pub id: i64,
    /// Kind of its cards.
    pub kind: ItemKind,
    /// Their city.
    pub region: String,
    /// Name of the request file.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// When it began.
    pub begun_at: String,
    /// When its last line was done.
    pub ended_at: Option<String>,
    /// Its figures.
    pub counts: Counts,
    /// Lowest number.
    pub first: Option<String>,
    /// Highest number.
    pub last: Option<String>,
}

/// A row of the result file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineResult {
    /// Line of the request.
    pub line: i64,
    /// Number of the card.
    pub number: String,
    /// Chip.
    pub serial: Option<String>,
    /// `done`, `failed`, `left` for a line; `refused`, `scrapped` for a chip that did not become its card.
    pub outcome: &'static str,
    /// Why not.
    pub why: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Time the card took, in milliseconds.
    pub millis: Option<i64>,
    /// Check values of the card's keys.
    pub checks: Vec<KeyRecord>,
}
