//! What a computer hears from a modem.

use super::refusal::Refusal;
use super::{CR, LF};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Most bytes of a line: an answer of 256 bytes in hexadecimal digits, with what stands around it, and room for more.
const LONGEST: usize = 4096;

/// Bytes, put together to lines.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
}

/// Something that a modem said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// A line, without its end and blanks around it; never empty.
    Line(String),
    /// It asks for a message.
    Prompt,
}

impl Lines {
    /// Listens to more bytes; what they complete, in order.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Answered> {
        let mut out = Vec::new();
        for byte in bytes {
            match *byte {
                CR | LF => out.extend(self.line()),
                // Of a line without an end the beginning is kept, which says what it is.
                byte if self.buffer.len() < LONGEST => self.buffer.push(byte),
                _ => {}
            }
            if self.buffer == b"> " {
                self.buffer.clear();
                out.push(Answered::Prompt);
            }
        }
        out
    }

    fn line(&mut self) -> Option<Answered> {
        let line = String::from_utf8_lossy(&core::mem::take(&mut self.buffer)).trim().to_owned();
        (!line.is_empty()).then_some(Answered::Line(line))
    }
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Final {
    /// Done.
    Ok,
    /// Not done.
    Refused(Refusal),
}

impl Final {
    /// The end that a line is, as a whole.
    #[must_use]
    pub fn of(line: &str) -> Option<Self> {
        if line == "OK" { Some(Final::Ok) } else { Refusal::of(line).map(Final::Refused) }
    }

    /// A line of an answer that has its end glued to it, as some modems send it: what is before, and the end.
    #[must_use]
    pub fn glued(line: &str) -> Option<(&str, Self)> {
        let before = line.strip_suffix("OK")?;
        before.ends_with('"').then_some((before, Final::Ok))
    }
}

/// Whether a line looks as those do that a modem says without being asked.
#[must_use]
pub fn is_unsolicited(line: &str) -> bool {
    line.starts_with(['+', '^', '*', '%', '$']) || line.starts_with("RING")
}
