//! READ RECORD, UPDATE RECORD and SEEK [TS 51.011 9.2.5 to 9.2.7].

use super::{current_ef, require, sw};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use wire::{CommandRef, Sw};

fn records(context: &Context<'_>) -> Result<Node, Halt> {
    let file = current_ef(context)?;
    if matches!(file.kind(), FileKind::Fixed | FileKind::Cyclic) {
        Ok(file)
    } else {
        Err(sw::WRONG_FILE.into())
    }
}

/// The record P1 and mode P2 name: 02 next, 03 previous, 04 absolute (P1 00: current).
fn number(context: &Context<'_>, file: &Node, p1: u8, mode: u8) -> Result<usize, Halt> {
    let (current, count) = (context.volatile.selection.record, file.record_count());
    let cyclic = file.kind() == FileKind::Cyclic;
    let number = match (mode, p1) {
        (0x02, _) if cyclic && current == count => 1,
        (0x02, _) => current + 1,
        (0x03, _) if current == 0 || (cyclic && current == 1) => count,
        (0x03, _) => current - 1,
        (0x04, 0) => current,
        (0x04, p1) => usize::from(p1),
        _ => return Err(sw::PARAMS.into()),
    };
    if number == 0 || number > count {
        return Err(sw::OUT_OF_RANGE.into());
    }
    Ok(number)
}

pub fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = records(context)?;
    require(context, file.header[5] >> 4)?;
    let number = number(context, &file, command.p1, command.p2)?;
    let length = file.record_len();
    if command.le.is_some_and(|le| usize::from(le) != length) {
        return Err(Sw(0x6700 | length as u16).into());
    }
    let at = file.record(number).ok_or(sw::OUT_OF_RANGE)?;
    context.memory.append_to(at + 1, length, context.answer);
    // An absolute read leaves the pointer where it is.
    if command.p2 != 0x04 {
        context.volatile.selection.record = number;
    }
    Ok(Sw::OK)
}

pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut file = records(context)?;
    require(context, file.header[5] & 0x0F)?;
    if command.data.len() != file.record_len() {
        return Err(Sw(0x6700 | file.record_len() as u16).into());
    }
    if file.kind() == FileKind::Cyclic {
        // Only PREVIOUS: the oldest record becomes the newest.
        if command.p2 != 0x03 {
            return Err(sw::PARAMS.into());
        }
        let count = file.record_count();
        if count == 0 {
            // Only a corrupt header announces a record longer than its file.
            return Err(sw::WRONG_FILE.into());
        }
        let newest = (usize::from(file.header[10]) + count - 1) % count;
        context.memory.write(file.slot(newest) + 1, command.data)?;
        file.set(&mut context.memory, 10, newest as u8)?; // at most 255 records
        context.volatile.selection.record = 1;
        return Ok(Sw::OK);
    }
    let number = number(context, &file, command.p1, command.p2)?;
    let at = file.record(number).ok_or(sw::OUT_OF_RANGE)?;
    context.memory.write(at + 1, command.data)?;
    if command.p2 != 0x04 {
        context.volatile.selection.record = number;
    }
    Ok(Sw::OK)
}

pub fn seek(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = current_ef(context)?;
    if file.kind() != FileKind::Fixed {
        return Err(sw::WRONG_FILE.into());
    }
    require(context, file.header[5] >> 4)?;
    if command.data.len() > file.record_len() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let (kind, mode) = (command.p2 >> 4, command.p2 & 0x0F);
    if kind > 1 {
        return Err(sw::PARAMS.into());
    }
    let (current, count) = (context.volatile.selection.record, file.record_count());
    let matches = |n: &usize| {
        let Some(at) = file.record(*n) else { return false };
        let mut start = [0; 16];
        let start = &mut start[..command.data.len().min(16)];
        context.memory.read(at + 1, start);
        start == command.data
    };
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
