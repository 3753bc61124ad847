//! SHA-256, HMAC and HKDF, as the sessions use them.

use hmac::{Hmac, KeyInit, Mac};
use keys::Zeroizing;
use sha2::{Digest, Sha256};

/// SHA-256 over parts.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 over parts.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::new([0; 32]) };
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// HKDF with SHA-256, 32 bytes [RFC 5869 2].
pub fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    hmac(&hmac(salt, &[secret])[..], &[info, &[1]])
}
