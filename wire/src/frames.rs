//! What the frames of meters' ports have in common: a first byte, a length, a sum, a last byte, and a line that may spoil any of them.

use alloc::vec::Vec;
use core::marker::PhantomData;

/// First byte of a frame.
pub const START: u8 = 0x68;
/// Last byte of a frame.
pub const END: u8 = 0x16;
/// What wakes a receiver before a frame.
pub const WAKE: u8 = 0xFE;

/// Why a frame is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// More than 255 bytes of DATA.
    #[error("a frame holds 255 bytes of data, these are {0}")]
    TooLong(usize),
    /// The sum is another one.
    #[error("the check sum of the frame is {found:02X}, its bytes give {wanted:02X}")]
    Sum {
        /// On the line.
        found: u8,
        /// Computed.
        wanted: u8,
    },
    /// It does not end where its length says.
    #[error("the frame ends in {0:02X}, not in 16")]
    End(u8),
}

/// What is known of a frame by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// None begins here.
    Nothing,
    /// More bytes tell.
    More,
    /// It has so many bytes.
    Whole(usize),
}

/// A frame of a port: `68 .. L DATA CS 16`.
pub trait Framed: Sized {
    /// What bytes that begin with 68 are the beginning of.
    fn begun(bytes: &[u8]) -> Begun;

    /// The frame of these bytes, without sum and end, which are right.
    fn of(body: &[u8]) -> Self;
}

/// The sum of bytes, modulo 256.
pub fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Sum and end behind the bytes of a frame.
pub fn closed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend([sum(&bytes), END]);
    bytes
}

/// Finds frames in what comes in, however it is cut or joined, whatever stands between them.
///
/// A byte 68 that begins no good frame is passed over, and the bytes behind it are looked at again: a frame that follows a broken one is not
/// lost with it. It never holds more than the longest frame.
#[derive(Debug, Clone)]
pub struct Receiver<F> {
    waiting: Vec<u8>,
    frames: PhantomData<F>,
}

impl<F> Default for Receiver<F> {
    fn default() -> Self {
        Receiver { waiting: Vec::new(), frames: PhantomData }
    }
}

impl<F: Framed> Receiver<F> {
    /// One that has heard nothing.
    pub fn new() -> Self {
        Receiver::default()
    }

    /// Takes bytes from the line and gives every frame that ends in them, in their order, good or broken.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<F, FrameError>> {
        let mut found = Vec::new();
        for byte in bytes {
            self.waiting.push(*byte);
            self.look(&mut found);
        }
        found
    }

    /// The line was silent for longer than a frame may pause: what has begun will not end. Gives the frames that stand behind a byte
    /// 68 which was taken for a beginning, and forgets the rest.
    pub fn silence(&mut self) -> Vec<Result<F, FrameError>> {
        let mut found = Vec::new();
        while !self.waiting.is_empty() {
            self.waiting.remove(0);
            self.look(&mut found);
        }
        found
    }

    /// Whether a frame has begun.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn look(&mut self, found: &mut Vec<Result<F, FrameError>>) {
        loop {
            let start = self.waiting.iter().position(|byte| *byte == START).unwrap_or(self.waiting.len());
            self.waiting.drain(..start);
            if self.waiting.is_empty() {
                return;
            }
            match F::begun(&self.waiting) {
                Begun::More => return,
                Begun::Whole(length) if self.waiting.len() < length => return,
                Begun::Whole(length) => {
                    let frame = read(&self.waiting[..length]);
                    self.waiting.drain(..if frame.is_ok() { length } else { 1 });
                    found.push(frame);
                }
                Begun::Nothing => drop(self.waiting.remove(0)),
            }
        }
    }
}

fn read<F: Framed>(bytes: &[u8]) -> Result<F, FrameError> {
    let (body, tail) = bytes.split_at(bytes.len() - 2);
    let wanted = sum(body);
    if tail[0] != wanted {
        return Err(FrameError::Sum { found: tail[0], wanted });
    }
    if tail[1] != END {
        return Err(FrameError::End(tail[1]));
    }
    Ok(F::of(body))
}
