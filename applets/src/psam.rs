//! PSAM of a bank office, and production test card: SEAL ORDER and OPEN RECEIPT, pairing with a server, limits and
//! statements [docs/specs/cards.md 6, 11].
//!
//! It holds a city's `kic`, `kid` and `tac`, derives a meter's keys from the number in the order, and gives out
//! nothing but sealed orders and opened receipts. It seals what its server has proved, keeps a chain over all it sealed,
//! and stops at its limits of number and value. A test card does the same with the published keys, and with no others; it
//! asks no proof and has no limit, for what it seals anybody could. In the online purchase it is the server's end
//! [docs/specs/online.md]; it makes the MACs of a recharge by the field's frames, and what is loaded onto a
//! user card.

mod card;
mod online;
mod orders;
mod recharge;

use crate::common::{KEY_INFORMATION, SET_PIN, TRIES_LEFT};
use crate::info::current_info;
use crate::limits::{SET_LIMIT, expect_limit};
use crate::lists::CHECK_LIST;
use crate::retire::ACTIVATE_KEYS;
use crate::signing::{
    GENERATE_KEY_PAIR, READ_CERTIFICATE, STORE_CERTIFICATE, STORE_ROOT_CERTIFICATE, Signing,
};
use cos::keyfile::{self, kind};
use cos::rights::Right;
use cos::table::Case::{Four, Two};
use cos::table::Class::Only;
use cos::table::Params::Exactly;
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, fmcos};
use keys::hierarchy::Use;
use keys::{Zeroizing, mac};
use orders::{authorise, chain, check_receipt, packet_keys, proved};
use scheme::certificate::KeyUse;
use scheme::numbers::MeterNumber;
use scheme::profile::{self, CardKind, SERVER_KEY};
use scheme::psam;
use scheme::receipt::Receipt;
use scheme::signing::{CARRIED, CARRIED_COUNT};
use scheme::user_card::SEAL;
use wire::packet::{self, CommandHeader, PacketError, ResponsePacket, ResponseStatus, Spi};
use wire::{CommandRef, Sw, tlv};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("SEAL ORDER",   Only(0x80), 0x40, Exactly(0x00, 0x00), Four(2, 239),  "docs/specs/cards.md 6", seal_order).right(profile::PIN),
    row("SEAL CERTIFICATE", Only(0x80), 0x40, Exactly(0x01, 0x00), Four(6, 6), "docs/specs/signatures.md 6", seal_certificate).right(profile::PIN),
    row("OPEN RECEIPT", Only(0x80), 0x42, Exactly(0x00, 0x00), Four(19, 239), "docs/specs/cards.md 6", open_receipt).right(profile::PIN),
    row("BEGIN PURCHASE", Only(0x80), 0x4E, Exactly(0x00, 0x00), Four(21, 21),  "docs/specs/online.md 5", online::begin).right(profile::PIN),
    row("OPEN REQUEST", Only(0x80), 0x4E, Exactly(0x01, 0x00), Four(63, 239), "docs/specs/online.md 5", online::request).right(profile::PIN),
    row("SEAL FOR PURCHASE", Only(0x80), 0x4E, Exactly(0x02, 0x00), Four(10, 239), "docs/specs/online.md 5", online::seal).right(profile::PIN),
    row("OPEN ANSWER",  Only(0x80), 0x4E, Exactly(0x03, 0x00), Four(25, 239), "docs/specs/online.md 5", online::answer).right(profile::PIN),
    row("SEAL RECHARGE", Only(0x80), 0x4E, Exactly(0x04, 0x00), Four(14, 239), "docs/specs/online.md 11", recharge::seal).right(profile::PIN),
    row("SEAL CARD",    Only(SEAL[0]), SEAL[1], Exactly(SEAL[2], SEAL[3]), Four(24, 239), "docs/specs/user-card.md 3", card::seal).right(profile::PIN),
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

fn seal_order(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let authorised = authorise(context, proved(context, command.data)?)?;
    let (meter, count) = (authorised.order.meter, u64::from(authorised.order.count));
    let user_data = sealed(context, meter, count, authorised.bytes)?;
    authorised.count(context)?;
    context.answer.extend_from_slice(&user_data);
    Ok(Sw::OK)
}

/// A packet for a meter.
fn sealed(
    context: &Context<'_>,
    meter: MeterNumber,
    counter: u64,
    content: &[u8],
) -> Result<alloc::vec::Vec<u8>, Halt> {
    let keys = packet_keys(context, meter)?;
    let key_byte = context.chip.suite.packet_key_byte();
    let header = CommandHeader {
        spi: Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?,
        kic: key_byte,
        kid: key_byte,
        tar: packet::TAR,
        counter,
    };
    packet::seal_command(&header, content, &keys).map_err(|_| Sw::WRONG_DATA.into())
}

/// SEAL CERTIFICATE `80 40 01 00 06 meter6`: a packet with the server's certificate that this card believes, and with no other. It is no
/// order, and counts nothing. 6A88 when there is none.
fn seal_certificate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let number = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let meter = MeterNumber::new(number).map_err(|_| Sw::WRONG_DATA)?;
    let certificate = Signing::of(context)?.certificate(context, KeyUse::Server)?;
    let mut content = alloc::vec::Vec::new();
    tlv::push(&mut content, CARRIED, &certificate.to_bytes());
    let user_data = sealed(context, meter, CARRIED_COUNT, &content)?;
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
        && header.counter == u64::from(receipt.count);
    if !fits {
        return Err(Sw::WRONG_DATA.into());
    }
    check_receipt(context, meter, &receipt)?;
    context.answer.extend_from_slice(&data);
    Ok(Sw::OK)
}
