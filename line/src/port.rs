//! A meter's port at the far end of a line: bytes in, the bytes that it says to them, and how long it takes.

use std::time::Duration;
use wire::{ByteLink, LinkError};

/// A pause that ends a frame, in microseconds [docs/specs/dlt645.md 2].
pub const PAUSE: u64 = 500_000;
/// A meter answers within these times, in microseconds. The protocol lets it take up to 500 ms.
///
/// UNSPECIFIED: what an ESAM takes lies in it.
pub const ANSWERS: (u64, u64) = (20_000, 100_000);

/// Something that answers.
pub type Far<'m> = &'m mut (dyn ByteLink + 'm);

/// A meter's port.
pub struct Port<'m> {
    link: Far<'m>,
    /// When the last byte came, while a frame may be under way.
    last: Option<u64>,
}

impl<'m> Port<'m> {
    /// A port that has heard nothing.
    pub const fn new(link: Far<'m>) -> Self {
        Port { link, last: None }
    }

    /// Bytes came, the first and the last of them at these times. Gives what the meter says.
    ///
    /// # Errors
    /// The meter's own.
    pub fn hear(&mut self, bytes: &[u8], (first, last): (u64, u64)) -> Result<Vec<u8>, LinkError> {
        // Before the first byte of a line there was a pause as well.
        if self.last.is_none_or(|before| first > before + PAUSE) {
            // What had begun will not end.
            self.link.send(&[])?;
        }
        self.last = Some(last);
        self.link.send(bytes)?;
        let (mut said, mut buffer) = (Vec::new(), [0; 512]);
        loop {
            let length = self.link.receive(&mut buffer, Duration::ZERO)?;
            said.extend(buffer.iter().take(length));
            if length == 0 {
                return Ok(said);
            }
        }
    }
}
