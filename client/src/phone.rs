//! The phone's side of a session: one request after another.

use crate::frame::Frame;
use crate::link::{Link, LinkError};
use crate::talk::{Answer, Op, Request, TalkError};
use alloc::vec::Vec;

/// What came is not the answer that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeardError {
    /// The frame.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// What it says.
    #[error("{0}")]
    Talk(#[from] TalkError),
    /// It answers another request, or none was made.
    #[error("it answers another request")]
    Other,
}

struct Asked {
    number: u32,
    op: Op,
    frame: Vec<u8>,
}

/// A session, as the phone has it.
pub struct PhoneSession {
    link: Link,
    numbers: u32,
    asked: Option<Asked>,
}

impl PhoneSession {
    pub(crate) const fn new(link: Link) -> Self {
        PhoneSession { link, numbers: 0, asked: None }
    }

    /// Whether another handshake is due.
    pub const fn is_over(&self, now: i64) -> bool {
        self.link.is_over(now)
    }

    /// Asks something: the frame to be sent, and sent again as it is while nothing is heard.
    ///
    /// # Errors
    /// The session is over.
    pub fn ask(&mut self, request: &Request, now: i64) -> Result<Vec<u8>, LinkError> {
        let number = self.numbers.saturating_add(1);
        let frame = self.link.seal(&request.bytes(number), now)?;
        self.numbers = number;
        self.asked = Some(Asked { number, op: request.op(), frame: frame.clone() });
        Ok(frame)
    }

    /// What was asked last and has no answer yet.
    pub fn again(&self) -> Option<&[u8]> {
        self.asked.as_ref().map(|asked| &asked.frame[..])
    }

    /// Takes a frame: the answer to what was asked. Any other changes nothing.
    ///
    /// # Errors
    /// It is another's, was changed, was taken before, or answers something else.
    pub fn hear(&mut self, bytes: &[u8], now: i64) -> Result<Answer, HeardError> {
        let frame = Frame::read(bytes).ok_or(LinkError::Form)?;
        let plain = self.link.open(&frame, now)?;
        let number = Answer::number(&plain)?;
        let asked = self.asked.take_if(|asked| asked.number == number).ok_or(HeardError::Other)?;
        Ok(Answer::read(asked.op, &plain)?)
    }
}

impl core::fmt::Debug for PhoneSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PhoneSession({:?})", self.link)
    }
}
