//! What is lived, and how it went.

use crate::bare::Seed;
use keys::Suite;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Purchases by each way.
    #[serde(skip)]
    pub ways: BTreeMap<&'static str, u64>,
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
