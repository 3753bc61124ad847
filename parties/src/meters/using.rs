//! What a customer does at his meter: he puts his SIM in, and consumes.

use super::inserted::{FileReport, InsertConditions, InsertReport};
use super::medium::Folder;
use super::place::{MeterPlace, folder};
use super::produced;
use super::supplied::Supplied;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Failure, Result, refused};
use meter::card::beeps;
use meter::{Consumption, Medium, Meter, StorageReport};
use reader::CardError;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use scheme::{CardRef, Kind, Moment};
use serde::Serialize;
use std::path::Path;
use wire::Channel;

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
