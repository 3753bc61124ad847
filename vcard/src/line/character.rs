//! One character on the line: start bit, eight bits, parity [docs/specs/line.md 1].

use wire::atr::Convention;

/// A character as its bits travel, between the start bit and the guard time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Character {
    /// The eight data bits as a receiver of the direct convention reads them: the first in bit 1, high as 1.
    pub bits: u8,
    /// Level of the parity bit: true is high.
    pub parity: bool,
}

impl Character {
    /// A byte under a convention, with the right parity.
    pub const fn encode(byte: u8, convention: Convention) -> Self {
        let odd = byte.count_ones() % 2 == 1;
        match convention {
            Convention::Direct => Character { bits: byte, parity: odd },
            // Low is 1, and the most significant bit comes first.
            Convention::Inverse => Character { bits: !byte.reverse_bits(), parity: !odd },
        }
    }

    /// The byte under a convention; `None` when the parity is wrong.
    pub const fn decode(self, convention: Convention) -> Option<u8> {
        let byte = match convention {
            Convention::Direct => self.bits,
            Convention::Inverse => !self.bits.reverse_bits(),
        };
        let right = Character::encode(byte, convention).parity == self.parity;
        if right { Some(byte) } else { None }
    }

    /// The same with one bit turned: 0 to 7 a data bit, 8 the parity.
    #[must_use]
    pub const fn flipped(self, bit: u8) -> Self {
        match bit {
            0..=7 => Character { bits: self.bits ^ 1 << bit, ..self },
            _ => Character { parity: !self.parity, ..self },
        }
    }

    /// A character as it comes off a byte pipe, which carries the eight bits and no parity: it is taken as right.
    pub const fn from_pipe(bits: u8, convention: Convention) -> Self {
        let byte = match convention {
            Convention::Direct => bits,
            Convention::Inverse => !bits.reverse_bits(),
        };
        Character::encode(byte, convention)
    }
}

/// What a character is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The answer to reset.
    Atr,
    /// Request or answer of the speed negotiation.
    Pps,
    /// CLA INS P1 P2 P3.
    Header,
    /// ACK or NULL.
    Procedure,
    /// Data of the command with this header.
    Data([u8; 5]),
    /// SW1 SW2.
    Status,
    /// Sent when nobody listened: into a card without power, a mute one, or one that was speaking itself.
    Unheard,
}
