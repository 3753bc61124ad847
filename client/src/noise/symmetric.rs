//! What both sides know of a handshake so far: chaining key, hash, and the key of the moment [docs/specs/client.md 2].

use super::aead::{open, seal};
use super::{KEY, NoiseError};
use crate::hash::{hmac, sha256};
use alloc::vec::Vec;
use keys::Zeroizing;

/// What a finished handshake gives: a key for each direction.
#[derive(Clone)]
pub struct Split {
    /// What the phone seals with.
    pub phone: Zeroizing<[u8; KEY]>,
    /// What the server seals with.
    pub server: Zeroizing<[u8; KEY]>,
    /// The hash over all that was said.
    pub hash: [u8; 32],
}

impl core::fmt::Debug for Split {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Split(..)")
    }
}

#[derive(Clone)]
pub(super) struct Symmetric {
    chaining: Zeroizing<[u8; 32]>,
    hash: [u8; 32],
    key: Option<Zeroizing<[u8; KEY]>>,
    counter: u64,
}

impl Symmetric {
    /// Of a protocol name of 32 bytes, and a prologue.
    pub fn new(name: &[u8; 32], prologue: &[u8]) -> Self {
        let mut state = Symmetric { chaining: Zeroizing::new(*name), hash: *name, key: None, counter: 0 };
        state.mix_hash(prologue);
        state
    }

    pub fn mix_hash(&mut self, data: &[u8]) {
        self.hash = sha256(&[&self.hash, data]);
    }

    /// The next `N` outputs of the chain [docs/specs/client.md 2].
    fn chain<const N: usize>(&self, material: &[u8]) -> [Zeroizing<[u8; 32]>; N] {
        let temp = hmac(&self.chaining[..], &[material]);
        let mut before = Zeroizing::new([0; 32]);
        let mut step = 0;
        core::array::from_fn(|_| {
            let input: &[u8] = if step == 0 { &[] } else { &before[..] };
            step += 1;
            let output = hmac(&temp[..], &[input, &[step]]);
            before = output.clone();
            output
        })
    }

    pub fn mix_key(&mut self, material: &[u8]) {
        let [chaining, key] = self.chain::<2>(material);
        (self.chaining, self.key, self.counter) = (chaining, Some(key), 0);
    }

    /// The psk token [docs/specs/client.md 2].
    pub fn mix_psk(&mut self, psk: &[u8; KEY]) {
        let [chaining, hash, key] = self.chain::<3>(psk);
        self.mix_hash(&hash[..]);
        (self.chaining, self.key, self.counter) = (chaining, Some(key), 0);
    }

    /// Enciphers and binds what is sent. In these patterns a key is always there: the first token mixes one in.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let key = self.key.as_ref().ok_or(NoiseError::Nonce)?;
        let sealed = seal(key, self.counter, &self.hash, plain)?;
        self.counter += 1;
        self.mix_hash(&sealed);
        Ok(sealed)
    }

    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let key = self.key.as_ref().ok_or(NoiseError::Nonce)?;
        let plain = open(key, self.counter, &self.hash, sealed)?;
        self.counter += 1;
        self.mix_hash(sealed);
        Ok(plain)
    }

    pub fn split(&self) -> Split {
        let [phone, server] = self.chain::<2>(&[]);
        Split { phone, server, hash: self.hash }
    }
}
