//! The end of a finished card that issues or seals [docs/specs/cards.md 10].

use super::LifeError;
use super::master::keep_last_try;
use crate::source::{Activation, KeySource, Target};
use reader::driver::fmcos::Fmcos;
use reader::error::CardError;
use scheme::money::Fen;
use scheme::numbers::Serial;
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE, Recipient, State};
use wire::Sw;
use wire::atr::serial_of;
use wire::channel::Channel;

/// A card that was retired, as it shows itself: its chip, and its card information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// Serial of the chip.
    pub serial: Serial,
    /// Card information, the state byte among it.
    pub info: CardInfo,
    /// Whether it was retired before.
    pub before: bool,
}

/// Retires a PSAM, a test card or an issuing card: all its keys and PINs are destroyed, and it says so for ever. Done before:
/// nothing is sent. An ESAM has a life of its own ([`super::Passage`]).
///
/// # Errors
/// The source does not make such cards; the card is of the older make or is not finished; one try of its own master is left; the
/// card or the source refuse. [`LifeError::is_open`] tells when nobody knows whether the card did it: run again.
pub fn retire(channel: &mut dyn Channel, source: &mut dyn KeySource) -> Result<Retired, LifeError> {
    let mut card = Fmcos::new(channel);
    let (serial, info) = look(&mut card)?;
    if info.state == State::Retired {
        return Ok(Retired { serial, info, before: true });
    }
    if !source.about().makes(Recipient::Card(info.kind)) || info.kind == CardKind::Esam {
        return Err(LifeError::NotOurs { kind: info.kind });
    }
    keep_last_try(&mut card, serial)?;
    let target = Target::finished(serial.0, &info);
    let master = |error: CardError| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    };
    let challenge = card.challenge8()?;
    let cryptogram = source.authenticate_target(&target, challenge)?;
    card.external_authenticate(0x00, &cryptogram).map_err(master)?;
    let activation = Activation { state: State::Retired, version: 0, forfeit: Fen(0) };
    let challenge = card.challenge8()?;
    let code = source.seal_activation(&target, challenge, activation)?;
    card.activate_keys(activation, code).map_err(|error| match error {
        error @ CardError::Channel { .. } => LifeError::Open(error),
        error => master(error),
    })?;
    examine(&mut card, serial).map_err(LifeError::after)
}

fn look(card: &mut Fmcos<'_>) -> Result<(Serial, CardInfo), LifeError> {
    let atr = card.reset()?;
    let serial = serial_of(&atr).map(Serial).ok_or(LifeError::NoSerial)?;
    card.select_mf()?;
    Ok((serial, card.current_info("retire the card")?))
}

/// What a reader finds afterwards: the state, and no key.
fn examine(card: &mut Fmcos<'_>, began: Serial) -> Result<Retired, LifeError> {
    let (serial, info) = look(card)?;
    if serial != began {
        return Err(LifeError::Swapped { began, found: serial });
    }
    if info.state != State::Retired {
        return Err(LifeError::NotSeen { what: "state" });
    }
    let mut gone = card.tries_left(0x39, 0x00)?.is_none();
    let key = Recipient::Card(info.kind).keys().iter().find(|row| row.role != 0);
    if info.kind.has_application() {
        card.select_fid(DF_PURCHASE)?;
    }
    if let Some(row) = key {
        let left = card.key_information(row.kind, row.id);
        gone &= left.err().and_then(|error| error.sw()) == Some(Sw::KEY_NOT_FOUND);
    }
    if gone {
        Ok(Retired { serial, info, before: false })
    } else {
        Err(LifeError::NotSeen { what: "end of the keys" })
    }
}
