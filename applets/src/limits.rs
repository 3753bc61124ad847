//! SET LIMIT, for every card of ours that has one [docs/specs/cards.md 9].

use cos::table::{Case, Class, CommandRow, Needs, Params};
use cos::{Context, Halt, fmcos};
use wire::profile::EF_LIMIT;
use wire::psam::Limits;
use wire::{CommandRef, Sw};

/// SET LIMIT `84 4C 00 00 10 count4 value8 MAC4`.
pub const SET_LIMIT: CommandRow = CommandRow {
    name: "SET LIMIT",
    class: Class::Only(0x84),
    ins: 0x4C,
    params: Params::Exactly(0x00, 0x00),
    case: Case::Three(16, 16),
    needs: Needs::Nothing,
    when_blocked: false,
    spec: "docs/specs/cards.md 9",
    handler: set_limit,
};

/// The MAC is the right: the card that holds the parent of this one's own master made it, for the challenge just given.
fn set_limit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let body = fmcos::bound_checked(context, command, fmcos::Under::Own)?;
    context.write_ef(EF_LIMIT, 0, body)?;
    Ok(Sw::OK)
}

/// The limit of the current directory; a file never written allows nothing.
pub fn limits(context: &Context<'_>) -> Result<Limits, Halt> {
    Ok(Limits::parse(&context.read_ef_or_zeros(EF_LIMIT, 0)?))
}
