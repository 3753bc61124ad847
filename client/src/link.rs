//! A session's two keys and counters: sealing and opening frames [docs/specs/client.md 4].

use crate::frame::{Frame, Type};
use crate::noise::{NoiseError, Split, open, seal};
use crate::window::Window;
use alloc::vec::Vec;
use keys::Zeroizing;

/// Seconds a session is good for.
pub const LIFE_S: i64 = 24 * 3600;
/// Frames that each side may seal.
pub const FRAMES: u64 = 1000;
const COUNTER: usize = 8;

/// Which side of a session somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The phone.
    Phone,
    /// The server.
    Server,
}

/// Why a frame is not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is no sealed frame for this side.
    #[error("it is no frame for this side of the session")]
    Form,
    /// Its counter was taken before, or is too old.
    #[error("the frame was taken before, or is too old")]
    Repeated,
    /// The tag is wrong.
    #[error("the frame is not of this session, or was changed")]
    Tag,
    /// The session has ended.
    #[error("the session is over")]
    Over,
}

/// One side of a session.
pub struct Link {
    side: Side,
    id: [u8; 4],
    sends: Zeroizing<[u8; 32]>,
    hears: Zeroizing<[u8; 32]>,
    sent: u64,
    window: Window,
    ends: i64,
}

impl Link {
    /// Of what a handshake gave. `now`: seconds of a clock.
    pub fn new(side: Side, id: [u8; 4], split: Split, now: i64) -> Self {
        let Split { phone, server, .. } = split;
        let (sends, hears) = match side {
            Side::Phone => (phone, server),
            Side::Server => (server, phone),
        };
        Link { side, id, sends, hears, sent: 0, window: Window::default(), ends: now.saturating_add(LIFE_S) }
    }

    /// The id of its frames.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether its time is over, or no counter is left.
    pub const fn is_over(&self, now: i64) -> bool {
        now >= self.ends || self.sent >= FRAMES
    }

    const fn kinds(&self) -> (Type, Type) {
        match self.side {
            Side::Phone => (Type::FromPhone, Type::FromServer),
            Side::Server => (Type::FromServer, Type::FromPhone),
        }
    }

    /// Seals a plain text under the next counter.
    ///
    /// # Errors
    /// The session is over.
    pub fn seal(&mut self, plain: &[u8], now: i64) -> Result<Vec<u8>, LinkError> {
        if self.is_over(now) {
            return Err(LinkError::Over);
        }
        let sealed = seal(&self.sends, self.sent, &[], plain).map_err(|_| LinkError::Over)?;
        let mut body = self.sent.to_be_bytes().to_vec();
        body.extend(sealed);
        self.sent += 1;
        Ok(Frame { kind: self.kinds().0, id: self.id, body: &body }.bytes())
    }

    /// Opens a frame of the other side.
    ///
    /// # Errors
    /// It is none; its counter was taken; its tag is wrong; the session is over.
    pub fn open(&mut self, frame: &Frame<'_>, now: i64) -> Result<Zeroizing<Vec<u8>>, LinkError> {
        if frame.kind != self.kinds().1 || frame.id != self.id {
            return Err(LinkError::Form);
        }
        let (counter, sealed) = frame.body.split_first_chunk::<COUNTER>().ok_or(LinkError::Form)?;
        let counter = u64::from_be_bytes(*counter);
        if now >= self.ends || counter >= FRAMES {
            return Err(LinkError::Over);
        }
        if !self.window.may(counter) {
            return Err(LinkError::Repeated);
        }
        let plain = open(&self.hears, counter, &[], sealed).map_err(|error| match error {
            NoiseError::Length(_) => LinkError::Form,
            _ => LinkError::Tag,
        })?;
        self.window.take(counter);
        Ok(Zeroizing::new(plain))
    }
}

impl core::fmt::Debug for Link {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Link({:?}, sent {})", self.side, self.sent)
    }
}
