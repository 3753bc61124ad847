//! The end of a PSAM, a test card or an issuing card: what the verbs of their nouns share.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::now;
use crate::fail::refused;
use crate::issue;
use crate::output::answer;
use ::issue::life;
use ::issue::source::{KeySource, Level};
use ::office::journal::Event;
use ::scheme::numbers::DeviceNumber;
use parties::trouble::Result;
use reader::driver::fmcos::Fmcos;
use scheme::numbers::RegionCode;
use scheme::profile::{CardInfo, CardKind};
use serde_json::json;
use std::path::Path;

/// Retires the card with a source that makes such cards, and notes it in the party's journal. Run again, it finds what is done.
pub fn retire(
    global: &Global,
    card: &CardRef,
    kind: CardKind,
    source: &mut dyn KeySource,
    folder: &Path,
) -> Result<()> {
    let mut bay = Bay::open(global, card, kind)?;
    let region = look(&mut bay)?.region;
    if let Level::City(own) = source.about().level
        && own.0 != region
    {
        let words = format!("{card} is of city {}, not of {own}", RegionCode(region));
        return Err(refused(words).hint("use the issuing card of that city").into());
    }
    let retired = life::retire(&mut bay, source)?;
    bay.close()?;
    let number = DeviceNumber(retired.info.number);
    let event = Event::Retired { kind: retired.info.kind, number, serial: retired.serial };
    issue::journal(global, folder)?.note(&now(global)?.to_string(), event)?;
    let name = retired.info.kind.name();
    let text = if retired.before {
        format!("{name} {number} was retired before: a spent chip, never a blank again")
    } else {
        format!(
            "retired {name} {number}: its keys and PINs are destroyed; the chip is spent and never a blank again"
        )
    };
    let object = json!({
        "kind": name, "number": number.to_string(), "serial": retired.serial.to_string(),
        "city": RegionCode(retired.info.region).to_string(), "state": retired.info.state.name(), "before": retired.before,
    });
    answer(global, &text, object);
    Ok(())
}

/// Card information of the card in a bay, reset before.
fn look(bay: &mut Bay) -> Result<CardInfo> {
    let mut card = Fmcos::new(bay);
    card.reset()?;
    card.select_mf()?;
    Ok(card.current_info("retire the card")?)
}
