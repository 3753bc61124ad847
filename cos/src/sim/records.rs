//! Records [TS 51.011 9.2.5 to 9.2.8].

use super::{AccessMode, Words, require};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use alloc::vec::Vec;
use wire::{CommandRef, Sw};

/// Modes of READ and UPDATE RECORD.
mod mode {
    pub const NEXT: u8 = 0x02;
    pub const PREVIOUS: u8 = 0x03;
    /// The number in P1; 00 is the current record.
    pub const ABSOLUTE: u8 = 0x04;
}

fn must_have_records(file: &Node, words: &Words) -> Result<(), Halt> {
    if matches!(file.kind(), FileKind::Fixed | FileKind::Cyclic) {
        Ok(())
    } else {
        Err(words.wrong_file.into())
    }
}

/// The record that `p1` and a mode name.
fn number(context: &Context<'_>, file: &Node, p1: u8, mode: u8, words: &Words) -> Result<usize, Halt> {
    let (current, count) = (context.volatile.selection.record, file.record_count());
    let cyclic = file.kind() == FileKind::Cyclic;
    let number = match (mode, p1) {
        (mode::NEXT, _) if cyclic && current == count => 1,
        (mode::NEXT, _) => current + 1,
        (mode::PREVIOUS, _) if current == 0 || (cyclic && current == 1) => count,
        (mode::PREVIOUS, _) => current - 1,
        (mode::ABSOLUTE, 0) => current,
        (mode::ABSOLUTE, p1) => usize::from(p1),
        _ => return Err(words.params.into()),
    };
    if number == 0 || number > count {
        return Err(words.no_record.into());
    }
    Ok(number)
}

/// READ RECORD: `p1` and a mode name the record.
pub fn read(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    mode: u8,
    words: &Words,
) -> Result<Sw, Halt> {
    must_have_records(file, words)?;
    require(context, file, AccessMode::Read, words)?;
    let number = number(context, file, command.p1, mode, words)?;
    let length = file.record_len();
    if command.le.is_some_and(|le| usize::from(le) != length) {
        return Err(words.wrong_le.word(length as u8).into());
    }
    let at = file.record(number).ok_or(words.no_record)?;
    context.memory.append_to(at + 1, length, context.answer);
    // An absolute read leaves the pointer where it is.
    if mode != mode::ABSOLUTE {
        context.volatile.selection.record = number;
    }
    Ok(Sw::OK)
}

/// UPDATE RECORD: `p1` and a mode name the record; a cyclic file takes PREVIOUS alone.
pub fn update(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    mode: u8,
    words: &Words,
) -> Result<Sw, Halt> {
    must_have_records(file, words)?;
    require(context, file, AccessMode::Update, words)?;
    if command.data.len() != file.record_len() {
        return Err(words.wrong_lc(file.record_len()).into());
    }
    if file.kind() == FileKind::Cyclic {
        if mode != mode::PREVIOUS {
            return Err(words.params.into());
        }
        return renew(context, file, command.data, words).map(|()| Sw::OK);
    }
    let number = number(context, file, command.p1, mode, words)?;
    let at = file.record(number).ok_or(words.no_record)?;
    context.memory.write(at + 1, command.data)?;
    if mode != mode::ABSOLUTE {
        context.volatile.selection.record = number;
    }
    Ok(Sw::OK)
}

/// Stages a new newest record of a cyclic file: the oldest is written over.
fn renew(context: &mut Context<'_>, file: &Node, record: &[u8], words: &Words) -> Result<(), Halt> {
    let count = file.record_count();
    if count == 0 {
        // Only a corrupt header announces a record longer than its file.
        return Err(words.wrong_file.into());
    }
    let newest = (usize::from(file.header[10]) + count - 1) % count;
    context.memory.write(file.slot(newest) + 1, record)?;
    let mut file = *file;
    file.set(&mut context.memory, 10, newest as u8)?; // at most 255 records
    context.volatile.selection.record = 1;
    Ok(())
}

/// INCREASE: the value of the newest record and the data field, as big-endian numbers, make the new newest record.
/// Answers it, and the value added.
pub fn increase(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    words: &Words,
) -> Result<Sw, Halt> {
    // A cyclic file that nobody may ever increase is no counter.
    if file.kind() != FileKind::Cyclic || super::condition(file, AccessMode::Increase) == super::access::NEV {
        return Err(words.wrong_file.into());
    }
    require(context, file, AccessMode::Increase, words)?;
    if command.data.len() > file.record_len() {
        return Err(words.wrong_file.into());
    }
    let at = file.record(1).ok_or(words.wrong_file)?;
    let mut value = Vec::with_capacity(file.record_len());
    context.memory.append_to(at + 1, file.record_len(), &mut value);
    if !add(&mut value, command.data) {
        return Err(words.at_maximum.into());
    }
    renew(context, file, &value, words)?;
    context.answer.extend_from_slice(&value);
    context.answer.extend_from_slice(command.data);
    Ok(Sw::OK)
}

/// Adds a big-endian number to a longer or equally long one; false when it does not fit any more.
fn add(value: &mut [u8], addend: &[u8]) -> bool {
    let mut carry = 0;
    let mut digits = addend.iter().rev();
    for byte in value.iter_mut().rev() {
        let sum = u16::from(*byte) + u16::from(digits.next().copied().unwrap_or(0)) + carry;
        *byte = sum as u8; // the low byte; the rest is carried
        carry = sum >> 8;
    }
    carry == 0
}

/// Whether a record begins with a pattern.
pub fn begins_with(context: &Context<'_>, file: &Node, number: usize, pattern: &[u8]) -> bool {
    let Some(at) = file.record(number) else { return false };
    let mut start = [0; 16];
    let start = &mut start[..pattern.len().min(16)];
    context.memory.read(at + 1, start);
    start == pattern
}

/// Whether a record has a pattern anywhere.
pub fn contains(context: &Context<'_>, file: &Node, number: usize, pattern: &[u8]) -> bool {
    let Some(at) = file.record(number) else { return false };
    let mut record = Vec::with_capacity(file.record_len());
    context.memory.append_to(at + 1, file.record_len(), &mut record);
    record.windows(pattern.len().max(1)).any(|window| window == pattern)
}
