//! The key store: a province's roots at rest, opened by several custodians together [docs/specs/keystore.md].
//!
//! The roots are sealed under a store key that nobody has: it is split among custodians, and each one's share is sealed
//! under what Argon2id makes of a passphrase. Here are bytes in and bytes out; the caller passes entropy and
//! passphrases in and keeps the file.

mod cost;
mod custodian;
mod error;
mod format;
mod seal;

pub use cost::Cost;
pub use custodian::{CUSTODIANS, NAME_MAX, PASSPHRASE_MIN, Passphrase};
pub use error::KeyStoreError;
pub use format::KeyStore;

use crate::ceremony::component;
use crate::ceremony::shares::{join_bytes, split_bytes};
use custodian::check_name;
use format::{Core, STORE_KEY, Slot};
use issue::keyset::Roots;
use keys::sign::{Curve, SigningKey};
use keys::{Key, Role, Suite, Zeroizing};
use scheme::profile::State;
use seal::SecretBytes;
use std::fmt;

/// Format of the sealed content: roots alone.
const CONTENT: u8 = 0x01;
/// Format of the sealed content: roots, and behind them the signing root.
const WITH_SIGNING: u8 = 0x02;
/// Bytes of a signing root.
const SIGNING: usize = 32;
/// Version of every root, as in the key records of cards.
const VERSION: u8 = 0x01;

/// What Argon2id makes of a passphrase and a salt, 32 bytes.
pub fn stretch(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    cost: Cost,
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    format::must_be_sound(cost)?;
    seal::stretch(passphrase.bytes(), salt, cost)
}

/// A custodian of a store to be made.
#[derive(Debug, Clone)]
pub struct Custodian {
    /// Name in the file, for the prompts.
    pub name: String,
    /// Passphrase.
    pub passphrase: Passphrase,
}

impl KeyStore {
    /// Makes a store: any `threshold` of the custodians open it.
    ///
    /// # Errors
    /// A threshold below 2 or above the custodians, more than 15 custodians, two of one name, a name that is empty or
    /// too long, a cost out of bounds.
    pub fn make(
        roots: &Roots,
        custodians: &[Custodian],
        threshold: u8,
        cost: Cost,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeyStoreError> {
        let mut store_key: SecretBytes = Zeroizing::new(vec![0; STORE_KEY]);
        random(&mut store_key);
        KeyStore::share(roots, custodians, threshold, cost, 1, &store_key, random)
    }

    fn share(
        roots: &Roots,
        custodians: &[Custodian],
        threshold: u8,
        cost: Cost,
        generation: u32,
        store_key: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeyStoreError> {
        let total = u8::try_from(custodians.len()).unwrap_or(u8::MAX);
        if !CUSTODIANS.contains(&total) || threshold < 2 || threshold > total {
            return Err(KeyStoreError::Shape { threshold, total });
        }
        format::must_be_sound(cost)?;
        let mut set = [0; 4];
        random(&mut set);
        let (suite, state) = (roots.suite(), roots.state());
        let core = Core { suite, state, threshold, total, cost, set };
        let mut slots: Vec<Slot> = Vec::with_capacity(custodians.len());
        let values = split_bytes(store_key, threshold, total, random);
        for ((custodian, value), number) in custodians.iter().zip(&values).zip(1..) {
            check_name(&custodian.name)?;
            if slots.iter().any(|slot| slot.name == custodian.name) {
                return Err(KeyStoreError::NameTwice { name: custodian.name.clone() });
            }
            slots.push(Slot::seal(&core, number, &custodian.name, &custodian.passphrase, value, random)?);
        }
        let mut store = KeyStore { core, generation, slots, sealed: Default::default() };
        store.seal_roots(roots, store_key, random)?;
        Ok(store)
    }

    fn seal_roots(
        &mut self,
        roots: &Roots,
        store_key: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), KeyStoreError> {
        let plain = encode(roots);
        self.sealed = seal::seal(store_key, &self.head(), &plain, random)?;
        Ok(())
    }

    /// Reads a file. Nothing in it is believed before it is opened.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyStoreError> {
        format::parse(bytes)
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::write(self)
    }

    /// Everything before the sealed content: what its seal also covers.
    fn head(&self) -> Vec<u8> {
        format::head(&self.core, self.generation, &self.slots)
    }

    /// Suite of the roots.
    pub const fn suite(&self) -> Suite {
        self.core.suite
    }

    /// State of the roots.
    pub const fn state(&self) -> State {
        self.core.state
    }

    /// Custodians that open it.
    pub const fn threshold(&self) -> u8 {
        self.core.threshold
    }

    /// Cost of a passphrase.
    pub const fn cost(&self) -> Cost {
        self.core.cost
    }

    /// How often it was sealed: 1 when it was made, one more at each change.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Id of the splitting of the store key.
    pub fn set(&self) -> String {
        hex::encode_upper(self.core.set)
    }

    /// Names of the custodians.
    pub fn custodians(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| slot.name.as_str())
    }

    /// Begins to open it.
    pub const fn opening(&self) -> Opening<'_> {
        Opening { store: self, shares: Vec::new() }
    }

    /// Whether a passphrase opens the slot of a custodian other than this one. As slow as so many attempts at opening.
    pub fn is_anothers(&self, name: &str, passphrase: &Passphrase) -> bool {
        let others = self.slots.iter().filter(|slot| slot.name != name);
        others.into_iter().any(|slot| slot.open(&self.core, passphrase).is_ok())
    }

    fn slot(&self, name: &str) -> Result<&Slot, KeyStoreError> {
        let slot = self.slots.iter().find(|slot| slot.name == name);
        slot.ok_or(KeyStoreError::NoCustodian)
    }
}

/// A store being opened: custodians come one after another.
pub struct Opening<'s> {
    store: &'s KeyStore,
    /// Number of the slot and share of the store key.
    shares: Vec<(u8, SecretBytes)>,
}

impl<'s> Opening<'s> {
    /// How many custodians are still needed.
    pub fn missing(&self) -> usize {
        usize::from(self.store.core.threshold).saturating_sub(self.shares.len())
    }

    /// Whether a custodian may come now: in the store, and not here already.
    pub fn expects(&self, name: &str) -> Result<(), KeyStoreError> {
        let slot = self.store.slot(name)?;
        if self.shares.iter().any(|(number, _)| *number == slot.number) {
            return Err(KeyStoreError::Already { name: name.to_owned() });
        }
        Ok(())
    }

    /// Takes a custodian's passphrase. A wrong one is named by its custodian; nothing more is said of it.
    pub fn add(&mut self, name: &str, passphrase: &Passphrase) -> Result<(), KeyStoreError> {
        self.expects(name)?;
        let slot = self.store.slot(name)?;
        let share = slot.open(&self.store.core, passphrase)?;
        self.shares.push((slot.number, share));
        Ok(())
    }

    /// Opens the store with the shares that are there.
    pub fn finish(self) -> Result<Opened<'s>, KeyStoreError> {
        if self.missing() > 0 {
            let have = u8::try_from(self.shares.len()).unwrap_or(u8::MAX);
            return Err(KeyStoreError::TooFew { have, threshold: self.store.core.threshold });
        }
        let store_key = self.at(0);
        let (nonce, text) = &self.store.sealed;
        let plain = seal::open(&store_key, &self.store.head(), nonce, text).ok_or(KeyStoreError::Changed)?;
        let roots = decode(self.store.core.suite, self.store.core.state, &plain)?;
        Ok(Opened { opening: self, store_key, roots })
    }

    fn at(&self, x: u8) -> SecretBytes {
        let values: Vec<(u8, &[u8])> = self.shares.iter().map(|(x, share)| (*x, &share[..])).collect();
        join_bytes(&values, x)
    }
}

impl fmt::Debug for Opening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} of {})", self.shares.len(), self.store.core.threshold)
    }
}

/// A store that its custodians opened.
pub struct Opened<'s> {
    opening: Opening<'s>,
    store_key: SecretBytes,
    roots: Roots,
}

impl Opened<'_> {
    /// What it holds.
    pub const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Takes what it holds.
    pub fn into_roots(self) -> Roots {
        self.roots
    }

    /// The store with a new passphrase for one custodian, who may have forgotten the old one: those who opened the
    /// store answer for it.
    pub fn with_passphrase(
        &self,
        name: &str,
        passphrase: &Passphrase,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<KeyStore, KeyStoreError> {
        let mut store = self.opening.store.clone();
        let number = store.slot(name)?.number;
        let slot = Slot::seal(&store.core, number, name, passphrase, &self.opening.at(number), random)?;
        for place in store.slots.iter_mut().filter(|place| place.number == number) {
            *place = slot.clone();
        }
        store.generation = store.generation.saturating_add(1);
        store.seal_roots(&self.roots, &self.store_key, random)?;
        Ok(store)
    }

    /// The store with a signing root beside its roots, for the same custodians.
    pub fn with_signing(
        &self,
        signing: SigningKey,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<KeyStore, KeyStoreError> {
        let mut store = self.opening.store.clone();
        store.generation = store.generation.saturating_add(1);
        store.seal_roots(&self.roots.clone().with_signing(signing), &self.store_key, random)?;
        Ok(store)
    }

    /// The store for other custodians, under a new store key: the shares and passphrases of those before open
    /// nothing that is sealed from now on.
    pub fn with_custodians(
        &self,
        custodians: &[Custodian],
        threshold: u8,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<KeyStore, KeyStoreError> {
        let old = self.opening.store;
        let mut store_key: SecretBytes = Zeroizing::new(vec![0; STORE_KEY]);
        random(&mut store_key);
        let generation = old.generation.saturating_add(1);
        KeyStore::share(&self.roots, custodians, threshold, old.core.cost, generation, &store_key, random)
    }
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({:?})", self.roots)
    }
}

/// Content: 01, count, then role, version and key of each; 02 when the signing root follows. What is published is not kept.
fn encode(roots: &Roots) -> SecretBytes {
    let mut plain = Zeroizing::new(Vec::with_capacity(2 + Role::ALL.len() * RECORD + SIGNING));
    let signing = roots.signing().filter(|_| roots.state() == State::Formal);
    let format = if signing.is_some() { WITH_SIGNING } else { CONTENT };
    plain.extend([format, Role::ALL.len() as u8]); // nine
    for role in Role::ALL {
        plain.extend([role.code(), VERSION]);
        plain.extend_from_slice(roots.get(role).expose());
    }
    if let Some(signing) = signing {
        plain.extend_from_slice(signing.expose());
    }
    plain
}

const RECORD: usize = 2 + component::LEN;

fn decode(suite: Suite, state: State, plain: &[u8]) -> Result<Roots, KeyStoreError> {
    let (head, records) = plain.split_first_chunk::<2>().ok_or(KeyStoreError::Content)?;
    let (records, signing) = match head[0] {
        CONTENT => (records, None),
        WITH_SIGNING => {
            let (records, signing) = records.split_last_chunk::<SIGNING>().ok_or(KeyStoreError::Content)?;
            let signing = SigningKey::from_bytes(Curve::of(suite), signing);
            (records, Some(signing.map_err(|_| KeyStoreError::Content)?))
        }
        _ => return Err(KeyStoreError::Content),
    };
    if records.len() != usize::from(head[1]) * RECORD {
        return Err(KeyStoreError::Content);
    }
    let find = |code: u8| {
        let record = records.chunks_exact(RECORD).find(|record| record[..2] == [code, VERSION])?;
        let mut bytes = Zeroizing::new([0; component::LEN]);
        bytes.copy_from_slice(&record[2..]);
        Some(bytes)
    };
    let mut found = Vec::with_capacity(Role::ALL.len());
    for role in Role::ALL {
        found.push(Key::from_16(suite, *find(role.code()).ok_or(KeyStoreError::Content)?));
    }
    let keys: [Key; 9] = found.try_into().map_err(|_| KeyStoreError::Content)?;
    Ok(Roots::kept(suite, state, keys, signing))
}
