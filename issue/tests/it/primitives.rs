//! The formulas of docs/specs/cards.md once more, straight from the block ciphers: nothing of `keys` is used.

use cipher::array::Array;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use keys::Suite;

pub type Bytes16 = [u8; 16];

/// One block under a key.
pub fn encrypt(suite: Suite, key: &Bytes16, block: &mut [u8]) {
    match suite {
        Suite::TripleDes => {
            des::TdesEde2::new(&Array(*key)).encrypt_block(Array::slice_as_mut_array(block).unwrap())
        }
        Suite::Aes128 => {
            aes::Aes128::new(&Array(*key)).encrypt_block(Array::slice_as_mut_array(block).unwrap())
        }
        Suite::Sm4 => sm4::Sm4::new(&Array(*key)).encrypt_block(Array::slice_as_mut_array(block).unwrap()),
    }
}

/// Whole blocks under a key, each for itself.
pub fn decrypt(suite: Suite, key: &Bytes16, data: &mut [u8]) {
    for block in data.chunks_exact_mut(suite.block()) {
        match suite {
            Suite::TripleDes => {
                des::TdesEde2::new(&Array(*key)).decrypt_block(Array::slice_as_mut_array(block).unwrap())
            }
            Suite::Aes128 => {
                aes::Aes128::new(&Array(*key)).decrypt_block(Array::slice_as_mut_array(block).unwrap())
            }
            Suite::Sm4 => {
                sm4::Sm4::new(&Array(*key)).decrypt_block(Array::slice_as_mut_array(block).unwrap())
            }
        }
    }
}

fn des(half: &[u8], block: &mut [u8], encrypt: bool) {
    let cipher = des::Des::new(Array::slice_as_array(half).unwrap());
    let block = Array::slice_as_mut_array(block).unwrap();
    if encrypt { cipher.encrypt_block(block) } else { cipher.decrypt_block(block) }
}

/// CBC-MAC chain with an IV; `step` enciphers one block in place.
fn chain(iv: &[u8], message: &[u8], block: usize, mut step: impl FnMut(&mut [u8])) -> Vec<u8> {
    let mut state = iv.to_vec();
    state.resize(block, 0);
    for part in message.chunks_exact(block) {
        state.iter_mut().zip(part).for_each(|(byte, other)| *byte ^= other);
        step(&mut state);
    }
    state
}

/// MAC of FMCOS secure messaging, first 4 bytes.
pub fn session_mac(suite: Suite, key: &Bytes16, iv: &[u8], message: &[u8]) -> Vec<u8> {
    let block = suite.block();
    let mut padded = message.to_vec();
    padded.push(0x80);
    while !padded.len().is_multiple_of(block) {
        padded.push(0);
    }
    let mut mac = match suite {
        Suite::TripleDes => {
            // Algorithm 3: the left half all along, the right half once at the end.
            let mut mac = chain(iv, &padded, 8, |state| des(&key[..8], state, true));
            des(&key[8..], &mut mac, false);
            des(&key[..8], &mut mac, true);
            mac
        }
        _ => chain(iv, &padded, 16, |state| encrypt(suite, key, state)),
    };
    mac.truncate(4);
    mac
}

/// Child key by factor.
pub fn child(suite: Suite, parent: &Bytes16, factor: &[u8]) -> Bytes16 {
    let mut out: Vec<u8> = factor.iter().copied().chain(factor.iter().map(|byte| !byte)).collect();
    match suite {
        Suite::TripleDes => out.chunks_exact_mut(8).for_each(|half| encrypt(suite, parent, half)),
        Suite::Sm4 => encrypt(suite, parent, &mut out),
        Suite::Aes128 => {
            let mut l = [0; 16];
            encrypt(suite, parent, &mut l);
            let k2 = double(double(l));
            let mut message = vec![0x01];
            message.extend_from_slice(factor);
            message.push(0x80);
            message.resize(32, 0);
            message[16..].iter_mut().zip(k2).for_each(|(byte, k)| *byte ^= k);
            out = chain(&[], &message, 16, |state| encrypt(suite, parent, state));
        }
    }
    out.try_into().unwrap()
}

/// Doubling of a CMAC subkey, bit by bit.
fn double(block: [u8; 16]) -> [u8; 16] {
    let mut out = [0; 16];
    for i in 0..16 {
        out[i] = block[i] << 1 | block.get(i + 1).map_or(0, |next| next >> 7);
    }
    if block[0] & 0x80 != 0 {
        out[15] ^= 0x87;
    }
    out
}

/// Check value.
pub fn kcv(suite: Suite, key: &Bytes16) -> [u8; 3] {
    let mut block = vec![0; suite.block()];
    encrypt(suite, key, &mut block);
    [block[0], block[1], block[2]]
}

/// Published test root of a role.
pub fn test_root(suite: Suite, role: &str) -> Bytes16 {
    use sha2::Digest;
    let text = format!("gridcard test root 1|{}|{role}", suite.name());
    sha2::Sha256::digest(text)[..16].try_into().unwrap()
}
