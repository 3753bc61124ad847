//! Batches: many cards of one request, each made, checked and kept, whatever interrupts them.
//!
//! A request file is read whole into the store before anything is made ([`Store::begin_batch`](crate::store::Store::begin_batch)). Then each open
//! line gets a card. There are two ways, and the store is the same for both:
//!
//! * [`run_packed`]: virtual cards, which exist in memory until the store has them. Workers make them side by side;
//!   what a group of them came to (card, number, check values, image, pairing) goes into the store in one
//!   transaction. A program that is killed loses the group under way, of which nobody has seen anything, and no
//!   card that was reported.
//! * [`run_in_slot`]: cards that exist outside, in a reader or as files, fed one by one ([`Feeder`]). Intent, own master
//!   and outcome of each go through the [journal](crate::journal) and are on the medium before the next act.
//!
//! Every chip ends as *done*, as *refused* (it was not begun: foreign, issued before, of another kind) or as
//! *scrapped* (it was begun and cannot be finished); a refused or scrapped chip's number gets another chip, unless the
//! line named that very chip: then the line has failed. A card or reader that goes away ends the run, and its
//! chip stays *begun* until it is fed again or given up.

mod error;
pub mod fate;
pub mod request;
mod run;

pub use crate::store::batches::{NewBatch, hash_of};
pub use error::{BatchError, LineFault, RequestFault};
pub use run::{Control, Ended, SlotMaker, Feeder, Maker, Watch, run_in_slot, run_packed};

use crate::journal::KeyRecord;
use crate::store::{ItemKind, Particulars};
use issue::plan::Plan;
use keys::Suite;
use request::Details;
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
        CardIdentity { region: plan.region(), suite: plan.suite(), state: plan.state(), particulars: Particulars::of(plan) }
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
pub struct Outcome {
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
