//! READ BINARY and UPDATE BINARY [FMCOS UM 7.5, 7.7].

use crate::closing;
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::messaging::{self, Direction};
use crate::rights::Right;
use wire::{CommandRef, Sw};

/// Longest data field and longest answer [FMCOS UM 6.1].
pub const MAX: u8 = 239;

/// File and offset of P1 P2: `100xxxxx offset`, or a 15-bit offset in the current EF.
fn target(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<(Node, usize), Halt> {
    let (sfi, offset) = if command.p1 & 0x80 == 0 {
        (None, command.p1p2())
    } else if command.p1 & 0x60 == 0 {
        (Some(command.p1 & 0x1F), u16::from(command.p2))
    } else {
        return Err(Sw::WRONG_P1P2.into());
    };
    let node = context.target_ef(sfi)?;
    if node.kind() != FileKind::Binary {
        return Err(Sw::WRONG_KIND.into());
    }
    Ok((node, usize::from(offset)))
}

/// READ BINARY: an applet may hand it on and look at what was read.
pub fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (file, offset) = target(context, command)?;
    context.require(Right(file.header[5]))?;
    let (_, session) = messaging::open(context, command, &file, Direction::Read)?;
    if offset >= file.size() {
        return Err(Sw::WRONG_OFFSET.into());
    }
    let rest = (file.size() - offset).min(usize::from(MAX));
    let wanted = match command.le {
        None | Some(256) => rest,
        Some(le) => usize::from(le),
    };
    if wanted > rest {
        // UNSPECIFIED: Le beyond the end; the answer tells what is there.
        return Err(Sw::wrong_le(rest as u8).into());
    }
    context.memory.append_to(file.body() + offset, wanted, context.answer);
    if let Some(session) = session {
        session.protect(context.answer);
    }
    Ok(if file.is_written() { Sw::OK } else { Sw::DATA_SUSPECT })
}

/// UPDATE BINARY: an applet may look at it first and hand it on.
pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (mut file, offset) = target(context, command)?;
    context.require(Right(file.header[6]))?;
    let (data, _) = messaging::open(context, command, &file, Direction::Write)?;
    if data.is_empty() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    if offset + data.len() > file.size() {
        return Err(Sw::WRONG_OFFSET.into());
    }
    closing::may_update(context, &file, offset..offset + data.len())?;
    file.mark_written(&mut context.memory)?;
    context.memory.write(file.body() + offset, &data)?;
    closing::updated(context, &file)?;
    Ok(Sw::OK)
}
