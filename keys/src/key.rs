//! Keys that cannot be printed.

use crate::an10922;
use crate::cipher_key::CipherKey;
use crate::suite::Suite;
use aes::Aes128;
use cipher::KeyInit;
use cipher::array::Array;
use core::fmt;
use des::{Des, TdesEde2};
use sm4::Sm4;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret key of a suite: 16 bytes, or 8 (single DES, suite `3des` only).
///
/// `Debug` shows suite and check value. There is no `Display` and no serialisation; [`Key::expose`] is the
/// one way to the bytes, so that every use of it can be found.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Key {
    #[zeroize(skip)]
    suite: Suite,
    #[zeroize(skip)]
    len: usize,
    bytes: [u8; 16],
}

/// Why bytes are not a key of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Wrong number of bytes.
    #[error("a {suite} key has 16 bytes{extra}, this has {found}", suite = suite.name(),
        extra = if matches!(suite, Suite::TripleDes) { " (8 for single DES)" } else { "" })]
    Length {
        /// The suite asked for.
        suite: Suite,
        /// Bytes given.
        found: usize,
    },
}

impl Key {
    /// A key of 16 bytes; of 8 too when the suite is `3des`.
    pub fn new(suite: Suite, bytes: &[u8]) -> Result<Self, KeyError> {
        let fits = bytes.len() == 16 || (bytes.len() == 8 && suite == Suite::TripleDes);
        if !fits {
            return Err(KeyError::Length { suite, found: bytes.len() });
        }
        let mut key = Key { suite, len: bytes.len(), bytes: [0; 16] };
        key.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(key)
    }

    /// A full-length key, which fits every suite.
    pub const fn from_16(suite: Suite, bytes: [u8; 16]) -> Self {
        Key { suite, len: 16, bytes }
    }

    /// The suite.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The key bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The block cipher with its key schedule made.
    pub fn cipher(&self) -> CipherKey {
        let full = Array(self.bytes);
        match (self.suite, self.len) {
            (Suite::TripleDes, 8) => CipherKey::Des(Des::new(&self.half(0))),
            (Suite::TripleDes, _) => CipherKey::TripleDes(TdesEde2::new(&full)),
            (Suite::Aes128, _) => CipherKey::Aes128(Aes128::new(&full)),
            (Suite::Sm4, _) => CipherKey::Sm4(Sm4::new(&full)),
        }
    }

    /// Left (0) or right (1) half as a DES key; an 8-byte key is its own halves.
    pub(crate) fn half(&self, n: usize) -> Array<u8, cipher::consts::U8> {
        let at = if self.len == 8 { 0 } else { 8 * n };
        let mut half = [0; 8];
        half.copy_from_slice(&self.bytes[at..at + 8]);
        Array(half)
    }

    /// Left half XOR right half, the single-DES key of TAC and PIN reload [FMCOS UM 8.5, 8.7]. An 8-byte key
    /// stays as it is; other suites keep the whole key.
    pub fn folded(&self) -> Key {
        if self.suite != Suite::TripleDes || self.len == 8 {
            return self.clone();
        }
        let mut folded = Key { suite: self.suite, len: 8, bytes: [0; 16] };
        for i in 0..8 {
            folded.bytes[i] = self.bytes[i] ^ self.bytes[i + 8];
        }
        folded
    }

    /// Check value: first 3 bytes of the encipherment of one zero block.
    pub fn kcv(&self) -> [u8; 3] {
        let mut block = [0; 16];
        self.cipher().encrypt_block(&mut block[..self.suite.block()]);
        [block[0], block[1], block[2]]
    }

    /// Child key by an 8-byte factor [docs/specs/cards.md 2]. An 8-byte DES key gives an 8-byte child
    /// `E(K, F)`.
    pub fn diversify(&self, factor: &[u8; 8]) -> Key {
        let mut child = [0; 16];
        match self.suite {
            Suite::TripleDes | Suite::Sm4 => {
                child[..8].copy_from_slice(factor);
                for (not, byte) in child[8..].iter_mut().zip(factor) {
                    *not = !byte;
                }
                self.cipher().encrypt_ecb(&mut child);
                let key = Key { suite: self.suite, len: self.len, bytes: child };
                if key.len == 8 {
                    child[8..].fill(0);
                    let short = Key { suite: self.suite, len: 8, bytes: child };
                    child.zeroize();
                    return short;
                }
                child.zeroize();
                key
            }
            Suite::Aes128 => Key::from_16(Suite::Aes128, an10922::derive(&self.cipher(), factor)),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.suite == other.suite && crate::equal(self.expose(), other.expose())
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.kcv();
        write!(f, "Key({}, kcv {a:02X}{b:02X}{c:02X})", self.suite.name())
    }
}
