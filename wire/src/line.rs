//! Time on a card's line: what card and terminal both keep [docs/specs/line.md 2].

use core::fmt;

/// A time in elementary time units: the length of one bit on the card's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Etu(pub u64);

impl Etu {
    /// Microseconds at a line speed in bit/s (9600 for a meter's slots), rounded down; 0 when `baud` is 0.
    pub const fn micros(self, baud: u32) -> u64 {
        if baud == 0 { 0 } else { self.0.saturating_mul(1_000_000) / baud as u64 }
    }

    /// So much later.
    #[must_use]
    pub const fn plus(self, etu: u64) -> Self {
        Etu(self.0.saturating_add(etu))
    }
}

impl fmt::Display for Etu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} etu", self.0)
    }
}

/// Between the leading edges of two characters of one direction: 10 bits and the guard time.
pub const CHARACTER: u64 = 12;

/// From the leading edge of a character to the first one the other side may send under T=0.
pub const TURN: u64 = 16;

/// From the leading edge of a character that was refused to its repetition.
pub const REPEAT: u64 = 13;

/// From RST high to TS at the soonest: 400 clock cycles, in whole etu of 372 cycles.
pub const RESET: u64 = 2;

/// From RST high to TS at the latest: 40 000 clock cycles, in whole etu of 372 cycles.
pub const RESET_LATEST: u64 = 108;

/// Between two characters of an answer to reset at the most.
pub const INITIAL_WAITING: u64 = 9600;

/// NULL: the card is working, wait on.
pub const NULL: u8 = 0x60;

/// N of TC1 as a sender adds it: 255 is 0 under T=0.
pub const fn extra_guard(tc1: u8) -> u64 {
    if tc1 == 255 { 0 } else { tc1 as u64 }
}

/// Work waiting time in etu: longest silence of a card between two characters, from WI (TC2, 10 when absent) and D.
pub const fn work_waiting(wi: u8, d: u8) -> u64 {
    960 * wi as u64 * d as u64
}

/// Whether T=0 can carry the instruction: even, and no status byte's high nibble.
pub const fn carries(ins: u8) -> bool {
    ins & 1 == 0 && ins >> 4 != 6 && ins >> 4 != 9
}
