//! The scoreboard.

use serde::Serialize;
use std::collections::BTreeMap;

/// Name of the proof whose rows stand in many files.
pub const PROTOCOLS: &str = "protocols";

/// One attack, or one kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The proof it belongs to.
    pub proof: &'static str,
    /// What was tried.
    pub attack: String,
    /// How often.
    pub tried: u64,
    /// What stopped it, and how often.
    pub stopped_by: BTreeMap<String, u64>,
    /// What went through although it must not, each with how to see it again. Empty: the claim holds.
    pub violations: Vec<String>,
}

/// So many violations of a row are told; the others are counted.
const TOLD: usize = 5;

impl Row {
    /// Nothing was tried yet.
    pub fn new(proof: &'static str, attack: impl Into<String>) -> Self {
        Row { proof, attack: attack.into(), tried: 0, stopped_by: BTreeMap::new(), violations: Vec::new() }
    }

    /// It was tried, and this stopped it.
    pub fn stopped(&mut self, by: impl Into<String>) {
        self.tried += 1;
        *self.stopped_by.entry(by.into()).or_default() += 1;
    }

    /// It was tried, and nothing did.
    pub fn went_through(&mut self, how: impl Into<String>) {
        self.tried += 1;
        if self.violations.len() < TOLD {
            self.violations.push(how.into());
        }
        *self.stopped_by.entry("NOTHING".to_owned()).or_default() += 1;
    }

    /// Whether nothing went through.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

/// All rows of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Scoreboard {
    /// In the order they were tried.
    pub rows: Vec<Row>,
}

impl Scoreboard {
    /// What went through, over all rows.
    pub fn violations(&self) -> usize {
        self.rows.iter().map(|row| row.violations.len()).sum()
    }

    /// What was tried, over all rows.
    pub fn tried(&self) -> u64 {
        self.rows.iter().map(|row| row.tried).sum()
    }
}

/// Is told what is being tried; for whoever waits.
pub type Progress<'p> = &'p mut dyn FnMut(&str);
