//! AES-256-GCM with the nonces of Noise: four zero bytes, then the counter, big-endian [docs/specs/client.md 2].

use super::{KEY, NoiseError, TAG};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key};
use alloc::vec::Vec;

fn nonce(counter: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

/// Enciphers: the cipher text and 16 bytes of tag.
///
/// # Errors
/// The counter is the last one, which Noise keeps for itself; the text is too long.
pub fn seal(key: &[u8; KEY], counter: u64, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, NoiseError> {
    if counter == u64::MAX {
        return Err(NoiseError::Nonce);
    }
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let payload = Payload { msg: plain, aad: bound };
    cipher.encrypt(&nonce(counter).into(), payload).map_err(|_| NoiseError::Length(plain.len()))
}

/// Deciphers what [`seal`] made.
///
/// # Errors
/// It is shorter than a tag, or the tag is wrong.
pub fn open(key: &[u8; KEY], counter: u64, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NoiseError> {
    if counter == u64::MAX {
        return Err(NoiseError::Nonce);
    }
    if sealed.len() < TAG {
        return Err(NoiseError::Length(sealed.len()));
    }
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let payload = Payload { msg: sealed, aad: bound };
    cipher.decrypt(&nonce(counter).into(), payload).map_err(|_| NoiseError::Tag)
}
