//! What a production test finds, and why none was made.

use reader::CardError;
use reader::driver::sim::SimError;
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use serde::Serialize;

/// Why a meter was not tested.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A test never touches what is formal.
    #[error("the {what} is in {} state: only test state is tested", state.name())]
    State {
        /// Meter, ESAM or test card.
        what: &'static str,
        /// Its state.
        state: State,
    },
    /// The ESAM is not this meter's, or none.
    #[error("the ESAM is not the one of meter {meter}")]
    Foreign {
        /// The meter.
        meter: MeterNumber,
    },
    /// The test card is of another city, suite or key version.
    #[error("the test card has another {what} than the ESAM")]
    Card {
        /// City, suite or key version.
        what: &'static str,
    },
    /// Consumption is not paid, so that a credit would not stay.
    #[error("the meter owes {fen} fen of consumption, which a test credit would pay")]
    Owes {
        /// What is due.
        fen: u64,
    },
    /// The SIM carries orders or receipts of ours.
    #[error("the SIM carries orders or receipts already; a test needs one without")]
    UsedSim,
    /// A card failed or refused.
    #[error(transparent)]
    Esam(#[from] CardError),
    /// The SIM failed or refused.
    #[error("the test SIM: {0}")]
    Sim(#[from] SimError),
    /// A message could not be built.
    #[error("the test's message could not be built: {0}")]
    Message(String),
}

/// One thing that was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Whether it was as it should be.
    pub passed: bool,
    /// What was seen.
    pub seen: String,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// Number of the meter.
    pub meter: String,
    /// When, by the caller's clock.
    pub at: String,
    /// Number of the test card.
    pub test_card: String,
    /// Version of the test keys.
    pub key_version: u8,
    /// Purse before and after, in fen.
    pub balance_fen: [u32; 2],
    /// The checks, in the order they were made.
    pub checks: Vec<Check>,
}

impl TestReport {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

impl scheme::Fault for BenchError {
    fn code(&self) -> &str {
        match self {
            BenchError::State { .. } => "test-card-state",
            BenchError::Foreign { .. } => "test-card-foreign",
            BenchError::Card { .. } => "test-card-keys",
            BenchError::Owes { .. } => "test-card-owes",
            BenchError::UsedSim => "test-card-used-sim",
            BenchError::Esam(error) => error.code(),
            BenchError::Sim(_) => "test-card-sim",
            BenchError::Message(_) => "test-card-message",
        }
    }
}
