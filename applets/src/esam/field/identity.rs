//! Who speaks to the meter: an identity, and an infrared reader.

use super::super::receipts::role_key;
use crate::info::current_info;
use cos::{Context, Halt, fmcos};
use keys::Role;
use scheme::field::{FACTORY_FACTOR, cryptogram, factor, identity_key, infrared_key};
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use wire::{CommandRef, Sw};

/// GET CHALLENGE: 4 bytes begin a session of the field, 8 bytes are an infrared reader's to answer; either is a challenge of the
/// card's own commands as well. A session of the field ends an online purchase.
pub fn challenge(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let sw = fmcos::get_challenge(context, command)?;
    let field = &mut context.volatile.field;
    if let Ok(random) = <[u8; 4]>::try_from(&context.answer[..]) {
        field.random = Some(random);
        field.taken.clear();
        context.volatile.online = None;
    } else {
        field.infrared = <[u8; 8]>::try_from(&context.answer[..]).ok();
    }
    Ok(sw)
}

/// Whether a factor stands for this meter: its own number's, and the factory's while its keys are published. 6A80 for any other:
/// a key of another factor would be another meter's, or none.
pub fn check_factor(context: &Context<'_>, given: &[u8; 8]) -> Result<(), Halt> {
    let info = current_info(context)?;
    let own = *given == factor(MeterNumber(info.number));
    let factory = info.state == State::Test && *given == FACTORY_FACTOR;
    if own || factory { Ok(()) } else { Err(Sw::WRONG_DATA.into()) }
}

/// `80 FA 00 03 08 factor8`: the key of an identity, for [`encipher`].
pub fn derive(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let factor = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    check_factor(context, factor)?;
    let key = identity_key(&role_key(context, Role::IntAuth)?, factor);
    context.volatile.field.identity = Some(key);
    context.volatile.field.card = None;
    context.volatile.online = None;
    Ok(Sw::OK)
}

/// `80 FA 00 00 08 data8`: 8 bytes under the key of the identity; 6985 before there is one.
pub fn encipher(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let data = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let key = context.volatile.field.identity.as_ref().ok_or(Sw::CONDITIONS)?;
    let answer = cryptogram(key, data);
    context.answer.extend_from_slice(&answer);
    Ok(Sw::OK)
}

/// `00 82 00 08 08 cipher8`: the proof of an infrared reader for the last 8 random bytes, which are spent by it. 6985 without them,
/// 6300 a wrong one.
pub fn infrared(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let random = context.volatile.field.infrared.take().ok_or(Sw::CONDITIONS)?;
    let wanted = cryptogram(&infrared_key(&role_key(context, Role::ExtAuth)?), &random);
    // A word beside 9000, and no error: an error would give the random bytes back.
    Ok(if keys::equal(&wanted, command.data) { Sw::OK } else { Sw::NOT_VERIFIED })
}
