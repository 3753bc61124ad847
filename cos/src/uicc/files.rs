//! Commands on files of a UICC, current or named by a short identifier [docs/specs/sim.md, files of a UICC].

use super::sw::{self, WORDS};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::sim::walk::{self, Found, uicc_sees};
use crate::sim::{self, AccessMode, current_ef, data, records, require, set_validity};
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// The EF of a short identifier, which becomes current; the current one for `None`.
fn target(context: &mut Context<'_>, short: Option<u8>) -> Result<Node, Halt> {
    let Some(short) = short else { return current_ef(context, &WORDS) };
    let named = |node: &Node| uicc_sees(node) && !node.is_dir() && sim::sfi(node) == Some(short);
    let node = context.dir()?.child(&context.memory, named).ok_or(WORDS.no_file)?;
    let file = node.resolved(&context.memory).ok_or(WORDS.no_file)?;
    if context.volatile.selection.ef != Some(file.at) {
        context.volatile.selection.select_ef(file.at);
    }
    Ok(file)
}

/// P1 P2 of the binary commands: `100xxxxx offset`, or a 15-bit offset in the current EF.
fn binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<(Node, usize), Halt> {
    match command.p1 {
        0x00..=0x7F => Ok((target(context, None)?, usize::from(command.p1p2()))),
        0x80..=0x9F => Ok((target(context, Some(command.p1 & 0x1F))?, usize::from(command.p2))),
        _ => Err(WORDS.params.into()),
    }
}

/// P2 of the record commands: short identifier (00: the current EF) and mode.
fn record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<(Node, u8), Halt> {
    let short = command.p2 >> 3;
    Ok((target(context, (short != 0).then_some(short))?, command.p2 & 0x07))
}

pub fn read_binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, offset) = binary(context, command)?;
    data::read(context, command, &file, offset, &WORDS)
}

pub fn update_binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, offset) = binary(context, command)?;
    data::update(context, command, &file, offset, &WORDS)
}

pub fn read_record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, mode) = record(context, command)?;
    records::read(context, command, &file, mode, &WORDS)
}

pub fn update_record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, mode) = record(context, command)?;
    records::update(context, command, &file, mode, &WORDS)
}

/// INCREASE of the current EF, or of that of a short identifier in P1.
pub fn increase(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let short = match (command.p1, command.p2) {
        (0x00, 0x00) => None,
        (0x81..=0x9E, 0x00) => Some(command.p1 & 0x1F),
        _ => return Err(WORDS.params.into()),
    };
    let file = target(context, short)?;
    records::increase(context, command, &file, &WORDS)
}

/// Modes of a simple search.
const FORWARD: u8 = 0x04;
const BACKWARD: u8 = 0x05;

/// SEARCH RECORD, simple: from record P1 (00: the current one) forward to the last or backward to the first. Answers the
/// numbers of the records that have the pattern.
///
/// UNSPECIFIED: the pattern may stand anywhere in a record. An enhanced search (P2 06) and a proprietary one (07) are
/// not known: their data fields are nowhere told well enough.
pub fn search(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, mode) = record(context, command)?;
    if !matches!(file.kind(), FileKind::Fixed | FileKind::Cyclic) {
        return Err(WORDS.wrong_file.into());
    }
    require(context, &file, AccessMode::Search, &WORDS)?;
    if !matches!(mode, FORWARD | BACKWARD) {
        return Err(WORDS.params.into());
    }
    if command.data.len() > file.record_len() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let (current, count) = (context.volatile.selection.record, file.record_count());
    let start = if command.p1 == 0 { current } else { usize::from(command.p1) };
    if start == 0 || start > count {
        return Err(WORDS.no_record.into());
    }
    let has = |number: &usize| records::contains(context, &file, *number, command.data);
    let found: alloc::vec::Vec<u8> = match mode {
        FORWARD => (start..=count).filter(has).map(|number| number as u8).collect(),
        _ => (1..=start).rev().filter(has).map(|number| number as u8).collect(),
    };
    let Some(first) = found.first() else { return Err(sw::NOT_FOUND.into()) };
    context.volatile.selection.record = usize::from(*first);
    context.answer.extend_from_slice(&found);
    Ok(Sw::OK)
}

pub fn deactivate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = named_by_data(context, command)?;
    set_validity(context, file, AccessMode::Invalidate, &WORDS)
}

pub fn activate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = named_by_data(context, command)?;
    set_validity(context, file, AccessMode::Rehabilitate, &WORDS)
}

/// The current EF, or that of the identifier in the data field, which becomes current.
fn named_by_data(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Node, Halt> {
    match *command.data {
        [] => current_ef(context, &WORDS),
        [hi, lo] => match walk::to_child(context, Fid(u16::from_be_bytes([hi, lo])), uicc_sees, &WORDS)? {
            Some(Found::File(file)) => Ok(file),
            _ => Err(WORDS.no_file.into()),
        },
        _ => Err(Sw::WRONG_LENGTH.into()),
    }
}
