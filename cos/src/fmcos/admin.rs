//! CREATE FILE and ERASE DF [FMCOS UM 7.11, 7.13; SM 1.1, 1.3].

use super::select::MF_NAME;
use crate::context::Context;
use crate::files::{self, FileKind, LEVELS};
use crate::halt::Halt;
use crate::header::header_of;
use crate::rights::Right;
use crate::state::Selection;
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

pub fn create(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let fid = Fid(command.p1p2());
    let kind = FileKind::of(command.data[0]).filter(|kind| *kind != FileKind::Link).ok_or(Sw::WRONG_DATA)?;
    if fid == Fid::MF {
        return create_mf(context, kind, command.data);
    }
    let dir = context.dir()?;
    context.require(Right(dir.header[5]))?;
    let (header, name) = header_of(kind, fid, command.data)?;
    if kind == FileKind::Dir && context.volatile.selection.depth() + 1 >= LEVELS {
        return Err(Sw::WRONG_DATA.into());
    }
    let taken = dir.child(&context.memory, |node| {
        // A KEY file's identifier does not clash with those of data files; a directory has one KEY file.
        if kind == FileKind::Keys {
            node.kind() == FileKind::Keys
        } else {
            node.kind() != FileKind::Keys && node.fid() == fid
        }
    });
    if taken.is_some() || (!name.is_empty() && name_taken(context, &dir, name)) {
        return Err(Sw::WRONG_P1P2.into());
    }
    dir.create(&mut context.memory, header, name, context.fill)?;
    Ok(Sw::OK)
}

fn name_taken(context: &Context<'_>, dir: &files::Node, name: &[u8]) -> bool {
    name == MF_NAME
        || dir.child(&context.memory, |node| node.is_dir() && node.name(&context.memory) == name).is_some()
}

/// The MF, on a chip that has none: it becomes current and is free until it is left.
fn create_mf(context: &mut Context<'_>, kind: FileKind, data: &[u8]) -> Result<Sw, Halt> {
    if context.mf().is_ok() {
        return Err(Sw::WRONG_P1P2.into());
    }
    if kind != FileKind::Dir {
        return Err(Sw::WRONG_DATA.into());
    }
    // What follows the eighth byte is a transport code; the name is fixed.
    let (header, _) = header_of(kind, Fid::MF, &data[..data.len().min(8)])?;
    files::create_mf(&mut context.memory, header, &[])?;
    context.volatile.selection = Selection::mf(0, true);
    Ok(Sw::OK)
}

/// ERASE DF: all files of the current directory go, its KEY file too; the directory is free until it is left.
pub fn erase(context: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    let dir = context.dir()?;
    context.require(Right(dir.header[6]))?;
    dir.clear(&mut context.memory)?;
    // From here on nobody owns the space, so what stood in it can be wiped without the journal.
    context.memory.commit()?;
    context.memory.fill_unowned(dir.body() + 1, dir.size().saturating_sub(1), &|_| 0)?;
    context.volatile.selection.ef = None;
    context.volatile.selection.record = 0;
    context.volatile.selection.free = true;
    context.volatile.selection.pin = false;
    Ok(Sw::OK)
}
