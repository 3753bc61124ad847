//! The end of a PSAM, a test card or an issuing card: what the verbs of their nouns share.

use crate::cards::CardHandle;
use crate::issuing;
use crate::session::Session;
use crate::trouble::Result;
use crate::trouble::refused;
use issue::life;
use issue::source::{KeySource, Level};
use office::journal::Event;
use reader::driver::fmcos::Fmcos;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::profile::{CardInfo, CardKind};
use serde::Serialize;
use std::path::Path;

/// What became of a card that was to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetireReport {
    /// Its kind.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Serial of its chip.
    pub serial: Serial,
    /// Its city, zeros for the province.
    pub city: RegionCode,
    /// State it was in.
    pub state: &'static str,
    /// It had been retired before.
    pub before: bool,
}

/// Retires the card with a source that makes such cards, and notes it in the party's journal. Run again, it finds what is done.
///
/// # Errors
/// The card is of another city or kind, or does not answer; the source says no.
pub fn retire(
    session: &Session,
    card: &CardRef,
    kind: CardKind,
    source: &mut dyn KeySource,
    folder: &Path,
) -> Result<RetireReport> {
    let mut open = CardHandle::open(session, card, kind)?;
    let region = look(&mut open)?.region;
    if let Level::City(own) = source.about().level
        && own.0 != region
    {
        let words = format!("{card} is of city {}, not of {own}", RegionCode(region));
        return Err(refused(words).hint("use the issuing card of that city").into());
    }
    let retired = life::retire(&mut open, source)?;
    open.close()?;
    let number = DeviceNumber(retired.info.number);
    let event = Event::Retired { kind: retired.info.kind, number, serial: retired.serial };
    issuing::journal(session, folder)?.note(&session.now()?.to_string(), event)?;
    Ok(RetireReport {
        kind: retired.info.kind.name(),
        number,
        serial: retired.serial,
        city: RegionCode(retired.info.region),
        state: retired.info.state.name(),
        before: retired.before,
    })
}

/// Card information of the card in a card, reset before.
fn look(card: &mut CardHandle) -> Result<CardInfo> {
    let mut card = Fmcos::new(card);
    card.reset()?;
    card.select_mf()?;
    Ok(card.current_info("retire the card")?)
}
