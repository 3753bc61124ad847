//! Root, city, device: who derives what from whom [docs/specs/cards.md 2].

use crate::key::Key;
use crate::roles::Role;
use crate::suite::Suite;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// The published test root of a role: first 16 bytes of SHA-256 over
/// `gridcard test root 1|<suite>|<role>`. Everybody knows it; it never protects money.
pub fn test_root(suite: Suite, role: Role) -> Key {
    let hash = Sha256::new()
        .chain_update(b"gridcard test root 1|")
        .chain_update(suite.name())
        .chain_update(b"|")
        .chain_update(role.name())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Key::from_16(suite, bytes)
}

/// Factor of a city and a key version (01 first): `000000 || version - 1 || region` (4 bytes packed BCD). A version 00,
/// which no key has, counts as the first.
pub fn city_factor(region: [u8; 4], version: u8) -> [u8; 8] {
    let [a, b, c, d] = region;
    [0, 0, 0, version.saturating_sub(1), a, b, c, d]
}

/// Factor of a device: `0000 || number` (6 bytes packed BCD).
pub fn device_factor(number: [u8; 6]) -> [u8; 8] {
    let [a, b, c, d, e, f] = number;
    [0, 0, a, b, c, d, e, f]
}

/// A city's key of a role and version, from the root of that role.
pub fn city_key(root: &Key, region: [u8; 4], version: u8) -> Key {
    root.diversify(&city_factor(region, version))
}

/// A device's key in the published test hierarchy: root, city of a version, device.
pub fn test_device_key(suite: Suite, role: Role, region: [u8; 4], version: u8, number: [u8; 6]) -> Key {
    device_key(&city_key(&test_root(suite, role), region, version), number)
}

/// A device's key of a role, from the city's key (or, for a provincial card, from the root).
pub fn device_key(parent: &Key, number: [u8; 6]) -> Key {
    parent.diversify(&device_factor(number))
}

/// The transport key of a blank card or of a meter's MCU, from the transport root and its serial.
pub fn transport_key(root: &Key, serial: [u8; 8]) -> Key {
    root.diversify(&serial)
}

/// What a use key of a card's master key does [docs/specs/cards.md 2].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Cipher of STAGE KEY and SET PIN.
    Wrap,
    /// MAC of STAGE KEY, ACTIVATE KEYS, SET LIMIT, SET PIN and of what a card states.
    Mac,
    /// Cipher of the field's key download.
    Down,
    /// MAC of the field's key download.
    DownMac,
    /// The online session, from a meter's `kid`.
    Online,
}

impl Use {
    /// All uses.
    pub const ALL: [Use; 5] = [Use::Wrap, Use::Mac, Use::Down, Use::DownMac, Use::Online];

    /// The word that goes into the hash.
    pub const fn word(self) -> &'static str {
        match self {
            Use::Wrap => "wrap",
            Use::Mac => "mac",
            Use::Down => "down",
            Use::DownMac => "downmac",
            Use::Online => "online",
        }
    }
}

/// The key of one use of a master key M: first 16 bytes of SHA-256 over `gridcard use 1|<suite>|<use>|` and M.
///
/// M itself enciphers any block for whoever may ask AUTHENTICATE TARGET, so nothing that a block cipher under M could give
/// may be a key or a MAC: hence a hash.
pub fn use_key(master: &Key, to: Use) -> Key {
    let mut hash = Sha256::new()
        .chain_update(b"gridcard use 1|")
        .chain_update(master.suite().name())
        .chain_update(b"|")
        .chain_update(to.word())
        .chain_update(b"|")
        .chain_update(master.expose())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    hash[..].zeroize();
    let key = Key::from_16(master.suite(), bytes);
    bytes.zeroize();
    key
}
