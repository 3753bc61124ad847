//! The file of a key store, byte for byte [docs/specs/keystore.md 2].

use super::cost::Cost;
use super::custodian::{CUSTODIANS, Passphrase, check_name};
use super::error::KeyStoreError;
use super::seal::{self, Nonce, Salt, SecretBytes, TAG};
use keys::Suite;
use scheme::profile::State;

const MAGIC: &[u8; 8] = b"GRIDKEYS";
const VERSION: u8 = 0x01;
const FORMAL: u8 = 0x01;

/// Bytes of the store key.
pub(super) const STORE_KEY: usize = 32;

/// A store as its file shows it: who holds it, nothing of what it holds.
#[derive(Debug, Clone)]
pub struct KeyStore {
    pub(super) core: Core,
    pub(super) generation: u32,
    pub(super) slots: Vec<Slot>,
    /// Nonce and cipher text of the content.
    pub(super) sealed: (Nonce, Vec<u8>),
}

/// Refuses a cost out of bounds.
pub(super) fn must_be_sound(cost: Cost) -> Result<(), KeyStoreError> {
    if cost.is_sound() { Ok(()) } else { Err(KeyStoreError::Cost { cost }) }
}

/// The fixed part of the head; every slot's seal covers it too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Core {
    pub suite: Suite,
    pub state: State,
    pub threshold: u8,
    pub total: u8,
    pub cost: Cost,
    pub set: [u8; 4],
}

impl Core {
    fn bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let state = if self.state == State::Formal { FORMAL } else { 0 };
        out.extend([VERSION, self.suite.code(), state, self.threshold, self.total]);
        out.extend(self.cost.memory_kib.to_be_bytes());
        out.extend(self.cost.passes.to_be_bytes());
        out.push(self.cost.lanes);
        out.extend(self.set);
        out
    }
}

/// A custodian's slot.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub number: u8,
    pub name: String,
    salt: Salt,
    nonce: Nonce,
    sealed: Vec<u8>,
}

impl Slot {
    pub fn seal(
        core: &Core,
        number: u8,
        name: &str,
        passphrase: &Passphrase,
        share: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeyStoreError> {
        let mut salt = Salt::default();
        random(&mut salt);
        let key = seal::stretch(passphrase.bytes(), &salt, core.cost)?;
        let head = slot_head(core, number, name, &salt);
        let (nonce, sealed) = seal::seal(&key, &head, share, random)?;
        Ok(Slot { number, name: name.to_owned(), salt, nonce, sealed })
    }

    pub fn open(&self, core: &Core, passphrase: &Passphrase) -> Result<SecretBytes, KeyStoreError> {
        let key = seal::stretch(passphrase.bytes(), &self.salt, core.cost)?;
        let head = slot_head(core, self.number, &self.name, &self.salt);
        let wrong = || KeyStoreError::Passphrase { name: self.name.clone() };
        seal::open(&key, &head, &self.nonce, &self.sealed).ok_or_else(wrong)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(slot_start(self.number, &self.name));
        out.extend(self.salt);
        out.extend(self.nonce);
        out.extend_from_slice(&self.sealed);
    }
}

fn slot_start(number: u8, name: &str) -> Vec<u8> {
    let mut out = vec![number, name.len() as u8]; // names have 32 bytes at most
    out.extend_from_slice(name.as_bytes());
    out
}

fn slot_head(core: &Core, number: u8, name: &str, salt: &Salt) -> Vec<u8> {
    let mut out = core.bytes();
    out.extend(slot_start(number, name));
    out.extend(salt);
    out
}

/// Core, generation, slots.
pub(super) fn head(core: &Core, generation: u32, slots: &[Slot]) -> Vec<u8> {
    let mut out = core.bytes();
    out.extend(generation.to_be_bytes());
    slots.iter().for_each(|slot| slot.write(&mut out));
    out
}

/// The whole file.
pub(super) fn write(store: &KeyStore) -> Vec<u8> {
    let (nonce, text) = &store.sealed;
    let mut out = store.head();
    out.extend(nonce);
    out.extend((text.len() as u16).to_be_bytes()); // some 200 bytes
    out.extend_from_slice(text);
    out
}

/// A file read from its beginning; whatever is missing is [`KeyStoreError::Truncated`].
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, len: usize) -> Result<&'b [u8], KeyStoreError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(KeyStoreError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyStoreError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(KeyStoreError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, KeyStoreError> {
        self.array::<1>().map(|[byte]| byte)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<KeyStore, KeyStoreError> {
    let mut reader = Reader(bytes);
    if reader.take(MAGIC.len()).ok() != Some(MAGIC.as_slice()) {
        return Err(KeyStoreError::NoStore);
    }
    let version = reader.byte()?;
    if version != VERSION {
        return Err(KeyStoreError::Version { found: version });
    }
    let core = core(&mut reader)?;
    let generation = u32::from_be_bytes(reader.array()?);
    let slots = (0..core.total).map(|_| slot(&mut reader)).collect::<Result<Vec<_>, _>>()?;
    for (place, slot) in slots.iter().enumerate() {
        if slots[..place].iter().any(|other| other.name == slot.name || other.number == slot.number) {
            return Err(KeyStoreError::NameTwice { name: slot.name.clone() });
        }
    }
    let nonce = reader.array()?;
    let len = usize::from(u16::from_be_bytes(reader.array()?));
    let text = reader.take(len)?.to_vec();
    if !reader.0.is_empty() {
        return Err(KeyStoreError::Trailing { bytes: reader.0.len() });
    }
    Ok(KeyStore { core, generation, slots, sealed: (nonce, text) })
}

fn core(reader: &mut Reader<'_>) -> Result<Core, KeyStoreError> {
    let suite = Suite::from_code(reader.byte()?).ok_or(KeyStoreError::Content)?;
    let state = match reader.byte()? {
        0 => State::Test,
        FORMAL => State::Formal,
        _ => return Err(KeyStoreError::Content),
    };
    let (threshold, total) = (reader.byte()?, reader.byte()?);
    if !CUSTODIANS.contains(&total) || threshold < 2 || threshold > total {
        return Err(KeyStoreError::Shape { threshold, total });
    }
    let memory_kib = u32::from_be_bytes(reader.array()?);
    let passes = u32::from_be_bytes(reader.array()?);
    let cost = Cost { memory_kib, passes, lanes: reader.byte()? };
    must_be_sound(cost)?;
    Ok(Core { suite, state, threshold, total, cost, set: reader.array()? })
}

fn slot(reader: &mut Reader<'_>) -> Result<Slot, KeyStoreError> {
    let number = reader.byte()?;
    let len = usize::from(reader.byte()?);
    let name = std::str::from_utf8(reader.take(len)?).map_err(|_| KeyStoreError::Content)?;
    check_name(name)?;
    if number == 0 {
        return Err(KeyStoreError::Content);
    }
    let (salt, nonce) = (reader.array()?, reader.array()?);
    let sealed = reader.take(STORE_KEY + TAG)?.to_vec();
    Ok(Slot { number, name: name.to_owned(), salt, nonce, sealed })
}
