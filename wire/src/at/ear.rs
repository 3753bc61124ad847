//! What a modem hears: bytes, until they make a line or a message.

use super::{CR, CTRL_Z, ESCAPE, LF};
use alloc::string::String;
use alloc::vec::Vec;

/// Most bytes of a command line: the longest APDU in hexadecimal digits, and its command around it, with room for a few more.
const LONGEST: usize = 2048;

/// What the bytes so far make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A command line, without its end.
    Line(String),
    /// `A/`: the last line once more.
    Again,
    /// A message behind a prompt.
    Message(String),
    /// A message was given up.
    GivenUp,
    /// A line or a message that is longer than any may be; it was thrown away.
    TooLong,
}

/// Listens to a line, byte by byte. Bytes that are no ASCII stand for nothing that a command could mean, and are kept as `?`.
#[derive(Debug, Default)]
pub struct Ear {
    buffer: String,
    too_long: bool,
    /// A message is wanted instead of a command.
    prompted: bool,
    /// The byte before was the end of a line: an LF behind it belongs to that end.
    after_end: bool,
}

impl Ear {
    /// From now on a message is heard, until Ctrl-Z ends it.
    pub fn prompt(&mut self) {
        self.prompted = true;
    }

    /// Whether a message is awaited.
    #[must_use]
    pub const fn is_prompted(&self) -> bool {
        self.prompted
    }

    /// Whether somebody is in the middle of a line or a message.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        self.prompted || !self.buffer.is_empty() || self.too_long
    }

    /// One more byte: whether it is echoed to whoever wants an echo, and what it makes.
    pub fn push(&mut self, byte: u8) -> (bool, Option<Heard>) {
        let after_end = core::mem::replace(&mut self.after_end, byte == CR);
        match (byte, self.prompted) {
            (LF, false) => (false, None),
            (LF, true) if after_end => (false, None),
            (ESCAPE, true) => {
                self.take();
                self.prompted = false;
                (false, Some(Heard::GivenUp))
            }
            // Somebody makes sure that nothing is open; nothing is.
            (ESCAPE, false) => {
                self.take();
                (false, None)
            }
            (CTRL_Z, true) => {
                self.prompted = false;
                let message = self.take();
                (false, Some(message.map_or(Heard::TooLong, Heard::Message)))
            }
            (CR, false) => {
                let line = self.take();
                (true, Some(line.map_or(Heard::TooLong, Heard::Line)))
            }
            (0x08, false) => {
                self.buffer.pop();
                (true, None)
            }
            _ => {
                self.keep(byte);
                let again = !self.prompted && matches!(self.buffer.as_str(), "A/" | "a/");
                if again {
                    self.take();
                }
                (true, again.then_some(Heard::Again))
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.buffer.len() >= LONGEST {
            self.too_long = true;
        } else {
            self.buffer.push(if byte.is_ascii() { char::from(byte) } else { '?' });
        }
    }

    /// What was heard, unless it was too long.
    fn take(&mut self) -> Option<String> {
        let heard = core::mem::take(&mut self.buffer);
        (!core::mem::take(&mut self.too_long)).then_some(heard)
    }

    /// Listens to several bytes; what they make.
    pub fn hear(&mut self, bytes: &[u8]) -> Vec<Heard> {
        bytes.iter().filter_map(|byte| self.push(*byte).1).collect()
    }
}
