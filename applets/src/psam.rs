//! PSAM of a bank office, and production test card: SEAL ORDER and OPEN RECEIPT [docs/specs/cards.md 6, 11].
//!
//! It holds a city's `kic`, `kid` and `tac`, derives a meter's keys from the number in the order, and gives out
//! nothing but sealed orders and opened receipts, so many as its limit says. A test card does the same with the
//! published keys, and with no others.

use crate::catalogue::{KEY_INFORMATION, SET_PIN, TRIES_LEFT, current_info};
use crate::lists::CHECK_LIST;
use crate::packets::PacketKeys;
use crate::retire::ACTIVATE_KEYS;
use cos::keyfile::kind;
use cos::table::{Case, Class, CommandRow, Needs, Params, Program, check};
use cos::{Chip, Context, Halt, fmcos};
use keys::{Key, Role, hierarchy, mac};
use wire::bcd::MeterNumber;
use wire::order::Order;
use wire::packet::{self, CommandHeader, PacketError, ResponsePacket, ResponseStatus, Spi};
use wire::profile::{self, CardKind, EF_LIMIT, EF_SEALED, NO_LIMIT, State};
use wire::receipt::Receipt;
use wire::{CommandRef, Sw};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    CommandRow { name: "SEAL ORDER",   class: Class::Only(0x80), ins: 0x40, params: Params::Exactly(0x00, 0x00), case: Case::Four(2, 113),  needs: Needs::Right(profile::PIN), when_blocked: false, spec: "docs/specs/cards.md 6", handler: seal_order },
    CommandRow { name: "OPEN RECEIPT", class: Class::Only(0x80), ins: 0x42, params: Params::Exactly(0x00, 0x00), case: Case::Four(19, 146), needs: Needs::Right(profile::PIN), when_blocked: false, spec: "docs/specs/cards.md 6", handler: open_receipt },
    CHECK_LIST,
    KEY_INFORMATION,
    TRIES_LEFT,
    SET_PIN,
    ACTIVATE_KEYS,
];

const _: () = check(COMMANDS);

/// The program of kind 04.
pub static PROGRAM: Program = PSAM;

const PSAM: Program = Program {
    name: "PSAM",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0x00,
    atr: |chip: &Chip| wire::atr::fmcos_contactless(chip.serial),
};

/// The program of kind 07.
pub static TEST_CARD: Program = Program { name: "test card", ..PSAM };

/// This card's city key of a role. A test card uses it only while it is the published one: formal keys, however they came
/// there, seal nothing (6985).
fn city_key(context: &Context<'_>, role: Role) -> Result<Key, Halt> {
    let key = context.usable_key(kind::APPLET, role.code())?;
    if context.chip.kind != CardKind::TestCard {
        return Ok(key);
    }
    let version = context.key_record(kind::APPLET, role.code())?.byte4();
    let info = current_info(context)?;
    let published =
        hierarchy::city_key(&hierarchy::test_root(context.chip.suite, role), info.region, version);
    if info.state == State::Test && key == published { Ok(key) } else { Err(Sw::CONDITIONS.into()) }
}

/// How many orders the card may seal; a card of an older make has no file that says so.
fn limit(context: &Context<'_>) -> Result<u32, Halt> {
    if context.ef(EF_LIMIT).is_err() {
        return Ok(NO_LIMIT);
    }
    context.read_ef_or_zeros(EF_LIMIT, 0).map(u32::from_be_bytes)
}

/// A meter's key of a role, from this card's city key.
fn meter_key(context: &Context<'_>, role: Role, meter: MeterNumber) -> Result<Key, Halt> {
    Ok(hierarchy::meter_key(&city_key(context, role)?, meter.0))
}

fn packet_keys(context: &Context<'_>, meter: MeterNumber) -> Result<PacketKeys, Halt> {
    Ok(PacketKeys { kic: meter_key(context, Role::Kic, meter)?, kid: meter_key(context, Role::Kid, meter)? })
}

fn seal_order(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let order = Order::parse(command.data).map_err(|_| Sw::WRONG_DATA)?;
    let keys = packet_keys(context, order.meter)?;
    let sealed = u32::from_be_bytes(context.read_ef(EF_SEALED, 0)?);
    let sealed = sealed.checked_add(1).ok_or(Sw::COUNTER_END)?;
    let limit = limit(context)?;
    if limit != NO_LIMIT && sealed > limit {
        return Err(Sw::COUNTER_END.into());
    }
    let key_byte = context.chip.suite.packet_key_byte();
    let header = CommandHeader {
        spi: Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?,
        kic: key_byte,
        kid: key_byte,
        tar: packet::TAR,
        counter: u64::from(order.count),
    };
    let user_data = packet::seal_command(&header, command.data, &keys).map_err(|_| Sw::WRONG_DATA)?;
    context.write_ef(EF_SEALED, 0, &sealed.to_be_bytes())?;
    context.answer.extend_from_slice(&user_data);
    Ok(Sw::OK)
}

fn open_receipt(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (number, user_data) = command.data.split_first_chunk::<6>().ok_or(Sw::WRONG_LENGTH)?;
    let meter = MeterNumber::new(*number).map_err(|_| Sw::WRONG_DATA)?;
    let security = Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?.response;
    let packet = ResponsePacket::parse(user_data, security).map_err(|_| Sw::WRONG_DATA)?;
    let (header, data) = packet.open(&packet_keys(context, meter)?).map_err(|error| match error {
        PacketError::Checksum => Sw::SM_WRONG,
        _ => Sw::WRONG_DATA,
    })?;
    let receipt = Receipt::parse(&data).map_err(|_| Sw::WRONG_DATA)?;
    let fits = header.tar == packet::TAR
        && header.status == ResponseStatus::OK
        && header.counter == u64::from(receipt.count)
        && receipt.meter == meter;
    if !fits {
        return Err(Sw::WRONG_DATA.into());
    }
    let tac = mac::tac(&meter_key(context, Role::Tac, meter)?, &receipt.signed_part());
    if !keys::equal(&tac, &receipt.tac) {
        return Err(Sw::SM_WRONG.into());
    }
    context.answer.extend_from_slice(&data);
    Ok(Sw::OK)
}
