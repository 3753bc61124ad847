//! The two primitives of the key store: ChaCha20-Poly1305 and Argon2id.

use super::cost::Cost;
use super::error::KeyStoreError;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use keys::Zeroizing;

/// Bytes that are wiped when dropped.
pub(super) type SecretBytes = Zeroizing<Vec<u8>>;
/// Nonce of a seal, drawn at random: each key seals a handful of times.
pub(super) type Nonce = [u8; 12];
/// Salt of a passphrase.
pub(super) type Salt = [u8; 16];
/// Bytes a seal adds.
pub(super) const TAG: usize = 16;

/// Seals bytes; `head` is covered by the seal and stays in clear.
pub(super) fn seal(
    key: &[u8],
    head: &[u8],
    plain: &[u8],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<(Nonce, Vec<u8>), KeyStoreError> {
    let mut nonce = Nonce::default();
    random(&mut nonce);
    let sealed = cipher(key)?.encrypt(&nonce.into(), Payload { msg: plain, aad: head });
    // Fails for texts of gigabytes alone.
    Ok((nonce, sealed.map_err(|_| KeyStoreError::Content)?))
}

/// Opens a seal; `None` for another key, or when a bit of head or text is not as it was.
pub(super) fn open(key: &[u8], head: &[u8], nonce: &Nonce, text: &[u8]) -> Option<SecretBytes> {
    let opened = cipher(key).ok()?.decrypt(&(*nonce).into(), Payload { msg: text, aad: head });
    opened.ok().map(Zeroizing::new)
}

fn cipher(key: &[u8]) -> Result<ChaCha20Poly1305, KeyStoreError> {
    let key: &Key = key.try_into().map_err(|_| KeyStoreError::Content)?;
    Ok(ChaCha20Poly1305::new(key))
}

/// The key of a slot: Argon2id, version 13, 32 bytes.
pub(super) fn stretch(passphrase: &[u8], salt: &Salt, cost: Cost) -> Result<SecretBytes, KeyStoreError> {
    let params = Params::new(cost.memory_kib, cost.passes, u32::from(cost.lanes), Some(32))
        .map_err(|_| KeyStoreError::Cost { cost })?;
    let mut key = Zeroizing::new(vec![0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut key)
        .map_err(|_| KeyStoreError::Cost { cost })?;
    Ok(key)
}
