//! PIN UNBLOCK, RELOAD PIN and CHANGE PIN [FMCOS UM 8.4 to 8.6].

use super::auth::filled;
use crate::context::Context;
use crate::halt::Halt;
use crate::keyfile::{self, KeyRecord, kind};
use keys::{mac, seal};
use wire::{CommandRef, Sw};

/// Lengths a PIN may have in these commands [FMCOS UM 8.4].
const LENGTHS: core::ops::RangeInclusive<usize> = 2..=8;

/// The PIN of an id; 9403 when there is none.
pub(super) fn pin(context: &Context<'_>, id: u8) -> Result<KeyRecord, Halt> {
    keyfile::find(&context.memory, &context.key_file()?, kind::PIN, id).ok_or(Sw::KEY_INDEX.into())
}

/// Stages a new PIN with all its tries.
pub(super) fn set(context: &mut Context<'_>, mut record: KeyRecord, pin: &[u8]) -> Result<Sw, Halt> {
    if !LENGTHS.contains(&pin.len()) {
        return Err(Sw::WRONG_LENGTH.into());
    }
    record.set_value(&mut context.memory, &*filled(pin))?;
    record.restore_tries(&mut context.memory)?;
    Ok(Sw::OK)
}

/// 84 24 id 00: a new PIN, enciphered and MACed under key 37/00. 6987, 6985, 6983, 6988 as for secure messaging.
///
/// QUIRK(fmcos-unblock): the manual's example writes P1 00 P2 01; both forms are taken.
pub fn unblock(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p2 > 1 {
        return Err(Sw::WRONG_P1P2.into());
    }
    let record = pin(context, command.p1)?;
    let file = context.key_file()?;
    let mut unblocker = keyfile::find(&context.memory, &file, kind::UNBLOCK, 0).ok_or(Sw::KEY_INDEX)?;
    context.require(unblocker.use_right())?;
    let challenge = context.proof_challenge()?;
    let key = unblocker.key(&context.memory, context.chip.suite)?;
    let (cipher_text, code) = command.data.split_last_chunk::<4>().ok_or(Sw::SM_MISSING)?;
    unblocker.spend_try(&mut context.memory)?;
    let [cla, ins, p1, p2] = command.header();
    let header = [cla, ins, p1, p2, command.data.len() as u8]; // short APDU: at most 255
    if !keys::equal(&mac::session(&key, challenge.bytes(), &[&header, cipher_text]), code) {
        return Err(Sw::SM_WRONG.into());
    }
    unblocker.restore_tries(&mut context.memory)?;
    // The MAC was right; a field that deciphers to no PIN must not keep the try.
    context.memory.commit()?;
    let new = seal::decipher(&key, cipher_text).map_err(|_| Sw::WRONG_DATA)?;
    set(context, record, &new)
}

/// 80 5E 00 id: `new PIN || MAC4` under key 38/00 folded to single DES; no challenge and no header in the MAC.
pub fn reload(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let record = pin(context, command.p2)?;
    let file = context.key_file()?;
    let mut reloader = keyfile::find(&context.memory, &file, kind::RELOAD, 0).ok_or(Sw::KEY_INDEX)?;
    context.require(reloader.use_right())?;
    let key = reloader.key(&context.memory, context.chip.suite)?.folded();
    let (new, code) = command.data.split_last_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
    if !LENGTHS.contains(&new.len()) {
        return Err(Sw::WRONG_LENGTH.into());
    }
    reloader.spend_try(&mut context.memory)?;
    if !keys::equal(&mac::session(&key, &[], &[new]), code) {
        return Err(Sw::MAC_WRONG.into());
    }
    reloader.restore_tries(&mut context.memory)?;
    set(context, record, new)
}

/// 80 5E 01 id: `old PIN || FF || new PIN`.
pub fn change(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut record = pin(context, command.p2)?;
    // Whoever may not verify it may not try it here either [docs/specs/cards.md 5].
    context.require(record.use_right())?;
    let cut = command.data.iter().position(|byte| *byte == 0xFF).ok_or(Sw::WRONG_LENGTH)?;
    let (old, new) = (&command.data[..cut], &command.data[cut + 1..]);
    if !LENGTHS.contains(&old.len()) || !LENGTHS.contains(&new.len()) {
        return Err(Sw::WRONG_LENGTH.into());
    }
    record.spend_try(&mut context.memory)?;
    if !keys::equal(&*filled(&record.bytes(&context.memory)), &*filled(old)) {
        return Err(Sw::tries_left(record.tries_left()).into());
    }
    set(context, record, new)
}
