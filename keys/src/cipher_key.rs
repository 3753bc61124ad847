//! The block cipher a key drives.

use aes::Aes128;
use cipher::array::Array;
use cipher::common::BlockSizeUser;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use des::{Des, TdesEde2};
use sm4::Sm4;

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
