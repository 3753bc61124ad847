//! READ, UPDATE and APPEND RECORD on fixed, variable and cyclic files [FMCOS UM 7.6, 7.8, 7.9].

use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::messaging::{self, Direction};
use crate::rights::Right;
use alloc::vec::Vec;
use wire::{CommandRef, Sw};

/// Mark of a record of a fixed or cyclic file that was written.
const PRESENT: u8 = 1;
/// Record modes: low three bits of P2.
mod mode {
    pub const FIRST: u8 = 0x00;
    pub const LAST: u8 = 0x01;
    pub const NEXT: u8 = 0x02;
    pub const PREVIOUS: u8 = 0x03;
    pub const NUMBER: u8 = 0x04;
}

/// Where a record stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// 1-based number.
    number: usize,
    /// Address of its first byte.
    at: usize,
    len: usize,
}

/// File of P2: short identifier in the high five bits, 0 for the current EF; 1F is reserved.
fn target(context: &mut Context<'_>, p2: u8) -> Result<Node, Halt> {
    let sfi = match p2 >> 3 {
        0 => None,
        0x1F => return Err(Sw::WRONG_P1P2.into()),
        sfi => Some(sfi),
    };
    let node = context.target_ef(sfi)?;
    if !matches!(node.kind(), FileKind::Fixed | FileKind::Variable | FileKind::Cyclic) {
        return Err(Sw::WRONG_KIND.into());
    }
    Ok(node)
}

/// The records of a file that exist, in the order of their numbers. All records of a fixed file exist from the start,
/// those of the others once they were written.
fn all(context: &Context<'_>, file: &Node) -> Vec<Place> {
    match file.kind() {
        FileKind::Variable => variable(context, file),
        _ => {
            let exists = |at: &usize| file.kind() == FileKind::Fixed || context.memory.byte(*at) == PRESENT;
            let places = (1..=file.record_count()).map_while(|number| file.record(number).filter(exists));
            places
                .enumerate()
                .map(|(i, at)| Place { number: i + 1, at: at + 1, len: file.record_len() })
                .collect()
        }
    }
}

/// Walks the TLVs of a variable file.
fn variable(context: &Context<'_>, file: &Node) -> Vec<Place> {
    let (mut places, mut at) = (Vec::new(), file.body());
    let end = file.body() + file.used().min(file.size());
    while at + 2 <= end {
        let len = 2 + usize::from(context.memory.byte(at + 1));
        if at + len > end {
            break;
        }
        places.push(Place { number: places.len() + 1, at, len });
        at += len;
    }
    places
}

/// The record a number names, found without listing the file: fixed and cyclic files know where it stands.
fn numbered(context: &Context<'_>, file: &Node, number: usize) -> Option<Place> {
    if file.kind() == FileKind::Variable {
        return variable(context, file).into_iter().nth(number.checked_sub(1)?);
    }
    let at = file.record(number)?;
    let exists = file.kind() == FileKind::Fixed || context.memory.byte(at) == PRESENT;
    exists.then_some(Place { number, at: at + 1, len: file.record_len() })
}

/// The record P1 and the mode name; `None` when there is none.
fn find(context: &Context<'_>, file: &Node, p1: u8, mode: u8) -> Result<Option<Place>, Halt> {
    let current = context.volatile.selection.record;
    Ok(match mode {
        mode::FIRST if file.kind() == FileKind::Variable && p1 != 0 => {
            all(context, file).into_iter().find(|place| context.memory.byte(place.at) == p1)
        }
        mode::FIRST => numbered(context, file, 1),
        mode::LAST => all(context, file).pop(),
        mode::NEXT => numbered(context, file, current + 1),
        mode::PREVIOUS => current.checked_sub(1).and_then(|number| numbered(context, file, number)),
        mode::NUMBER if p1 == 0 => numbered(context, file, current),
        mode::NUMBER => numbered(context, file, usize::from(p1)),
        _ => return Err(Sw::WRONG_P1P2.into()),
    })
}

/// READ RECORD: an applet may hand it on.
pub fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    let mode = command.p2 & 0x07;
    let by_tag = mode == mode::FIRST && file.kind() == FileKind::Variable;
    if mode != mode::NUMBER && !by_tag {
        return Err(Sw::WRONG_P1P2.into());
    }
    context.require(Right(file.header[5]))?;
    let place = find(context, &file, command.p1, mode)?.ok_or(Sw::RECORD_NOT_FOUND)?;
    let (_, session) = messaging::open(context, command, &file, Direction::Read)?;
    match command.le {
        None | Some(256) => {}
        Some(le) if usize::from(le) == place.len => {}
        Some(_) => return Err(Sw::wrong_le(place.len as u8).into()),
    }
    context.memory.append_to(place.at, place.len, context.answer);
    if let Some(session) = session {
        session.protect(context.answer);
    }
    context.volatile.selection.record = place.number;
    Ok(Sw::OK)
}

pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    context.require(Right(file.header[6]))?;
    let mode = command.p2 & 0x07;
    match file.kind() {
        // UNSPECIFIED: the note allows 011, its own example uses 010; both write a new record.
        FileKind::Cyclic if !matches!(mode, mode::NEXT | mode::PREVIOUS) => Err(Sw::WRONG_P1P2.into()),
        FileKind::Cyclic => {
            let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
            push(context, file, &data)?;
            context.volatile.selection.record = 1;
            Ok(Sw::OK)
        }
        FileKind::Variable => update_variable(context, command, file, mode),
        _ => {
            let place = find(context, &file, command.p1, mode)?.ok_or(Sw::RECORD_NOT_FOUND)?;
            let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
            put(context, file, place, &data)?;
            Ok(Sw::OK)
        }
    }
}

/// A record of the same total length takes the place of an old one (its tag may change); the number after the
/// last, or the next record where there is none, adds one.
fn update_variable(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: Node,
    mode: u8,
) -> Result<Sw, Halt> {
    let place = find(context, &file, command.p1, mode)?;
    let count = all(context, &file).len();
    let adds = match mode {
        mode::NEXT => true,
        mode::NUMBER => usize::from(command.p1) == count + 1,
        _ => false,
    };
    let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
    well_formed(&data)?;
    match place {
        // UNSPECIFIED: the word for another length.
        Some(place) if place.len != data.len() => Err(Sw::RECORD_NOT_FOUND.into()),
        Some(place) => {
            let mut file = file;
            file.mark_written(&mut context.memory)?;
            context.memory.write(place.at, &data)?;
            context.volatile.selection.record = place.number;
            Ok(Sw::OK)
        }
        None if adds => add_variable(context, file, &data, count + 1),
        None => Err(Sw::RECORD_NOT_FOUND.into()),
    }
}

/// 6A80 unless the data is one TLV with one-byte tag and length.
fn well_formed(data: &[u8]) -> Result<(), Halt> {
    match data {
        [_, len, value @ ..] if usize::from(*len) == value.len() => Ok(()),
        _ => Err(Sw::WRONG_DATA.into()),
    }
}

fn add_variable(context: &mut Context<'_>, mut file: Node, data: &[u8], number: usize) -> Result<Sw, Halt> {
    let used = file.used();
    if used + data.len() > file.size() {
        return Err(Sw::NO_SPACE.into());
    }
    file.mark_written(&mut context.memory)?;
    context.memory.write(file.body() + used, data)?;
    file.set_used(&mut context.memory, used + data.len())?;
    context.volatile.selection.record = number;
    Ok(Sw::OK)
}

pub fn append(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = target(context, command.p2)?;
    // QUIRK(fmcos-append): low bits 000 are in use beside 100.
    if !matches!(command.p2 & 0x07, mode::FIRST | mode::NUMBER) {
        return Err(Sw::WRONG_P1P2.into());
    }
    context.require(Right(file.header[6]))?;
    let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
    match file.kind() {
        FileKind::Cyclic => {
            push(context, file, &data)?;
            context.volatile.selection.record = 1;
            Ok(Sw::OK)
        }
        FileKind::Variable => {
            well_formed(&data)?;
            let number = all(context, &file).len() + 1;
            add_variable(context, file, &data, number)
        }
        _ => {
            let free =
                |number: &usize| file.record(*number).is_some_and(|at| context.memory.byte(at) != PRESENT);
            let number = (1..=file.record_count()).find(free).ok_or(Sw::NO_SPACE)?;
            let place = numbered(context, &file, number).ok_or(Sw::RECORD_NOT_FOUND)?;
            put(context, file, place, &data)?;
            Ok(Sw::OK)
        }
    }
}

/// A new record 1 of a cyclic file; the oldest makes room. The purse logs through this too, whatever the file's right.
pub(super) fn push(context: &mut Context<'_>, mut file: Node, data: &[u8]) -> Result<(), Halt> {
    if data.len() != file.record_len() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let count = file.record_count();
    if count == 0 {
        // Only a corrupt header announces a record longer than its file.
        return Err(Sw::FILE_INVALID.into());
    }
    let newest = (usize::from(file.header[10]) + count - 1) % count;
    let at = file.slot(newest);
    file.mark_written(&mut context.memory)?;
    context.memory.write(at, &[PRESENT])?;
    context.memory.write(at + 1, data)?;
    file.set(&mut context.memory, 10, newest as u8) // a cyclic file has at most 255 records
}

fn put(context: &mut Context<'_>, mut file: Node, place: Place, data: &[u8]) -> Result<(), Halt> {
    if data.len() != place.len {
        return Err(Sw::WRONG_LENGTH.into());
    }
    file.mark_written(&mut context.memory)?;
    context.memory.write(place.at - 1, &[PRESENT])?;
    context.memory.write(place.at, data)?;
    context.volatile.selection.record = place.number;
    Ok(())
}

/// What UPDATE CAPP DATA CACHE would write, a record's mark with it: address and bytes, all checks done [FMCOS UM 8.9.2].
/// P2 low bits 000: the first record that begins with P1, 100: record number P1.
pub(super) fn cacheable(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
) -> Result<(usize, Vec<u8>), Halt> {
    let file = target(context, command.p2)?;
    context.require(Right(file.header[6]))?;
    let place = match command.p2 & 0x07 {
        mode::FIRST => {
            all(context, &file).into_iter().find(|place| context.memory.byte(place.at) == command.p1)
        }
        mode::NUMBER => numbered(context, &file, usize::from(command.p1)),
        _ => return Err(Sw::WRONG_P1P2.into()),
    };
    let place = place.ok_or(Sw::RECORD_NOT_FOUND)?;
    let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
    if data.len() != place.len {
        return Err(Sw::WRONG_LENGTH.into());
    }
    if file.kind() == FileKind::Variable {
        well_formed(&data)?;
        return Ok((place.at, data.to_vec()));
    }
    Ok((place.at - 1, [&[PRESENT], data.as_slice()].concat()))
}
