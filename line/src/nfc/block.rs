//! Blocks of ISO 14443-4: what carries commands between a reader and a card without contacts [docs/specs/lines.md 6].

/// A block without a card's number: there is one card in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Part of a command or an answer.
    Information {
        /// Block number, 0 or 1.
        number: u8,
        /// More follows.
        more: bool,
        /// What it carries.
        data: Vec<u8>,
    },
    /// It came.
    Ack {
        /// Block number.
        number: u8,
    },
    /// What came was nothing, or nothing came.
    Nak {
        /// Block number.
        number: u8,
    },
    /// The card needs more time, by this factor, 1 to 59; and the reader's answer.
    Wait {
        /// The factor.
        factor: u8,
    },
    /// The end, and the card's answer.
    Deselect,
}

/// CRC_A of ISO 14443-3, low byte first.
pub fn crc_a(bytes: &[u8]) -> [u8; 2] {
    let crc = bytes.iter().fold(0x6363_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 != 0 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
    });
    crc.to_le_bytes()
}

/// Puts the sum behind.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc_a(&bytes);
    bytes.extend(crc);
    bytes
}

/// Takes the sum away; `None`: it is wrong.
pub fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let (body, crc) = bytes.split_last_chunk::<2>()?;
    (crc_a(body) == *crc).then_some(body)
}

impl Block {
    /// With its sum.
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed(match self {
            Block::Information { number, more, data } => {
                [&[0x02 | number & 1 | if *more { 0x10 } else { 0 }], &data[..]].concat()
            }
            Block::Ack { number } => vec![0xA2 | number & 1],
            Block::Nak { number } => vec![0xB2 | number & 1],
            Block::Wait { factor } => vec![0xF2, factor & 0x3F],
            Block::Deselect => vec![0xC2],
        })
    }

    /// Reads it; `None`: a wrong sum, or no block of one card alone.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (control, data) = opened(bytes)?.split_first()?;
        let number = control & 1;
        Some(match (control & !1, data) {
            (0x02, data) => Block::Information { number, more: false, data: data.to_vec() },
            (0x12, data) => Block::Information { number, more: true, data: data.to_vec() },
            (0xA2, []) => Block::Ack { number },
            (0xB2, []) => Block::Nak { number },
            (0xF2, [factor]) if number == 0 => Block::Wait { factor: factor & 0x3F },
            (0xC2, []) if number == 0 => Block::Deselect,
            _ => return None,
        })
    }
}
