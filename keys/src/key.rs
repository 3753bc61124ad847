//! Keys that cannot be printed, and the block cipher they drive.

use crate::suite::Suite;
use aes::Aes128;
use cipher::array::Array;
use cipher::common::BlockSizeUser;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
};
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
            Suite::Aes128 => Key::from_16(Suite::Aes128, crate::mac::an10922(self, factor)),
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

/// A key with its schedule made: block operations in place.
///
/// Buffers must be whole blocks; a trailing partial block is left untouched, which is why callers pad.
pub enum CipherKey {
    /// Single DES.
    Des(Des),
    /// Two-key triple DES.
    TripleDes(TdesEde2),
    /// AES-128.
    Aes128(Aes128),
    /// SM4.
    Sm4(Sm4),
}

macro_rules! with_cipher {
    ($self:expr, $cipher:ident => $body:expr) => {
        match $self {
            CipherKey::Des($cipher) => $body,
            CipherKey::TripleDes($cipher) => $body,
            CipherKey::Aes128($cipher) => $body,
            CipherKey::Sm4($cipher) => $body,
        }
    };
}

impl CipherKey {
    /// Block length in bytes.
    pub fn block(&self) -> usize {
        match self {
            CipherKey::Des(_) | CipherKey::TripleDes(_) => 8,
            CipherKey::Aes128(_) | CipherKey::Sm4(_) => 16,
        }
    }

    /// Enciphers one block.
    pub fn encrypt_block(&self, block: &mut [u8]) {
        self.encrypt_ecb(block);
    }

    /// Enciphers whole blocks, each for itself.
    pub fn encrypt_ecb(&self, data: &mut [u8]) {
        with_cipher!(self, c => c.encrypt_blocks(Array::slice_as_chunks_mut(data).0));
    }

    /// Deciphers whole blocks, each for itself.
    pub fn decrypt_ecb(&self, data: &mut [u8]) {
        with_cipher!(self, c => c.decrypt_blocks(Array::slice_as_chunks_mut(data).0));
    }

    /// Enciphers whole blocks, CBC with a zero IV.
    pub fn encrypt_cbc(&self, data: &mut [u8]) {
        with_cipher!(self, c => cbc_encrypt(c, data));
    }

    /// Deciphers whole blocks, CBC with a zero IV.
    pub fn decrypt_cbc(&self, data: &mut [u8]) {
        with_cipher!(self, c => cbc_decrypt(c, data));
    }
}

fn cbc_encrypt<C: BlockCipherEncrypt + BlockSizeUser>(cipher: &C, data: &mut [u8]) {
    cbc::Encryptor::inner_iv_init(cipher, &Array::default())
        .encrypt_blocks(Array::slice_as_chunks_mut(data).0);
}

fn cbc_decrypt<C: BlockCipherDecrypt + BlockSizeUser>(cipher: &C, data: &mut [u8]) {
    cbc::Decryptor::inner_iv_init(cipher, &Array::default())
        .decrypt_blocks(Array::slice_as_chunks_mut(data).0);
}
