//! What an insertion is asked with, and what came of it.

use super::medium::Folder;
use super::place::shown;
use crate::transport::Transport;
use crate::trouble::{Failure, Result, refused, security};
use meter::{InsertionReport, OrderOutcome, Outcome, StorageReport};
use scheme::Kind;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::refusal::Refusal;
use serde::Serialize;

/// Why a meter refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RefusalReport {
    /// Its name.
    pub name: &'static str,
    /// Number of the field's table.
    pub field_error: u8,
    /// What the display shows of it.
    pub display: &'static str,
    /// In words.
    pub words: &'static str,
    /// The step it was at.
    pub step: &'static str,
    #[serde(skip)]
    refusal: Refusal,
}

/// What came of a file on a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its path.
    pub file: String,
    /// `credited`, `receipt-repeated`, `refused`, `damaged`, or `left`: the insertion ended before its turn.
    pub result: &'static str,
    /// What was credited.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub credited_fen: Fen,
    /// Why it was refused, by its name.
    pub refusal: Option<&'static str>,
    /// In words.
    pub detail: String,
    /// The file its receipt is in.
    pub receipt: Option<String>,
}

impl FileReport {
    /// Of each file of an insertion.
    pub(super) fn all(report: &StorageReport, medium: &Folder) -> Vec<Self> {
        let file = |(n, file): (usize, &meter::StoredFile)| {
            let outcome = report
                .insertion
                .orders
                .iter()
                .find(|order| usize::from(order.record) == n + 1)
                .map(|order| order.outcome);
            let (result, credited_fen, refusal, detail) = match (outcome, &file.damage) {
                (Some(OrderOutcome::Credited(amount)), _) => {
                    ("credited", amount, None, format!("credited {amount}"))
                }
                (Some(OrderOutcome::ReceiptRepeated), _) => {
                    ("receipt-repeated", Fen(0), None, "credited before; it has the same receipt".to_owned())
                }
                (Some(OrderOutcome::Certified), _) => {
                    ("certified", Fen(0), None, "the server's certificate; the ESAM has it".to_owned())
                }
                (Some(OrderOutcome::Refused(refusal)), _) => {
                    ("refused", Fen(0), Some(refusal.name()), format!("refused: {}", refusal.words()))
                }
                (None, Some(damage)) => ("damaged", Fen(0), None, damage.clone()),
                (None, None) => ("left", Fen(0), None, "the insertion ended before it was done".to_owned()),
            };
            let receipt = file.receipt.as_deref().map(|name| medium.place(name));
            FileReport { file: medium.place(&file.name), result, credited_fen, refusal, detail, receipt }
        };
        report.files.iter().enumerate().map(file).collect()
    }
}

/// What came of an insertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InsertReport {
    /// `credited`, `receipt-repeated`, `certified`, `numbered`, `preset`, `keyed` or `refused`.
    pub outcome: &'static str,
    /// Why the meter refused.
    pub refusal: Option<RefusalReport>,
    /// Money that was added.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub credited_fen: Fen,
    /// What of it paid for what was consumed before.
    pub debt_paid_fen: u64,
    /// The display: two lines and a hint.
    pub display: [String; 3],
    /// Commands to both cards.
    pub apdus: u64,
    /// The files that held something of ours, where it was no SIM.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileReport>,
    /// What the meter is called now, when the card gave it a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<MeterNumber>,
    /// What the beeper said, a tone each, where it was no SIM.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beeps_ms: Vec<u16>,
    /// All about it.
    #[serde(skip)]
    pub insertion: InsertionReport,
}

impl From<InsertionReport> for InsertReport {
    fn from(insertion: InsertionReport) -> Self {
        let (outcome, refusal) = match insertion.outcome {
            Outcome::Credited { .. } => ("credited", None),
            Outcome::ReceiptRepeated { .. } => ("receipt-repeated", None),
            Outcome::Certified { .. } => ("certified", None),
            Outcome::Produced { produced, .. } => (produced.name(), None),
            Outcome::Refused { refusal, step } => {
                let report = RefusalReport {
                    name: refusal.name(),
                    field_error: refusal.field_error(),
                    display: refusal.display(),
                    words: refusal.words(),
                    step: step.name(),
                    refusal,
                };
                ("refused", Some(report))
            }
        };
        InsertReport {
            outcome,
            refusal,
            credited_fen: insertion.credited,
            debt_paid_fen: insertion.debt_paid,
            display: shown(&insertion.display),
            apdus: insertion.esam.apdus + insertion.sim.apdus,
            files: Vec::new(),
            meter: None,
            beeps_ms: Vec::new(),
            insertion,
        }
    }
}

impl InsertReport {
    /// What a meter that refused is: a failure.
    ///
    /// # Errors
    /// That one.
    pub fn must_be_served(&self) -> Result<()> {
        self.refusal.as_ref().map_or(Ok(()), |refusal| Err(refusal.failure().into()))
    }
}

impl RefusalReport {
    fn failure(&self) -> Failure {
        let words =
            format!("{} (card error {}, {}): {}", self.display, self.field_error, self.name, self.words);
        match self.refusal {
            Refusal::KeyState => security(words),
            Refusal::SimPulled
            | Refusal::StoragePulled
            | Refusal::CardPulled
            | Refusal::SimReset
            | Refusal::CardReset
            | Refusal::EsamReset => Failure::new(Kind::Absent, words),
            _ => refused(words),
        }
    }
}

/// Beside the card that is put in.
#[derive(Debug, Clone)]
pub struct InsertConditions {
    /// How the supply stands while a card is in, in percent of what it should be.
    pub supply: u8,
    /// Allow formal pairing keys of a key card, which the emulated flash then holds in clear.
    pub formal: bool,
    /// Of the meter's MCU, which opens them.
    pub transport: Transport,
}

impl Default for InsertConditions {
    fn default() -> Self {
        InsertConditions { supply: 100, formal: false, transport: Transport::default() }
    }
}
