//! Transparent files [TS 51.011 9.2.3, 9.2.4].

use super::{AccessMode, Words, require};
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use wire::{CommandRef, Sw};

/// READ BINARY from `offset`, as many bytes as Le asks for.
pub fn read(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    offset: usize,
    words: &Words,
) -> Result<Sw, Halt> {
    if file.kind() != FileKind::Binary {
        return Err(words.wrong_file.into());
    }
    require(context, file, AccessMode::Read, words)?;
    if offset >= file.size() {
        return Err(words.outside.into());
    }
    let rest = file.size() - offset;
    let wanted = command.le.map_or(rest, usize::from);
    if wanted > rest {
        return Err(words.wrong_le.word(rest as u8).into()); // Le is at most 256
    }
    context.memory.append_to(file.body() + offset, wanted, context.answer);
    Ok(Sw::OK)
}

/// UPDATE BINARY from `offset`.
pub fn update(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    offset: usize,
    words: &Words,
) -> Result<Sw, Halt> {
    if file.kind() != FileKind::Binary {
        return Err(words.wrong_file.into());
    }
    require(context, file, AccessMode::Update, words)?;
    if offset + command.data.len() > file.size() {
        return Err(words.outside.into());
    }
    context.memory.write(file.body() + offset, command.data)?;
    Ok(Sw::OK)
}
