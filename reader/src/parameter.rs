//! Where what is written through a meter's port stands in its ESAM: one table for the station that makes the MAC over a place, and for the
//! meter that writes there [docs/specs/dlt645.md 6].

use scheme::field::Span;
use wire::dlt645::Identifier;

/// Level of a plain write with a MAC: class 1.
pub const PLAIN: u8 = 0x99;
/// Level of cipher text with a MAC: class 2, and control.
pub const ENCIPHERED: u8 = 0x98;
/// Directory that a file is read back from: of the ESAM there is one.
pub const DIRECTORY: [u8; 2] = [0xDF, 0x01];

/// A plain write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Short identifier.
    pub file: u8,
    /// Offset.
    pub offset: u8,
    /// As the file has it.
    pub data: Vec<u8>,
}

impl Write {
    /// Header of the ESAM's command, as its MAC is made over it: the length counts the MAC.
    pub const fn header(&self) -> [u8; 5] {
        // No row is longer than 128 bytes.
        Span { file: self.file, offset: self.offset, len: self.data.len() as u8 }.write()
    }
}

/// Identifier, file, offset, bytes, and bytes of an item in a list.
type Row = (u32, u8, u8, usize, usize);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (0x0400_0108, 0x02, 0x0A, 5,   5),
    (0x0400_0109, 0x04, 0xC4, 5,   5),
    (0x0400_0306, 0x02, 0x18, 3,   3),
    (0x0400_0307, 0x02, 0x1B, 3,   3),
    (0x0400_0402, 0x02, 0x1E, 6,   6),
    (0x0400_040E, 0x02, 0x24, 6,   6),
    (0x0400_1001, 0x02, 0x10, 4,   4),
    (0x0400_1002, 0x02, 0x14, 4,   4),
    (0x0405_01FF, 0x03, 0x04, 128, 4),
    (0x0405_02FF, 0x04, 0x04, 128, 4),
];

/// Where a class 1 write goes; `None`: there is no such data, or not so much of it. `value` is as it stands on the line; of what the file
/// has, it gives what stands on the line.
pub fn plain_write(about: Identifier, value: &[u8]) -> Option<Write> {
    if let (0x0406_04FF | 0x0406_05FF, 64) = (about.0, value.len()) {
        let file = if about.0 == 0x0406_04FF { 0x03 } else { 0x04 };
        return Some(Write { file, offset: 0x84, data: ladder(value) });
    }
    let (_, file, offset, _, item) =
        *ROWS.iter().find(|(id, _, _, length, _)| *id == about.0 && value.len() == *length)?;
    Some(Write { file, offset, data: value.chunks(item).flat_map(turned).collect() })
}

/// A ladder: 6 steps and 7 prices of 4 bytes, 4 days of 3.
fn ladder(value: &[u8]) -> Vec<u8> {
    let (amounts, days) = value.split_at(13 * 4);
    amounts.chunks(4).chain(days.chunks(3)).flat_map(turned).collect()
}

/// The file of an enciphered parameter: DI2 modulo 5 chooses among 09 to 0D.
pub const fn file_of(about: Identifier) -> u8 {
    0x09 + (about.0.to_be_bytes()[1] % 5)
}

/// A field the other way round: on the line the least significant byte comes first, field by field.
pub fn turned(field: &[u8]) -> Vec<u8> {
    field.iter().rev().copied().collect()
}
