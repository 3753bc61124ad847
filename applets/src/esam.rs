//! ESAM of a meter: ENVELOPE credits its purse, DEBIT takes consumption from it [docs/specs/cards.md 6,
//! docs/specs/purchase.md 4, 5]; STAGE KEY and ACTIVATE KEYS lead it through its life [docs/specs/cards.md 10]; what meters of the
//! field send beside that works on the same purse, count and account [docs/specs/esam.md], and so does the online purchase
//! [docs/specs/online.md] and the classic purchase card [docs/specs/user-card.md].

mod account;
mod field;
mod life;
mod online;
mod orders;
mod receipts;

use crate::common::{KEY_INFORMATION, TRIES_LEFT};
use crate::info::current_info;
use crate::packets::PacketKeys;
use crate::signing::{
    GENERATE_KEY_PAIR, READ_CERTIFICATE, STORE_CERTIFICATE, STORE_ROOT_CERTIFICATE, store_server,
};
use alloc::vec::Vec;
use cos::keyfile::{BIRTH, kind};
use cos::table::Case::{Four, One, Three, Two, TwoOrFour};
use cos::table::Class::{Only, Securable};
use cos::table::Params::{Any, Exactly, P1, P2};
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, closing, fmcos};
use orders::{Given, Verdict, credit, judge, stored};
use receipts::{packet_keys, refuse};
use scheme::profile;
use scheme::refusal::Refusal;
use scheme::signing::{CARRIED, CARRIED_COUNT, SET_MODE, TAKEN};
use wire::packet::{self, CommandPacket, PacketError};
use wire::sms::parts;
use wire::sms::tpdu::{Deliver, IE_COMMAND_PACKET, Tpdu};
use wire::{CommandRef, Sw, tlv};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("ENVELOPE",      Only(0x80),      0xC2, Exactly(0x00, 0x00),                 Four(10, 239), "docs/specs/cards.md 6",  envelope).right(profile::METER),
    row("DEBIT",         Only(0x80),      0x30, Exactly(0x00, 0x0C),                 Three(4, 4),   "docs/specs/cards.md 6",  debit).right(profile::METER),
    row("ONLINE REQUEST", Only(0x80),     0x4E, Exactly(0x00, 0x00),                 Four(62, 62),  "docs/specs/online.md 4", online::request).right(profile::METER),
    row("ONLINE ORDER",  Only(0x80),      0x4E, Exactly(0x01, 0x00),                 Four(25, 239), "docs/specs/online.md 4", online::order).right(profile::METER),
    row("STAGE KEY",     Only(0x84),      0xD4, Exactly(fmcos::STAGE_MASTER, 0x00),  Three(28, 36), "docs/specs/cards.md 10", life::stage).right(profile::MASTER),
    row("STAGE KEY",     Only(0x84),      0xD4, P1(fmcos::STAGE),                    Three(28, 36), "docs/specs/cards.md 10", life::stage).right(profile::MASTER),
    row("STAGE KEY",     Only(0x84),      0xD4, Exactly(fmcos::STAGE_MASTER, BIRTH), Three(28, 36), "docs/specs/cards.md 10", life::stage_formal).right(profile::MASTER),
    row("WRITE KEY",     Securable(0x80), 0xD4, Exactly(kind::EXTERNAL, 0x00),       Three(7, 239), "docs/specs/cards.md 10", life::change_master).unclosed(),
    row("ACTIVATE KEYS", Only(0x84),      0x4A, Exactly(0x00, 0x00),                 Three(10, 10), "docs/specs/cards.md 10", life::activate).right(profile::MASTER),
    row("UPDATE BINARY", Securable(0x00), 0xD6, Any,                                 Three(1, 239), "docs/specs/cards.md 10", update),
    row("UPDATE BINARY", Securable(0x00), 0xD0, Any,                                 Three(1, 239), "docs/specs/cards.md 10", life::update),
    GENERATE_KEY_PAIR,
    READ_CERTIFICATE,
    STORE_ROOT_CERTIFICATE,
    STORE_CERTIFICATE,
    row("SET MODE",      Only(SET_MODE[0]), SET_MODE[1], P1(SET_MODE[2]),              One,           "docs/specs/signatures.md 6", life::set_mode).right(profile::MASTER),
    KEY_INFORMATION,
    TRIES_LEFT,
    // What meters of the field send.
    row("GET CHALLENGE",         Only(0x00),      0x84, Exactly(0x00, 0x00), Two,              "docs/specs/esam.md 3", field::challenge).when_blocked(),
    row("DERIVE IDENTITY",       Only(0x80),      0xFA, Exactly(0x00, 0x03), Three(8, 8),      "docs/specs/esam.md 4", field::derive),
    row("DERIVE FOR CARD",       Only(0x80),      0xFA, Exactly(0x00, 0x01), Three(8, 8),      "docs/specs/user-card.md 4", field::prove_card),
    row("DERIVE FOR CARD",       Only(0x80),      0xFA, Exactly(0x00, 0x02), Three(8, 8),      "docs/specs/user-card.md 4", field::prove_meter),
    row("ENCIPHER",              Only(0x80),      0xFA, Exactly(0x00, 0x00), Four(8, 8),       "docs/specs/esam.md 4", field::encipher),
    row("INFRARED AUTHENTICATE", Only(0x00),      0x82, Exactly(0x00, 0x08), Three(8, 8),      "docs/specs/esam.md 4", field::infrared),
    row("READ BINARY",           Securable(0x00), 0xB0, Any,                 TwoOrFour(4, 36), "docs/specs/esam.md 5", field::read_binary),
    row("READ RECORD",           Securable(0x00), 0xB2, Any,                 TwoOrFour(4, 36), "docs/specs/esam.md 5", field::read_record),
    row("INCREASE",              Only(0x84),      0x32, Exactly(0x01, 0x0C), Three(12, 12),    "docs/specs/esam.md 6", field::increase),
    row("REFUND",                Only(0x84),      0x30, Exactly(0x02, 0x0C), Four(8, 8),       "docs/specs/esam.md 6", field::refund),
    row("SET PURSE",             Only(0x04),      0xDC, P2(0x0C),            Three(8, 8),      "docs/specs/esam.md 6", field::set_purse),
    row("DEBIT",                 Only(0x80),      0x30, Exactly(0x00, 0x04), Three(4, 4),      "docs/specs/esam.md 6", field::debit),
    row("DEBIT",                 Only(0x80),      0x30, Exactly(0x01, 0x0C), Three(4, 5),      "docs/specs/esam.md 6", field::debit),
    row("DEBIT",                 Only(0x80),      0x30, Exactly(0x01, 0x14), Three(4, 5),      "docs/specs/esam.md 6", field::debit),
    row("DOWNLOAD KEY",          Only(0x84),      0xD4, P1(0x01),            Three(7, 239),    "docs/specs/esam.md 7", download),
    row("LOAD FORMAL KEY",       Only(0x84),      0xD8, P1(0x00),            Three(32, 32),    "docs/specs/production-cards.md 6", field::load_formal),
];

const _: () = check(COMMANDS);

/// The program of kind 05.
pub static PROGRAM: Program = Program {
    name: "ESAM",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0x00,
    atr: |chip: &Chip| wire::atr::esam(chip.serial),
};

/// Device identities of an SMS-PP download: network to SIM.
const IDENTITIES: [u8; 2] = [0x83, 0x81];

fn envelope(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let tpdu = tpdu_of(command.data).ok_or_else(|| refuse(Refusal::Format))?;
    let Some(user_data) = user_data(context, tpdu)? else { return Ok(Sw::OK) };
    // The METER right of the command is the use right of these keys.
    let keys = packet_keys(context)?;
    let (counter, content) = open(context, &user_data, &keys)?;
    if counter == CARRIED_COUNT
        && let Ok(certificate) = tlv::only(&content, CARRIED)
    {
        return take_certificate(context, &certificate);
    }
    let given = Given::parse(&content).filter(|given| counter == u64::from(given.order.count));
    let given = given.ok_or_else(|| refuse(Refusal::Format))?;
    let user_data = match judge(context, &given)? {
        Verdict::Credit(terms) => credit(context, &given, terms, &keys)?.user_data,
        Verdict::Again => stored(context)?.ok_or_else(|| refuse(Refusal::CountOlder))?,
        Verdict::Refused(refusal) => return Err(refuse(refusal)),
    };
    context.answer.extend_from_slice(&user_data);
    Ok(Sw::OK)
}

/// The TPDU of an SMS-PP download `D1 { 82 02 83 81, 8B TPDU }`.
fn tpdu_of(data: &[u8]) -> Option<Vec<u8>> {
    let mut objects = tlv::objects(&tlv::only(data, 0xD1).ok()?).ok()?.into_iter();
    let (identities, message) = (objects.next()?, objects.next()?);
    let fits = identities.tag == 0x82 && identities.value == IDENTITIES && message.tag == 0x8B;
    if fits && objects.next().is_none() { Some(message.value) } else { None }
}

/// The packet of an order, with the header its MAC knows; `None` when this was the first of its two parts, which waits for the second
/// [TS 31.111 7.1.1].
fn user_data(context: &mut Context<'_>, tpdu: Vec<u8>) -> Result<Option<Vec<u8>>, Halt> {
    let format = || refuse(Refusal::Format);
    let read = |bytes: &[u8]| match Deliver::parse(bytes) {
        Ok((deliver, consumed)) if consumed == bytes.len() => Ok(Tpdu::Deliver(deliver)),
        _ => Err(format()),
    };
    let waiting = context.volatile.part.take();
    let deliver = read(&tpdu)?;
    if parts::first(&deliver).is_some() {
        context.volatile.part = Some(tpdu);
        return Ok(None);
    }
    if let (Some(_), Some(waiting)) = (parts::second(&deliver), waiting) {
        let first = read(&waiting)?;
        if !parts::belong(&first, &deliver) {
            return Err(format());
        }
        return Ok(Some([&packet::COMMAND_UDH[..], &parts::body(&first, &deliver)].concat()));
    }
    // The packet is announced in the user data header; bytes alike in a message without one are text. Elements that a
    // network added beside it say nothing to us.
    let (IE_COMMAND_PACKET, body) = deliver.packet().ok_or_else(format)? else { return Err(format()) };
    Ok(Some([&packet::COMMAND_UDH, body].concat()))
}

/// A server's certificate that came in a packet: the root's signature is the right, as for STORE CERTIFICATE. One field error for whatever
/// is wrong with it, since a meter knows no status words of certificates.
fn take_certificate(context: &mut Context<'_>, bytes: &[u8]) -> Result<Sw, Halt> {
    store_server(context, bytes).map_err(|halt| match halt {
        Halt::Status(_) => refuse(Refusal::Signature),
        halt => halt,
    })?;
    context.answer.extend_from_slice(&TAKEN);
    Ok(Sw::OK)
}

/// Takes the content out of a packet, with its counter: everything that can be checked without knowing this meter.
fn open(context: &Context<'_>, user_data: &[u8], keys: &PacketKeys) -> Result<(u64, Vec<u8>), Halt> {
    let format = || refuse(Refusal::Format);
    let packet = CommandPacket::parse(user_data).map_err(|error| match error {
        PacketError::Unsupported(_) => refuse(Refusal::KeySet),
        _ => format(),
    })?;
    let key_byte = context.chip.suite.packet_key_byte();
    let ours = packet.tar == packet::TAR
        && packet.spi.to_bytes() == packet::SPI
        && packet.kic == key_byte
        && packet.kid == key_byte;
    if !ours {
        return Err(refuse(Refusal::KeySet));
    }
    packet.open(keys).map_err(|error| match error {
        PacketError::Checksum => refuse(Refusal::Mac),
        _ => format(),
    })
}

/// UPDATE BINARY: what comes with a MAC for a file of the field is the field's, all else the card's own.
fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if field::is_write(context, command) {
        return field::write(context, command);
    }
    life::update(context, command)
}

/// `84 D4 01`: on a card in the making WRITE KEY, which adds a key; on a finished one the field's download.
fn download(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if closing::is_closed(context) {
        return field::download(context, command);
    }
    fmcos::write_key(context, command)
}

fn debit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let amount = command.data.try_into().map(u32::from_be_bytes).map_err(|_| Sw::WRONG_LENGTH)?;
    account::debit(context, amount)
}
