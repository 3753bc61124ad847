#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod an10922;
pub mod cipher_key;
pub mod hierarchy;
pub mod key;
pub mod mac;
pub mod milenage;
pub mod roles;
pub mod seal;
pub mod sign;
pub mod suite;
pub mod totp;

pub use cipher_key::CipherKey;
pub use key::{Key, KeyError};
pub use roles::Role;
pub use suite::Suite;
pub use zeroize::{Zeroize, Zeroizing};

/// Compares two byte strings without telling by its time where they differ. Lengths are not secret.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    a.ct_eq(b).into()
}
