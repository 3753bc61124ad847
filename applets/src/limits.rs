//! SET LIMIT, for every card of ours that has one [docs/specs/cards.md 9].

use cos::table::{Case, Class, CommandRow, Params, row};
use cos::{Context, Halt, fmcos};
use scheme::profile::{EF_LIMIT, EF_LIMIT_CHALLENGE};
use scheme::psam::Limits;
use wire::{CommandRef, Sw};

/// SET LIMIT `84 4C 00 00 10 count4 value8 MAC4`.
pub const SET_LIMIT: CommandRow = row(
    "SET LIMIT",
    Class::Only(0x84),
    0x4C,
    Params::Exactly(0x00, 0x00),
    Case::Three(16, 16),
    "docs/specs/cards.md 9",
    set_limit,
);

/// The MAC is the right: the card that holds the parent of this one's own master made it, for the challenge just given, or of a
/// PSAM for the one that went with its statement. Either way the kept challenge is spent: a limit that was sealed for it earlier
/// never undoes this one.
fn set_limit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let kept = kept_challenge(context)?;
    let body = match context.challenge {
        Some(_) => fmcos::bound_checked(context, command, fmcos::Under::Own)?,
        None => fmcos::bound_to(context, command, fmcos::Under::Own, kept)?,
    };
    context.write_ef(EF_LIMIT, 0, body)?;
    if kept.is_some() {
        context.write_ef(EF_LIMIT_CHALLENGE, 0, &[0; 8])?;
    }
    Ok(Sw::OK)
}

/// The challenge a PSAM keeps for the limit that answers its statement. `None` when none is asked for, in another directory, and
/// on cards without the file, whose limits are set in one session.
fn kept_challenge(context: &Context<'_>) -> Result<Option<[u8; 8]>, Halt> {
    if context.chip.kind.is_city_issuing() || context.ef(EF_LIMIT_CHALLENGE).is_err() {
        return Ok(None);
    }
    let kept: [u8; 8] = context.read_ef_or_zeros(EF_LIMIT_CHALLENGE, 0)?;
    Ok((kept != [0; 8]).then_some(kept))
}

/// Draws the challenge for the limit that answers a statement, in the place of the one before: a limit that was sealed against an
/// earlier statement and held back is good no more.
pub fn expect_limit(context: &mut Context<'_>) -> Result<(), Halt> {
    if context.ef(EF_LIMIT_CHALLENGE).is_err() {
        return Ok(());
    }
    let mut drawn = [0; 8];
    context.entropy.fill(&mut drawn);
    context.write_ef(EF_LIMIT_CHALLENGE, 0, &drawn)
}

/// The limit of the current directory; a file never written allows nothing.
pub fn limits(context: &Context<'_>) -> Result<Limits, Halt> {
    Ok(Limits::parse(&context.read_ef_or_zeros(EF_LIMIT, 0)?))
}
