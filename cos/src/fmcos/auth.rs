//! VERIFY, GET CHALLENGE, EXTERNAL and INTERNAL AUTHENTICATE [FMCOS UM 7.1 to 7.3, 7.10].

use crate::context::Context;
use crate::halt::Halt;
use crate::keyfile::{self, kind};
use crate::state::Challenge;
use keys::{Zeroizing, mac, seal};
use wire::{CommandRef, Sw};

/// Sets the registers a successful proof gives [FMCOS UM 5.3].
fn reach(context: &mut Context<'_>, follow_up: u8) {
    let state = follow_up & 0x0F;
    context.volatile.selection.register = state;
    if context.volatile.selection.is_mf() {
        context.volatile.mf_register = state;
    }
}

pub fn verify(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = context.key_file()?;
    let all = || keyfile::records(&context.memory, &file).filter(|record| record.id() == command.p2);
    let Some(mut record) = all().find(|record| record.kind() == kind::PIN) else {
        // A key of that id that is no PIN: wrong kind; nothing of that id: index not supported.
        return Err(if all().next().is_some() { Sw::WRONG_KIND } else { Sw::KEY_INDEX }.into());
    };
    context.require(record.use_right())?;
    record.spend_try(&mut context.memory)?;
    let stored = record.bytes(&context.memory);
    if !keys::equal(&*filled(&stored), &*filled(command.data)) {
        return Err(Sw::tries_left(record.tries_left()).into());
    }
    record.restore_tries(&mut context.memory)?;
    reach(context, record.byte4());
    context.volatile.selection.pin = true;
    Ok(Sw::OK)
}

/// A PIN brought to 8 bytes: trailing FF may be left out [FMCOS UM 7.10].
pub(super) fn filled(pin: &[u8]) -> Zeroizing<[u8; 8]> {
    let mut full = Zeroizing::new([0xFF; 8]);
    let n = pin.len().min(8);
    full[..n].copy_from_slice(&pin[..n]);
    full
}

/// GET CHALLENGE: an applet may hand it on and look at what was given.
pub fn challenge(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let len = match command.le {
        None | Some(8 | 256) => 8,
        Some(4) => 4,
        Some(_) => return Err(Sw::WRONG_LENGTH.into()),
    };
    let mut bytes = [0; 8];
    context.entropy.fill(&mut bytes);
    let challenge = Challenge::new(bytes, len);
    context.answer.extend_from_slice(challenge.bytes());
    context.volatile.challenge = Some(challenge);
    // UNSPECIFIED: a protected record of a composite purchase needs a challenge between its two steps, so this
    // command alone does not forget a transaction.
    context.volatile.pending = context.pending.take();
    Ok(Sw::OK)
}

pub fn external(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = context.key_file()?;
    let mut record =
        keyfile::find(&context.memory, &file, kind::EXTERNAL, command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    if record.tries_left() == 0 {
        return Err(Sw::BLOCKED.into());
    }
    context.require(record.use_right())?;
    let key = record.key(&context.memory, context.chip.suite)?;
    if command.data.len() != key.suite().block() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let challenge = context.proof_challenge()?;
    record.spend_try(&mut context.memory)?;
    if !keys::equal(&seal::cryptogram(&key, challenge.bytes()), command.data) {
        return Err(Sw::tries_left(record.tries_left()).into());
    }
    record.restore_tries(&mut context.memory)?;
    reach(context, record.byte4());
    Ok(Sw::OK)
}

pub fn internal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let wanted = kind::ENCRYPT + command.p1;
    let file = context.key_file()?;
    if keyfile::find(&context.memory, &file, wanted, command.p2).is_none() {
        // A key of another operation under that id: wrong kind; none at all: not found.
        let of_other = |op| keyfile::find(&context.memory, &file, op, command.p2).is_some();
        let other = (kind::ENCRYPT..=kind::MAC).any(of_other);
        return Err(if other { Sw::WRONG_KIND } else { Sw::KEY_NOT_FOUND }.into());
    }
    let key = context.usable_key(wanted, command.p2)?;
    let block = key.suite().block();
    if kind::ENCRYPT + command.p1 == kind::MAC {
        // UNSPECIFIED: with a 16-byte key the MAC is that of secure messaging (5.4 speaks of DES only).
        context.answer.extend_from_slice(&mac::session(&key, &[], &[command.data]));
        return Ok(Sw::OK);
    }
    context.answer.extend_from_slice(command.data);
    if command.p1 == 0 {
        if !context.answer.len().is_multiple_of(block) {
            context.answer.push(0x80);
            let padded = context.answer.len().next_multiple_of(block);
            context.answer.resize(padded, 0);
        }
        key.cipher().encrypt_ecb(context.answer);
    } else {
        if !command.data.len().is_multiple_of(block) {
            return Err(Sw::WRONG_LENGTH.into());
        }
        key.cipher().decrypt_ecb(context.answer);
    }
    Ok(Sw::OK)
}
