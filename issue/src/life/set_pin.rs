//! A PIN of a finished card set anew by the issuing card one level up [docs/specs/cards.md 12].

use super::LifeError;
use super::master::keep_last_try;
use crate::source::{KeySource, Target};
use reader::driver::fmcos::Fmcos;
use scheme::numbers::Serial;
use scheme::pin::Pin;
use scheme::profile::{CardKind, DF_PURCHASE, PinRow, Recipient};
use wire::atr::serial_of;
use wire::channel::Channel;

/// Sets a PIN of a finished card anew, with all its tries: of a PSAM or test card by the city, of an issuing card by the
/// province. The old PIN is not asked for; a PIN other than the operator's wants both persons at the source.
///
/// # Errors
/// The source does not make such cards; the card is of the older make, is not finished or has no such PIN; one try of its own
/// master is left; the card or the source refuse.
pub fn set_pin(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    row: &PinRow,
    new: &Pin,
) -> Result<(), LifeError> {
    let mut card = Fmcos::new(channel);
    let atr = card.reset()?;
    let serial = serial_of(&atr).ok_or(LifeError::NoSerial)?;
    card.select_mf()?;
    let info = card.current_info("SET PIN")?;
    if !source.about().makes(Recipient::Card(info.kind)) {
        return Err(LifeError::NotOurs { kind: info.kind });
    }
    keep_last_try(&mut card, Serial(serial))?;
    if matches!(info.kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let target = Target::finished(serial, &info);
    let challenge = card.challenge8()?;
    let field = source.seal_pin(&target, challenge, row.id, new)?;
    card.set_pin(row.id, &field).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })
}
