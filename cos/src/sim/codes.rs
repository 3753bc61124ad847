//! CHVs (PINs of a UICC) and their unblocking [TS 51.011 9.2.9 to 9.2.13]. Whatever directory is current, they are those
//! of the MF, and both views share them.

use super::access;
use crate::context::Context;
use crate::halt::Halt;
use crate::keyfile::{self, KeyRecord, kind};

/// Byte 4 of a CHV record: it is asked for.
const ENABLED: u8 = 1;

/// How a command about a code ended; each view has its words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOutcome {
    /// Done.
    Done,
    /// The code was wrong; so many tries are left.
    Wrong(u8),
    /// No try was left; the code was not looked at.
    Blocked,
    /// The card has no such code.
    Missing,
    /// The code is switched off (or on) and should be the other way.
    State,
}

fn record(context: &Context<'_>, kind: u8, id: u8) -> Option<KeyRecord> {
    let file = context.mf().ok()?.key_file(&context.memory)?;
    keyfile::find(&context.memory, &file, kind, id)
}

/// Whether code `id` is verified; a disabled CHV1 counts as verified. One that was blocked after it was verified
/// opens nothing until it is unblocked.
pub fn passed(context: &Context<'_>, id: u8) -> bool {
    let Some(record) = record(context, kind::CHV, id) else { return false };
    let disabled = id == 1 && record.byte4() != ENABLED;
    disabled || (context.volatile.chv & (1 << id) != 0 && record.tries_left() > 0)
}

/// Whether CHV1 is asked for.
pub fn enabled(context: &Context<'_>) -> bool {
    record(context, kind::CHV, 1).is_some_and(|record| record.byte4() == ENABLED)
}

/// Tries left of a code; `None` when there is none.
pub fn tries(context: &Context<'_>, id: u8) -> Option<u8> {
    record(context, kind::CHV, id).map(|record| record.tries_left())
}

/// Tries left of an unblocking code; `None` when there is none.
pub fn unblock_tries(context: &Context<'_>, id: u8) -> Option<u8> {
    record(context, kind::PUK, id).map(|record| record.tries_left())
}

/// Spends a try, compares, gives the tries back.
fn prove(context: &mut Context<'_>, record: &mut KeyRecord, value: &[u8]) -> Result<CodeOutcome, Halt> {
    if record.tries_left() == 0 {
        return Ok(CodeOutcome::Blocked);
    }
    record.spend_try(&mut context.memory)?;
    if !keys::equal(&record.bytes(&context.memory), value) {
        return Ok(CodeOutcome::Wrong(record.tries_left()));
    }
    record.restore_tries(&mut context.memory)?;
    Ok(CodeOutcome::Done)
}

/// True for a CHV1 that is switched off: there is nothing to verify or to change then.
fn is_off(record: &KeyRecord) -> bool {
    record.id() == 1 && record.byte4() != ENABLED
}

/// VERIFY of code `id` (1, 2, or A for ADM1) with its 8 bytes.
pub fn verify(context: &mut Context<'_>, id: u8, value: &[u8]) -> Result<CodeOutcome, Halt> {
    let Some(mut record) = record(context, kind::CHV, id) else { return Ok(CodeOutcome::Missing) };
    if is_off(&record) {
        return Ok(CodeOutcome::State);
    }
    let outcome = prove(context, &mut record, value)?;
    if outcome == CodeOutcome::Done {
        context.volatile.chv |= 1 << id;
    }
    Ok(outcome)
}

/// CHANGE of code `id`: the old 8 bytes, then the new.
pub fn change(context: &mut Context<'_>, id: u8, value: &[u8]) -> Result<CodeOutcome, Halt> {
    let Some(mut record) = record(context, kind::CHV, id) else { return Ok(CodeOutcome::Missing) };
    if is_off(&record) {
        return Ok(CodeOutcome::State);
    }
    let (old, new) = value.split_at(8);
    let outcome = prove(context, &mut record, old)?;
    if outcome == CodeOutcome::Done {
        record.set_value(&mut context.memory, new)?;
        context.volatile.chv |= 1 << id;
    }
    Ok(outcome)
}

/// Switches CHV1 on or off.
pub fn switch(context: &mut Context<'_>, on: bool, value: &[u8]) -> Result<CodeOutcome, Halt> {
    let Some(mut record) = record(context, kind::CHV, 1) else { return Ok(CodeOutcome::Missing) };
    if (record.byte4() == ENABLED) == on {
        return Ok(CodeOutcome::State);
    }
    let outcome = prove(context, &mut record, value)?;
    if outcome == CodeOutcome::Done {
        record.set_byte4(&mut context.memory, if on { ENABLED } else { 0 })?;
        context.volatile.chv |= 1 << 1;
    }
    Ok(outcome)
}

/// UNBLOCK of code `id`: its unblocking code, then the new value. A CHV1 that was off is on afterwards.
pub fn unblock(context: &mut Context<'_>, id: u8, value: &[u8]) -> Result<CodeOutcome, Halt> {
    let (puk, new) = value.split_at(8);
    let Some(mut puk_record) = record(context, kind::PUK, id) else { return Ok(CodeOutcome::Missing) };
    let outcome = prove(context, &mut puk_record, puk)?;
    if outcome != CodeOutcome::Done {
        return Ok(outcome);
    }
    let Some(mut record) = record(context, kind::CHV, id) else { return Ok(CodeOutcome::Missing) };
    record.set_value(&mut context.memory, new)?;
    record.restore_tries(&mut context.memory)?;
    if id == 1 {
        record.set_byte4(&mut context.memory, ENABLED)?;
    }
    context.volatile.chv |= 1 << id;
    Ok(CodeOutcome::Done)
}

/// The code a VERIFY CHV of class A0 names.
pub const fn of_gsm(p2: u8) -> Option<u8> {
    match p2 {
        1 | 2 | access::ADM => Some(p2),
        _ => None,
    }
}

/// The code a key reference of a UICC names: 01 PIN1, 81 PIN2, 0A ADM1 [docs/specs/sim.md, PINs of a UICC].
pub const fn of_uicc(reference: u8) -> Option<u8> {
    match reference {
        0x01 => Some(1),
        0x81 => Some(2),
        access::ADM => Some(access::ADM),
        _ => None,
    }
}
