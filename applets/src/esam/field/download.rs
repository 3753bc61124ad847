//! Keys that a station sends through the meter.

use super::super::life;
use super::super::receipts::role_key;
use crate::info::current_info;
use cos::keyfile::{self, BIRTH, kind};
use cos::{Context, Halt};
use keys::Role;
use scheme::field::{KEY_BLOCK, KeyBlock, KeyHolder};
use scheme::profile::ESAM_KEYS;
use wire::{CommandRef, Sw};

/// P2 of the first key of a set, and of the others.
const FIRST: u8 = 0x00;
const OTHER: u8 = 0xFF;

/// DOWNLOAD KEY `84 D4 01 00|FF 20 key32`: a key of the next version waits until the set is whole; then all take the place of
/// those in use at once, in the state and for the account there are. The first is the own master, and drops what waited before.
///
/// The MAC of the frame it came in was checked by another command, so a key proves itself: 6988 unless it is sealed for this ESAM
/// under its own master. 6985 a first key that is missing, 6981 another key than P2 says, 6A80 a set of another size, 6A88 no such
/// key, 9E41 a version that is not higher.
pub fn download(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let info = current_info(context)?;
    let Ok(bytes) = <&[u8; KEY_BLOCK]>::try_from(command.data) else { return Err(Sw::CONDITIONS.into()) };
    if !matches!(command.p2, FIRST | OTHER) {
        return Err(Sw::WRONG_P1P2.into());
    }
    let holder = KeyHolder { number: info.number, serial: context.chip.serial };
    let block = KeyBlock::open(&role_key(context, Role::Master)?, &holder, bytes).ok_or(Sw::SM_WRONG)?;
    let is_master = (block.kind, block.id) == (kind::EXTERNAL, 0);
    if is_master != (command.p2 == FIRST) {
        return Err(Sw::WRONG_KIND.into());
    }
    let row = ESAM_KEYS.iter().find(|row| (row.kind & 0x3F, row.id) == (block.kind, block.id));
    let row = row.ok_or(Sw::KEY_NOT_FOUND)?;
    let file = context.key_file()?;
    let sum = keyfile::records(&context.memory, &file)
        .filter(|record| (record.kind(), record.id()) != (kind::APPLET, BIRTH))
        .count();
    if usize::from(block.sum) != sum {
        return Err(Sw::WRONG_DATA.into());
    }
    life::may_download(context, block.version)?;
    if is_master {
        keyfile::unstage(&mut context.memory, &file)?;
        context.volatile.field.formal = None;
        context.volatile.field.download = Some(block.version);
    } else if context.volatile.field.download != Some(block.version) {
        return Err(Sw::CONDITIONS.into());
    }
    keyfile::stage(&mut context.memory, &file, row.id, row.header(block.version), block.key.expose())?;
    if keyfile::staged(&context.memory, &file).count() == sum {
        life::switch_downloaded(context, block.version)?;
        context.volatile.field.download = None;
        // MACs and identities of the old keys are over.
        context.volatile.field.random = None;
        context.volatile.field.identity = None;
        context.volatile.field.card = None;
    }
    Ok(Sw::OK)
}
