//! The toolkit's commands on a SIM without a toolkit [docs/specs/sim.md, toolkit].

use super::sw;
use crate::context::Context;
use crate::halt::Halt;
use wire::{CommandRef, Sw};

/// The terminal may tell what it can; nobody listens.
pub fn terminal_profile(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Ok(Sw::OK)
}

/// UNSPECIFIED: no proactive command was announced (91xx never comes) and no service takes an envelope. The word is
/// the one for GET RESPONSE when nothing waits.
pub fn nothing_is_due(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Err(sw::NOTHING_WAITS.into())
}
