//! CHVs and their unblocking [TS 51.011 9.2.9 to 9.2.13].

use super::{access, sw};
use crate::context::Context;
use crate::halt::Halt;
use crate::keyfile::{self, KeyRecord, kind};
use wire::{CommandRef, Sw};

/// Byte 4 of a CHV record: it is asked for.
const ENABLED: u8 = 1;

fn record(context: &Context<'_>, kind: u8, id: u8) -> Option<KeyRecord> {
    let file = context.mf().ok()?.key_file(&context.memory)?;
    keyfile::find(&context.memory, &file, kind, id)
}

/// A secret of the MF, whatever directory is current.
fn chv(context: &Context<'_>, id: u8) -> Result<KeyRecord, Halt> {
    record(context, kind::CHV, id).ok_or(sw::NO_CHV.into())
}

/// Whether CHV `id` is verified; a disabled CHV1 counts as verified. One that was blocked after it was verified
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

/// Status byte of a CHV: bit 8 initialised, low nibble tries left.
pub fn status(context: &Context<'_>, id: u8) -> u8 {
    record(context, kind::CHV, id).map_or(0, |record| 0x80 | record.tries_left())
}

/// Status byte of an UNBLOCK CHV.
pub fn unblock_status(context: &Context<'_>, id: u8) -> u8 {
    record(context, kind::PUK, id).map_or(0, |record| 0x80 | record.tries_left())
}

/// Spends a try, compares, gives the tries back. 9804 wrong, 9840 none left.
fn prove(context: &mut Context<'_>, record: &mut KeyRecord, value: &[u8]) -> Result<(), Halt> {
    if record.tries_left() == 0 {
        return Err(sw::BLOCKED.into());
    }
    record.spend_try(&mut context.memory)?;
    if !keys::equal(&record.bytes(&context.memory), value) {
        return Err(if record.tries_left() == 0 { sw::BLOCKED } else { sw::ACCESS }.into());
    }
    record.restore_tries(&mut context.memory)
}

pub fn verify(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if !matches!(command.p2, 1 | 2 | access::ADM) {
        return Err(sw::PARAMS.into());
    }
    let mut record = chv(context, command.p2)?;
    if command.p2 == 1 && record.byte4() != ENABLED {
        return Err(sw::CHV_STATUS.into());
    }
    prove(context, &mut record, command.data)?;
    context.volatile.chv |= 1 << command.p2;
    Ok(Sw::OK)
}

pub fn change(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if !matches!(command.p2, 1 | 2) {
        return Err(sw::PARAMS.into());
    }
    let (old, new) = command.data.split_at(8);
    let mut record = chv(context, command.p2)?;
    if command.p2 == 1 && record.byte4() != ENABLED {
        return Err(sw::CHV_STATUS.into());
    }
    prove(context, &mut record, old)?;
    record.set_value(&mut context.memory, new)?;
    context.volatile.chv |= 1 << command.p2;
    Ok(Sw::OK)
}

pub fn disable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    switch(context, command, ENABLED, 0)
}

pub fn enable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    switch(context, command, 0, ENABLED)
}

fn switch(context: &mut Context<'_>, command: &CommandRef<'_>, from: u8, to: u8) -> Result<Sw, Halt> {
    let mut record = chv(context, 1)?;
    if record.byte4() != from {
        return Err(sw::CHV_STATUS.into());
    }
    prove(context, &mut record, command.data)?;
    record.set_byte4(&mut context.memory, to)?;
    context.volatile.chv |= 1 << 1;
    Ok(Sw::OK)
}

pub fn unblock(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    // P2 00 unblocks CHV1, 02 CHV2 [TS 51.011 9.2.13].
    let id = match command.p2 {
        0 => 1,
        2 => 2,
        _ => return Err(sw::PARAMS.into()),
    };
    let (puk, new) = command.data.split_at(8);
    let mut puk_record = record(context, kind::PUK, id).ok_or(sw::NO_CHV)?;
    prove(context, &mut puk_record, puk)?;
    let mut record = chv(context, id)?;
    record.set_value(&mut context.memory, new)?;
    record.restore_tries(&mut context.memory)?;
    if id == 1 {
        record.set_byte4(&mut context.memory, ENABLED)?;
    }
    context.volatile.chv |= 1 << id;
    Ok(Sw::OK)
}
