//! The MACs of a recharge by the field's frames [docs/specs/online.md 11].

use super::online::alive;
use super::orders::{authorise, meter_key, proved};
use cos::{Context, Halt};
use keys::Role;
use scheme::order::OrderKind;
use scheme::recharge::{BankMac, Recharge};
use wire::{CommandRef, Sw};

/// SEAL RECHARGE `80 4E 04 00`: random4 of the ESAM, then order and proof as SEAL ORDER takes them, by the same rules. Answers the fields
/// of the recharge: amount, count and customer are the order's, so a MAC of anything else is not to be had. 6981 an order that opens
/// an account or brings another SIM: this way teaches a meter none.
pub fn seal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let (random, data) = command.data.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let authorised = authorise(context, proved(context, data)?)?;
    let order = &authorised.order;
    if order.kind != OrderKind::Recharge {
        return Err(Sw::WRONG_KIND.into());
    }
    let mac = BankMac::new(&meter_key(context, Role::Kid, order.meter)?, *random, order.serial);
    let recharge = Recharge::by_bank(&mac, order.amount, order.count, order.customer);
    authorised.count(context)?;
    context.answer.extend_from_slice(&recharge.to_bytes());
    Ok(Sw::OK)
}
