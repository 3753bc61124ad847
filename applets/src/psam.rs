//! PSAM of a bank office, and production test card: SEAL ORDER and OPEN RECEIPT, pairing with a server, limits and
//! statements [docs/specs/cards.md 6, 11].
//!
//! It holds a city's `kic`, `kid` and `tac`, derives a meter's keys from the number in the order, and gives out
//! nothing but sealed orders and opened receipts. It seals what its server has proved, keeps a chain over all it sealed,
//! and stops at its limits of number and value. A test card does the same with the published keys, and with no others; it
//! asks no proof and has no limit, for what it seals anybody could.

use crate::common::{KEY_INFORMATION, SET_PIN, TRIES_LEFT};
use crate::info::current_info;
use crate::limits::{SET_LIMIT, expect_limit, limits};
use crate::lists::CHECK_LIST;
use crate::packets::PacketKeys;
use crate::retire::ACTIVATE_KEYS;
use crate::signing::{GENERATE_KEY_PAIR, READ_CERTIFICATE, STORE_CERTIFICATE, STORE_ROOT_CERTIFICATE};
use cos::keyfile::{self, kind};
use cos::rights::Right;
use cos::table::Case::{Four, Two};
use cos::table::Class::Only;
use cos::table::Params::Exactly;
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, fmcos};
use keys::hierarchy::{self, Use};
use keys::{Key, Role, Zeroizing, mac};
use scheme::numbers::MeterNumber;
use scheme::order::Order;
use scheme::profile::{self, CardKind, EF_SEALED, SERVER_KEY, State};
use scheme::psam::{self, PsamChain};
use scheme::receipt::Receipt;
use wire::packet::{self, CommandHeader, PacketError, ResponsePacket, ResponseStatus, Spi};
use wire::{CommandRef, Sw};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("SEAL ORDER",   Only(0x80), 0x40, Exactly(0x00, 0x00), Four(2, 123),  "docs/specs/cards.md 6", seal_order).right(profile::PIN),
    row("OPEN RECEIPT", Only(0x80), 0x42, Exactly(0x00, 0x00), Four(19, 146), "docs/specs/cards.md 6", open_receipt).right(profile::PIN),
    row("PAIR SERVER",  Only(0x80), 0x3E, Exactly(0x00, 0x00), Two,           "docs/specs/cards.md 6", pair_server).right(profile::PIN),
    row("STATEMENT",    Only(0x80), 0x58, Exactly(0x00, 0x00), Four(8, 8),    "docs/specs/cards.md 6", statement),
    SET_LIMIT,
    CHECK_LIST,
    GENERATE_KEY_PAIR,
    READ_CERTIFICATE,
    STORE_ROOT_CERTIFICATE,
    STORE_CERTIFICATE,
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

/// The chain as it stands.
fn chain(context: &Context<'_>) -> Result<PsamChain, Halt> {
    Ok(PsamChain::parse(&context.read_ef_or_zeros(EF_SEALED, 0)?))
}

/// The order of a SEAL ORDER, once its proof is right; 6982 without one, 6A88 of a PSAM that was never paired.
fn proved<'c>(context: &Context<'_>, data: &'c [u8]) -> Result<&'c [u8], Halt> {
    if context.chip.kind == CardKind::TestCard {
        return Ok(data);
    }
    let number = current_info(context)?.number;
    let (order, proof) = psam::split_proof(data).ok_or(Sw::NOT_ALLOWED)?;
    let key = context.usable_key(kind::APPLET, SERVER_KEY.id)?;
    if keys::equal(&mac::cmac8(&key, &psam::proved(&number, order)), proof) {
        Ok(order)
    } else {
        Err(Sw::NOT_ALLOWED.into())
    }
}

/// The chain after one more order, if the limits allow it.
fn counted(context: &Context<'_>, before: &PsamChain, data: &[u8], order: &Order) -> Result<PsamChain, Halt> {
    let after = before.after(data, order.amount).ok_or(Sw::COUNTER_END)?;
    if context.chip.kind == CardKind::TestCard {
        return Ok(after);
    }
    let limits = limits(context)?;
    if after.count <= limits.count && after.value <= limits.value {
        Ok(after)
    } else {
        Err(Sw::COUNTER_END.into())
    }
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
    let data = proved(context, command.data)?;
    let order = Order::parse(data).map_err(|_| Sw::WRONG_DATA)?;
    let keys = packet_keys(context, order.meter)?;
    let before = chain(context)?;
    // Asked again for the last one, after an answer that was lost: the same bytes, and nothing is counted twice.
    let after = if before.is_last(data) { None } else { Some(counted(context, &before, data, &order)?) };
    let key_byte = context.chip.suite.packet_key_byte();
    let header = CommandHeader {
        spi: Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?,
        kic: key_byte,
        kid: key_byte,
        tar: packet::TAR,
        counter: u64::from(order.count),
    };
    let user_data = packet::seal_command(&header, data, &keys).map_err(|_| Sw::WRONG_DATA)?;
    if let Some(after) = after {
        context.write_ef(EF_SEALED, 0, &after.to_bytes())?;
    }
    context.answer.extend_from_slice(&user_data);
    Ok(Sw::OK)
}

/// PAIR SERVER `80 3E 00 00`: draws a new server key, keeps it, and gives it out this once. PIN and the city's presence
/// (state A of the MF); the key before is dead. 6985 on a card that is not finished, and on a test card.
fn pair_server(context: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    context.require(Right(profile::MF_MASTER))?;
    let info = current_info(context)?;
    if info.kind != CardKind::Psam {
        return Err(Sw::CONDITIONS.into());
    }
    let mut key = Zeroizing::new([0; 16]);
    context.entropy.fill(&mut key[..]);
    let file = context.key_file()?;
    match keyfile::find(&context.memory, &file, kind::APPLET, SERVER_KEY.id) {
        Some(record) => {
            let head = SERVER_KEY.header(record.byte4().saturating_add(1));
            record.replace(&mut context.memory, head, &key[..])?;
        }
        None => keyfile::add(&mut context.memory, &file, SERVER_KEY.id, SERVER_KEY.header(1), &key[..])?,
    }
    context.answer.extend_from_slice(&key[..]);
    Ok(Sw::OK)
}

/// STATEMENT `80 58 00 00 08 challenge8`: the chain, and a MAC by which the city's issuing card knows it is this card's. From then
/// on a challenge waits for the limit that answers it.
fn statement(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let challenge = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let chain = chain(context)?.to_bytes();
    let key = fmcos::own_use_key(context, Use::Mac)?;
    expect_limit(context)?;
    context.answer.extend_from_slice(&chain);
    context.answer.extend_from_slice(&mac::bound(&key, challenge, &psam::STATEMENT, &chain));
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
