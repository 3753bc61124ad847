//! The keys of a secured packet, as `wire::packet` wants them.

use keys::{Key, mac};
use wire::packet::PacketCrypto;

/// KIc and KID of one meter.
pub struct PacketKeys {
    /// Cipher key.
    pub kic: Key,
    /// MAC key.
    pub kid: Key,
}

impl PacketCrypto for PacketKeys {
    fn block(&self) -> usize {
        self.kic.suite().block()
    }

    fn encrypt(&self, data: &mut [u8]) {
        self.kic.cipher().encrypt_cbc(data);
    }

    fn decrypt(&self, data: &mut [u8]) {
        self.kic.cipher().decrypt_cbc(data);
    }

    fn cc(&self, parts: &[&[u8]]) -> [u8; 8] {
        mac::packet(&self.kid, parts)
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        keys::equal(a, b)
    }
}
