//! A customer's classic purchase card [docs/specs/user-card.md]: a bank loads a purchase onto it, a meter takes it off and writes back.
//!
//! The bank writes by LOAD PURCHASE alone, which a PSAM seals for this card and its challenge. What the card gives a meter it gives with a
//! MAC for that meter's ESAM, made over its own files and for the headers of those; nobody has it make a MAC of anything else.

use crate::common::{KEY_INFORMATION, TRIES_LEFT};
use crate::info::current_info;
use crate::retire::ACTIVATE_KEYS;
use cos::keyfile::{self, kind};
use cos::rights::Right;
use cos::table::Case::{Four, Three, TwoOrFour};
use cos::table::Class::{Only, Securable};
use cos::table::Params::{Any, Exactly};
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, fmcos};
use scheme::field::{INCREASE, MAC_LEN, Source, command_mac, cryptogram, statement_mac};
use scheme::order::Serial8;
use scheme::profile::{self, DF_PURCHASE, Fid, METER_KEY, field_file, user_card_file};
use scheme::user_card::{Information, LOAD, Load, MeterKey, TELL, WRITE, WriteBack};
use wire::{CommandRef, Sw};

/// State of the application once the meter proved itself.
const METER_STATE: u8 = 3;
/// Data of a read with a MAC: random 4, header 5.
const ASKED: usize = 9;
/// Key id of the bank's key.
const BANK: u8 = 0x05;

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("LOAD PURCHASE",         Only(LOAD[0]),   LOAD[1], Exactly(LOAD[2], LOAD[3]), Three(61, 69), "docs/specs/user-card.md 3", load),
    row("INTERNAL AUTHENTICATE", Only(0x00),      0x88, Exactly(0x00, 0x01), Four(8, 8),       "docs/specs/user-card.md 4", prove),
    row("EXTERNAL AUTHENTICATE", Only(0x00),      0x82, Exactly(0x00, 0x02), Three(8, 8),      "docs/specs/user-card.md 4", meter_proves),
    row("READ BINARY",           Securable(0x00), 0xB0, Any,                 TwoOrFour(4, 36), "docs/specs/user-card.md 4", read),
    row("UPDATE BINARY",         Securable(0x00), 0xD6, Any,                 Three(1, 239),    "docs/specs/user-card.md 4", update),
    KEY_INFORMATION,
    TRIES_LEFT,
    ACTIVATE_KEYS,
];

const _: () = check(COMMANDS);

/// The program of kind 0B.
pub static PROGRAM: Program = Program {
    name: "user card",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0x00,
    atr: |chip: &Chip| wire::atr::esam(chip.serial),
};

/// The key shared with the meter, in the current directory; 6A88 before the first purchase.
fn meter_key(context: &Context<'_>) -> Result<MeterKey, Halt> {
    Ok(MeterKey::kept(context.usable_key(kind::APPLET, METER_KEY.id)?))
}

/// LOAD PURCHASE `84 C4 00 00`: amount4 count4 meter6 customer6 kind1 serial8, the meter's key in cipher text, MAC8, for the challenge
/// given just before. The files of the purchase are written, and what the meter wrote back is cleared, all at once. 6985 without a
/// challenge of 8 bytes, 6988 what the bank did not seal for it, 6A80 what is for another chip.
fn load(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let challenge = context.proof_challenge()?.whole().ok_or(Sw::CONDITIONS)?;
    let bank = context.usable_key(kind::APPLET, BANK)?;
    let (load, key) = Load::open(&bank, &challenge, command.data).ok_or(Sw::SM_WRONG)?;
    if load.serial != Serial8(context.chip.serial) {
        return Err(Sw::WRONG_DATA.into());
    }
    let file = context.key_file()?;
    match keyfile::find(&context.memory, &file, kind::APPLET, METER_KEY.id) {
        Some(record) => record.replace(&mut context.memory, METER_KEY.header(1), key.key().expose())?,
        None => {
            keyfile::add(&mut context.memory, &file, METER_KEY.id, METER_KEY.header(1), key.key().expose())?;
        }
    }
    let information = Information::of(load.meter, load.customer, load.kind);
    let purse = [load.amount.0.to_be_bytes(), load.count.to_be_bytes()].concat();
    context.write_ef(user_card_file::INFORMATION, 0, &information.to_bytes())?;
    context.write_ef(user_card_file::PURSE, 0, &purse)?;
    context.write_ef(user_card_file::WRITE_BACK, 0, &[0; WriteBack::LEN])?;
    context.write_ef(user_card_file::RECEIPT, 0, &[0])?;
    Ok(Sw::OK)
}

/// `00 88 00 01 08 random8`: the card proves itself to whoever asks; its key does nothing else.
fn prove(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let random = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let answer = cryptogram(&meter_key(context)?.of_card(), random);
    context.answer.extend_from_slice(&answer);
    Ok(Sw::OK)
}

/// `00 82 00 02 08 cryptogram8`: the meter proves itself, and may take the purchase and write back. 6300 a wrong one: that gives nothing,
/// and costs nothing, for what a meter is given is for its ESAM alone.
fn meter_proves(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let challenge = context.proof_challenge()?.whole().ok_or(Sw::CONDITIONS)?;
    let wanted = cryptogram(&meter_key(context)?.of_meter(), &challenge);
    if !keys::equal(&wanted, command.data) {
        return Err(Sw::NOT_VERIFIED.into());
    }
    context.volatile.selection.register = METER_STATE;
    Ok(Sw::OK)
}

/// Header under which an ESAM takes bytes of a file, and how many they are; `None` of what no ESAM is given.
fn given(fid: u16, offset: u8) -> Option<([u8; 5], usize)> {
    match (Fid(fid), usize::from(offset)) {
        (user_card_file::INFORMATION, Information::CUSTOMER) => Some((TELL, 7)),
        (user_card_file::PURSE, 0) => Some((INCREASE, 8)),
        _ => None,
    }
}

/// READ BINARY: plain; with 9 bytes of data, for an ESAM. QUIRK(unissued): a card onto which nothing was loaded yet answers 6B00, by
/// which the field's meters know it.
fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let in_application = context.dir()?.fid() == DF_PURCHASE && command.p1 & 0xE0 == 0x80;
    if !in_application {
        return fmcos::read_binary(context, command);
    }
    let fid = u16::from(command.p1 & 0x1F);
    if command.cla & 0x04 != 0 && command.data.len() == ASKED {
        return give(context, command, fid);
    }
    let sw = fmcos::read_binary(context, command)?;
    if sw == Sw::DATA_SUSPECT {
        return Err(Sw::WRONG_OFFSET.into());
    }
    Ok(sw)
}

/// `04 B0 8s off 09 random4 header5`: bytes of a file with their MAC for the ESAM that drew the random. 6A80 another header than an
/// ESAM takes them under.
fn give(context: &mut Context<'_>, command: &CommandRef<'_>, fid: u16) -> Result<Sw, Halt> {
    context.require(Right(profile::METER))?;
    let key = meter_key(context)?.to_esam();
    let (random, header) = command.data.split_first_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
    let header: &[u8; 5] = header.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let (_, len) = given(fid, command.p2).filter(|(wanted, _)| wanted == header).ok_or(Sw::WRONG_DATA)?;
    let file = context.ef(Fid(fid))?;
    let at = file.body() + usize::from(command.p2);
    context.memory.append_to(at, len, context.answer);
    let code = command_mac(&key, *random, header, context.answer);
    context.answer.extend_from_slice(&code[..MAC_LEN]);
    Ok(Sw::OK)
}

/// UPDATE BINARY: `04 D6 85 00 35 data49 MAC4` is the meter's, for the challenge given just before; all else the card's own.
fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let [cla, ins, p1, p2] = command.header();
    let is_write = context.dir()?.fid() == DF_PURCHASE && [cla, ins, p1, p2] == WRITE[..4];
    if !is_write {
        return fmcos::update_binary(context, command);
    }
    context.require(Right(profile::METER))?;
    let (file, code) = command.data.split_last_chunk::<MAC_LEN>().ok_or(Sw::SM_MISSING)?;
    let random = context.challenge.ok_or(Sw::CONDITIONS)?;
    let random = *random.bytes().first_chunk().ok_or(Sw::CONDITIONS)?;
    // The ESAM states its own file 07.
    let source = Source::file(field_file::RUN_INFO.bytes()[1]);
    let wanted = statement_mac(&meter_key(context)?.to_card(), random, source, &WRITE, file);
    if file.len() != WriteBack::LEN || !keys::equal(&wanted, code) {
        return Err(Sw::SM_WRONG.into());
    }
    context.write_ef(user_card_file::WRITE_BACK, 0, file)?;
    Ok(Sw::OK)
}
