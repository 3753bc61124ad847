//! A card of production in the meter's slot, and the formal keys it may bring [docs/specs/production-cards.md 4 to 6].
//!
//! In test state alone. What card and ESAM share is published, so nothing here is money or a secret: the one exception, formal keys, is
//! sealed under the key the chip was born with.

use super::super::account::{METER, Parameters, Purse};
use super::super::life;
use super::super::receipts::refuse;
use super::bound::{Again, from_card, header};
use super::credit::number;
use crate::info::current_info;
use crate::signing;
use cos::keyfile::{self, BIRTH, kind};
use cos::steps::Field;
use cos::{Context, Halt};
use keys::{Key, Role, hierarchy};
use scheme::field::{KEY_BLOCK, KeyBlock, KeyHolder};
use scheme::numbers::names_a_device;
use scheme::production::{NUMBER, PARAMETERS, PRODUCTION, Preset, shared_key};
use scheme::profile::{self, CardInfo, EF_CARD_INFO, EF_PARAMETERS, ESAM_KEYS, State, field_file};
use scheme::refusal::Refusal;
use wire::{CommandRef, Sw};

/// P2 of the first key of a set, and of the others.
const FIRST: u8 = 0x00;
const OTHER: u8 = 0xFF;
/// Id of the key whose version stands for the whole set: `kic`.
const KIC: u8 = 4;

/// Whether the session is that of a card of production.
pub fn is_in_slot(context: &Context<'_>) -> bool {
    context.volatile.field.card.is_some_and(|seen| seen.serial == PRODUCTION)
}

/// What the card gave, once its MAC is right; nothing but in test state, before a customer has the meter.
fn given<'c>(context: &mut Context<'_>, command: &CommandRef<'c>, again: Again) -> Result<&'c [u8], Halt> {
    let info = current_info(context)?;
    let own = Parameters::read(context)?;
    if info.state != State::Test || own.opened || Purse::read(context)?.count != 0 {
        return Err(Sw::CONDITIONS.into());
    }
    from_card(context, command, &shared_key(context.chip.suite), again)
}

/// UPDATE BINARY of file 02: the parameters of a preset card, or the meter's number. 6985 anything else.
pub fn write(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    match header(command) {
        PARAMETERS => {
            let data = given(context, command, Again::Harmless)?;
            context.write_ef(field_file::PARAMETERS, Preset::AT, data)?;
            Ok(Sw::OK)
        }
        NUMBER => {
            let data = given(context, command, Again::Never)?;
            take_number(context, data.try_into().map_err(|_| Sw::WRONG_LENGTH)?)
        }
        _ => Err(Sw::CONDITIONS.into()),
    }
}

/// SET PURSE by a preset card: what the purse begins with, once in the life of a chip. It is no credit: count and sum of credits stay 0,
/// and it goes when the state changes.
pub fn preset(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p1 != 1 {
        return Err(Sw::CONDITIONS.into());
    }
    let value = number(given(context, command, Again::Never)?)?;
    let [done]: [u8; 1] = context.read_ef(EF_PARAMETERS, profile::PRESET)?;
    if done != 0 {
        return Err(Sw::CONDITIONS.into());
    }
    if value > Parameters::read(context)?.ceiling {
        return Err(refuse(Refusal::OverCeiling));
    }
    Purse { balance: value, ..Purse::read(context)? }.write(context)?;
    context.write_ef(EF_PARAMETERS, profile::PRESET, &[1])?;
    Ok(Sw::OK)
}

/// The ESAM gets the number of its meter, and with it the published keys of that number, all at once. 6985 it does not wait for one, or
/// has other keys than the published ones of its works number.
fn take_number(context: &mut Context<'_>, new: [u8; 6]) -> Result<Sw, Halt> {
    let info = current_info(context)?;
    let [waits]: [u8; 1] = context.read_ef(EF_PARAMETERS, profile::WAITS_FOR_NUMBER)?;
    if waits != 1 {
        return Err(Sw::CONDITIONS.into());
    }
    if !names_a_device(&new) {
        return Err(Sw::WRONG_DATA.into());
    }
    let suite = context.chip.suite;
    let version = context.key_record(kind::APPLET, KIC)?.byte4();
    let published = |role, number| hierarchy::test_meter_key(suite, role, info.region, version, number);
    let file = context.key_file()?;
    for row in ESAM_KEYS {
        let role = Role::from_code(row.role).unwrap_or(Role::Master);
        let record = keyfile::find(&context.memory, &file, row.kind, row.id).ok_or(Sw::KEY_NOT_FOUND)?;
        if !keys::equal(&record.bytes(&context.memory), published(role, info.number).expose()) {
            return Err(Sw::CONDITIONS.into());
        }
        record.set_value(&mut context.memory, published(role, new).expose())?;
    }
    keyfile::unstage(&mut context.memory, &file)?;
    // A certificate names the number it was made for.
    signing::forget(context)?;
    context.write_ef(EF_CARD_INFO, CardInfo::NUMBER, &new)?;
    context.write_ef(EF_PARAMETERS, METER, &new)?;
    context.write_ef(EF_PARAMETERS, profile::WAITS_FOR_NUMBER, &[0])?;
    end_session(context);
    Ok(Sw::OK)
}

/// What was proved by keys that are gone is over, and so are their MACs and identities.
fn end_session(context: &mut Context<'_>) {
    context.volatile.mf_register = 0;
    context.volatile.selection.register = 0;
    context.volatile.online = None;
    let field = &mut context.volatile.field;
    let infrared = field.infrared.take();
    *field = Field { infrared, ..Field::new() };
}

/// LOAD FORMAL KEY `84 D8 00 00|FF 20 key32`: a key of a formal set waits until the set is whole; then all take the place of the
/// published ones at once, and the ESAM is formal. The first is the own master, sealed under the key the chip was born with, and drops
/// what waited before; each other is sealed under that own master.
///
/// The sets of a station change no state (`84 D4 01`), and neither may be mixed into the other: under the published own master anybody
/// seals. 6985 not in test state, a meter without its number, or a first key that is missing; 6988 another chip's or meter's, or changed;
/// 6A88 the chip has no such key; 6A80 a set of another size; 6981 another key than P2 says; 9E41 a version that is not higher.
pub fn load_formal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let info = current_info(context)?;
    if info.state != State::Test || !matches!(command.p2, FIRST | OTHER) {
        return Err(Sw::CONDITIONS.into());
    }
    let bytes: &[u8; KEY_BLOCK] = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let file = context.key_file()?;
    let is_first = command.p2 == FIRST;
    if !is_first && context.volatile.field.formal.is_none() {
        return Err(Sw::CONDITIONS.into());
    }
    let sealing = if is_first { born(context)? } else { arriving(context)? };
    let holder = KeyHolder { number: info.number, serial: context.chip.serial };
    let block = KeyBlock::open(&sealing, &holder, bytes).ok_or(Sw::SM_WRONG)?;
    let row = ESAM_KEYS.iter().find(|row| (row.kind & 0x3F, row.id) == (block.kind, block.id));
    let row = row.ok_or(Sw::KEY_NOT_FOUND)?;
    if (row.role == 0) != is_first {
        return Err(Sw::WRONG_KIND.into());
    }
    if usize::from(block.sum) != ESAM_KEYS.len() {
        return Err(Sw::WRONG_DATA.into());
    }
    life::may_become_formal(context, block.version)?;
    if is_first {
        keyfile::unstage(&mut context.memory, &file)?;
        context.volatile.field.download = None;
        context.volatile.field.formal = Some(block.version);
    } else if context.volatile.field.formal != Some(block.version) {
        return Err(Sw::CONDITIONS.into());
    }
    keyfile::stage(&mut context.memory, &file, row.id, row.header(block.version), block.key.expose())?;
    if keyfile::staged(&context.memory, &file).count() == ESAM_KEYS.len() {
        life::become_formal(context, block.version)?;
        end_session(context);
    }
    Ok(Sw::OK)
}

/// The key the chip was born with; 6A88 an ESAM of an older make has none.
fn born(context: &Context<'_>) -> Result<Key, Halt> {
    let record = context.key_record(kind::APPLET, BIRTH)?;
    record.key(&context.memory, context.chip.suite)
}

/// The own master that waits.
fn arriving(context: &Context<'_>) -> Result<Key, Halt> {
    let file = context.key_file()?;
    let record = keyfile::find_staged(&context.memory, &file, kind::EXTERNAL, 0).ok_or(Sw::CONDITIONS)?;
    record.key(&context.memory, context.chip.suite)
}
