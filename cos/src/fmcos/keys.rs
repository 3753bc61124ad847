//! WRITE KEY [FMCOS UM 7.12; SM 1.2], and KEY INFORMATION of our applets.

use super::auth::filled;
use crate::context::Context;
use crate::files::Node;
use crate::halt::Halt;
use crate::keyfile::{self, BIRTH, KeyRecord, kind};
use crate::rights::Right;
use keys::hierarchy::{self, Use};
use keys::{Key, Zeroizing, mac, seal};
use scheme::profile::NEVER;
use wire::{CommandRef, Sw};

/// P1: add a key.
const ADD: u8 = 0x01;
/// P1: add a key of a SAM.
const ADD_SAM: u8 = 0x00;
/// Protection bits of a type byte.
const PROTECTED: u8 = 0xC0;
/// Class bit of secure messaging.
const SECURE: u8 = 0x04;

/// The data field, plain: five bytes of head and the value.
struct Entry {
    head: [u8; 5],
    value: Zeroizing<alloc::vec::Vec<u8>>,
}

/// WRITE KEY `80|84 D4 P1 id`: adds a key (P1 01; 00 to a SAM) or changes one (P1 its type), plain or sealed under the directory's
/// master key [FMCOS UM 7.12].
pub fn write(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = context.key_file()?;
    if command.p1 == ADD_SAM {
        return add_sam(context, command, &file);
    }
    if command.p1 == ADD {
        context.require(Right(file.header[6]))?;
        let entry = open(context, command)?;
        if keyfile::find(&context.memory, &file, entry.head[0], command.p2).is_some() {
            // UNSPECIFIED: adding a key that is there.
            return Err(Sw::WRONG_P1P2.into());
        }
        keyfile::add(&mut context.memory, &file, command.p2, entry.head, &entry.value)?;
        return Ok(Sw::OK);
    }
    let record = keyfile::find(&context.memory, &file, command.p1, command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    if record.kind() == kind::EXTERNAL && record.tries_left() == 0 {
        return Err(Sw::BLOCKED.into());
    }
    context.require(record.change_right())?;
    if record.type_byte() & PROTECTED != 0 && command.cla & SECURE == 0 {
        // UNSPECIFIED: plain change of a key that demands protection; the table's word for a missing MAC.
        return Err(Sw::SM_MISSING.into());
    }
    let entry = open(context, command)?;
    // A key serves one function: its type stays, only the protection bits may change.
    if entry.head[0] & !PROTECTED != record.kind() {
        return Err(Sw::WRONG_KIND.into());
    }
    record.replace(&mut context.memory, entry.head, &entry.value)?;
    Ok(Sw::OK)
}

/// 84 D4 00 00: a key of a SAM, `usage1 version1 algorithm1 key16`, always sealed (docs/specs/fmcos.md, SAM). UNSPECIFIED.
fn add_sam(context: &mut Context<'_>, command: &CommandRef<'_>, file: &Node) -> Result<Sw, Halt> {
    context.require(Right(file.header[6]))?;
    if command.cla & SECURE == 0 {
        return Err(Sw::SM_MISSING.into());
    }
    let plain = unseal(context, command)?;
    let (&[usage, version, algorithm], value) = plain.split_first_chunk::<3>().ok_or(Sw::WRONG_LENGTH)?;
    if Key::new(context.chip.suite, value).is_err() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let head = [super::sam::type_of(usage).ok_or(Sw::WRONG_DATA)?, 0xF0, 0xEF, usage >> 5, algorithm];
    match keyfile::find(&context.memory, file, head[0], version) {
        Some(record) => record.replace(&mut context.memory, head, value)?,
        None => keyfile::add(&mut context.memory, file, version, head, value)?,
    }
    Ok(Sw::OK)
}

/// Takes the protection off and checks head and value against the type.
fn open(context: &Context<'_>, command: &CommandRef<'_>) -> Result<Entry, Halt> {
    let plain = if command.cla & SECURE == 0 {
        Zeroizing::new(command.data.to_vec())
    } else {
        unseal(context, command)?
    };
    entry(context, &plain)
}

/// Checks head and value against the type.
fn entry(context: &Context<'_>, plain: &[u8]) -> Result<Entry, Halt> {
    let (head, value) = plain.split_first_chunk::<5>().ok_or(Sw::WRONG_LENGTH)?;
    let is_pin = head[0] & !PROTECTED == kind::PIN;
    let fits =
        if is_pin { (2..=8).contains(&value.len()) } else { Key::new(context.chip.suite, value).is_ok() };
    if !fits {
        return Err(Sw::WRONG_LENGTH.into());
    }
    if !known(head[0]) {
        return Err(Sw::WRONG_DATA.into());
    }
    // UNSPECIFIED: more tries left than the limit would be taken away by the first success.
    let [.., counter] = *head;
    let counts = matches!(head[0] & !PROTECTED, kind::LINE..=kind::PIN);
    if counts && counter >> 4 < counter & 0x0F {
        return Err(Sw::WRONG_DATA.into());
    }
    // UNSPECIFIED: a PIN may change its length later, so every PIN gets the room of the longest.
    let value = if is_pin { Zeroizing::new(filled(value).to_vec()) } else { Zeroizing::new(value.to_vec()) };
    Ok(Entry { head: *head, value })
}

/// Cipher text and MAC under the directory's master key 39/00, or the MF's when it has none of its own.
fn unseal(context: &Context<'_>, command: &CommandRef<'_>) -> Result<Zeroizing<alloc::vec::Vec<u8>>, Halt> {
    let master = master(context)?.key(&context.memory, context.chip.suite)?;
    let challenge = context.proof_challenge()?;
    let (cipher_text, code) = command.data.split_last_chunk::<{ seal::MAC_LEN }>().ok_or(Sw::SM_MISSING)?;
    let [cla, ins, p1, p2] = command.header();
    let header = [cla, ins, p1, p2, command.data.len() as u8]; // short APDU: at most 255
    if !keys::equal(&mac::session(&master, challenge.bytes(), &[&header, cipher_text]), code) {
        return Err(Sw::MAC_WRONG.into());
    }
    seal::decipher(&master, cipher_text).map_err(|_| Sw::WRONG_DATA.into())
}

/// P1 of STAGE KEY: the new master key.
pub const STAGE_MASTER: u8 = 0x02;
/// P1 of STAGE KEY: another key.
pub const STAGE: u8 = 0x03;

/// STAGE KEY `84 D4 02 00`, `84 D4 02 0F` and `84 D4 03 id`, a command of our applets: a key that waits until all are switched
/// at once ([`keyfile::switch`]) [docs/specs/cards.md 10]. The data field is [`seal::stage`]'s.
///
/// The new master 39/00 comes under the one in use, or with P2 0F under the transport key the chip was born with, and drops
/// what was staged before; the others come under the new master, so that whoever knows the old one learns nothing of them but by
/// it. 6A88 without the key it comes under, or the key in use it is to replace; 6985, 6987, 6983, 63Cx as [`bound_checked`].
pub fn stage(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let file = context.key_file()?;
    context.require(Right(file.header[6]))?;
    let (under, id) = match (command.p1, command.p2) {
        (STAGE_MASTER, BIRTH) => (Under::Birth, 0),
        (STAGE_MASTER, id) => (Under::Own, id),
        (_, id) => (Under::Staged, id),
    };
    let cipher_text = bound_checked(context, command, under)?;
    let master = under.record(context)?.key(&context.memory, context.chip.suite)?;
    let plain = seal::decipher(&hierarchy::use_key(&master, Use::Wrap), cipher_text);
    let entry = entry(context, &plain.map_err(|_| Sw::WRONG_DATA)?)?;
    let kind = entry.head[0] & !PROTECTED;
    let is_master = command.p1 == STAGE_MASTER;
    if is_master != (kind == kind::EXTERNAL && id == 0) {
        return Err(Sw::WRONG_KIND.into());
    }
    let old = keyfile::find(&context.memory, &file, kind, id).ok_or(Sw::KEY_NOT_FOUND)?;
    context.require(old.change_right())?;
    if is_master {
        keyfile::unstage(&mut context.memory, &file)?;
    }
    keyfile::stage(&mut context.memory, &file, id, entry.head, &entry.value)?;
    Ok(Sw::OK)
}

fn staged_master(context: &Context<'_>, file: &Node) -> Result<KeyRecord, Halt> {
    keyfile::find_staged(&context.memory, file, kind::EXTERNAL, 0).ok_or(Sw::KEY_NOT_FOUND.into())
}

/// Which master key's use key a bound MAC is made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// The card's own master key, as it is.
    Own,
    /// The master key STAGE KEY brought, which is to take its place.
    Staged,
    /// The transport key the chip was born with, 35/0F.
    Birth,
}

impl Under {
    /// The record of that key; 6A88 without it.
    fn record(self, context: &Context<'_>) -> Result<KeyRecord, Halt> {
        match self {
            Under::Own => master(context),
            Under::Staged => staged_master(context, &context.key_file()?),
            Under::Birth => context.key_record(kind::APPLET, BIRTH),
        }
    }
}

/// Wrong MACs of our own commands that a card takes in its whole life.
const WRONG_MACS: u8 = 0xFF;
/// Byte of a KEY file's header that counts them.
const COUNT_OF_WRONG: usize = 8;

/// Checks the MAC4 at the end of a command of our own making, and gives the data before it.
///
/// The MAC is the first 4 bytes of [`mac::bound`] under `U(M, mac)` over the challenge given by the command just before, the
/// header as sent (Lc with the MAC) and the data before the MAC. M is the 39/00 of the directory, or of the MF where the
/// directory has none, or the other key that `under` names.
///
/// Four bytes need a counter: before the comparison a try of the 39/00 in use is spent, durably, as EXTERNAL AUTHENTICATE
/// does, and a right MAC gives the tries back at once, whatever the command answers afterwards. Whoever can authenticate can
/// have his tries back between two guesses, so wrong MACs are counted over the card's life too, and after
/// `WRONG_MACS` no MAC is right any more. Call it before anything is staged in the transaction: what is staged is
/// committed here.
///
/// 6985 no challenge, or one of 4 bytes; 6987 no MAC; 6A88 no such master key; 6983 no try left, or none in the card's life;
/// 63Cx the MAC is wrong.
pub fn bound_checked<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    under: Under,
) -> Result<&'c [u8], Halt> {
    let given = context.challenge.and_then(|challenge| challenge.whole());
    bound_to(context, command, under, given)
}

/// As [`bound_checked`], of a MAC bound to a challenge that the card gave earlier and kept; 6985 for `None`.
pub fn bound_to<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    under: Under,
    challenge: Option<[u8; 8]>,
) -> Result<&'c [u8], Halt> {
    let (mut file, mut counter) = master_in(context)?;
    let record = under.record(context)?;
    let challenge = challenge.ok_or(Sw::CONDITIONS)?;
    let (body, code) = command.data.split_last_chunk::<{ seal::MAC_LEN }>().ok_or(Sw::SM_MISSING)?;
    let key = hierarchy::use_key(&record.key(&context.memory, context.chip.suite)?, Use::Mac);
    let [cla, ins, p1, p2] = command.header();
    let header = [cla, ins, p1, p2, command.data.len() as u8]; // short APDU: at most 255
    let wrong = file.header[COUNT_OF_WRONG];
    if wrong == WRONG_MACS || counter.tries_left() == 0 {
        return Err(Sw::BLOCKED.into());
    }
    file.set(&mut context.memory, COUNT_OF_WRONG, wrong + 1)?;
    counter.spend_try(&mut context.memory)?;
    if !keys::equal(&mac::bound(&key, &challenge, &header, body)[..seal::MAC_LEN], code) {
        return Err(Sw::tries_left(counter.tries_left()).into());
    }
    file.set(&mut context.memory, COUNT_OF_WRONG, wrong)?;
    counter.restore_tries(&mut context.memory)?;
    context.memory.commit()?;
    Ok(body)
}

/// The use key of the card's own master key 39/00 (the directory's, or the MF's where it has none), for an applet's own
/// commands: ciphers under [`Use::Wrap`], statements of the card with [`mac::bound`] under [`Use::Mac`]. 6A88 without one.
pub fn own_use_key(context: &Context<'_>, to: Use) -> Result<Key, Halt> {
    Ok(hierarchy::use_key(&master(context)?.key(&context.memory, context.chip.suite)?, to))
}

fn master(context: &Context<'_>) -> Result<KeyRecord, Halt> {
    master_in(context).map(|(_, record)| record)
}

/// The master key 39/00 of the directory, or the MF's when it has none of its own, and the KEY file it is in.
fn master_in(context: &Context<'_>) -> Result<(Node, KeyRecord), Halt> {
    let own = |dir: Node| {
        let file = dir.key_file(&context.memory)?;
        Some((file, keyfile::find(&context.memory, &file, kind::EXTERNAL, 0)?))
    };
    own(context.dir()?).or_else(|| own(context.mf().ok()?)).ok_or(Sw::KEY_NOT_FOUND.into())
}

fn known(type_byte: u8) -> bool {
    let kind = type_byte & !PROTECTED;
    matches!(kind, kind::ENCRYPT..=kind::MAC | kind::TAC..=kind::PIN) || kind::PURSE.contains(&kind)
}

/// KEY INFORMATION `80 48 type id`: type, byte 4, byte 5 and check value of a key [docs/specs/cards.md 6].
///
/// 6985 for a PIN (its check value would tell it), for the master key 39/00 and for a key that nothing from outside may use.
pub fn information(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let record = context.key_record(command.p1, command.p2)?;
    let is_master = record.kind() == kind::EXTERNAL && record.id() == 0;
    if record.kind() == kind::PIN || is_master || record.use_right() == Right(NEVER) {
        return Err(Sw::CONDITIONS.into());
    }
    let kcv = record.key(&context.memory, context.chip.suite)?.kcv();
    context.answer.extend_from_slice(&[record.type_byte(), record.byte4(), record.byte5()]);
    context.answer.extend_from_slice(&kcv);
    Ok(Sw::OK)
}

/// TRIES LEFT `80 3C type id`: the retry counter of a PIN or of an external authentication key, limit in the high nibble,
/// tries left in the low one, and, unless one byte is asked for, its type byte [docs/specs/cards.md 6]. It costs none; 6981 for a key without one.
///
/// The protection bits of the type byte tell the factory's transport key (39) from an own master (F9), so that an issuing
/// that broke off finds out which one stands without spending a try. They say nothing of the key's value.
pub fn tries(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let record = context.key_record(command.p1, command.p2)?;
    if !matches!(record.kind(), kind::EXTERNAL | kind::PIN) {
        return Err(Sw::WRONG_KIND.into());
    }
    context.answer.push(record.byte5());
    if command.le != Some(1) {
        context.answer.push(record.type_byte());
    }
    Ok(Sw::OK)
}
