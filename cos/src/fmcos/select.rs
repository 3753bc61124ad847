//! SELECT [FMCOS UM 7.4].

use crate::context::Context;
use crate::files::{FileKind, LEVELS, Node};
use crate::halt::Halt;
use crate::journal::Memory;
use crate::state::Selection;
use alloc::vec::Vec;
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// Name of every MF [FMCOS UM 7.13.3].
pub const MF_NAME: &[u8] = b"1PAY.SYS.DDF01";
/// Application file id, bits 8 to 6: an ADF; the low bits name its issuer file.
const ADF: u8 = 0x80;
/// Application version in the FCI of an ADF.
const VERSION_OBJECT: [u8; 4] = [0x9F, 0x08, 0x01, 0x02];

pub fn select(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    match (command.p1, command.p2) {
        (0x00, 0x00) => match command.data {
            [] => enter_mf(context),
            &[hi, lo] => by_fid(context, Fid(u16::from_be_bytes([hi, lo]))),
            _ => Err(Sw::WRONG_LENGTH.into()),
        },
        (0x04, 0x00) => by_name(context, command.data),
        _ => Err(Sw::WRONG_P1P2.into()),
    }
}

fn by_fid(context: &mut Context<'_>, fid: Fid) -> Result<Sw, Halt> {
    if fid == Fid::MF {
        return enter_mf(context);
    }
    let dir = context.dir()?;
    // QUIRK(fmcos-own-fid): the current directory's own identifier selects it and hides a child of that id.
    if dir.fid() == fid {
        return enter(context, dir, context.volatile.selection.depth());
    }
    let child = dir.child(&context.memory, |node| node.fid() == fid && node.kind() != FileKind::Keys);
    match child {
        Some(node) if node.is_dir() => enter(context, node, context.volatile.selection.depth() + 1),
        Some(_) if dir.blocks() != 0 => Err(Sw::FUNCTION_BLOCKED.into()),
        Some(node) => {
            context.volatile.selection.select_ef(node.at);
            Ok(Sw::OK)
        }
        // QUIRK(fmcos-sister): a sister directory is found too, a sister EF is not.
        None => {
            let sister = sister(context, |_, node| node.fid() == fid).ok_or(Sw::FILE_NOT_FOUND)?;
            enter(context, sister, context.volatile.selection.depth())
        }
    }
}

fn by_name(context: &mut Context<'_>, name: &[u8]) -> Result<Sw, Halt> {
    if name == MF_NAME {
        return enter_mf(context);
    }
    let dir = context.dir()?;
    let depth = context.volatile.selection.depth();
    let named = |memory: &Memory<'_>, node: &Node| node.is_dir() && node.name(memory) == name;
    if name.is_empty() {
        return Err(Sw::FILE_NOT_FOUND.into());
    }
    if named(&context.memory, &dir) {
        return enter(context, dir, depth);
    }
    if let Some(child) = dir.child(&context.memory, |node| named(&context.memory, node)) {
        return enter(context, child, depth + 1);
    }
    let sister = sister(context, named).ok_or(Sw::FILE_NOT_FOUND)?;
    enter(context, sister, depth)
}

/// A directory beside the current one.
fn sister(context: &Context<'_>, wanted: impl Fn(&Memory<'_>, &Node) -> bool) -> Option<Node> {
    let selection = &context.volatile.selection;
    if selection.is_mf() {
        return None;
    }
    let parent = Node::at(&context.memory, selection.parent())?;
    parent.child(&context.memory, |node| node.is_dir() && wanted(&context.memory, node))
}

fn enter_mf(context: &mut Context<'_>) -> Result<Sw, Halt> {
    let mf = context.mf()?;
    let free = mf.is_empty(&context.memory);
    context.volatile.selection = Selection::mf(context.volatile.mf_register, free);
    fci(context, &mf)
}

fn enter(context: &mut Context<'_>, dir: Node, depth: usize) -> Result<Sw, Halt> {
    if depth == 0 {
        return enter_mf(context);
    }
    if depth >= LEVELS {
        return Err(Sw::FILE_NOT_FOUND.into());
    }
    let free = dir.is_empty(&context.memory);
    context.volatile.selection = context.volatile.selection.enter(depth, dir.at, 0, free);
    if dir.blocks() != 0 {
        // It does become current, or nobody could unblock it after a reset [FMCOS UM 8.3].
        return Ok(Sw::FUNCTION_BLOCKED);
    }
    fci(context, &dir)
}

/// File control information: `6F { 84 name, A5 {..} }`.
fn fci(context: &mut Context<'_>, dir: &Node) -> Result<Sw, Halt> {
    let name = if dir.fid() == Fid::MF { MF_NAME.to_vec() } else { dir.name(&context.memory) };
    let app = dir.header[7];
    let mut proprietary = Vec::new();
    if app & 0xE0 == ADF {
        if let Ok(issuer) = context.ef(Fid(u16::from(app & 0x1F)))
            && issuer.kind() == FileKind::Binary
            && issuer.size() <= 0x7F
        {
            if context.choices.fci_version {
                proprietary.extend_from_slice(&VERSION_OBJECT);
            }
            proprietary.extend_from_slice(&[0x9F, 0x0C, issuer.size() as u8]);
            context.memory.append_to(issuer.body(), issuer.size(), &mut proprietary);
        }
    } else {
        proprietary.extend_from_slice(&[0x88, 0x01, app & 0x1F]);
    }
    let mut body = Vec::with_capacity(proprietary.len() + name.len() + 4);
    if !name.is_empty() {
        object(&mut body, 0x84, &name);
    }
    if !proprietary.is_empty() {
        object(&mut body, 0xA5, &proprietary);
    }
    object(context.answer, 0x6F, &body);
    Ok(Sw::OK)
}

/// A data object with a one-byte tag; up to 255 bytes of value.
fn object(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    if value.len() > 0x7F {
        out.push(0x81);
    }
    out.push(value.len() as u8);
    out.extend_from_slice(value);
}
