//! Numbered frames: what was sent and is not confirmed goes again, what comes twice counts once.

use super::frame::Body;
use std::collections::VecDeque;

/// Both directions at one end.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Number of the next frame that is sent for the first time.
    next: u8,
    /// Number that is expected.
    expected: u8,
    /// Sent and not confirmed, the oldest first.
    open: VecDeque<Vec<u8>>,
    /// Not sent yet.
    waiting: VecDeque<Vec<u8>>,
    /// Something is missing.
    gap: bool,
    /// Frames that were sent again.
    pub repeated: u64,
}

impl Flow {
    /// Data that is to be sent.
    pub fn push(&mut self, bytes: Vec<u8>) {
        self.waiting.push_back(bytes);
    }

    /// Whether all of it is confirmed.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.waiting.is_empty()
    }

    /// What is said in a turn: at least one frame.
    pub fn turn(&mut self, window: u8) -> Vec<Body> {
        let oldest = self.next.wrapping_sub(self.open.len() as u8) & 7;
        self.repeated += self.open.len() as u64;
        while self.open.len() < usize::from(window.clamp(1, 7))
            && let Some(bytes) = self.waiting.pop_front()
        {
            self.open.push_back(bytes);
            self.next = (self.next + 1) & 7;
        }
        let nr = self.expected;
        if self.open.is_empty() {
            return vec![if self.gap { Body::Again { nr } } else { Body::Ready { nr } }];
        }
        let numbered = (oldest..).zip(&self.open);
        numbered.map(|(ns, bytes)| Body::Data { ns: ns & 7, nr, bytes: bytes.clone() }).collect()
    }

    /// The other one said something; gives data that is new.
    pub fn hear(&mut self, body: Body) -> Option<Vec<u8>> {
        let (nr, data) = match body {
            Body::Data { ns, nr, bytes } => (nr, Some((ns, bytes))),
            Body::Ready { nr } | Body::Again { nr } => (nr, None),
            _ => return None,
        };
        let oldest = self.next.wrapping_sub(self.open.len() as u8) & 7;
        let confirmed = usize::from(nr.wrapping_sub(oldest) & 7);
        if confirmed <= self.open.len() {
            self.open.drain(..confirmed);
        }
        let (ns, bytes) = data?;
        self.gap = ns != self.expected;
        if self.gap {
            return None;
        }
        self.expected = (self.expected + 1) & 7;
        Some(bytes)
    }
}
