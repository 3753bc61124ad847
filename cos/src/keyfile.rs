//! Records of a KEY file: keys and PINs with their rights and their counters.
//!
//! A record takes 8 bytes and the value [FMCOS UM 4.3]: `01 | type | id | use right | change right | byte 4 |
//! byte 5 | length | value`. The first free byte is 00. Byte 4 is the follow-up state (39, 3A) or the version; byte 5 the
//! retry counter (limit in the high nibble, tries left in the low one) or the algorithm.
//!
//! A record that begins with 02 is staged: a new value waiting for [`switch`]. Staged records stand behind all others, so
//! that nothing but these functions sees them, and nothing is added while one is there.

use crate::files::Node;
use crate::halt::Halt;
use crate::journal::Memory;
use crate::rights::Right;
use alloc::vec::Vec;
use keys::{Key, Suite, Zeroizing};
use wire::Sw;

/// Bytes of a record beside its value.
pub const OVERHEAD: usize = 8;
/// First byte of a record in use.
const LIVE: u8 = 1;
/// First byte of a staged record.
const STAGED: u8 = 2;
/// Id of the key 35/0F: the transport key a chip was born with. It stays what it is as long as the card has keys.
pub const BIRTH: u8 = 0x0F;
/// Longest value.
pub const MAX_VALUE: usize = 16;

/// Key types, low six bits of the type byte [FMCOS UM 7.12.3].
pub mod kind {
    /// Encipherment for INTERNAL AUTHENTICATE.
    pub const ENCRYPT: u8 = 0x30;
    /// Decipherment for INTERNAL AUTHENTICATE.
    pub const DECRYPT: u8 = 0x31;
    /// MAC for INTERNAL AUTHENTICATE.
    pub const MAC: u8 = 0x32;
    /// TAC key (DTK).
    pub const TAC: u8 = 0x34;
    /// Keys of the applets; the manual lists the type without a name.
    pub const APPLET: u8 = 0x35;
    /// File line protection.
    pub const LINE: u8 = 0x36;
    /// PIN unblock.
    pub const UNBLOCK: u8 = 0x37;
    /// PIN reload.
    pub const RELOAD: u8 = 0x38;
    /// External authentication; id 00 is the directory's master key.
    pub const EXTERNAL: u8 = 0x39;
    /// PIN.
    pub const PIN: u8 = 0x3A;
    /// Overdraft, unload, purchase, load.
    pub const PURSE: core::ops::RangeInclusive<u8> = 0x3C..=0x3F;
    /// Overdraft limit.
    pub const OVERDRAFT: u8 = 0x3C;
    /// Unload.
    pub const UNLOAD: u8 = 0x3D;
    /// Purchase and cash withdrawal.
    pub const PURCHASE: u8 = 0x3E;
    /// Load.
    pub const LOAD: u8 = 0x3F;
    /// Keys of a SAM: 20 and the type in the usage byte's low bits, 0 to F.
    pub const SAM: u8 = 0x20;
    /// CHV of a SIM (id 1, 2 and A for ADM1); our own type.
    pub const CHV: u8 = 0x01;
    /// UNBLOCK CHV of a SIM; our own type.
    pub const PUK: u8 = 0x02;
    /// The subscriber's key Ki of a SIM, 16 bytes; our own type.
    pub const KI: u8 = 0x03;
}

/// A record: where it stands, and its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRecord {
    at: usize,
    head: [u8; OVERHEAD],
}

impl KeyRecord {
    /// Type byte with its protection bits.
    pub const fn type_byte(&self) -> u8 {
        self.head[1]
    }

    /// Type without protection bits.
    pub const fn kind(&self) -> u8 {
        self.head[1] & 0x3F
    }

    /// Key id.
    pub const fn id(&self) -> u8 {
        self.head[2]
    }

    /// Use right.
    pub const fn use_right(&self) -> Right {
        Right(self.head[3])
    }

    /// Change right.
    pub const fn change_right(&self) -> Right {
        Right(self.head[4])
    }

    /// Byte 4: follow-up state or version.
    pub const fn byte4(&self) -> u8 {
        self.head[5]
    }

    /// Byte 5: retry counter or algorithm.
    pub const fn byte5(&self) -> u8 {
        self.head[6]
    }

    /// Tries left; a counter that failed too often is 0.
    pub const fn tries_left(&self) -> u8 {
        self.head[6] & 0x0F
    }

    /// Length of the value.
    pub const fn len(&self) -> usize {
        self.head[7] as usize
    }

    /// Always false: a record has a value of at least one byte.
    pub const fn is_empty(&self) -> bool {
        self.head[7] == 0
    }

    /// The value as bytes.
    pub fn bytes(&self, memory: &Memory<'_>) -> Zeroizing<Vec<u8>> {
        let mut value = Zeroizing::new(Vec::new());
        memory.append_to(self.at + OVERHEAD, self.len(), &mut value);
        value
    }

    /// The value as a key of the chip's suite; 6283 when it is none (a PIN, or a corrupt record).
    pub fn key(&self, memory: &Memory<'_>, suite: Suite) -> Result<Key, Halt> {
        Key::new(suite, &self.bytes(memory)).map_err(|_| Sw::FILE_INVALID.into())
    }

    /// Spends one try, durably, before anything is compared: a supply cut afterwards gives no free try.
    /// 6983 when none is left.
    ///
    /// Commits what is staged, so a handler calls it before it stages anything.
    pub fn spend_try(&mut self, memory: &mut Memory<'_>) -> Result<(), Halt> {
        if self.tries_left() == 0 {
            return Err(Sw::BLOCKED.into());
        }
        self.head[6] -= 1;
        memory.write(self.at + 6, &[self.head[6]])?;
        memory.commit()?;
        Ok(())
    }

    /// Stages the full number of tries again.
    pub fn restore_tries(&mut self, memory: &mut Memory<'_>) -> Result<(), Halt> {
        self.set_tries(memory, self.head[6] >> 4)
    }

    /// Stages a number of tries left (a handler's own rule, such as a CHV that is blocked).
    pub fn set_tries(&mut self, memory: &mut Memory<'_>, tries: u8) -> Result<(), Halt> {
        self.head[6] = (self.head[6] & 0xF0) | (tries & 0x0F);
        memory.write(self.at + 6, &[self.head[6]])
    }

    /// Stages byte 4.
    pub fn set_byte4(&mut self, memory: &mut Memory<'_>, value: u8) -> Result<(), Halt> {
        self.head[5] = value;
        memory.write(self.at + 5, &[value])
    }

    /// Stages a new head (type, use, change, byte 4, byte 5) and a value of the same length; 6700 otherwise.
    pub fn replace(&self, memory: &mut Memory<'_>, head: [u8; 5], value: &[u8]) -> Result<(), Halt> {
        if value.len() != self.len() {
            return Err(Sw::WRONG_LENGTH.into());
        }
        let [kind, rest @ ..] = head;
        memory.write(self.at + 1, &[kind])?;
        memory.write(self.at + 3, &rest)?;
        memory.write(self.at + OVERHEAD, value)
    }

    /// Stages a new value of the same length; 6700 otherwise.
    pub fn set_value(&self, memory: &mut Memory<'_>, value: &[u8]) -> Result<(), Halt> {
        if value.len() != self.len() {
            return Err(Sw::WRONG_LENGTH.into());
        }
        memory.write(self.at + OVERHEAD, value)
    }
}

/// The record of a type (low six bits) and id in a KEY file.
pub fn find(memory: &Memory<'_>, file: &Node, kind: u8, id: u8) -> Option<KeyRecord> {
    records(memory, file).find(|record| record.kind() == kind & 0x3F && record.id() == id)
}

/// All records of a KEY file, in the order of their adding.
pub fn records<'m, 'a>(memory: &'m Memory<'a>, file: &Node) -> Records<'m, 'a> {
    Records { memory, at: file.body(), end: file.end(), mark: LIVE }
}

/// All staged records of a KEY file, in the order of their staging.
pub fn staged<'m, 'a>(memory: &'m Memory<'a>, file: &Node) -> Records<'m, 'a> {
    Records { memory, at: end_of(records(memory, file)), end: file.end(), mark: STAGED }
}

/// The staged record of a type (low six bits) and id.
pub fn find_staged(memory: &Memory<'_>, file: &Node, kind: u8, id: u8) -> Option<KeyRecord> {
    staged(memory, file).find(|record| record.kind() == kind & 0x3F && record.id() == id)
}

/// Where the records end.
fn end_of(mut records: Records<'_, '_>) -> usize {
    while records.next().is_some() {}
    records.at
}

/// Stages a new value for the key of `head`'s type and of this id, in the place of one staged before; 6A84 when the
/// file is full.
pub fn stage(memory: &mut Memory<'_>, file: &Node, id: u8, head: [u8; 5], value: &[u8]) -> Result<(), Halt> {
    match find_staged(memory, file, head[0], id) {
        Some(record) => record.replace(memory, head, value),
        None => {
            let at = end_of(staged(memory, file));
            write_record(memory, file, at, STAGED, id, head, value)
        }
    }
}

/// Forgets all staged values; their bytes are overwritten.
pub fn unstage(memory: &mut Memory<'_>, file: &Node) -> Result<(), Halt> {
    let (from, to) = (end_of(records(memory, file)), end_of(staged(memory, file)));
    memory.write(from, &alloc::vec![0; to - from])
}

/// Puts every staged value in the place of the one in use. 9E42 unless each key in use, but for 35/[`BIRTH`], has a staged value
/// of its length, and each staged value a key in use.
pub fn switch(memory: &mut Memory<'_>, file: &Node) -> Result<(), Halt> {
    let new: Vec<KeyRecord> = staged(memory, file).collect();
    let changes = |record: &KeyRecord| (record.kind(), record.id()) != (kind::APPLET, BIRTH);
    if new.is_empty() || new.len() != records(memory, file).filter(changes).count() {
        return Err(Sw::KEYS_INCOMPLETE.into());
    }
    for record in new {
        let old = find(memory, file, record.kind(), record.id()).filter(|old| old.len() == record.len());
        let [_, kind, _, rest @ .., _] = record.head;
        let [use_right, change_right, b4, b5] = rest;
        let value = record.bytes(memory);
        let old = old.ok_or(Sw::KEYS_INCOMPLETE)?;
        old.replace(memory, [kind, use_right, change_right, b4, b5], &value)?;
    }
    unstage(memory, file)
}

/// Destroys all keys, staged ones too: their bytes are overwritten, and the file is empty.
pub fn destroy(memory: &mut Memory<'_>, file: &Node) -> Result<(), Halt> {
    let to = end_of(staged(memory, file));
    memory.write(file.body(), &alloc::vec![0; to - file.body()])
}

/// Stages a new record; 6A84 when the file is full, 6985 while staged values stand where it would begin.
pub fn add(memory: &mut Memory<'_>, file: &Node, id: u8, head: [u8; 5], value: &[u8]) -> Result<(), Halt> {
    if staged(memory, file).next().is_some() {
        return Err(Sw::CONDITIONS.into());
    }
    let at = end_of(records(memory, file));
    write_record(memory, file, at, LIVE, id, head, value)
}

fn write_record(
    memory: &mut Memory<'_>,
    file: &Node,
    at: usize,
    mark: u8,
    id: u8,
    head: [u8; 5],
    value: &[u8],
) -> Result<(), Halt> {
    if at + OVERHEAD + value.len() > file.end() {
        return Err(Sw::NO_SPACE.into());
    }
    let [kind, use_right, change_right, b4, b5] = head;
    memory.write(at, &[mark, kind, id, use_right, change_right, b4, b5, value.len() as u8])?;
    memory.write(at + OVERHEAD, value)
}

/// Iterator over the records of a KEY file.
pub struct Records<'m, 'a> {
    memory: &'m Memory<'a>,
    at: usize,
    end: usize,
    mark: u8,
}

impl Iterator for Records<'_, '_> {
    type Item = KeyRecord;

    fn next(&mut self) -> Option<KeyRecord> {
        if self.at + OVERHEAD > self.end {
            return None;
        }
        let head: [u8; OVERHEAD] = self.memory.array(self.at);
        let record = KeyRecord { at: self.at, head };
        if head[0] != self.mark || record.len() > MAX_VALUE || self.at + OVERHEAD + record.len() > self.end {
            return None;
        }
        self.at += OVERHEAD + record.len();
        Some(record)
    }
}
