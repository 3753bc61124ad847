//! Commands on the current EF [TS 51.011 9.2.3 to 9.2.8; docs/specs/sim.md, invalidation].

use super::sw::{self, WORDS};
use crate::context::Context;
use crate::files::FileKind;
use crate::halt::Halt;
use crate::sim::{AccessMode, current_ef, data, records, require, set_validity};
use wire::{CommandRef, Sw};

pub fn read_binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    data::read(context, command, &file, usize::from(command.p1p2()), &WORDS)
}

pub fn update_binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    data::update(context, command, &file, usize::from(command.p1p2()), &WORDS)
}

pub fn read_record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    records::read(context, command, &file, command.p2, &WORDS)
}

pub fn update_record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    records::update(context, command, &file, command.p2, &WORDS)
}

pub fn increase(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    records::increase(context, command, &file, &WORDS)
}

pub fn invalidate(context: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    set_validity(context, file, AccessMode::Invalidate, &WORDS)
}

pub fn rehabilitate(context: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    set_validity(context, file, AccessMode::Rehabilitate, &WORDS)
}

/// Type in the high nibble of P2 (1: answer the record's number), mode in the low one: from the beginning, backward from the
/// end, next, previous.
pub fn seek(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context, &WORDS)?;
    if file.kind() != FileKind::Fixed {
        return Err(sw::WRONG_FILE.into());
    }
    require(context, &file, AccessMode::Search, &WORDS)?;
    if command.data.len() > file.record_len() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let (kind, mode) = (command.p2 >> 4, command.p2 & 0x0F);
    if kind > 1 {
        return Err(sw::PARAMS.into());
    }
    let (current, count) = (context.volatile.selection.record, file.record_count());
    let matches = |number: &usize| records::begins_with(context, &file, *number, command.data);
    let found = match mode {
        0x0 => (1..=count).find(matches),
        0x1 => (1..=count).rev().find(matches),
        0x2 => (current + 1..=count).find(matches),
        // Without a current record the search starts behind the last one.
        0x3 => (1..if current == 0 { count + 1 } else { current }).rev().find(matches),
        _ => return Err(sw::PARAMS.into()),
    };
    let number = found.ok_or(sw::NOT_FOUND)?;
    context.volatile.selection.record = number;
    if kind == 1 {
        context.answer.push(number as u8); // at most 255 records
    }
    Ok(Sw::OK)
}
