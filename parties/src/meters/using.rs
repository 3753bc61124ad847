//! What a customer does at his meter: he puts his SIM in, and consumes.

use super::place::{MeterPlace, folder, shown};
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Failure, Result, refused, security};
use meter::{Consumption, InsertionReport, Outcome};
use reader::CardError;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use scheme::refusal::Refusal;
use scheme::{CardRef, Kind};
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

/// What came of an insertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InsertReport {
    /// `credited`, `receipt-repeated` or `refused`.
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
    /// All about it.
    #[serde(skip)]
    pub insertion: InsertionReport,
}

impl From<InsertionReport> for InsertReport {
    fn from(insertion: InsertionReport) -> Self {
        let (outcome, refusal) = match insertion.outcome {
            Outcome::Credited { .. } => ("credited", None),
            Outcome::ReceiptRepeated { .. } => ("receipt-repeated", None),
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
            Refusal::SimPulled | Refusal::SimReset | Refusal::EsamReset => Failure::new(Kind::Absent, words),
            _ => refused(words),
        }
    }
}

/// Puts a SIM into a meter. What the meter makes of it is in the report, a refusal too.
///
/// # Errors
/// There is no such meter; a card is not there; the flash cannot be kept.
pub fn insert(session: &Session, number: MeterNumber, sim: &CardRef) -> Result<InsertReport> {
    let place = MeterPlace::new(&folder(session)?, number);
    place.must_exist()?;
    let mut sim = CardHandle::open(session, sim, CardKind::Sim)?;
    // Whoever holds the ESAM holds the meter: the flash is read under it.
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(session)?;
    let mut chance = session.chance("meter");
    let insertion = meter.insert(&mut esam, &mut sim, session.now()?, &mut |bytes| chance.fill(bytes));
    place.save(&meter)?;
    esam.close()?;
    sim.close()?;
    Ok(insertion.into())
}

/// What came of a consumption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsumeReport {
    /// Register afterwards, 0.01 kWh.
    pub register_hundredths_kwh: u32,
    /// Purse afterwards.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub balance_fen: Fen,
    /// Consumed and not paid.
    pub due_fen: u64,
    /// The customer has no current now.
    pub relay_open: bool,
    /// The purse ran out.
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
    let report = meter.consume(&mut esam, wanted, session.now()?);
    place.save(&meter)?;
    esam.close()?;
    Ok(ConsumeReport {
        register_hundredths_kwh: report.register,
        balance_fen: report.balance,
        due_fen: report.due,
        relay_open: report.relay_open,
        cut: report.drawn.cut,
        failure: report.failure,
    })
}
