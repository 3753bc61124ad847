//! A user card in the meter's slot [docs/specs/user-card.md 4]: both prove themselves, the card's customer and money come with its MAC,
//! and what is written back to it goes out with the ESAM's.
//!
//! All keys are derived of this meter's `kid` and the card's serial number, so a card of another meter is nobody here, and no key of the
//! city stands in an ESAM.

use super::super::account::{BINDING, CUSTOMER, OPENED, Parameters, Purse};
use super::super::receipts::{refuse, role_key};
use super::bound::{Again, from_card};
use super::credit::{credit, number, takes_unsigned};
use crate::info::current_info;
use alloc::vec::Vec;
use cos::steps::UserCard;
use cos::{Context, Halt};
use keys::{Key, Role};
use scheme::field::{Source, statement_mac};
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::order::{OrderKind, Serial8};
use scheme::production::{PRODUCTION, shared_key};
use scheme::profile::{EF_PARAMETERS, Fid, State, field_file};
use scheme::refusal::Refusal;
use scheme::user_card::{self, MeterKey, TELL, WRITE, WriteBack};
use wire::{CommandRef, Sw};

fn meter_key(context: &Context<'_>, serial: Serial8) -> Result<MeterKey, Halt> {
    // What every ESAM in test state shares with cards of production is published: it says nothing about money.
    if serial == PRODUCTION {
        return Err(Sw::CONDITIONS.into());
    }
    Ok(MeterKey::derive(&role_key(context, Role::Kid)?, serial))
}

fn begin(context: &mut Context<'_>, command: &CommandRef<'_>, key: fn(&MeterKey) -> Key) -> Result<Sw, Halt> {
    let info = current_info(context)?;
    let serial = Serial8(command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?);
    let shared = match (serial, info.state) {
        (PRODUCTION, State::Test) => shared_key(context.chip.suite),
        _ => meter_key(context, serial)?,
    };
    let field = &mut context.volatile.field;
    field.identity = Some(key(&shared));
    field.card = Some(UserCard { serial, told: None });
    context.volatile.online = None;
    Ok(Sw::OK)
}

/// `80 FA 00 01 08 serial8`: the key by which a card proves itself, for ENCIPHER; from now on the session is this card's. 00..01 in the place
/// of a serial number: a card of production's, in test state alone (6985).
pub fn prove_card(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    begin(context, command, MeterKey::of_card)
}

/// `80 FA 00 02 08 serial8`: the key by which the meter proves itself to a card, for ENCIPHER.
pub fn prove_meter(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    begin(context, command, MeterKey::of_meter)
}

/// Whether a write is that of customer and kind of the card in the slot.
pub fn is_told(context: &Context<'_>, header: &[u8; 5]) -> bool {
    context.volatile.field.card.is_some_and(|seen| seen.serial != PRODUCTION) && *header == TELL
}

/// `04 D6 82 24 0B customer6 kind1 MAC4`: for whom the card is and what it does. Nothing is written before its money comes: it may be a
/// card that is used already.
pub fn told(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let seen = context.volatile.field.card.ok_or(Sw::CONDITIONS)?;
    let key = meter_key(context, seen.serial)?;
    let (customer, kind) = match *from_card(context, command, &key, Again::Harmless)? {
        [a, b, c, d, e, f, kind] => ([a, b, c, d, e, f], kind),
        _ => return Err(Sw::WRONG_LENGTH.into()),
    };
    let customer = CustomerNumber::new(customer).map_err(|_| Sw::WRONG_DATA)?;
    let kind = OrderKind::from_code(kind).ok_or(Sw::WRONG_DATA)?;
    let own = Parameters::read(context)?;
    if own.opened && own.customer != customer {
        return Err(refuse(Refusal::CustomerNumber));
    }
    match (kind, own.opened) {
        (OrderKind::Recharge, false) => return Err(refuse(Refusal::NotOpened)),
        (OrderKind::Replacement, false) => return Err(refuse(Refusal::ReplacementNotOpened)),
        (OrderKind::Recharge, true) if own.binding != user_card::binding(seen.serial) => {
            return Err(refuse(Refusal::SimChanged));
        }
        _ => {}
    }
    context.volatile.field.card = Some(UserCard { told: Some((kind, customer)), ..seen });
    Ok(Sw::OK)
}

/// INCREASE by the card in the slot. 6985 before it said for whom it is. A card that opens the account or replaces another is the one that
/// the meter knows from now on.
pub fn increase(context: &mut Context<'_>, command: &CommandRef<'_>, seen: UserCard) -> Result<Sw, Halt> {
    let (kind, customer) = seen.told.ok_or(Sw::CONDITIONS)?;
    let key = meter_key(context, seen.serial)?;
    let body = from_card(context, command, &key, Again::Never)?;
    let (amount, count) = body.split_at_checked(4).ok_or(Sw::WRONG_LENGTH)?;
    let (amount, count) = (Fen(number(amount)?), number(count)?);
    let own = Parameters::read(context)?;
    takes_unsigned(&own)?;
    if kind == OrderKind::Open && own.opened {
        return Err(refuse(Refusal::AlreadyOpened));
    }
    let card = user_card::binding(seen.serial);
    credit(context, &own, (amount, count), user_card::purchase_id(amount, count, card))?;
    if kind == OrderKind::Open {
        context.write_ef(EF_PARAMETERS, OPENED, &[1])?;
        context.write_ef(EF_PARAMETERS, CUSTOMER, &customer.0)?;
    }
    if kind != OrderKind::Recharge {
        context.write_ef(EF_PARAMETERS, BINDING, &card.0)?;
    }
    Ok(Sw::OK)
}

/// Whether a read with a MAC is for a card.
pub fn is_asked(command: &CommandRef<'_>, len: usize) -> bool {
    command.cla & 0x04 != 0 && command.data.len() == len && command.data.get(4..9) == Some(&WRITE[..])
}

/// `04 B0 87 00 11 random4 04D6850035 serial8`: file 07 for the card of a serial number, whole. Meter, customer, money and count in it are
/// the account's, whatever the MCU wrote there. 6A80 another file, and a part of it.
pub fn state(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    fid: Fid,
    offset: usize,
) -> Result<Sw, Halt> {
    let (random, rest) = command.data.split_first_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
    let (header, serial) = rest.split_first_chunk::<5>().ok_or(Sw::WRONG_LENGTH)?;
    let serial = Serial8(serial.try_into().map_err(|_| Sw::WRONG_LENGTH)?);
    if (fid, offset) != (field_file::RUN_INFO, 0) {
        return Err(Sw::WRONG_DATA.into());
    }
    let mut file: [u8; WriteBack::LEN] = context.read_ef(fid, 0)?;
    let (own, purse) = (Parameters::read(context)?, Purse::read(context)?);
    let account: Vec<u8> =
        [&own.meter.0[..], &own.customer.0, &purse.balance.to_be_bytes(), &purse.count.to_be_bytes()]
            .concat();
    WriteBack::with_account(&mut file, &account.try_into().map_err(|_| Sw::UNKNOWN)?);
    let key = meter_key(context, serial)?.to_card();
    let code = statement_mac(&key, *random, Source::file(fid.bytes()[1]), header, &file);
    context.answer.extend_from_slice(&file);
    context.answer.extend_from_slice(&code);
    Ok(Sw::OK)
}
