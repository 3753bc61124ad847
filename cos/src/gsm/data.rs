//! READ BINARY and UPDATE BINARY [TS 51.011 9.2.3, 9.2.4].

use super::{current_ef, require, sw};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use wire::{CommandRef, Sw};

fn transparent(context: &Context<'_>) -> Result<Node, Halt> {
    let file = current_ef(context)?;
    if file.kind() == FileKind::Binary { Ok(file) } else { Err(sw::WRONG_FILE.into()) }
}

pub fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = transparent(context)?;
    require(context, file.header[5] >> 4)?;
    let offset = usize::from(command.p1p2());
    if offset >= file.size() {
        return Err(sw::OUT_OF_RANGE.into());
    }
    let rest = file.size() - offset;
    let wanted = command.le.map_or(rest, usize::from);
    if wanted > rest {
        return Err(Sw(0x6700 | (rest as u16 & 0xFF)).into());
    }
    context.memory.append_to(file.body() + offset, wanted, context.answer);
    Ok(Sw::OK)
}

pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = transparent(context)?;
    require(context, file.header[5] & 0x0F)?;
    let offset = usize::from(command.p1p2());
    if offset + command.data.len() > file.size() {
        return Err(sw::OUT_OF_RANGE.into());
    }
    context.memory.write(file.body() + offset, command.data)?;
    Ok(Sw::OK)
}
