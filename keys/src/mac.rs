//! Message authentication codes, as the standards use them.

use crate::cipher_key::CipherKey;
use crate::key::Key;
use crate::suite::Suite;
use aes::Aes128;
use alloc::vec::Vec;
use cbc_mac::{CbcMac, Mac};
use cipher::common::InnerInit;
use cipher::{BlockCipherEncrypt, KeyInit};
use cmac::Cmac;
use des::{Des, TdesEde2};
use hmac::Hmac;
use retail_mac::RetailMac;
use sha2::Sha256;
use sm4::Sm4;
use zeroize::Zeroizing;

/// MAC of FMCOS secure messaging and PBOC transactions: 4 bytes over the joined parts, padded `80 00..`
/// always, with an initial value of up to one block (zeros follow it) [FMCOS UM 11.3].
///
/// 8-byte key: DES CBC-MAC. 16-byte `3des` key: ISO 9797-1 algorithm 3. `aes128`, `sm4`: CBC-MAC.
pub fn session(key: &Key, iv: &[u8], parts: &[&[u8]]) -> [u8; 4] {
    let mut message = padded(parts, key.suite().block());
    for (byte, iv) in message.iter_mut().zip(iv) {
        *byte ^= iv;
    }
    first4(&chained(key, &message))
}

/// MAC of the commands that are of our own making, bound to a challenge: 8 bytes, of which a command to a card carries the
/// first 4 and a card's own statement all [docs/specs/cards.md 10].
///
/// The construction of [`session`] with a zero IV over `challenge || 00.. (to a block) || header || data`, padded `80 00..`
/// always. The challenge is a block of its own, so no choice of it can be played off against the body; Lc in the header
/// keeps one message from being the beginning of another. `key` is a use key ([`crate::hierarchy::use_key`]), never a master
/// key, which enciphers any block for whoever asks.
pub fn bound(key: &Key, challenge: &[u8; 8], header: &[u8; 5], data: &[u8]) -> [u8; 8] {
    let mut block = [0; 16];
    block[..8].copy_from_slice(challenge);
    let size = key.suite().block();
    chained(key, &padded(&[&block[..size], header, data], size))
}

/// Cryptographic checksum of a secured packet: 8 bytes over the joined parts [TS 102 225 5.1.1,
/// docs/specs/purchase.md 2]. `3des`: CBC-MAC with the two-key cipher, zero padding; others: CMAC.
pub fn packet(key: &Key, parts: &[&[u8]]) -> [u8; 8] {
    match key.cipher() {
        CipherKey::Des(c) => zero_padded_cbc_mac(c, parts),
        CipherKey::TripleDes(c) => zero_padded_cbc_mac(c, parts),
        CipherKey::Aes128(_) | CipherKey::Sm4(_) => cmac8(key, parts),
    }
}

/// Transaction authentication code of a receipt: 4 bytes [docs/specs/cards.md 2]. `3des`: ISO 9797-1
/// algorithm 3, padding 2; others: CMAC.
pub fn tac(key: &Key, data: &[u8]) -> [u8; 4] {
    match key.suite() {
        Suite::TripleDes => session(key, &[], &[data]),
        Suite::Aes128 | Suite::Sm4 => first4(&cmac(key, &[data])),
    }
}

/// CMAC over the joined parts [NIST SP 800-38B]; an 8-byte block cipher fills the first 8 bytes.
pub fn cmac(key: &Key, parts: &[&[u8]]) -> [u8; 16] {
    fn run<M: Mac>(mut mac: M, parts: &[&[u8]]) -> [u8; 16] {
        parts.iter().for_each(|part| mac.update(part));
        let code = mac.finalize().into_bytes();
        let mut out = [0; 16];
        out[..code.len()].copy_from_slice(&code);
        out
    }
    match key.cipher() {
        CipherKey::Des(c) => run(Cmac::<Des>::inner_init(c), parts),
        CipherKey::TripleDes(c) => run(Cmac::<TdesEde2>::inner_init(c), parts),
        CipherKey::Aes128(c) => run(Cmac::<Aes128>::inner_init(c), parts),
        CipherKey::Sm4(c) => run(Cmac::<Sm4>::inner_init(c), parts),
    }
}

/// HMAC-SHA-256 over the joined parts [RFC 2104], where what comes out is a secret and no code.
pub fn hmac256(key: &Key, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // A key of any length is one: a longer one than a block is hashed, and ours never is.
    let mut block = Zeroizing::new([0; 64]);
    block[..key.expose().len()].copy_from_slice(key.expose());
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    parts.iter().for_each(|part| hmac::Mac::update(&mut mac, part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// First 8 bytes of [`cmac()`] [docs/specs/cards.md 2].
pub fn cmac8(key: &Key, parts: &[&[u8]]) -> [u8; 8] {
    first8(&cmac(key, parts))
}

fn padded(parts: &[&[u8]], block: usize) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut message = Vec::with_capacity(len + block);
    parts.iter().for_each(|part| message.extend_from_slice(part));
    message.push(0x80);
    message.resize(message.len().next_multiple_of(block), 0);
    message
}

fn first4(mac: &[u8]) -> [u8; 4] {
    [mac[0], mac[1], mac[2], mac[3]]
}

fn first8(mac: &[u8]) -> [u8; 8] {
    [mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]]
}

/// The last chaining block of a padded message, its first 8 bytes: retail MAC of a 16-byte `3des` key, CBC-MAC of all others.
fn chained(key: &Key, message: &[u8]) -> [u8; 8] {
    match (key.suite(), key.expose().len()) {
        (Suite::TripleDes, 16) => retail(key, message),
        _ => match key.cipher() {
            CipherKey::Des(c) => cbc_mac(c, message),
            CipherKey::TripleDes(c) => cbc_mac(c, message),
            CipherKey::Aes128(c) => cbc_mac(c, message),
            CipherKey::Sm4(c) => cbc_mac(c, message),
        },
    }
}

fn retail(key: &Key, message: &[u8]) -> [u8; 8] {
    let mut both = cipher::array::Array::<u8, cipher::consts::U16>::default();
    both[..8].copy_from_slice(&key.half(0));
    both[8..].copy_from_slice(&key.half(1));
    let mut mac = RetailMac::<Des>::new(&both);
    zeroize::Zeroize::zeroize(&mut both[..]);
    mac.update(message);
    first8(&mac.finalize().into_bytes())
}

fn cbc_mac<C>(cipher: C, message: &[u8]) -> [u8; 8]
where
    CbcMac<C>: Mac + InnerInit<Inner = C>,
    C: BlockCipherEncrypt + cbc_mac::SmallBlockSizeUser,
{
    let mut mac = CbcMac::inner_init(cipher);
    mac.update(message);
    first8(&mac.finalize().into_bytes())
}

fn zero_padded_cbc_mac<C>(cipher: C, parts: &[&[u8]]) -> [u8; 8]
where
    CbcMac<C>: Mac + InnerInit<Inner = C>,
    C: BlockCipherEncrypt + cbc_mac::SmallBlockSizeUser,
{
    // The library pads with zeros by itself.
    let mut mac = CbcMac::inner_init(cipher);
    parts.iter().for_each(|part| mac.update(part));
    first8(&mac.finalize().into_bytes())
}
