//! PDUs out of a stream: each says its length first.

use crate::pdu::{HEADER, Pdu, PduError};

/// The longest PDU that is read: a message of ours, with every parameter a centre may add, has less than a kilobyte.
pub const MOST: usize = 4096;

/// A length that no PDU of ours has: where the next one begins nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The length it says.
    pub length: u32,
}

/// What was heard and is not read yet.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
}

impl Frames {
    /// More was heard.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole PDU.
    ///
    /// # Errors
    /// The stream is lost.
    pub fn next(&mut self) -> Result<Option<Result<Pdu, PduError>>, Lost> {
        let Some(head) = self.buffer.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*head);
        let whole = usize::try_from(length).ok().filter(|whole| (HEADER..=MOST).contains(whole));
        let whole = whole.ok_or(Lost { length })?;
        if self.buffer.len() < whole {
            return Ok(None);
        }
        let rest = self.buffer.split_off(whole);
        let pdu = std::mem::replace(&mut self.buffer, rest);
        Ok(Some(Pdu::read(&pdu)))
    }
}
