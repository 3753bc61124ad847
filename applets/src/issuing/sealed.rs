//! What an issuing card seals for a finished card one level below it: a PIN set anew, and its end
//! [docs/specs/cards.md 10, 12].

use super::target::{Master, Target};
use cos::rights::Right;
use cos::{Context, Halt};
use keys::seal;
use scheme::profile::{OPERATOR_PIN, Recipient, SECOND_PIN, State, pins};
use wire::{CommandRef, Sw};

/// The header of ACTIVATE KEYS, which its MAC covers.
pub const ACTIVATE: [u8; 5] = [0x84, 0x4A, 0x00, 0x00, 0x0A];

/// SEAL PIN `80 56 P1 id`, data `challenge8 || pin8 (FF behind) || serial8 || number6 || region4 [|| version1]`: the data field of the
/// target's SET PIN, `ct || MAC4`, under the use keys of its own master.
///
/// 6A86 another target than one this card makes, or another key than its own master; 6A88 it has no such PIN; 6A80 a PIN has 2 to 8
/// bytes; 6982 a PIN other than the operator's wants two persons, state 2 of this card.
pub fn seal_pin(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (pin, identity) = rest.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let target = Target::parse(context, command.p1, identity)?;
    let Recipient::Card(kind) = target.recipient else { return Err(Sw::WRONG_P1P2.into()) };
    if !matches!(target.master, Master::Own) || target.wants_test {
        return Err(Sw::WRONG_P1P2.into());
    }
    let row = pins(kind).iter().find(|row| row.id == command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    if row.id != OPERATOR_PIN.id {
        context.require(Right(SECOND_PIN))?;
    }
    let len = pin.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
    if len < 2 {
        return Err(Sw::WRONG_DATA.into());
    }
    let master = target.current_master(context)?;
    // At most 16 bytes of cipher text.
    let header = [0x84, 0x24, 0x00, row.id, (seal::cipher_len(&master, len) + seal::MAC_LEN) as u8];
    context.answer.extend_from_slice(&seal::bound(&master, challenge, &header, &pin[..len]));
    Ok(Sw::OK)
}

/// SEAL ACTIVATION for a card that is no ESAM: it can only be retired. Data and answer as for an ESAM.
///
/// Two persons where this card has two: the second officer's or supervisor's PIN (6982). 6A80 another state than 02, or a version
/// or money with it.
pub fn seal_retirement(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (identity, body) = rest.split_at_checked(18).ok_or(Sw::WRONG_LENGTH)?;
    let target = Target::parse(context, command.p1, identity)?;
    let is_card = matches!(target.recipient, Recipient::Card(_));
    if !is_card || !matches!(target.master, Master::Own) || target.wants_test {
        return Err(Sw::WRONG_P1P2.into());
    }
    if body != [State::Retired.code(), 0, 0, 0, 0, 0] {
        return Err(Sw::WRONG_DATA.into());
    }
    if pins(context.chip.kind).iter().any(|row| row.id != OPERATOR_PIN.id) {
        context.require(Right(SECOND_PIN))?;
    }
    let master = target.current_master(context)?;
    context.answer.extend_from_slice(&seal::bound_mac(&master, challenge, &ACTIVATE, body));
    Ok(Sw::OK)
}
