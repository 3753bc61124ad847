//! The toolkit's commands on a UICC without a toolkit [docs/specs/sim.md, toolkit].

use super::sw;
use crate::context::Context;
use crate::halt::Halt;
use wire::{CommandRef, Sw};

/// UNSPECIFIED: as on class A0, the word for GET RESPONSE when nothing waits.
pub fn nothing_is_due(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Err(sw::NOTHING_WAITS.into())
}
