//! What an insertion of a CPU card begins with, whatever card it is: the card's reset, and how it and the meter prove themselves.

use crate::fault::{BrokenOff, esam_fault};
use crate::session::EsamSession;
use crate::source::Course;
use crate::step::Step;
use reader::CardError;
use reader::driver::field::{FieldEsam, Proof};
use reader::driver::user_card::UserCard;
use scheme::order::Serial8;
use scheme::refusal::Refusal;

/// Resets of a card that are tried.
const RESETS: usize = 3;

/// A card that was pulled, or does not do as it should.
pub fn card_fault(step: Step, refusal: Refusal, error: &CardError) -> BrokenOff {
    let refusal = if matches!(error, CardError::Channel { .. }) { Refusal::CardPulled } else { refusal };
    BrokenOff { refusal, step, cause: Some(error.to_string()) }
}

/// The card answers a reset, the third at the latest, and shows its serial number.
pub fn power(card: &mut UserCard<'_>, course: &Course) -> Result<Serial8, BrokenOff> {
    let step = course.enter(Step::CardReset);
    let mut end = BrokenOff::plain(step, Refusal::CardReset);
    for _ in 0..RESETS {
        match card.reset() {
            Ok(Some(serial)) => return Ok(serial),
            // It answers, and is no card of this kind.
            Ok(None) => return Err(BrokenOff::plain(step, Refusal::CardType)),
            Err(error) => end.cause = Some(error.to_string()),
        }
    }
    Err(end)
}

/// The card proves itself, then the meter, by the key that the ESAM derives for that serial number.
pub fn prove(
    session: &mut EsamSession<'_, '_>,
    card: &mut UserCard<'_>,
    serial: Serial8,
    course: &Course,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<(), BrokenOff> {
    let step = course.enter(Step::CardIdentity);
    let mut challenge = [0; 8];
    random(&mut challenge);
    let found = card.prove(&challenge);
    let found = found.map_err(|error| card_fault(step, Refusal::CardIdentity, &error))?;
    let mut field = FieldEsam::new(&mut session.esam);
    let wanted = field.for_card(Proof::OfCard, serial, &challenge);
    let wanted = wanted.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
    if !keys::equal(&wanted, &found) {
        return Err(BrokenOff::plain(step, Refusal::CardIdentity));
    }
    let step = course.enter(Step::CardBelieves);
    let challenge = card.challenge8();
    let challenge = challenge.map_err(|error| card_fault(step, Refusal::CardDoubts, &error))?;
    let mut field = FieldEsam::new(&mut session.esam);
    let proof = field.for_card(Proof::OfMeter, serial, &challenge);
    let proof = proof.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
    match card.meter_proves(&proof) {
        Ok(true) => Ok(()),
        Ok(false) => Err(BrokenOff::plain(step, Refusal::CardDoubts)),
        Err(error) => Err(card_fault(step, Refusal::CardDoubts, &error)),
    }
}
