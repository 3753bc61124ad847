//! A session with a PSAM: opened, its PIN verified.

use super::pins::Pins;
use super::pool::{Member, bank_of};
use super::server_signing::certify_psam;
use crate::cards::CardHandle;
use crate::places::card_at;
use crate::session::Session;
use crate::trouble::Result;
use reader::driver::psam::Psam;
use scheme::profile::{CardInfo, CardKind};

/// A PSAM that was opened and its PIN verified.
pub(super) struct Seat {
    pub card: CardHandle,
    pub info: CardInfo,
}

/// Opens a PSAM and verifies its PIN.
pub(super) fn sit_down(session: &Session, member: &Member, pins: &mut Pins<'_>) -> Result<Seat> {
    let pin = pins.of(member.number)?;
    let mut card = CardHandle::open(session, &card_at(&member.card), CardKind::Psam)?;
    let mut psam = Psam::open(&mut card)?;
    let info = psam.info();
    member.must_be(session, info.number)?;
    psam.verify(pin.expose(), pins.last())?;
    if let Some(folder) = bank_of(&member.card) {
        certify_psam(session, folder, &mut psam)?;
    }
    Ok(Seat { card, info })
}
