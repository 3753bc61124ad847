//! CARD BLOCK, APPLICATION BLOCK and UNBLOCK [FMCOS UM 8.1 to 8.3].

use crate::context::Context;
use crate::files::{BLOCKED, CARD_DEAD, DEAD};
use crate::halt::Halt;
use crate::messaging::line_checked;
use wire::{CommandRef, Sw};

/// 84 16: the whole card answers 6A81 for ever.
pub fn card(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    line_checked(context, command, 0)?;
    let mut mf = context.mf()?;
    mf.set(&mut context.memory, 8, mf.header[8] | CARD_DEAD)?;
    Ok(Sw::OK)
}

/// 84 1E 00 P2: the current application until it is unblocked (00), or for good (01). Blocked already: 9000.
pub fn application(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p2 > 1 {
        return Err(Sw::WRONG_P1P2.into());
    }
    line_checked(context, command, 0)?;
    let mut dir = context.dir()?;
    let flag = if command.p2 == 1 { DEAD } else { BLOCKED };
    dir.set(&mut context.memory, 8, dir.header[8] | flag)?;
    Ok(Sw::OK)
}

/// 84 18: opens the current application again; 9303 when it is blocked for good.
pub fn unblock(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if context.dir()?.blocks() & DEAD != 0 {
        return Err(Sw::APP_DEAD.into());
    }
    line_checked(context, command, 0)?;
    let mut dir = context.dir()?;
    dir.set(&mut context.memory, 8, dir.header[8] & !BLOCKED)?;
    Ok(Sw::OK)
}
