//! What passes between reader and card: a length of two bytes, high byte first, then as many bytes
//! [docs/specs/vpcd.md 2].

use std::io::{Error, ErrorKind, Result};

/// Bytes of a length.
pub const LENGTH: usize = 2;
/// Most bytes of a message.
pub const LONGEST: usize = u16::MAX as usize;

/// What a reader asks of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// An empty message, which asks nothing.
    Nothing,
    /// Take the power away. No answer.
    PowerOff,
    /// Give power: a cold reset. No answer.
    PowerOn,
    /// Warm reset. No answer.
    Reset,
    /// Give the ATR, and do nothing else.
    Atr,
    /// A control byte that nobody defined. No answer.
    Unknown(u8),
    /// A command APDU.
    Command(&'a [u8]),
}

impl<'a> Request<'a> {
    /// What a message's bytes ask: one byte is always a control byte, more are a command.
    pub const fn of(message: &'a [u8]) -> Self {
        match message {
            [] => Request::Nothing,
            [0x00] => Request::PowerOff,
            [0x01] => Request::PowerOn,
            [0x02] => Request::Reset,
            [0x04] => Request::Atr,
            [byte] => Request::Unknown(*byte),
            command => Request::Command(command),
        }
    }
}

/// Puts a message into `out`, which is cleared first. An empty one is refused: a reader takes it for a card that left.
pub fn frame(message: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(message.len()).ok().filter(|length| *length > 0);
    let length = length.ok_or_else(|| {
        Error::new(ErrorKind::InvalidData, format!("a message of {} bytes cannot be sent", message.len()))
    })?;
    out.clear();
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    Ok(())
}
