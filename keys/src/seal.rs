//! FMCOS secure messaging as bytes: LD-framed cipher text, session MAC, and the data field of WRITE KEY that
//! carries a key from card to card [FMCOS UM 7.12, 11; docs/specs/cards.md 7]. What is of our own making runs under use keys,
//! with a MAC bound to the challenge [docs/specs/cards.md 2, 10].

use crate::hierarchy::{Use, use_key};
use crate::key::{Key, KeyError};
use crate::mac;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Bytes of a session MAC.
pub const MAC_LEN: usize = 4;

/// Why a sealed field was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or cipher text that is not whole blocks.
    #[error("a sealed field is whole cipher blocks and a 4-byte MAC, this has {0} byte(s)")]
    Length(usize),
    /// The MAC does not match: another key, another challenge, another header, or changed bytes.
    #[error("the MAC of the sealed field is wrong")]
    Mac,
    /// The length byte inside the cipher text leads out of it.
    #[error("the sealed field deciphers to nonsense: wrong key")]
    Content,
    /// What is inside is no key of the suite.
    #[error("the sealed field holds no key: {0}")]
    Key(#[from] KeyError),
}

/// Cipher text of `LD || data`, padded `80 00..` only when it is not whole blocks; ECB [FMCOS UM 11.4].
pub fn encipher(key: &Key, data: &[u8]) -> Vec<u8> {
    let block = key.suite().block();
    let mut text = Vec::with_capacity(cipher_len(key, data.len()));
    text.push(data.len() as u8); // callers carry at most one APDU, so fewer than 256 bytes
    text.extend_from_slice(data);
    if !text.len().is_multiple_of(block) {
        text.push(0x80);
        text.resize(text.len().next_multiple_of(block), 0);
    }
    key.cipher().encrypt_ecb(&mut text);
    text
}

/// Length of [`encipher`]'s answer for `len` bytes of data.
pub fn cipher_len(key: &Key, len: usize) -> usize {
    (len + 1).next_multiple_of(key.suite().block())
}

/// The data of [`encipher`]; what follows the length is ignored, as cards do.
pub fn decipher(key: &Key, cipher_text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if cipher_text.is_empty() || !cipher_text.len().is_multiple_of(key.suite().block()) {
        return Err(SealError::Length(cipher_text.len()));
    }
    let mut text = Zeroizing::new(cipher_text.to_vec());
    key.cipher().decrypt_ecb(&mut text);
    let len = usize::from(text[0]);
    if len + 1 > text.len() {
        return Err(SealError::Content);
    }
    Ok(Zeroizing::new(text[1..=len].to_vec()))
}

/// Data field of WRITE KEY: cipher text of `head || key`, then the MAC over `header || cipher text` with the
/// target's challenge as IV, both under the target's master key.
///
/// `header` is CLA INS P1 P2 Lc of that command, Lc as [`wrapped_len`] says; `head` is type, use right,
/// change right and the two bytes that follow.
pub fn wrap(master: &Key, challenge: &[u8], header: &[u8; 5], head: [u8; 5], key: &Key) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(21));
    plain.extend_from_slice(&head);
    plain.extend_from_slice(key.expose());
    let mut field = encipher(master, &plain);
    let mac = mac::session(master, challenge, &[header, &field]);
    field.extend_from_slice(&mac);
    field
}

/// Lc of a WRITE KEY that carries `key_len` bytes of key under `master`.
pub fn wrapped_len(master: &Key, key_len: usize) -> usize {
    cipher_len(master, 5 + key_len) + MAC_LEN
}

/// Data field of a command of our own making that carries a secret: cipher text of `plain` under `U(M, wrap)`, then
/// [`bound_mac`] over it. As long as [`wrap`]'s for as many bytes.
pub fn bound(master: &Key, challenge: &[u8; 8], header: &[u8; 5], plain: &[u8]) -> Vec<u8> {
    let mut field = encipher(&use_key(master, Use::Wrap), plain);
    let mac = bound_mac(master, challenge, header, &field);
    field.extend_from_slice(&mac);
    field
}

/// Data field of STAGE KEY: [`bound`] of `head || key`; `head` is type, use right, change right and the two bytes that follow.
pub fn stage(master: &Key, challenge: &[u8; 8], header: &[u8; 5], head: [u8; 5], key: &Key) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(21));
    plain.extend_from_slice(&head);
    plain.extend_from_slice(key.expose());
    bound(master, challenge, header, &plain)
}

/// MAC4 of a command of our own making: the first 4 bytes of [`mac::bound`] under `U(M, mac)`.
pub fn bound_mac(master: &Key, challenge: &[u8; 8], header: &[u8; 5], data: &[u8]) -> [u8; MAC_LEN] {
    let [a, b, c, d, ..] = mac::bound(&use_key(master, Use::Mac), challenge, header, data);
    [a, b, c, d]
}

/// Opens [`wrap`]'s field: the five header bytes and the key.
pub fn unwrap(
    master: &Key,
    challenge: &[u8],
    header: &[u8; 5],
    field: &[u8],
) -> Result<([u8; 5], Key), SealError> {
    let (cipher_text, mac) = field.split_last_chunk::<MAC_LEN>().ok_or(SealError::Length(field.len()))?;
    if !crate::equal(&mac::session(master, challenge, &[header, cipher_text]), mac) {
        return Err(SealError::Mac);
    }
    let plain = decipher(master, cipher_text)?;
    let (head, key) = plain.split_first_chunk::<5>().ok_or(SealError::Content)?;
    Ok((*head, Key::new(master.suite(), key)?))
}

/// Cryptogram of EXTERNAL and INTERNAL AUTHENTICATE: the challenge, zeros to one block, enciphered
/// [FMCOS UM 7.1, 7.3].
pub fn cryptogram(key: &Key, challenge: &[u8]) -> Vec<u8> {
    let mut block = alloc::vec![0; key.suite().block()];
    let n = challenge.len().min(block.len());
    block[..n].copy_from_slice(&challenge[..n]);
    key.cipher().encrypt_block(&mut block);
    block
}
