//! A card of production [docs/specs/production-cards.md]: its city writes what it brings under the card's own master, meters in test
//! state take it off.
//!
//! What it shares with them is published. It guards its counts alone: a number goes to one chip, and keys for a chip are counted
//! before they leave.

use crate::common::{KEY_INFORMATION, TRIES_LEFT};
use crate::info::current_info;
use crate::retire::ACTIVATE_KEYS;
use cos::rights::Right;
use cos::table::Case::{Four, Three, TwoOrFour};
use cos::table::Class::{Only, Securable};
use cos::table::Params::{Any, Exactly, P1};
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, fmcos};
use scheme::field::{MAC_LEN, command_mac, cryptogram};
use scheme::numbers::MeterNumber;
use scheme::production::{
    KEYS_LOADED, KeySet, KeysAre, NUMBER, NumberRange, PARAMETERS, PURSE, Preset, STORE_RECORDS, TAKE_KEY,
    TAKE_NUMBER, Work, shared_key,
};
use scheme::profile::{self, DF_PURCHASE, Fid, production_file};
use wire::{CommandRef, Sw};

/// State of the application once a meter proved itself.
const METER_STATE: u8 = 3;
/// Instruction of STORE RECORDS.
const STORE: u8 = STORE_RECORDS[1];
/// Data of a read with a MAC: random 4, header 5.
const ASKED: usize = 9;

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("INTERNAL AUTHENTICATE", Only(0x00),           0x88,           Exactly(0x00, 0x01), Four(8, 8),       "docs/specs/production-cards.md 3", prove),
    row("EXTERNAL AUTHENTICATE", Only(0x00),           0x82,           Exactly(0x00, 0x02), Three(8, 8),      "docs/specs/production-cards.md 3", meter_proves),
    row("READ BINARY",           Securable(0x00),      0xB0,           Any,                 TwoOrFour(4, 36), "docs/specs/production-cards.md 3", read),
    row("STORE RECORDS",         Only(0x80),           STORE,          Any,                 Three(1, 239),    "docs/specs/production-cards.md 2", store),
    row("TAKE NUMBER",           Only(TAKE_NUMBER[0]), TAKE_NUMBER[1], Exactly(0x00, 0x00), Four(12, 12),     "docs/specs/production-cards.md 4", take_number),
    row("TAKE KEY",              Only(TAKE_KEY[0]),    TAKE_KEY[1],    P1(0x00),            Four(8, 8),       "docs/specs/production-cards.md 6", take_key),
    row("KEYS LOADED",           Only(KEYS_LOADED[0]), KEYS_LOADED[1], Exactly(0x01, 0x00), Three(8, 8),      "docs/specs/production-cards.md 6", keys_loaded),
    KEY_INFORMATION,
    TRIES_LEFT,
    ACTIVATE_KEYS,
];

const _: () = check(COMMANDS);

/// The program of kind 0C.
pub static PROGRAM: Program = Program {
    name: "production card",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0x00,
    atr: |chip: &Chip| wire::atr::esam(chip.serial),
};

/// 6985 unless the card is finished and its application is current.
fn in_application(context: &Context<'_>) -> Result<(), Halt> {
    current_info(context)?;
    if context.dir()?.fid() == DF_PURCHASE { Ok(()) } else { Err(Sw::CONDITIONS.into()) }
}

/// `00 88 00 01 08 random8`: the card proves that it is one of production.
fn prove(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    let random = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let answer = cryptogram(&shared_key(context.chip.suite).of_card(), random);
    context.answer.extend_from_slice(&answer);
    Ok(Sw::OK)
}

/// `00 82 00 02 08 cryptogram8`: a meter in test state proves itself. 6300 a wrong one.
fn meter_proves(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    let challenge = context.proof_challenge()?.whole().ok_or(Sw::CONDITIONS)?;
    let wanted = cryptogram(&shared_key(context.chip.suite).of_meter(), &challenge);
    if !keys::equal(&wanted, command.data) {
        return Err(Sw::NOT_VERIFIED.into());
    }
    context.volatile.selection.register = METER_STATE;
    Ok(Sw::OK)
}

/// READ BINARY: plain; with 9 bytes of data, for an ESAM. QUIRK(unissued): a card that brings nothing yet answers 6B00.
fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let in_application = context.dir()?.fid() == DF_PURCHASE;
    if in_application && command.cla & 0x04 != 0 && command.data.len() == ASKED {
        return give(context, command);
    }
    let sw = fmcos::read_binary(context, command)?;
    if in_application && sw == Sw::DATA_SUSPECT {
        return Err(Sw::WRONG_OFFSET.into());
    }
    Ok(sw)
}

/// STORE RECORDS `80 D8 offset2`: bytes of file 03, under its right. Sealed keys are in it, and no trace shows what an instruction D8 carries.
fn store(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    context.require(Right(profile::MF_MASTER))?;
    context.write_ef(production_file::RECORDS, usize::from(command.p1p2()), command.data)?;
    Ok(Sw::OK)
}

/// `04 B0 8s off 09 random4 header5`: bytes of a preset card with their MAC for the ESAM that drew the random. 6A80 another header than
/// an ESAM takes them under.
fn give(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    context.require(Right(profile::METER))?;
    must_be(context, Work::Preset)?;
    let (random, header) = command.data.split_first_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
    let header: &[u8; 5] = header.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let (fid, at, len) = match (command.p1, usize::from(command.p2), *header) {
        (0x81, Preset::AT, PARAMETERS) => (production_file::INFORMATION, Preset::AT, Preset::PARAMETERS),
        (0x85, 0, PURSE) => (production_file::PURSE, 0, 4),
        _ => return Err(Sw::WRONG_DATA.into()),
    };
    let file = context.ef(fid)?;
    context.memory.append_to(file.body() + at, len, context.answer);
    sign(context, *random, header);
    Ok(Sw::OK)
}

/// The MAC of what is to be answered, behind it.
fn sign(context: &mut Context<'_>, random: [u8; 4], header: &[u8; 5]) {
    let key = shared_key(context.chip.suite).to_esam();
    let code = command_mac(&key, random, header, context.answer);
    context.answer.extend_from_slice(&code[..MAC_LEN]);
}

/// 6985 unless the card was written for this work.
fn must_be(context: &Context<'_>, work: Work) -> Result<(), Halt> {
    let [_, code, ..]: [u8; 4] = context.read_ef_or_zeros(production_file::INFORMATION, 0)?;
    if Work::from_code(code) == Some(work) { Ok(()) } else { Err(Sw::CONDITIONS.into()) }
}

/// TAKE NUMBER `80 CA 00 00 0C serial8 random4`: number6 MAC4 for the ESAM of that serial number. One that has a number here gets the same
/// again; else it gets the next, and both are noted, in one transaction. 9402 no number is left.
fn take_number(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    context.require(Right(profile::METER))?;
    must_be(context, Work::Number)?;
    let (serial, random) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let random: [u8; 4] = random.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let file: [u8; NumberRange::LEN] = context.read_ef(production_file::INFORMATION, 0)?;
    let range = NumberRange::parse(&file).map_err(|_| Sw::DATA_SUSPECT)?;
    let number = match line_of(context, &range, serial)? {
        Line::Of(number) => number,
        Line::Free(place) => {
            let number = range.at(place).ok_or(Sw::COUNTER_END)?;
            let line = [&serial[..], &number.0].concat();
            let at = place as usize * NumberRange::LINE; // at most 1000 lines
            context.write_ef(production_file::RECORDS, at, &line)?;
            let next = range.at(place + 1).map_or([0; 6], |next| next.0);
            context.write_ef(production_file::RETURN, NumberRange::RESERVED, &next)?;
            number
        }
    };
    context.answer.extend_from_slice(&number.0);
    sign(context, random, &NUMBER);
    Ok(Sw::OK)
}

/// What a number card has for a chip.
enum Line {
    /// This number, given before.
    Of(MeterNumber),
    /// None yet; the place of the next line.
    Free(u64),
}

fn line_of(context: &Context<'_>, range: &NumberRange, serial: &[u8; 8]) -> Result<Line, Halt> {
    for place in 0..range.len() {
        let at = place as usize * NumberRange::LINE;
        let [a, b, c, d, e, f, g, h, number @ ..]: [u8; NumberRange::LINE] =
            context.read_ef_or_zeros(production_file::RECORDS, at)?;
        match [a, b, c, d, e, f, g, h] {
            [0, 0, 0, 0, 0, 0, 0, 0] => return Ok(Line::Free(place)),
            known if known == *serial => return Ok(Line::Of(MeterNumber(number))),
            _ => {}
        }
    }
    Ok(Line::Free(range.len()))
}

/// Place of the key set of a chip, and how far it has come. 6A88 there is none.
fn set_of(context: &Context<'_>, serial: &[u8]) -> Result<(usize, KeysAre), Halt> {
    for n in 0..KeySet::MOST {
        let at = n * KeySet::LEN;
        let known: [u8; 8] = context.read_ef_or_zeros(production_file::RECORDS, at)?;
        let [are]: [u8; 1] = context.read_ef_or_zeros(production_file::RECORDS, at + KeySet::ARE)?;
        match KeysAre::from_code(are) {
            Some(are) if known == serial => return Ok((at, are)),
            Some(_) => {}
            None => break,
        }
    }
    Err(Sw::KEY_NOT_FOUND.into())
}

/// TAKE KEY `80 CC 00 n 08 serial8`: the n-th part for the ESAM of that serial number, as it was sealed for it. With the first key the set is
/// given, and one ESAM less may be loaded, in the same transaction; a set that was given is given again. 9402 no ESAM is left, 6985 the
/// first key was not asked for, 6A88 there are no keys for it, 6A86 no such part. The MCU's parts cost nothing: they are good with the
/// keys alone.
fn take_key(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    context.require(Right(profile::METER))?;
    must_be(context, Work::Key)?;
    let n = usize::from(command.p2);
    let (at, are) = set_of(context, command.data)?;
    let [field_len]: [u8; 1] = context.read_ef(production_file::RECORDS, at + KeySet::field_len_at())?;
    let (from, len) = KeySet::part(n, field_len.into()).ok_or(Sw::WRONG_P1P2)?;
    if are == KeysAre::Waiting {
        match n {
            0 => spend(context, at)?,
            _ if n >= KeySet::KEYS => {}
            _ => return Err(Sw::CONDITIONS.into()),
        }
    }
    let file = context.ef(production_file::RECORDS)?;
    context.memory.append_to(file.body() + at + from, len, context.answer);
    Ok(Sw::OK)
}

fn spend(context: &mut Context<'_>, at: usize) -> Result<(), Halt> {
    let left = u32::from_be_bytes(context.read_ef(production_file::RETURN, 0)?);
    let left = left.checked_sub(1).ok_or(Sw::COUNTER_END)?;
    context.write_ef(production_file::RETURN, 0, &left.to_be_bytes())?;
    note(context, at, KeysAre::Given)
}

fn note(context: &mut Context<'_>, at: usize, are: KeysAre) -> Result<(), Halt> {
    let records: Fid = production_file::RECORDS;
    context.write_ef(records, at + KeySet::ARE, &[are as u8])
}

/// KEYS LOADED `80 CC 01 00 08 serial8`: the meter says that its ESAM has them. For the city's list; nothing rests on it. 6985 they were not
/// given.
fn keys_loaded(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    in_application(context)?;
    context.require(Right(profile::METER))?;
    must_be(context, Work::Key)?;
    let (at, are) = set_of(context, command.data)?;
    if are == KeysAre::Waiting {
        return Err(Sw::CONDITIONS.into());
    }
    note(context, at, KeysAre::Loaded)?;
    Ok(Sw::OK)
}
