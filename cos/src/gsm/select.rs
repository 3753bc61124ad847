//! SELECT, STATUS and SLEEP [TS 51.011 9.2.1, 9.2.2].

use super::{chv, sw};
use crate::context::Context;
use crate::files::{FileKind, LEVELS, Node};
use crate::halt::Halt;
use crate::state::Selection;
use alloc::vec::Vec;
use wire::profile::Fid;
use wire::{CommandRef, Sw};

pub fn select(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let &[hi, lo] = command.data else { return Err(Sw::WRONG_LENGTH.into()) };
    let fid = Fid(u16::from_be_bytes([hi, lo]));
    if fid == Fid::MF {
        let mf = context.mf()?;
        context.volatile.selection = Selection::mf(0, false);
        return directory(context, &mf);
    }
    let dir = context.dir()?;
    let selection = context.volatile.selection;
    let is_file = |node: &Node| node.kind() != FileKind::Keys;
    if let Some(node) = dir.child(&context.memory, |node| node.fid() == fid && is_file(node)) {
        if !node.is_dir() {
            context.volatile.selection.select_ef(node.at);
            // The pointer of a cyclic file stands at the record written last; of others it is undefined.
            if node.kind() == FileKind::Cyclic {
                context.volatile.selection.record = 1;
            }
            return elementary(context, &node);
        }
        return enter(context, &node, selection.depth() + 1);
    }
    if dir.fid() == fid {
        return enter(context, &dir, selection.depth());
    }
    // The parent, and any directory beside the current one [TS 51.011 6.4].
    let parent = Node::at(&context.memory, selection.parent()).ok_or(sw::NOT_FOUND)?;
    if parent.fid() == fid {
        return enter(context, &parent, selection.depth().saturating_sub(1));
    }
    let sister = parent.child(&context.memory, |node| node.is_dir() && node.fid() == fid);
    enter(context, &sister.ok_or(sw::NOT_FOUND)?, selection.depth())
}

fn enter(context: &mut Context<'_>, dir: &Node, depth: usize) -> Result<Sw, Halt> {
    if depth >= LEVELS {
        return Err(sw::NOT_FOUND.into());
    }
    context.volatile.selection = context.volatile.selection.enter(depth, dir.at, 0, false);
    directory(context, dir)
}

pub fn status(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let dir = context.dir()?;
    let response = describe(context, &dir)?;
    // STATUS may ask for the beginning only [TS 51.011 9.2.2].
    let wanted = command.le.map_or(response.len(), usize::from);
    if wanted > response.len() {
        return Err(Sw(0x6700 | response.len() as u16).into());
    }
    context.answer.extend_from_slice(&response[..wanted]);
    Ok(Sw::OK)
}

pub fn sleep(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Ok(Sw::OK)
}

fn directory(context: &mut Context<'_>, dir: &Node) -> Result<Sw, Halt> {
    let response = describe(context, dir)?;
    context.answer.extend_from_slice(&response);
    Ok(Sw::OK)
}

/// 23 bytes of MF or DF [TS 51.011 9.2.1].
fn describe(context: &Context<'_>, dir: &Node) -> Result<Vec<u8>, Halt> {
    let [hi, lo] = dir.fid().bytes();
    let (mut dirs, mut files) = (0u8, 0u8);
    for node in dir.children(&context.memory) {
        match node.kind() {
            FileKind::Dir => dirs = dirs.saturating_add(1),
            FileKind::Keys => {}
            _ => files = files.saturating_add(1),
        }
    }
    let chv1 = chv::status(context, 1);
    let kind = if dir.fid() == Fid::MF { 0x01 } else { 0x02 };
    // Clock stop allowed, no preferred level; 3 V technology; bit 8 set: CHV1 is disabled.
    let characteristics = 0x13 | if chv::enabled(context) { 0x00 } else { 0x80 };
    let mut out = Vec::with_capacity(23);
    out.extend_from_slice(&[0, 0, 0, 0, hi, lo, kind, 0, 0, 0, 0, 0, 10, characteristics, dirs, files, 4, 0]);
    out.extend_from_slice(&[chv1, chv::unblock_status(context, 1), chv::status(context, 2)]);
    out.extend_from_slice(&[chv::unblock_status(context, 2), 0]);
    Ok(out)
}

/// 15 bytes of an EF [TS 51.011 9.2.1].
fn elementary(context: &mut Context<'_>, node: &Node) -> Result<Sw, Halt> {
    let [hi, lo] = node.fid().bytes();
    let (structure, record, size) = match node.kind() {
        FileKind::Fixed => (0x01, node.record_len(), node.record_len() * node.record_count()),
        FileKind::Cyclic => (0x03, node.record_len(), node.record_len() * node.record_count()),
        _ => (0x00, 0, node.size()),
    };
    let [s1, s0] = (size as u16).to_be_bytes(); // a body is at most FFFF
    let [access, increase, administrate] = [node.header[5], 0xFF, 0xFF];
    context.answer.extend_from_slice(&[
        0,
        0,
        s1,
        s0,
        hi,
        lo,
        0x04,
        0,
        access,
        increase,
        administrate,
        0x01,
        2,
    ]);
    context.answer.extend_from_slice(&[structure, record as u8]);
    Ok(Sw::OK)
}
