//! PINs of a UICC: the CHVs of class A0 by key references, with words of their own [docs/specs/sim.md, PINs of a UICC].

use super::sw;
use crate::context::Context;
use crate::halt::Halt;
use crate::sim::codes::{self, CodeOutcome};
use wire::{CommandRef, Sw};

/// An outcome in the words of class 00; `state` when the PIN is off (or on) and should be the other way.
fn said(outcome: CodeOutcome, state: Sw) -> Result<Sw, Halt> {
    match outcome {
        CodeOutcome::Done => Ok(Sw::OK),
        CodeOutcome::Wrong(left) => Err(Sw::tries_left(left).into()),
        CodeOutcome::Blocked => Err(Sw::BLOCKED.into()),
        CodeOutcome::Missing => Err(Sw::KEY_NOT_FOUND.into()),
        CodeOutcome::State => Err(state.into()),
    }
}

/// An empty command asks for the tries and spends none.
fn asked(tries: Option<u8>) -> Result<Sw, Halt> {
    match tries {
        Some(0) => Err(Sw::BLOCKED.into()),
        Some(left) => Err(Sw::tries_left(left).into()),
        None => Err(Sw::KEY_NOT_FOUND.into()),
    }
}

fn reference(command: &CommandRef<'_>) -> Result<u8, Halt> {
    codes::of_uicc(command.p2).ok_or(Sw::KEY_NOT_FOUND.into())
}

pub fn verify(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let id = reference(command)?;
    match command.data.len() {
        0 => asked(codes::tries(context, id)),
        8 => said(codes::verify(context, id, command.data)?, sw::PIN_OFF),
        _ => Err(Sw::WRONG_LENGTH.into()),
    }
}

pub fn change(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let id = reference(command)?;
    if id == crate::sim::access::ADM {
        // UNSPECIFIED: the issuer's key is not changed by a PIN command, as on class A0.
        return Err(Sw::CONDITIONS.into());
    }
    said(codes::change(context, id, command.data)?, sw::PIN_OFF)
}

pub fn disable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    said(codes::switch(context, false, command.data)?, Sw::CONDITIONS)
}

pub fn enable(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    said(codes::switch(context, true, command.data)?, Sw::CONDITIONS)
}

pub fn unblock(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let id = reference(command)?;
    match command.data.len() {
        0 => asked(codes::unblock_tries(context, id)),
        16 => said(codes::unblock(context, id, command.data)?, sw::PIN_OFF),
        _ => Err(Sw::WRONG_LENGTH.into()),
    }
}
