//! SELECT, STATUS, RUN GSM ALGORITHM and SLEEP [TS 51.011 9.2.1, 9.2.2; docs/specs/sim.md].

use super::chv::status as status_byte;
use super::sw::{self, WORDS};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::sim::walk::{self, Found, gsm_sees};
use crate::sim::{self, access, algorithm, codes};
use alloc::vec::Vec;
use scheme::profile::Fid;
use scheme::sim::DF_GSM;
use wire::{CommandRef, Sw};

pub fn select(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let &[hi, lo] = command.data else { return Err(Sw::WRONG_LENGTH.into()) };
    let fid = Fid(u16::from_be_bytes([hi, lo]));
    match walk::by_fid(context, fid, gsm_sees, &WORDS)? {
        Found::Dir(dir) => {
            let response = describe(context, &dir);
            context.answer.extend_from_slice(&response);
        }
        Found::File(file) => {
            // The pointer of a cyclic file stands at the record written last; of others it is undefined.
            if file.kind() == FileKind::Cyclic {
                context.volatile.selection.record = 1;
            }
            context.answer.extend_from_slice(&elementary(&file));
        }
    }
    Ok(Sw::OK)
}

pub fn status(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let dir = context.dir()?;
    let response = describe(context, &dir);
    // STATUS may ask for the beginning only [TS 51.011 9.2.2].
    let wanted = command.le.map_or(response.len(), usize::from);
    if wanted > response.len() {
        return Err(WORDS.wrong_le.word(response.len() as u8).into());
    }
    context.answer.extend_from_slice(&response[..wanted]);
    Ok(Sw::OK)
}

pub fn sleep(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Ok(Sw::OK)
}

/// Only in DF_GSM or below it, and after CHV1.
pub fn run_gsm_algorithm(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let parent = Node::at(&context.memory, context.volatile.selection.parent());
    let in_gsm = context.dir()?.fid() == DF_GSM || parent.is_some_and(|dir| dir.fid() == DF_GSM);
    if !in_gsm {
        // UNSPECIFIED: which word tells that another directory is current.
        return Err(sw::WRONG_FILE.into());
    }
    if !codes::passed(context, 1) {
        return Err(sw::ACCESS.into());
    }
    // UNSPECIFIED: the word of a SIM whose maker gave it no Ki, as ours before there was one.
    let result = algorithm::run(context, command.data).ok_or(Sw::UNKNOWN)?;
    context.answer.extend_from_slice(&result);
    Ok(Sw::OK)
}

/// 23 bytes of MF or DF [TS 51.011 9.2.1].
fn describe(context: &Context<'_>, dir: &Node) -> Vec<u8> {
    let [hi, lo] = dir.fid().bytes();
    let (mut dirs, mut files) = (0u8, 0u8);
    for node in dir.children(&context.memory).filter(gsm_sees) {
        let count = if node.is_dir() { &mut dirs } else { &mut files };
        *count = count.saturating_add(1);
    }
    let [free1, free0] = (walk::free_memory(context, dir) as u16).to_be_bytes(); // at most FFFF
    let kind = if dir.fid() == Fid::MF { 0x01 } else { 0x02 };
    // Clock stop allowed, no preferred level; 3 V technology; bit 8 set: CHV1 is disabled.
    let characteristics = 0x13 | if codes::enabled(context) { 0x00 } else { 0x80 };
    let mut out = Vec::with_capacity(23);
    out.extend_from_slice(&[0, 0, free1, free0, hi, lo, kind, 0, 0, 0, 0, 0, 10, characteristics]);
    // UNSPECIFIED: whether administrative codes count; ours are the two CHVs and their unblocking.
    out.extend_from_slice(&[dirs, files, 4, 0]);
    for id in [1, 2] {
        out.push(status_byte(codes::tries(context, id)));
        out.push(status_byte(codes::unblock_tries(context, id)));
    }
    out.push(0);
    out
}

/// 15 bytes of an EF [TS 51.011 9.2.1].
fn elementary(file: &Node) -> [u8; 15] {
    let [hi, lo] = file.fid().bytes();
    let (structure, record) = match file.kind() {
        FileKind::Fixed => (0x01, file.record_len()),
        FileKind::Cyclic => (0x03, file.record_len()),
        _ => (0x00, 0),
    };
    let [s1, s0] = (sim::content_size(file) as u16).to_be_bytes(); // a body is at most FFFF
    let [increase, administer] = sim::administration(file);
    let is_counter = structure == 0x03 && sim::condition(file, sim::AccessMode::Increase) != access::NEV;
    let may_increase = if is_counter { 0x40 } else { 0x00 };
    let readable = if sim::is_readable_when_invalidated(file) { 0x04 } else { 0x00 };
    let status = readable | u8::from(!sim::is_invalidated(file));
    let access = file.header[5];
    [
        0,
        0,
        s1,
        s0,
        hi,
        lo,
        0x04,
        may_increase,
        access,
        increase,
        administer,
        status,
        2,
        structure,
        record as u8,
    ]
}
