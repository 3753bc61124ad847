//! Key diversification of NXP AN10922, AES-128.

use crate::cipher_key::CipherKey;

/// The child key of an AES-128 key: the CMAC core over `01 || input || 80 00..` to exactly 32 bytes, last block XOR K2.
///
/// A plain CMAC of nine bytes would be one block only, hence the hand-made message.
///
/// Takes 1 to 31 bytes (more are cut off): a factor has 8, the published example 17.
pub fn derive(cipher: &CipherKey, input: &[u8]) -> [u8; 16] {
    let mut message = [0; 32];
    message[0] = 0x01;
    let n = input.len().min(31);
    message[1..1 + n].copy_from_slice(&input[..n]);
    let mut subkey = [0; 16];
    cipher.encrypt_ecb(&mut subkey);
    double(&mut subkey);
    if n < 31 {
        message[1 + n] = 0x80;
        double(&mut subkey);
    }
    for (byte, k) in message[16..].iter_mut().zip(subkey) {
        *byte ^= k;
    }
    cipher.encrypt_cbc(&mut message);
    let mut out = [0; 16];
    out.copy_from_slice(&message[16..]);
    out
}

/// Doubling in GF(2^128), polynomial 87 [NIST SP 800-38B 6.1].
fn double(block: &mut [u8; 16]) {
    let value = u128::from_be_bytes(*block);
    let reduced = (value << 1) ^ if value >> 127 == 1 { 0x87 } else { 0 };
    *block = reduced.to_be_bytes();
}
