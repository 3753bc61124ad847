//! What a line took, and the trait of all lines.

use wire::{ByteLink, LinkError};

/// What a line took so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Microseconds, with everything that the line needs for itself, and the meter's time to answer.
    pub us: u64,
    /// Microseconds that the bytes which were handed over would take alone at the line's speed: the least there is.
    pub least_us: u64,
    /// Bits a second of the line.
    pub bits_per_s: u32,
    /// Bytes on the air, both ways.
    pub on_air: u64,
    /// Bytes that the phone handed over.
    pub sent: u64,
    /// Bytes that it was given.
    pub received: u64,
}

impl Spent {
    /// Milliseconds; a begun one counts whole.
    pub const fn ms(&self) -> u64 {
        self.us.div_ceil(1000)
    }

    /// What so many bytes would take alone at the line's speed, in milliseconds; a begun one counts whole.
    pub const fn least_ms_of(&self, bytes: u64) -> u64 {
        let carried = self.sent + self.received;
        (self.least_us * bytes).div_ceil(1000 * if carried == 0 { 1 } else { carried })
    }

    /// The least, in milliseconds; a begun one counts whole.
    pub const fn least_ms(&self) -> u64 {
        self.least_us.div_ceil(1000)
    }
}

/// A line with its physics: the phone's end of it.
pub trait Line: ByteLink {
    /// What it took so far.
    fn spent(&self) -> Spent;

    /// Takes leave of the meter, where the line has such words.
    ///
    /// # Errors
    /// A meter's own; that leave was not heard is none.
    fn end(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    /// What passed on it as a capture file that Wireshark opens, where the line has such a form.
    fn capture(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Gives of what waits as much as there is room for.
pub fn hand_over(waiting: &mut std::collections::VecDeque<u8>, buffer: &mut [u8]) -> usize {
    let length = buffer.len().min(waiting.len());
    for (place, byte) in buffer.iter_mut().zip(waiting.drain(..length)) {
        *place = byte;
    }
    length
}
