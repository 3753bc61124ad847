//! A meter's line with its bytes counted, and what they take at a speed.

use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Bits of a byte on the line: one to begin, eight, the parity, one to end.
const BITS: u64 = 11;
/// A meter begins its answer after so long at the soonest, in milliseconds [docs/specs/dlt645.md 2].
const TURN_MS: u64 = 20;

/// What passed on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineUse {
    /// Bytes to the meter.
    pub sent: u64,
    /// Bytes from it.
    pub received: u64,
    /// Times that it was asked.
    pub turns: u64,
}

impl LineUse {
    /// What it took at so many bits a second, in milliseconds; begun ones count whole.
    pub fn ms(&self, bits_per_s: u32) -> u64 {
        ms(self.sent + self.received, bits_per_s) + TURN_MS * self.turns
    }
}

/// What bytes take at so many bits a second, without a pause between them, in milliseconds; begun ones count whole.
pub fn ms(bytes: u64, bits_per_s: u32) -> u64 {
    (bytes * BITS * 1000).div_ceil(u64::from(bits_per_s.max(1)))
}

/// A line whose bytes are counted.
pub struct Counted<'l> {
    link: &'l mut dyn ByteLink,
    used: LineUse,
}

impl<'l> Counted<'l> {
    /// Counts from now on.
    pub fn new(link: &'l mut dyn ByteLink) -> Self {
        Counted { link, used: LineUse::default() }
    }

    /// What passed so far.
    pub const fn used(&self) -> LineUse {
        self.used
    }
}

impl ByteLink for Counted<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.link.send(bytes)?;
        self.used.sent += bytes.len() as u64;
        self.used.turns += 1;
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let length = self.link.receive(buffer, wait)?;
        self.used.received += length as u64;
        Ok(length)
    }
}
