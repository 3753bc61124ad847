//! What a customer does at his meter: he puts his SIM in, and consumes.

use super::medium::Folder;
use super::place::{MeterPlace, folder, shown};
use super::produced;
use super::supplied::Supplied;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::transport::Transport;
use crate::trouble::{Failure, Result, refused, security};
use meter::card::beeps;
use meter::{Consumption, InsertionReport, Medium, Meter, OrderOutcome, Outcome, StorageReport};
use reader::CardError;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use scheme::refusal::Refusal;
use scheme::{CardRef, Kind, Moment};
use serde::Serialize;
use std::path::Path;
use wire::Channel;

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
    fn all(report: &StorageReport, medium: &Folder) -> Vec<Self> {
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

/// Puts a SIM, a user card or a production card into a meter, whichever it is. What the meter makes of it is in the report, a refusal too.
///
/// # Errors
/// There is no such meter; a card is not there; the flash cannot be kept.
pub fn insert(
    session: &Session,
    number: MeterNumber,
    sim: &CardRef,
    conditions: &InsertConditions,
) -> Result<InsertReport> {
    let place = MeterPlace::new(&folder(session)?, number);
    place.must_exist()?;
    let (mut card, kind) = CardHandle::open_any(session, sim)?;
    if kind == CardKind::Esam {
        // What is soldered into meters is put into none: it may be this one's own.
        let words = format!("{} is of kind esam: a meter takes a SIM or a user card", card.label());
        return Err(refused(words).hint("the customer's SIM or his purchase card goes into the slot").into());
    }
    if kind == CardKind::ProductionCard {
        return produced::insert(session, &place, number, (card, conditions));
    }
    let insertion = with_money(session, &place, |meter, esam, now, random| match kind {
        CardKind::Sim | CardKind::Uicc => meter.insert(esam, &mut card, now, random),
        _ => meter.insert_card(esam, &mut card, conditions.supply, now, random),
    })?;
    card.close()?;
    let mut report = InsertReport::from(insertion);
    if !kind.is_sim() {
        report.beeps_ms = beeps(&report.insertion.outcome).to_vec();
    }
    Ok(report)
}

/// Puts a medium with record files into a meter, in the place of the SIM: `path` is an order's file, or a folder of them. The receipt of each
/// goes into a file beside it.
///
/// # Errors
/// There is no such meter, or nothing at `path`; the ESAM is not there; the flash cannot be kept.
pub fn insert_file(session: &Session, number: MeterNumber, path: &Path) -> Result<InsertReport> {
    MeterPlace::new(&folder(session)?, number).must_exist()?;
    let mut medium = Folder::of(path)?;
    let only = medium.only();
    let (report, storage) = insert_medium(session, number, &mut medium, only.as_deref())?;
    Ok(InsertReport { files: FileReport::all(&storage, &medium), ..report })
}

/// Puts any medium into a meter; `only`: the one file on it that is meant.
///
/// # Errors
/// As of [`insert_file`].
pub fn insert_medium(
    session: &Session,
    number: MeterNumber,
    medium: &mut dyn Medium,
    only: Option<&str>,
) -> Result<(InsertReport, StorageReport)> {
    let place = MeterPlace::new(&folder(session)?, number);
    place.must_exist()?;
    let report = with_money(session, &place, |meter, esam, now, random| {
        meter.insert_storage(esam, medium, only, now, random)
    })?;
    Ok((report.insertion.clone().into(), report))
}

/// Has money put into a meter.
fn with_money<R>(
    session: &Session,
    place: &MeterPlace,
    put: impl FnOnce(&mut Meter, &mut dyn Channel, Moment, &mut dyn FnMut(&mut [u8])) -> R,
) -> Result<R> {
    // Whoever holds the ESAM holds the meter: the flash is read under it.
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(session)?;
    let mut chance = session.chance("meter");
    let report = put(&mut meter, &mut esam, session.now()?, &mut |bytes| chance.fill(bytes));
    place.save(&meter)?;
    esam.close()?;
    Ok(report)
}

/// What came of a consumption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsumeReport {
    /// Register and supply afterwards.
    #[serde(flatten)]
    pub supplied: Supplied,
    /// Purse afterwards.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub balance_fen: Fen,
    /// Consumed and not paid.
    pub due_fen: u64,
    /// Less was drawn than was wanted: the purse ran out, or something locked the valve.
    #[serde(skip)]
    pub cut: bool,
    /// Why the purse could not be debited.
    #[serde(skip)]
    pub failure: Option<CardError>,
}

impl ConsumeReport {
    /// What a debit is that was not made: a failure.
    ///
    /// # Errors
    /// That one; what is due stays due and is tried again.
    pub fn must_be_debited(self) -> Result<()> {
        self.failure.map_or(Ok(()), |failure| Err(failure.into()))
    }
}

/// Lets the customer consume.
///
/// # Errors
/// There is no such meter; its ESAM is not there; the flash cannot be kept.
pub fn consume(session: &Session, number: MeterNumber, wanted: Consumption) -> Result<ConsumeReport> {
    let place = MeterPlace::new(&folder(session)?, number);
    place.must_exist()?;
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(session)?;
    let profile = meter.state().profile();
    if matches!(
        (wanted, profile.has_valve()),
        (Consumption::Energy(_), true) | (Consumption::Volume(_), false)
    ) {
        return Err(Failure::new(
            Kind::Usage,
            format!("meter {number} is for {}: it counts {}", profile.name(), profile.unit()),
        )
        .code("consume-unit")
        .hint("--kwh is for electricity, --m3 for gas and water; --hours is for all")
        .into());
    }
    let report = meter.consume(&mut esam, wanted, session.now()?);
    place.save(&meter)?;
    esam.close()?;
    Ok(ConsumeReport {
        supplied: Supplied::of(meter.state()),
        balance_fen: report.balance,
        due_fen: report.due,
        cut: report.drawn.cut,
        failure: report.failure,
    })
}
