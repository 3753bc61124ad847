//! Root, city, device: who derives what from whom [docs/specs/cards.md 2].

use crate::key::Key;
use crate::roles::Role;
use crate::sign::{Curve, SigningKey};
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

/// The published signing root of a suite: the first number of SHA-256 over `gridcard test signing root 1|<suite>|<n>`, n = 0, 1 ..
/// in decimal digits, that is a key of the suite's curve. Everybody can sign with it; what it certifies proves nothing.
pub fn test_signing_root(suite: Suite) -> SigningKey {
    let mut n: u32 = 0;
    SigningKey::generate(Curve::of(suite), &mut |bytes| {
        let hash = Sha256::new()
            .chain_update(b"gridcard test signing root 1|")
            .chain_update(suite.name())
            .chain_update(b"|")
            .chain_update(alloc::format!("{n}"))
            .finalize();
        bytes.copy_from_slice(&hash);
        n += 1;
    })
}

/// Kind byte of an ESAM, whose factor has no kind in it: the field's own rule.
const ESAM: u8 = 0x05;
/// Kind byte of a meter's MCU, which shares keys with its ESAM.
const MCU: u8 = 0x0F;

/// Factor of a city and a key version (01 first): `C0 00 00 version || region` (4 bytes packed BCD).
///
/// It, [`device_factor`] of every kind and [`mcu_serial`] begin differently, and none is another's complement, so no number
/// that a clerk may choose leads from one party's parent key to another party's key [docs/specs/cards.md 2].
pub const fn city_factor(region: [u8; 4], version: u8) -> [u8; 8] {
    let [a, b, c, d] = region;
    [0xC0, 0, 0, version, a, b, c, d]
}

/// Factor of a device by its kind byte (01 to 0F) and number (6 bytes packed BCD): `00 00 || number` of an ESAM (05) and of a
/// meter's MCU (0F), which has its ESAM's keys; `kind 00 || number` of every other kind.
pub const fn device_factor(kind: u8, number: [u8; 6]) -> [u8; 8] {
    let [a, b, c, d, e, f] = number;
    let kind = if matches!(kind, ESAM | MCU) { 0 } else { kind };
    [kind, 0, a, b, c, d, e, f]
}

/// What stands for the chip serial of a meter's MCU, which has none: `0F 00 || number`. It is no chip's.
pub const fn mcu_serial(number: [u8; 6]) -> [u8; 8] {
    let [a, b, c, d, e, f] = number;
    [MCU, 0, a, b, c, d, e, f]
}

/// Whether a serial is of the form that only [`mcu_serial`] gives.
pub const fn is_mcu_serial(serial: &[u8; 8]) -> bool {
    serial[0] == MCU && serial[1] == 0
}

/// A city's key of a role and version, from the root of that role.
pub fn city_key(root: &Key, region: [u8; 4], version: u8) -> Key {
    root.diversify(&city_factor(region, version))
}

/// A meter's key (its ESAM's, its MCU's) in the published test hierarchy: root, city of a version, device.
pub fn test_meter_key(suite: Suite, role: Role, region: [u8; 4], version: u8, number: [u8; 6]) -> Key {
    meter_key(&city_key(&test_root(suite, role), region, version), number)
}

/// A device's key of a role, from the city's key (or, for a card of the province's making, from the root), by its kind byte and
/// number.
pub fn device_key(parent: &Key, kind: u8, number: [u8; 6]) -> Key {
    parent.diversify(&device_factor(kind, number))
}

/// A meter's key of a role, from the city's: what its ESAM holds.
pub fn meter_key(city: &Key, number: [u8; 6]) -> Key {
    device_key(city, ESAM, number)
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
    /// Field dialect of an ESAM: identity, from `int-auth`, and the infrared port, from `ext-auth`.
    Identity,
    /// Field dialect: MAC of what comes to the ESAM, from `kid` (purse), `param`, `control` and the own master (key download).
    FieldMac,
    /// Field dialect: cipher of what comes to the ESAM, from `param` and `control`.
    FieldCipher,
    /// Field dialect: MAC of what the ESAM states, from `param`.
    FieldState,
    /// MACs of a recharge that the bank's PSAM makes, from `kid`.
    Recharge,
    /// Parent of the keys of user cards, from a meter's `kid`.
    Card,
    /// A meter's proof to a user card, from the key the two share.
    CardProof,
}

impl Use {
    /// All uses.
    pub const ALL: [Use; 12] = [
        Use::Wrap,
        Use::Mac,
        Use::Down,
        Use::DownMac,
        Use::Online,
        Use::Identity,
        Use::FieldMac,
        Use::FieldCipher,
        Use::FieldState,
        Use::Recharge,
        Use::Card,
        Use::CardProof,
    ];

    /// The word that goes into the hash.
    pub const fn word(self) -> &'static str {
        match self {
            Use::Wrap => "wrap",
            Use::Mac => "mac",
            Use::Down => "down",
            Use::DownMac => "downmac",
            Use::Online => "online",
            Use::Identity => "identity",
            Use::FieldMac => "fieldmac",
            Use::FieldCipher => "fieldwrap",
            Use::FieldState => "fieldstate",
            Use::Recharge => "recharge",
            Use::Card => "card",
            Use::CardProof => "cardproof",
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
