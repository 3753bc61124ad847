//! One session at the server: its keys, and the answers it gave last.

use crate::first::digest;
use crate::frame::Frame;
use crate::link::Link;
use crate::talk::{Answer, Request, TalkError};
use alloc::vec::Vec;

/// Seconds that the answer to a first message, and to a request, is kept for repeats.
pub(crate) const KEPT_S: i64 = 600;
/// Answers that are kept for repeats.
const ANSWERS: usize = 8;

struct Given {
    number: u32,
    frame: [u8; 16],
    plain: [u8; 16],
    answer: Option<Vec<u8>>,
    at: i64,
}

pub(crate) struct Line<T> {
    pub serial: u64,
    pub of: [u8; 8],
    pub whose: T,
    link: Link,
    /// Requests up to this number are answered no more.
    floor: u32,
    given: Vec<Given>,
}

pub(crate) enum Opened {
    /// It is not of this session.
    Not,
    /// It is, and nothing is said to it.
    Silence,
    /// It was answered.
    Again(Vec<u8>),
    /// It asks something.
    Asked(u32, Result<Request, TalkError>),
}

impl<T> Line<T> {
    pub const fn new(serial: u64, link: Link, of: [u8; 8], whose: T) -> Self {
        Line { serial, of, whose, link, floor: 0, given: Vec::new() }
    }

    pub const fn is_over(&self, now: i64) -> bool {
        self.link.is_over(now)
    }

    /// What a frame that came before was answered: the outer `None`, it did not; the inner, it is under way.
    pub fn kept(&self, frame: &[u8; 16]) -> Option<Option<&[u8]>> {
        let given = self.given.iter().find(|given| given.frame == *frame)?;
        Some(given.answer.as_deref())
    }

    pub fn open(&mut self, frame: &Frame<'_>, known: [u8; 16], now: i64) -> Opened {
        let plain = match self.link.open(frame, now) {
            Ok(plain) => plain,
            // Another session of the same id may have it.
            Err(_) => return Opened::Not,
        };
        // What has no number cannot be answered.
        let Ok((number, request)) = Request::read(&plain) else { return Opened::Silence };
        let said = digest(&plain);
        if let Some(given) = self.given.iter_mut().find(|given| given.number == number) {
            if given.plain != said {
                return Opened::Silence;
            }
            given.frame = known;
            return given.answer.clone().map_or(Opened::Silence, Opened::Again);
        }
        if number <= self.floor {
            return Opened::Silence;
        }
        if self.given.len() >= ANSWERS {
            let gone = self.given.remove(0);
            self.floor = self.floor.max(gone.number);
        }
        self.given.push(Given { number, frame: known, plain: said, answer: None, at: now });
        Opened::Asked(number, request)
    }

    pub fn answer(&mut self, number: u32, answer: &Answer, now: i64) -> Option<Vec<u8>> {
        let given = self.given.iter_mut().find(|given| given.number == number && given.answer.is_none())?;
        let frame = self.link.seal(&answer.bytes(number), now).ok()?;
        given.answer = Some(frame.clone());
        given.at = now;
        Some(frame)
    }

    pub fn give_up(&mut self, number: u32) {
        self.given.retain(|given| given.number != number || given.answer.is_some());
    }

    pub fn forget_answers(&mut self, now: i64) {
        let (floor, old) = (&mut self.floor, |at: i64| at.saturating_add(KEPT_S) <= now);
        self.given.retain(|given| {
            let goes = given.answer.is_some() && old(given.at);
            if goes {
                *floor = (*floor).max(given.number);
            }
            !goes
        });
        if self.given.is_empty() {
            self.given = Vec::new();
        }
    }
}
