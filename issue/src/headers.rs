//! Headers of protected WRITE KEY commands, and the fields they announce [docs/specs/cards.md 5, 7].

use keys::Suite;
use scheme::profile::{BIRTH_KEY, KeyRow};

/// Bytes of a key as EXPORT KEY gives it.
const KEY_LEN: usize = 16;
/// Bytes before the key inside the cipher text: type, use right, change right and two more.
const HEAD_LEN: usize = 5;

/// Lc of a WRITE KEY that carries a wrapped key on a chip of this suite: `1C` for blocks of 8 bytes, `24` for
/// blocks of 16.
pub const fn wrapped_lc(suite: Suite) -> u8 {
    // One length byte stands before the head; FMCOS pads only what is not whole blocks.
    let cipher_text = (1 + HEAD_LEN + KEY_LEN).next_multiple_of(suite.block());
    (cipher_text + keys::seal::MAC_LEN) as u8
}

/// Header `84 D4 01 id Lc` that adds the key of a row, or `84 D4 39 00 Lc` for the own master, which always
/// takes the place of the transport key.
pub const fn add(row: &KeyRow, suite: Suite) -> [u8; 5] {
    if row.role == 0 { change(row, suite) } else { [0x84, 0xD4, 0x01, row.id, wrapped_lc(suite)] }
}

/// Header of STAGE KEY: `84 D4 02 00 Lc` for the own master, `84 D4 03 id Lc` for another key [docs/specs/cards.md 10].
pub const fn stage(row: &KeyRow, suite: Suite) -> [u8; 5] {
    [0x84, 0xD4, if row.role == 0 { 0x02 } else { 0x03 }, row.id, wrapped_lc(suite)]
}

/// Whether a header is of STAGE KEY, whose field is sealed under use keys.
pub const fn stages(header: [u8; 5]) -> bool {
    matches!(header, [0x84, 0xD4, 0x02 | 0x03, _, _])
}

/// Header `84 D4 02 0F Lc` of the STAGE KEY by which a formal own master comes to an ESAM in test state: under the transport key
/// the chip was born with.
pub const fn stage_formal(suite: Suite) -> [u8; 5] {
    [0x84, 0xD4, 0x02, BIRTH_KEY.id, wrapped_lc(suite)]
}

/// Header of LOAD FORMAL KEY, by which a key of a row comes from a key card [docs/specs/production-cards.md 6].
pub const fn load_formal(row: &KeyRow) -> [u8; 5] {
    scheme::production::load_formal(if row.role == 0 { 0 } else { 1 })
}

/// Header `84 D4 type id Lc` that changes a key already on the card; the type without its protection bits.
pub const fn change(row: &KeyRow, suite: Suite) -> [u8; 5] {
    [0x84, 0xD4, row.kind & 0x3F, row.id, wrapped_lc(suite)]
}
