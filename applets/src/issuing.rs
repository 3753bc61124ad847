//! Main control card and issuing cards: EXPORT KEY, AUTHENTICATE TARGET, SEAL ACTIVATION and CHECK VALUE
//! [docs/specs/cards.md 6, 7, 9, 10].
//!
//! The card derives the key, wraps it under the target's current master key, and gives out nothing else. What
//! head a key gets on its target is this card's profile, not the host's wish: a host that could choose it would
//! turn a top-up key into a deciphering oracle.

mod certify;
mod formal;
mod own;
mod sealed;
mod target;

use crate::common::{KEY_INFORMATION, SET_PIN, TRIES_LEFT};
use crate::info::current_info;
use crate::limits::{SET_LIMIT, limits};
use crate::lists::{CHECK_LIST, list_mac};
use crate::retire::ACTIVATE_KEYS;
use crate::signing::{GENERATE_KEY_PAIR, READ_CERTIFICATE, STORE_CERTIFICATE, STORE_ROOT_CERTIFICATE};
use certify::CERTIFY_LEN;
use cos::keyfile::BIRTH;
use cos::table::Case::Four;
use cos::table::Class::Only;
use cos::table::Params::{Any, P1, P2};
use cos::table::{CommandRow, Program, check, row};
use cos::{Chip, Context, Halt, fmcos};
use keys::hierarchy::{self, Use};
use keys::{Role, mac, seal};
use own::{own_version, role_key};
use scheme::profile::{self, CardKind, EF_GRANTED, EF_ISSUED, EF_LIMIT, KeyRow, NO_LIMIT, Recipient, State};
use scheme::psam::{self, Limits, Statement};
use sealed::ACTIVATE;
use sha2::{Digest, Sha256};
use target::{Master, Target};
use wire::{CommandRef, Sw};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("EXPORT KEY",          Only(0x80), 0x44, Any,      Four(31, 32),  "docs/specs/cards.md 7",      export_key).right(profile::PIN),
    row("AUTHENTICATE TARGET", Only(0x80), 0x46, P2(0x00), Four(26, 27),  "docs/specs/cards.md 7",      authenticate_target).right(profile::PIN),
    row("SEAL ACTIVATION",     Only(0x80), 0x4C, P2(0x00), Four(32, 32),  "docs/specs/cards.md 10",     seal_activation).right(profile::PIN),
    row("CHECK VALUE",         Only(0x80), 0x4E, P1(0x00), Four(5, 5),    "docs/specs/cards.md 7",      check_value).right(profile::PIN),
    row("SEAL LIMIT",          Only(0x80), 0x3A, P2(0x00), Four(38, 130), "docs/specs/cards.md 9",      seal_limit).right(profile::PIN),
    SET_LIMIT,
    row("SEAL PIN",            Only(0x80), 0x56, Any,      Four(34, 35),  "docs/specs/cards.md 12",     sealed::seal_pin).right(profile::PIN),
    row("MAC LIST",            Only(0x80), 0x5A, P2(0x00), Four(50, 50),  "docs/specs/revocation.md 2", mac_list).right(profile::PIN),
    CHECK_LIST,
    row("CERTIFY",             Only(0x80), 0x7A, Any,      Four(CERTIFY_LEN.0, CERTIFY_LEN.1), "docs/specs/signatures.md 5", certify::certify).right(profile::PIN),
    row("SEAL ROOT",           Only(0x80), 0x7C, P2(0x00), Four(26, 26),  "docs/specs/signatures.md 5", certify::seal_root).right(profile::PIN),
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

/// The program of kinds 01, 02, 03 and 0A.
pub static PROGRAM: Program = Program {
    name: "issuing card",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0xFF,
    atr: |chip: &Chip| wire::atr::fmcos_contactless(chip.serial),
};

/// Checks the header of the WRITE KEY to come against the profile; 6A80 when it is another one's.
fn check_header(header: &[u8], row: &KeyRow, lc: usize, target: &Target) -> Result<[u8; 5], Halt> {
    let &[cla, ins, p1, id, len] = header else { return Err(Sw::WRONG_LENGTH.into()) };
    let stages = match row.role {
        0 if target.leaves_test() => (p1, id) == (fmcos::STAGE_MASTER, BIRTH),
        0 => (p1, id) == (fmcos::STAGE_MASTER, row.id),
        _ => (p1, id) == (fmcos::STAGE, row.id),
    };
    let adds = (p1, id) == (0x01, row.id) && row.role != 0;
    let changes = (p1, id) == (row.kind & 0x3F, row.id);
    // What changes hands between two key sets is staged; only within one may a key be written at once.
    let form = if target.only_stages() { stages } else { adds || changes || (stages && target.may_stage()) };
    let fits = cla == 0x84 && ins == 0xD4 && form && usize::from(len) == lc;
    if fits { Ok([cla, ins, p1, id, len]) } else { Err(Sw::WRONG_DATA.into()) }
}

fn export_key(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (header, rest) = rest.split_at(5);
    let target = Target::parse(context, command.p1, rest)?;
    let row = target.recipient.key(command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    target.check_mcu(challenge)?;
    // The transport root is no secret of ours, nor is the test hierarchy: under them, and under keys that are to go, a
    // card gets nothing but its own master. An MCU knows no other key than its transport key.
    if row.role != 0 && !target.takes_every_key() {
        return Err(Sw::CONDITIONS.into());
    }
    let master = target.sealing_master(context)?;
    let (key, version) = target.key(context, row.role)?;
    if formal::is_set(header) {
        formal::must_be_one(context, (&target, row, header))?;
        if row.role == 0 {
            count(context, &target)?;
        }
        context.answer.extend_from_slice(&formal::sealed(&target, row, &master, (key, version)));
        return Ok(Sw::OK);
    }
    let header = check_header(header, row, seal::wrapped_len(&master, key.expose().len()), &target)?;
    if row.role == 0 && !target.wants_test {
        count(context, &target)?;
    }
    let head = row.header(version);
    // A field is of the form its header says: what runs under M never opens under a use key, nor the other way round.
    let field = if matches!(header[2], fmcos::STAGE_MASTER | fmcos::STAGE) {
        seal::stage(&master, challenge, &header, head, &key)
    } else {
        seal::wrap(&master, challenge, &header, head, &key)
    };
    context.answer.extend_from_slice(&field);
    Ok(Sw::OK)
}

/// Counts a target that gets its own master, unless it is the one counted last; 9402 when the limit is reached. A card
/// without the files of the counter (the main control card, an issuing card of an older make) counts nothing.
fn count(context: &mut Context<'_>, target: &Target) -> Result<(), Halt> {
    let (Ok(limit), Ok(_)) = (context.ef(EF_LIMIT), context.ef(EF_ISSUED)) else { return Ok(()) };
    let limit = if limit.is_written() { u32::from_be_bytes(context.read_ef(EF_LIMIT, 0)?) } else { 0 };
    let mut issued: [u8; 18] = context.read_ef_or_zeros(EF_ISSUED, 0)?;
    let [a, b, c, d, ref last @ ..] = issued;
    let made = u32::from_be_bytes([a, b, c, d]);
    if made > 0 && *last == target.serial_and_number() {
        return Ok(());
    }
    let next = made.checked_add(1).ok_or(Sw::COUNTER_END)?;
    if limit != NO_LIMIT && next > limit {
        return Err(Sw::COUNTER_END.into());
    }
    issued[..4].copy_from_slice(&next.to_be_bytes());
    issued[4..].copy_from_slice(&target.serial_and_number());
    context.write_ef(EF_ISSUED, 0, &issued)
}

fn authenticate_target(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_at(8);
    let target = Target::parse(context, command.p1, rest)?;
    if target.recipient == Recipient::Mcu || target.wants_test {
        return Err(Sw::WRONG_P1P2.into());
    }
    let master = target.current_master(context)?;
    context.answer.extend_from_slice(&seal::cryptogram(&master, challenge));
    Ok(Sw::OK)
}

/// `challenge8 || serial8 || number6 || region4 || state1 || version1 || forfeit4`: the MAC of the ESAM's ACTIVATE KEYS.
fn seal_activation(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p1 >> 4 != CardKind::Esam.code() {
        return sealed::seal_retirement(context, command);
    }
    let (challenge, rest) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (identity, body) = rest.split_at(18);
    let &[state, version, ref forfeit @ ..] = body else { return Err(Sw::WRONG_LENGTH.into()) };
    let own = current_info(context)?;
    // The MAC goes under the target's new master: its own, or its own of the test hierarchy.
    let test = command.p1 & 0x0F == Target::TO_TEST;
    let versioned = if test { [identity, &[1]].concat() } else { identity.to_vec() };
    let target = Target::parse(context, command.p1, &versioned)?;
    if !target.is_esam()
        || !matches!(target.master, Master::Own | Master::Test(_))
        || test != target.wants_test
    {
        return Err(Sw::WRONG_P1P2.into());
    }
    let wanted = State::from_code(state).ok_or(Sw::WRONG_DATA)?;
    let fits = match wanted {
        State::Retired => !test && version == 0,
        _ if test => wanted == State::Test && version == 1,
        state => state == own.state && version == own_version(context)?,
    };
    if !fits {
        return Err(Sw::WRONG_DATA.into());
    }
    if test || wanted == State::Retired || forfeit.iter().any(|byte| *byte != 0) {
        context.require(cos::rights::Right(profile::SECOND_PIN))?;
    }
    let master = target.current_master(context)?;
    context.answer.extend_from_slice(&seal::bound_mac(&master, challenge, &ACTIVATE, body));
    Ok(Sw::OK)
}

/// SEAL LIMIT `80 3A P1 00`, `challenge8 || serial8 || number6 || region4 || count4 || value8`, for a PSAM with its statement
/// behind them: the MAC of the target's SET LIMIT.
fn seal_limit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (identity, rest) = rest.split_first_chunk::<18>().ok_or(Sw::WRONG_LENGTH)?;
    let (body, rest) = rest.split_first_chunk::<{ Limits::LEN }>().ok_or(Sw::WRONG_LENGTH)?;
    let target = Target::parse(context, command.p1, identity)?;
    if target.master != Master::Own || target.wants_test {
        return Err(Sw::WRONG_P1P2.into());
    }
    let key = hierarchy::use_key(&target.current_master(context)?, Use::Mac);
    match target.recipient {
        Recipient::Card(CardKind::Psam) => {
            let statement = Statement::parse(rest).ok_or(Sw::WRONG_LENGTH)?;
            let right = mac::bound(&key, &statement.challenge, &psam::STATEMENT, &statement.chain.to_bytes());
            if !keys::equal(&right, &statement.mac) {
                return Err(Sw::SM_WRONG.into());
            }
            grant(context, &target, Limits::parse(body).value, statement.chain.value)?;
        }
        Recipient::Card(kind) if kind.is_city_issuing() && rest.is_empty() => {}
        Recipient::Card(kind) if kind.is_city_issuing() => return Err(Sw::WRONG_LENGTH.into()),
        _ => return Err(Sw::WRONG_P1P2.into()),
    }
    context.answer.extend_from_slice(&mac::bound(&key, challenge, &psam::SET_LIMIT, body)[..4]);
    Ok(Sw::OK)
}

/// Counts the value a limit opens for a PSAM beyond what it has sealed; 9402 when the province allows no more. The target of
/// the grant before is counted by the difference, so that a run that broke off costs nothing when it is repeated; of any other
/// the whole is counted, which may count what it had left twice, never less than it has.
fn grant(context: &mut Context<'_>, target: &Target, limit: u64, sealed: u64) -> Result<(), Halt> {
    let kept: [u8; 24] = context.read_ef_or_zeros(EF_GRANTED, 0)?;
    let part = |at: usize| {
        let mut out = [0; 8];
        out.copy_from_slice(&kept[at..at + 8]);
        out
    };
    let (granted, last_limit) = (u64::from_be_bytes(part(0)), u64::from_be_bytes(part(16)));
    // By serial and number: the serial alone is the host's word, and would let one PSAM pass for another.
    let mut whom = [0; 8];
    whom.copy_from_slice(&Sha256::digest(target.serial_and_number())[..8]);
    let same = part(8) == whom;
    let more = limit.saturating_sub(if same { last_limit.max(sealed) } else { sealed });
    let granted = granted.checked_add(more).ok_or(Sw::COUNTER_END)?;
    if granted > limits(context)?.value {
        return Err(Sw::COUNTER_END.into());
    }
    let highest = if same { limit.max(last_limit) } else { limit };
    let now = [granted.to_be_bytes(), whom, highest.to_be_bytes()].concat();
    context.write_ef(EF_GRANTED, 0, &now)
}

/// CHECK VALUE `80 4E 00 role`, `region4 || version1`: what KEY INFORMATION shows of that city's key on its issuing card, so
/// that a province can compare without its keys leaving. The main control card only.
fn check_value(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let &[a, b, c, d, version] = command.data else { return Err(Sw::WRONG_LENGTH.into()) };
    if current_info(context)?.kind != CardKind::MainControl {
        return Err(Sw::WRONG_P1P2.into());
    }
    if version == 0 {
        return Err(Sw::WRONG_DATA.into());
    }
    let role = Role::from_code(command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    let key = role_key(context, role)?;
    let key = if role == Role::Transport { key } else { hierarchy::city_key(&key, [a, b, c, d], version) };
    context.answer.extend_from_slice(&[version, 0]);
    context.answer.extend_from_slice(&key.kcv());
    Ok(Sw::OK)
}

/// MAC LIST `80 5A P1 00`, `serial8 || number6 || region4 || digest32`: the MAC by which a card this one makes believes a list of
/// revoked cards.
fn mac_list(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (identity, digest) = command.data.split_at(18);
    let target = Target::parse(context, command.p1, identity)?;
    // An MCU has no master of its own.
    if target.master != Master::Own || target.wants_test {
        return Err(Sw::WRONG_P1P2.into());
    }
    let key = hierarchy::use_key(&target.current_master(context)?, hierarchy::Use::Mac);
    context.answer.extend_from_slice(&list_mac(&key, digest));
    Ok(Sw::OK)
}
