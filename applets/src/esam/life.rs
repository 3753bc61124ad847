//! The life of an ESAM: from one key set to the next, from test to formal state and back, and its end
//! [docs/specs/cards.md 10].

use super::account::{self, METER, Parameters, Purse};
use crate::info::current_info;
use crate::signing::{self, Signing};
use cos::fmcos::{self, Under};
use cos::keyfile::{self, BIRTH, KeyRecord, kind};
use cos::{Context, Halt, closing};
use scheme::certificate::KeyUse;
use scheme::profile::{
    self, BIRTH_KEY, CardInfo, EF_CARD_INFO, EF_LIFE, EF_PARAMETERS, EF_PURSE, EF_RECEIPT, EF_RUN_INFO,
    EF_SIGNING_KEY, FileRow, State, field_file,
};
use scheme::signing::Mode;
use wire::{CommandRef, Sw};

/// Id of the key whose version stands for the whole set: `kic`.
const KIC: u8 = 4;

/// EF 5009.
struct Life {
    /// Highest formal version the card ever had.
    formal: u8,
    /// Key sets it was given after its first.
    changes: u16,
    /// Money that was in the purse when its keys went, in fen.
    forfeited: u32,
}

impl Life {
    fn read(context: &Context<'_>, info: &CardInfo, version: u8) -> Result<Self, Halt> {
        let [formal, c1, c0, f3, f2, f1, f0, _]: [u8; 8] = context.read_ef_or_zeros(EF_LIFE, 0)?;
        let here = if info.state == State::Formal { version } else { 0 };
        Ok(Life {
            formal: formal.max(here),
            changes: u16::from_be_bytes([c1, c0]),
            forfeited: u32::from_be_bytes([f3, f2, f1, f0]),
        })
    }

    fn write(&self, context: &mut Context<'_>) -> Result<(), Halt> {
        let [c1, c0] = self.changes.to_be_bytes();
        let [f3, f2, f1, f0] = self.forfeited.to_be_bytes();
        context.write_ef(EF_LIFE, 0, &[self.formal, c1, c0, f3, f2, f1, f0, 0])
    }
}

/// WRITE KEY `84 D4 39 00`, a new own master. The first takes the place of the transport key, which the card keeps as 35/0F in
/// the same transaction: it is what a formal own master can come under while test keys are published.
pub fn change_master(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = context.key_file()?;
    let is_born =
        |context: &Context<'_>| keyfile::find(&context.memory, &file, kind::APPLET, BIRTH).is_some();
    let old = keyfile::find(&context.memory, &file, kind::EXTERNAL, 0).filter(|_| !is_born(context));
    let transport = old.map(|record| record.bytes(&context.memory));
    let sw = fmcos::write_key(context, command)?;
    if let Some(transport) = transport {
        keyfile::add(&mut context.memory, &file, BIRTH, BIRTH_KEY.header(0), &transport)?;
    }
    Ok(sw)
}

/// STAGE KEY. It begins a set of its own: what came by a download, whose keys are sealed under the own master in use, goes on into none
/// that an issuing card began. The published own master of a test ESAM would else let anybody put a key into a formal set.
pub fn stage(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    context.volatile.field.download = None;
    context.volatile.field.formal = None;
    fmcos::stage_key(context, command)
}

/// STAGE KEY `84 D4 02 0F`: a new own master under the transport key the chip was born with, in test state alone (6985):
/// blanks' transport keys may be published, so on a formal card that key opens nothing.
pub fn stage_formal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if current_info(context)?.state != State::Test {
        return Err(Sw::CONDITIONS.into());
    }
    stage(context, command)
}

/// ACTIVATE KEYS `84 4A 00 00 0A state1 version1 forfeit4 MAC4`: all keys, the state and what follows from it in one
/// transaction.
pub fn activate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (Some(state), version) = (State::from_code(command.data[0]), command.data[1]) else {
        return Err(Sw::WRONG_DATA.into());
    };
    let under = if state == State::Retired { Under::Own } else { Under::Staged };
    let body = fmcos::bound_checked(context, command, under)?;
    let &[_, _, a, b, c, d] = body else { return Err(Sw::WRONG_LENGTH.into()) };
    let forfeit = u32::from_be_bytes([a, b, c, d]);
    let info = current_info(context)?;
    let current = context.key_record(kind::APPLET, KIC)?.byte4();
    let mut life = Life::read(context, &info, current)?;
    may_follow(info.state, state, current, version, &life)?;
    if state == State::Formal {
        must_have_number(context)?;
    }
    // Its keys are taken from those that end.
    context.volatile.online = None;
    let file = context.key_file()?;
    if state == State::Retired {
        keyfile::destroy(&mut context.memory, &file)?;
    } else {
        if !of_version(keyfile::staged(&context.memory, &file), version) {
            return Err(Sw::KEYS_INCOMPLETE.into());
        }
        keyfile::switch(&mut context.memory, &file)?;
    }
    if state == info.state {
        // The customer's money stays where it is, whatever keys bring the next.
        if forfeit != 0 {
            return Err(Sw::WRONG_DATA.into());
        }
    } else {
        close_account(context, info.state, forfeit)?;
        context.write_ef(EF_CARD_INFO, CardInfo::STATE, &[state.code()])?;
        report(context, state)?;
    }
    if state == State::Formal {
        life.formal = version;
    }
    life.changes = life.changes.saturating_add(1);
    life.forfeited = life.forfeited.checked_add(forfeit).ok_or(Sw::COUNTER_END)?;
    life.write(context)?;
    Ok(Sw::OK)
}

/// Versions only rise: within a state, and of formal keys over the card's whole life. Back to test, any will do: those
/// keys are published.
fn may_follow(from: State, to: State, current: u8, version: u8, life: &Life) -> Result<(), Halt> {
    let higher = match (from, to) {
        (_, State::Retired) | (State::Formal, State::Test) => true,
        (_, State::Formal) => version > life.formal,
        (_, State::Test) => version > current,
    };
    if higher { Ok(()) } else { Err(Sw::VERSION_NOT_HIGHER.into()) }
}

/// 6985 of an ESAM that waits for the number of its meter: a works number becomes no formal one.
fn must_have_number(context: &Context<'_>) -> Result<(), Halt> {
    let [waits]: [u8; 1] = context.read_ef_or_zeros(EF_PARAMETERS, profile::WAITS_FOR_NUMBER)?;
    if waits == 0 { Ok(()) } else { Err(Sw::CONDITIONS.into()) }
}

/// The key state word of a new state; an ESAM made before it spoke the field's dialect has no such file.
fn report(context: &mut Context<'_>, state: State) -> Result<(), Halt> {
    match context.write_ef(field_file::KEY_STATE, 0, &key_state(state)) {
        Err(Halt::Status(Sw::FILE_NOT_FOUND)) => Ok(()),
        written => written,
    }
}

/// Whether every key that carries a version carries this one.
fn of_version(mut keys: impl Iterator<Item = KeyRecord>, version: u8) -> bool {
    let carries = |record: &KeyRecord| matches!(record.kind(), kind::ENCRYPT | kind::TAC | kind::APPLET);
    keys.all(|record| !carries(&record) || record.byte4() == version)
}

/// The account ends with the state it was kept in. Formal money does not vanish unsaid: the purse must hold what the
/// command names. Test money is none.
fn close_account(context: &mut Context<'_>, state: State, forfeit: u32) -> Result<(), Halt> {
    let balance = Purse::read(context)?.balance;
    let named = if state == State::Formal { balance } else { 0 };
    if forfeit != named {
        return Err(Sw::PURSE_NOT_EMPTY.into());
    }
    account::clear(context)?;
    // What the root of one state certified is nothing in the other.
    signing::forget(context)?;
    context.write_ef(EF_PARAMETERS, profile::MODE, &[0; 1 + profile::EPOCH_LEN])?;
    context.write_ef(EF_RECEIPT, 0, &[0])
}

/// UPDATE BINARY, and with the one that closes the card the beginning of its life: purse, account, receipt and life are zero,
/// whatever was written while the card was in the making.
pub fn update(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let before = closing::is_closed(context);
    let sw = fmcos::update_binary(context, command)?;
    if !before && closing::is_closed(context) {
        begin(context)?;
    }
    Ok(sw)
}

/// 6985 when the parameters name another meter than the card information.
fn begin(context: &mut Context<'_>) -> Result<(), Halt> {
    let number = current_info(context)?.number;
    if context.read_ef::<6>(EF_PARAMETERS, METER)? != number {
        return Err(Sw::CONDITIONS.into());
    }
    account::clear(context)?;
    context.write_ef(EF_PARAMETERS, profile::MODE, &[0; 1 + profile::EPOCH_LEN])?;
    context.write_ef(EF_PARAMETERS, profile::PRESET, &[0])?;
    for fid in [EF_RUN_INFO, EF_RECEIPT, EF_LIFE, EF_SIGNING_KEY] {
        let size = context.ef(fid)?.size();
        context.write_ef(fid, 0, &alloc::vec![0; size])?;
    }
    begin_field(context)
}

/// The files of the field as a card begins with them; 6985 when anything was written into one before, whose bytes would stay.
fn begin_field(context: &mut Context<'_>) -> Result<(), Halt> {
    let info = current_info(context)?;
    let written = |row: &FileRow| {
        row.fid.short().is_some()
            && !matches!(row.fid, EF_CARD_INFO | EF_PURSE)
            && context.ef(row.fid).is_ok_and(|node| node.is_written())
    };
    if profile::ESAM_FILES.iter().any(written) {
        return Err(Sw::CONDITIONS.into());
    }
    context.write_ef(field_file::PARAMETERS, 0, &PARAMETERS)?;
    context.write_ef(field_file::SERIAL, 1, &context.chip.serial.clone())?;
    context.write_ef(field_file::KEY_STATE, 0, &key_state(info.state))
}

/// File 02 of a meter nobody has set: kind 01, 29 bytes, current transformers of ratio 1, an authentication valid for 5 minutes; meter,
/// customer and sum are the card's to fill in.
const PARAMETERS: [u8; 0x2F] = {
    let mut bytes = [0; 0x2F];
    [bytes[0x00], bytes[0x01], bytes[0x03], bytes[0x1A], bytes[0x1D], bytes[0x2C], bytes[0x2E]] =
        [0x68, 0x01, 0x29, 0x01, 0x01, 0x05, 0x16];
    bytes
};

/// What file 05 says of the keys: a bit each. It is a report for the field's readers; nothing asks it.
const fn key_state(state: State) -> [u8; 4] {
    match state {
        State::Formal => (u32::MAX >> (u32::BITS - profile::ESAM_KEYS.len() as u32)).to_be_bytes(),
        State::Test | State::Retired => [0; 4],
    }
}

/// SET MODE `80 7E 00 mode`: which orders the card takes from now on. A higher mode alone (6985 a lower one; the same again is done), and
/// only where the card can keep to it: 6A88 until it has its own certificate and a server's.
pub fn set_mode(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mode = Mode::from_code(command.p2).ok_or(Sw::WRONG_P1P2)?;
    let signing = Signing::of(context)?;
    if mode < Parameters::read(context)?.mode {
        return Err(Sw::CONDITIONS.into());
    }
    if mode.signs() {
        signing.signer(context)?;
        signing.certificate(context, KeyUse::Server)?;
    }
    context.write_ef(EF_PARAMETERS, profile::MODE, &[mode.code()])?;
    Ok(Sw::OK)
}

/// A whole set of keys of a version was downloaded, of the state and for the account there are: it takes the place of the one in use.
pub fn switch_downloaded(context: &mut Context<'_>, version: u8) -> Result<(), Halt> {
    let info = current_info(context)?;
    let mut life = admitted(context, &info, version)?;
    let file = context.key_file()?;
    if !of_version(keyfile::staged(&context.memory, &file), version) {
        return Err(Sw::KEYS_INCOMPLETE.into());
    }
    context.volatile.online = None;
    keyfile::switch(&mut context.memory, &file)?;
    if info.state == State::Formal {
        life.formal = version;
    }
    life.changes = life.changes.saturating_add(1);
    life.write(context)
}

/// Whether keys of a version may come, in the state there is.
pub fn may_download(context: &Context<'_>, version: u8) -> Result<(), Halt> {
    admitted(context, &current_info(context)?, version).map(drop)
}

fn admitted(context: &Context<'_>, info: &CardInfo, version: u8) -> Result<Life, Halt> {
    let current = context.key_record(kind::APPLET, KIC)?.byte4();
    let life = Life::read(context, info, current)?;
    may_follow(info.state, info.state, current, version, &life)?;
    Ok(life)
}

/// Whether formal keys of a version may come to an ESAM in test state.
pub fn may_become_formal(context: &Context<'_>, version: u8) -> Result<(), Halt> {
    to_formal(context, &current_info(context)?, version).map(drop)
}

fn to_formal(context: &Context<'_>, info: &CardInfo, version: u8) -> Result<Life, Halt> {
    must_have_number(context)?;
    let current = context.key_record(kind::APPLET, KIC)?.byte4();
    let life = Life::read(context, info, current)?;
    may_follow(info.state, State::Formal, current, version, &life)?;
    Ok(life)
}

/// A whole set of formal keys of a version was loaded: it takes the place of the published ones, and what was counted in test state,
/// money too, is over.
pub fn become_formal(context: &mut Context<'_>, version: u8) -> Result<(), Halt> {
    let info = current_info(context)?;
    let mut life = to_formal(context, &info, version)?;
    let file = context.key_file()?;
    if !of_version(keyfile::staged(&context.memory, &file), version) {
        return Err(Sw::KEYS_INCOMPLETE.into());
    }
    keyfile::switch(&mut context.memory, &file)?;
    close_account(context, info.state, 0)?;
    context.write_ef(EF_CARD_INFO, CardInfo::STATE, &[State::Formal.code()])?;
    report(context, State::Formal)?;
    life.formal = version;
    life.changes = life.changes.saturating_add(1);
    life.write(context)
}
