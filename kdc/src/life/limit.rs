//! The limit of what a card may make, raised by whoever holds its own master [docs/specs/cards.md 4, 9].

use super::LifeError;
use crate::source::{Current, KeySource, Target};
use reader::driver::fmcos::Fmcos;
use wire::atr::serial_of;
use wire::channel::Channel;
use wire::profile::{CardKind, DF_PURCHASE, EF_LIMIT, NO_LIMIT, Recipient};

/// Writes the limit of a finished card (`None`: no limit) under its own master, and reads it back: of a PSAM or test card by
/// the city, of an issuing card by the province.
///
/// # Errors
/// The source does not make such cards or is of another city; the card has no such file (an older make); the card or the
/// source refuse.
pub fn raise(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    limit: Option<u32>,
) -> Result<(), LifeError> {
    let mut card = Fmcos::new(channel);
    let atr = card.reset()?;
    let serial = serial_of(&atr).ok_or(LifeError::NoSerial)?;
    card.select_mf()?;
    let info = card.current_info("set the limit")?;
    if !source.about().makes(Recipient::Card(info.kind)) {
        return Err(LifeError::NotOurs { kind: info.kind });
    }
    let target = Target {
        recipient: Recipient::Card(info.kind),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial,
        number: info.number,
        region: info.region,
    };
    if card.tries_left(0x39, 0x00)?.is_some_and(|tries| tries <= 1) {
        return Err(LifeError::LastTry { serial: crate::ids::Serial(serial) });
    }
    let challenge = card.challenge8()?;
    let cryptogram = source.authenticate_target(&target, challenge)?;
    card.external_authenticate(0x00, &cryptogram).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })?;
    if matches!(info.kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let bytes = limit.unwrap_or(NO_LIMIT).to_be_bytes();
    card.update_binary(EF_LIMIT, 0, &bytes)?;
    if card.read_binary(EF_LIMIT, 0, 4)? == bytes {
        Ok(())
    } else {
        Err(LifeError::NotSeen { what: "limit" })
    }
}
