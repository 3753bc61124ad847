//! CHVs and their unblocking [TS 51.011 9.2.9 to 9.2.13].

use super::sw;
use crate::context::Context;
use crate::halt::Halt;
use crate::sim::codes::{self, CodeOutcome};
use wire::{CommandRef, Sw};

/// Status byte of a CHV or of its unblocking: bit 8 initialised, low nibble tries left.
pub fn status(tries: Option<u8>) -> u8 {
    tries.map_or(0, |tries| 0x80 | tries)
}

/// An outcome in the words of class A0.
fn said(outcome: CodeOutcome) -> Result<Sw, Halt> {
    match outcome {
        CodeOutcome::Done => Ok(Sw::OK),
        CodeOutcome::Wrong(0) | CodeOutcome::Blocked => Err(sw::BLOCKED.into()),
        CodeOutcome::Wrong(_) => Err(sw::ACCESS.into()),
        CodeOutcome::Missing => Err(sw::NO_CHV.into()),
        CodeOutcome::State => Err(sw::CHV_STATUS.into()),
    }
}

pub fn verify(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let id = codes::of_gsm(command.p2).ok_or(sw::PARAMS)?;
    said(codes::verify(context, id, command.data)?)
}

pub fn change(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if !matches!(command.p2, 1 | 2) {
        return Err(sw::PARAMS.into());
    }
    said(codes::change(context, command.p2, command.data)?)
}

pub fn disable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    said(codes::switch(context, false, command.data)?)
}

pub fn enable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    said(codes::switch(context, true, command.data)?)
}

pub fn unblock(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    // P2 00 unblocks CHV1, 02 CHV2 [TS 51.011 9.2.13].
    let id = match command.p2 {
        0 => 1,
        2 => 2,
        _ => return Err(sw::PARAMS.into()),
    };
    said(codes::unblock(context, id, command.data)?)
}
