//! The frames between a meter and a sub-board [docs/specs/subboard.md]: what carries them is a serial line, and what is in them is another's.

use alloc::vec::Vec;

/// First byte of a frame.
pub const START: u8 = 0xA5;
/// The version of the protocol that is spoken here.
pub const VERSION: u8 = 1;
/// Longest payload.
pub const MOST: usize = 1024;
/// Bytes of a frame beside its payload.
pub const AROUND: usize = 7;
/// What is added to a type in its answer.
pub const ANSWER: u8 = 0x80;

/// Types of frames.
pub mod kind {
    /// The board says what it is, and which versions it speaks.
    pub const HELLO: u8 = 0x01;
    /// Its own line to the outside is up or down.
    pub const LINK: u8 = 0x02;
    /// It brings a file with an order.
    pub const ORDER: u8 = 0x03;
    /// It brings a frame of DL/T 645.
    pub const FRAME: u8 = 0x04;
    /// The meter says how it stands; nobody answers.
    pub const NOTICE: u8 = 0xE0;
}

/// First byte of an answer.
pub mod result {
    /// Done.
    pub const DONE: u8 = 0x00;
    /// A type that is not known.
    pub const UNKNOWN: u8 = 0x01;
    /// No hello was answered with "done" before.
    pub const HELLO_FIRST: u8 = 0x02;
    /// None of the board's versions is spoken here.
    pub const VERSION: u8 = 0x03;
    /// The payload is none of its type.
    pub const PAYLOAD: u8 = 0x04;
    /// The board did not say that it does this, or its line is down.
    pub const NOT_ANNOUNCED: u8 = 0x05;
    /// Not now: ask again.
    pub const BUSY: u8 = 0x06;
    /// The meter has nothing to say to it.
    pub const NOTHING: u8 = 0x07;
    /// The order was refused; the number of the refusal follows.
    pub const REFUSED: u8 = 0x10;
}

/// What a board says it can, bit by bit.
pub mod can {
    /// Bring files with orders.
    pub const ORDERS: u8 = 1 << 0;
    /// Carry frames of DL/T 645.
    pub const FRAMES: u8 = 1 << 1;
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardFrame {
    /// Its type.
    pub kind: u8,
    /// Its number; an answer has that of its question.
    pub sequence: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// CRC-16: polynomial 1021, begins with FFFF, not reflected, not inverted.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
            },
        )
    })
}

impl BoardFrame {
    /// The answer to this one.
    pub const fn answer(&self, payload: Vec<u8>) -> Self {
        BoardFrame { kind: self.kind | ANSWER, sequence: self.sequence, payload }
    }

    /// As it stands on the line; `None`: its payload is too long.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let length = u16::try_from(self.payload.len()).ok().filter(|length| usize::from(*length) <= MOST)?;
        let mut out = Vec::from([START]);
        out.extend(length.to_be_bytes());
        out.extend([self.kind, self.sequence]);
        out.extend(&self.payload);
        let crc = crc(out.get(1..)?);
        out.extend(crc.to_be_bytes());
        Some(out)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let [START, body @ .., high, low] = bytes else { return None };
        let [_, _, kind, sequence, payload @ ..] = body else { return None };
        (crc(body) == u16::from_be_bytes([*high, *low])).then(|| BoardFrame {
            kind: *kind,
            sequence: *sequence,
            payload: payload.to_vec(),
        })
    }
}

/// Finds frames in what comes, however it is cut or joined. A byte A5 that begins no good frame is passed over, and what is behind it looked at
/// again. It never holds more than the longest frame.
#[derive(Debug, Clone, Default)]
pub struct BoardReceiver {
    waiting: Vec<u8>,
    broken: u64,
}

impl BoardReceiver {
    /// Takes bytes, and gives the frames that end in them.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<BoardFrame> {
        let mut found = Vec::new();
        for byte in bytes {
            self.waiting.push(*byte);
            self.look(&mut found);
        }
        found
    }

    /// The line was silent for longer than a frame may pause: what has begun will not end. Gives the frames that stand inside it.
    pub fn silence(&mut self) -> Vec<BoardFrame> {
        let mut found = Vec::new();
        while !self.waiting.is_empty() {
            self.pass_over();
            self.look(&mut found);
        }
        found
    }

    /// Beginnings that became no frame.
    pub const fn broken(&self) -> u64 {
        self.broken
    }

    fn pass_over(&mut self) {
        if self.waiting.remove(0) == START {
            self.broken += 1;
        }
    }

    fn look(&mut self, found: &mut Vec<BoardFrame>) {
        loop {
            let length = match *self.waiting.as_slice() {
                [] => return,
                [START] | [START, _] => return,
                [START, high, low, ..] => AROUND + usize::from(u16::from_be_bytes([high, low])),
                _ => 0,
            };
            if (AROUND..=AROUND + MOST).contains(&length) {
                if self.waiting.len() < length {
                    return;
                }
                if let Some(frame) = self.waiting.get(..length).and_then(BoardFrame::read) {
                    self.waiting.drain(..length);
                    found.push(frame);
                    continue;
                }
            }
            self.pass_over();
        }
    }
}
