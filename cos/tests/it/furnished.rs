//! A card with a file of every kind and a key of every type, for proofs that want something to work on.

use super::desk::{Desk, key};
use keys::Suite;

/// Short identifiers of the MF's files; 01 and 02 are passbook and wallet, 18 their log.
pub mod sfi {
    pub const BINARY: u8 = 0x05;
    pub const BINARY_MAC: u8 = 0x06;
    pub const BINARY_SEALED: u8 = 0x07;
    pub const FIXED: u8 = 0x08;
    pub const FIXED_MAC: u8 = 0x09;
    pub const CYCLIC: u8 = 0x0A;
    pub const VARIABLE: u8 = 0x0B;
    pub const CYCLIC_SEALED: u8 = 0x0C;
    pub const VARIABLE_SEALED: u8 = 0x0D;
    /// Read right 53, write right 97.
    pub const GUARDED: u8 = 0x0E;
    /// Read and write right 04.
    pub const MASTER_GUARDED: u8 = 0x0F;
}

/// The application under the MF.
pub const APP: [u8; 2] = [0x2F, 0x01];
/// PIN `10 + r` leads to register `r`; its value is `1234` and `r`. Key 30 of that id may be used in register `r` alone.
pub const REGISTER_IDS: u8 = 0x10;

pub fn furnish(desk: &mut Desk, suite: Suite) {
    desk.hex("80E03F000D 38 FFFF F0F001 FFFFFFFFFFFFFFFF", 0x9000);
    desk.hex("80E0000007 3F 03C0 01F0FFFF", 0x9000);
    desk.hex("80D4010008 3A F0EF 1133 123456", 0x9000);
    desk.add_key([0x39, 0xF0, 0xF0, 0xAA, 0x33], 0);
    desk.add_key([0x39, 0xF0, 0xF0, 0x05, 0x33], 1);
    desk.reset();
    for kind in [0x36, 0x37, 0x38] {
        desk.add_key([kind, 0xF0, 0xF0, 0xFF, 0x33], 0);
    }
    desk.add_key([0x34, 0xF0, 0xF0, 0x01, 0x00], 0);
    for kind in 0x3C..=0x3F {
        desk.add_key([kind, 0xF0, 0xF0, 0x01, 0x00], 1);
    }
    desk.reset();
    for file in [
        "80E0000507 28 00C8 F0F0 FFFF",
        "80E0000607 A8 0020 F0F0 FFFF",
        "80E0000707 E8 0020 F0F0 FFFF",
        "80E0000807 2A 0413 F0F0 FFFF",
        "80E0000907 AA 0208 F0F0 FFFF",
        "80E0000A07 2E 0310 F0F0 FFFF",
        "reset",
        "80E0000B07 2C 0040 F0F0 FFFF",
        "80E0000C07 EE 0208 F0F0 FFFF",
        "80E0000D07 EC 0040 F0F0 FFFF",
        "80E0000107 2F 0208 F000 FF18",
        "80E0000207 2F 0208 F000 FF18",
        "80E0001807 2E 0517 F0EF FFFF",
        "80E0001607 28 0006 F0F0 FFFF",
        "reset",
        "80E0000E07 28 0010 5397 FFFF",
        "80E0000F07 28 0010 0404 FFFF",
    ] {
        if file == "reset" {
            desk.reset();
        } else {
            desk.hex(file, 0x9000);
        }
    }
    application(desk, suite);
}

/// A directory with keys of its own, and what a purchase SAM needs.
fn application(desk: &mut Desk, suite: Suite) {
    desk.hex("80E02F010D 38 0200 F0F095 FFFF 4150503031", 0x9000);
    desk.reset();
    desk.hex("00A4040005 4150503031", 0x9000);
    desk.hex("80E0000007 3F 0080 01F0 FFFF", 0x9000);
    desk.add_key([0x36, 0xF0, 0xF0, 0xFF, 0x33], 0);
    desk.hex("80E0001807 28 0004 F0F0 FFFF", 0x9000);
    desk.hex("80E0000507 28 0014 F0F0 FFFF", 0x9000);
    desk.hex("00D6980004 00000007", 0x9000);
    // usage 22: one level of diversification, purchase key; version 01, algorithm 00
    let mut plain = vec![0x22, 0x01, 0x00];
    plain.extend(key(suite, 0x22, 1).expose());
    let master = key(suite, 0x39, 0);
    desk.sealed_key(0x00, 0x00, &plain, &master, 0x9000);
    desk.reset();
}

/// PINs that lead to each register state, and a key that tells it.
pub fn registers(desk: &mut Desk, suite: Suite) {
    for state in 0..=0x0F_u8 {
        let id = REGISTER_IDS + state;
        desk.hex(&format!("80D401{id:02X}08 3A F0EF {state:02X}FF 1234{state:02X}"), 0x9000);
        if state > 0 {
            let value = hex::encode(key(suite, 0x30, id).expose());
            desk.hex(&format!("80D401{id:02X}15 30 {state:X}{state:X}EF 0100 {value}"), 0x9000);
        }
    }
    desk.add_key([0x30, 0xF0, 0xEF, 0x01, 0x00], 0);
    desk.add_key([0x32, 0xF0, 0xEF, 0x01, 0x00], 0);
    desk.reset();
}

/// Something in every file, money in both purses.
pub fn fill(desk: &mut Desk) {
    desk.hex("00D6960006 010203040506", 0x9000);
    desk.hex("00D6850004 CAFEBABE", 0x9000);
    desk.hex("00DC014413 AABBCCDDEEFF00112233445566778899AABBCC", 0x9000);
    desk.hex("00E2005410 000102030405060708090A0B0C0D0E0F", 0x9000);
    desk.hex("00E2005806 AA0401020304", 0x9000);
    desk.verify(0, "123456", 0x9000);
    desk.load(1, 100_000, 0x9000);
    desk.load(2, 5_000, 0x9000);
    desk.reset();
}
