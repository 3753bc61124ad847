//! READ, UPDATE and APPEND RECORD on linear fixed and cyclic files [FMCOS UM 7.6, 7.8, 7.9].

use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::messaging::{self, Direction};
use crate::rights::Right;
use wire::{CommandRef, Sw};

/// Mark of a record that was written.
const PRESENT: u8 = 1;

/// File of P2: short identifier in the high five bits, 0 for the current EF; 1F is reserved.
fn target(context: &mut Context<'_>, p2: u8) -> Result<Node, Halt> {
    let sfi = match p2 >> 3 {
        0 => None,
        0x1F => return Err(Sw::WRONG_P1P2.into()),
        sfi => Some(sfi),
    };
    let node = context.target_ef(sfi)?;
    if !matches!(node.kind(), FileKind::Fixed | FileKind::Cyclic) {
        return Err(Sw::WRONG_KIND.into());
    }
    Ok(node)
}

/// Address of the mark of an existing record; 6A83 when there is none of that number. All records of a fixed
/// file exist from the start; those of a cyclic file once they were written.
fn existing(context: &Context<'_>, file: &Node, number: usize) -> Result<usize, Halt> {
    let at = file.record(number).ok_or(Sw::RECORD_NOT_FOUND)?;
    if file.kind() == FileKind::Cyclic && context.memory.byte(at) != PRESENT {
        return Err(Sw::RECORD_NOT_FOUND.into());
    }
    Ok(at)
}

pub fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    if command.p2 & 0x07 != 0x04 {
        return Err(Sw::WRONG_P1P2.into());
    }
    context.require(Right(file.header[5]))?;
    let number = match command.p1 {
        0 => context.volatile.selection.record,
        number => usize::from(number),
    };
    let at = existing(context, &file, number)?;
    let (_, session) = messaging::open(context, command, &file, Direction::Read)?;
    match command.le {
        None | Some(256) => {}
        Some(le) if usize::from(le) == file.record_len() => {}
        Some(_) => return Err(Sw::wrong_le(file.record_len() as u8).into()),
    }
    context.memory.append_to(at + 1, file.record_len(), context.answer);
    if let Some(session) = session {
        session.protect(context.answer);
    }
    context.volatile.selection.record = number;
    Ok(Sw::OK)
}

pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    context.require(Right(file.header[6]))?;
    let mode = command.p2 & 0x07;
    if file.kind() == FileKind::Cyclic {
        // UNSPECIFIED: the note allows 011, its own example uses 010; both write a new record.
        return match mode {
            0x02 | 0x03 => push(context, command, file),
            _ => Err(Sw::WRONG_P1P2.into()),
        };
    }
    let current = context.volatile.selection.record;
    let number = match (mode, command.p1) {
        (0x00, _) => 1,
        (0x01, _) => file.record_count(),
        (0x02, _) => current + 1,
        (0x03, _) => current.saturating_sub(1),
        (0x04, 0) => current,
        (0x04, number) => usize::from(number),
        _ => return Err(Sw::WRONG_P1P2.into()),
    };
    let at = existing(context, &file, number)?;
    put(context, command, file, at)?;
    context.volatile.selection.record = number;
    Ok(Sw::OK)
}

pub fn append(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    // QUIRK(fmcos-append): low bits 000 are in use beside 100.
    if !matches!(command.p2 & 0x07, 0x00 | 0x04) {
        return Err(Sw::WRONG_P1P2.into());
    }
    context.require(Right(file.header[6]))?;
    if file.kind() == FileKind::Cyclic {
        return push(context, command, file);
    }
    let count = file.record_count();
    let free = (1..=count).find(|&n| file.record(n).is_some_and(|at| context.memory.byte(at) != PRESENT));
    let number = free.ok_or(Sw::NO_SPACE)?;
    let at = existing(context, &file, number)?;
    put(context, command, file, at)?;
    context.volatile.selection.record = number;
    Ok(Sw::OK)
}

/// A new record 1 of a cyclic file; the oldest makes room.
fn push(context: &mut Context<'_>, command: &CommandRef<'_>, mut file: Node) -> Result<Sw, Halt> {
    let count = file.record_count();
    let newest = (usize::from(file.header[10]) + count - 1) % count.max(1);
    let at = file.slot(newest);
    put(context, command, file, at)?;
    file.set(&mut context.memory, 10, newest as u8)?; // a cyclic file has at most 255 records
    context.volatile.selection.record = 1;
    Ok(Sw::OK)
}

fn put(context: &mut Context<'_>, command: &CommandRef<'_>, mut file: Node, at: usize) -> Result<(), Halt> {
    let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
    if data.len() != file.record_len() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    file.mark_written(&mut context.memory)?;
    context.memory.write(at, &[PRESENT])?;
    context.memory.write(at + 1, &data)
}
