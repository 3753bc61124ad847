//! A purchase on its way onto a user card [docs/specs/user-card.md 3].

use super::online::alive;
use super::orders::{authorise, city_key, meter_key, proved};
use cos::{Context, Halt};
use keys::Role;
use scheme::numbers::DeviceNumber;
use scheme::order::Serial8;
use scheme::user_card::{Load, MeterKey, bank_key, binding};
use wire::{CommandRef, Sw};

/// SEAL CARD `80 C6 00 00`: challenge8, number6 and serial8 of the card, then order and proof as SEAL ORDER takes them, by the same rules.
/// Answers the data of LOAD PURCHASE: what is loaded is the order's, so nothing else is to be had. 6981 an order for another bearer:
/// a SIM, or another card.
pub fn seal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let (challenge, rest) = command.data.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let (number, rest) = rest.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let (serial, rest) = rest.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let (number, serial) = (DeviceNumber::new(*number).map_err(|_| Sw::WRONG_DATA)?, Serial8(*serial));
    let authorised = authorise(context, proved(context, rest)?)?;
    let order = &authorised.order;
    if order.binding != binding(serial) {
        return Err(Sw::WRONG_KIND.into());
    }
    let load = Load {
        amount: order.amount,
        count: order.count,
        meter: order.meter,
        customer: order.customer,
        kind: order.kind,
        serial,
    };
    let key = MeterKey::derive(&meter_key(context, Role::Kid, order.meter)?, serial);
    let data = load.seal(&bank_key(&city_key(context, Role::Kid)?, number), challenge, &key);
    authorised.count(context)?;
    context.answer.extend_from_slice(&data);
    Ok(Sw::OK)
}
