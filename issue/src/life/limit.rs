//! Limits of what a finished card may make or seal, and the pairing of a PSAM with a server [docs/specs/cards.md 6, 9].

use super::LifeError;
use super::master::keep_last_try;
use crate::source::{KeySource, Target};
use keys::Zeroizing;
use reader::driver::fmcos::Fmcos;
use reader::driver::guard::LastTry;
use reader::driver::psam::Psam;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::pin::Pin;
use scheme::profile::{CardInfo, CardKind, EF_LIMIT, Recipient};
use scheme::psam::{Limits, Statement};
use wire::atr::serial_of;
use wire::channel::Channel;

/// A finished card of the source's, its MF selected.
fn target(card: &mut Fmcos<'_>, source: &dyn KeySource) -> Result<(Target, CardInfo), LifeError> {
    let atr = card.reset()?;
    let serial = serial_of(&atr).ok_or(LifeError::NoSerial)?;
    card.select_mf()?;
    let info = card.current_info("set the limit")?;
    if !source.about().makes(Recipient::Card(info.kind)) {
        return Err(LifeError::NotOurs { kind: info.kind });
    }
    let target = Target::finished(serial, &info);
    keep_last_try(card, Serial(serial))?;
    Ok((target, info))
}

/// Sets the limits of a finished card and reads them back: of a PSAM by the city, of an issuing card by the province. Of a PSAM
/// its statement is asked with `challenge`, which the caller drew, and given back.
///
/// # Errors
/// The source does not make such cards, is of another city, or has granted all the value it may; the card has no such file
/// (an older make, a test card); the card or the source refuse.
pub fn raise(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    limits: Limits,
    challenge: [u8; 8],
) -> Result<Option<Statement>, LifeError> {
    let mut card = Fmcos::new(channel);
    let (target, info) = target(&mut card, source)?;
    let statement = match info.kind {
        CardKind::Psam => Some(Psam::open(card.channel())?.statement(challenge)?),
        _ => None,
    };
    // Reading the statement has selected the purchase application, where the limit stands.
    let mac = source.seal_limit(&target, card.challenge8()?, limits, statement.as_ref());
    card.set_limit(limits, mac?).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })?;
    let seen = card.read_binary(EF_LIMIT, 0, Limits::LEN as u16)?;
    if seen == limits.to_bytes() { Ok(statement) } else { Err(LifeError::NotSeen { what: "limit" }) }
}

/// A limit for a PSAM, sealed by its city for the challenge the PSAM keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedLimit {
    /// The PSAM.
    pub number: DeviceNumber,
    /// The challenge it is sealed for.
    pub challenge: [u8; 8],
    /// The limits.
    pub limits: Limits,
    /// MAC of SET LIMIT.
    pub mac: [u8; 4],
}

/// SET LIMIT of a PSAM whose city is elsewhere, and reads it back.
///
/// # Errors
/// It is another PSAM, or one that waits for another limit: then nothing is sent, as a wrong MAC would spend a try of its master
/// key; that key has one try left; the card refuses.
pub fn take_limit(channel: &mut dyn Channel, sealed: &SealedLimit) -> Result<(), LifeError> {
    let mut card = Fmcos::new(channel);
    let serial = serial_of(&card.reset()?).ok_or(LifeError::NoSerial)?;
    card.select_mf()?;
    let info = card.current_info("set the limit")?;
    if info.number != sealed.number.0 {
        let found = DeviceNumber(info.number);
        return Err(LifeError::AnotherPsam { found, wanted: sealed.number });
    }
    keep_last_try(&mut card, Serial(serial))?;
    let mut psam = Psam::open(card.channel())?;
    if psam.limit_challenge()? != Some(sealed.challenge) {
        return Err(LifeError::LimitNotExpected { number: sealed.number });
    }
    psam.fmcos().set_limit(sealed.limits, sealed.mac).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })?;
    if psam.limits()? == Some(sealed.limits) { Ok(()) } else { Err(LifeError::NotSeen { what: "limit" }) }
}

/// PAIR SERVER of a finished PSAM, with the city's source present: the new server key, given out this once.
///
/// # Errors
/// As [`raise`]; a wrong PIN, which costs a try.
pub fn pair(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    pin: &Pin,
) -> Result<Zeroizing<[u8; 16]>, LifeError> {
    let mut card = Fmcos::new(channel);
    let (target, info) = target(&mut card, source)?;
    if info.kind != CardKind::Psam {
        return Err(LifeError::NotOurs { kind: info.kind });
    }
    let challenge = card.challenge8()?;
    let cryptogram = source.authenticate_target(&target, challenge)?;
    card.external_authenticate(0x00, &cryptogram).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })?;
    let mut psam = Psam::open(card.channel())?;
    psam.verify(pin.expose(), LastTry::Keep)?;
    Ok(psam.pair_server()?)
}
