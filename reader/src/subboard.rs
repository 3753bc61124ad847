//! The board's side of a sub-board's line [docs/specs/subboard.md]: a question out, its answer in, the same again when none comes.

use core::fmt;
use std::time::Duration;
use wire::subboard::{ANSWER, BoardFrame, BoardReceiver, VERSION, kind, result};
use wire::{ByteLink, LinkError};

/// How long an answer may take: the meter's ESAM is asked for it.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often the same is asked.
const TIMES: usize = 4;
/// More bytes than this without an answer among them are noise.
const NOISE: usize = 16 * 1024;

/// Why a board has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoardError {
    /// The line.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// Nobody answered.
    #[error("no meter answers its sub-board")]
    Silent,
    /// What is asked is longer than a frame.
    #[error("a payload has at most {} bytes", wire::subboard::MOST)]
    TooLong,
    /// The meter says no.
    #[error("the meter says {result:02X} to its sub-board: {}", Words(*.result, .detail))]
    Refused {
        /// By the page.
        result: u8,
        /// What follows it.
        detail: Vec<u8>,
    },
}

/// A result in words.
struct Words<'d>(u8, &'d [u8]);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            result::UNKNOWN => "the type is not known",
            result::HELLO_FIRST => "hello comes first",
            result::VERSION => "no version in common",
            result::PAYLOAD => "the payload is none of its type",
            result::NOT_ANNOUNCED => "it was not announced, or the link is down",
            result::BUSY => "not now",
            result::NOTHING => "nothing",
            result::REFUSED => "the order is refused",
            _ => "a result that is not known here",
        })?;
        match (self.0, self.1) {
            (result::REFUSED, [number]) => write!(f, ", error {number}"),
            _ => Ok(()),
        }
    }
}

impl scheme::Fault for BoardError {
    fn kind(&self) -> scheme::Kind {
        match self {
            BoardError::Link(_) | BoardError::Silent => scheme::Kind::Absent,
            BoardError::TooLong | BoardError::Refused { .. } => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            BoardError::Link(error) => error.hint(),
            BoardError::Silent => {
                Some("look at the plug and at the line's speed; the same again loses no money".into())
            }
            BoardError::TooLong | BoardError::Refused { .. } => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            BoardError::Link(error) => error.code(),
            BoardError::Silent => "board-silent",
            BoardError::TooLong => "board-long",
            BoardError::Refused { .. } => "board-refused",
        }
    }
}

/// A board, plugged into a line.
pub struct Plugged<'l> {
    link: &'l mut dyn ByteLink,
    receiver: BoardReceiver,
    sequence: u8,
}

impl<'l> Plugged<'l> {
    /// Plugs one in that does so much, and says hello.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn hello(link: &'l mut dyn ByteLink, kind_of: u8, can: u8) -> Result<Self, BoardError> {
        let mut plugged = Plugged { link, receiver: BoardReceiver::default(), sequence: 0 };
        plugged.ask(kind::HELLO, vec![VERSION, VERSION, kind_of, can])?;
        Ok(plugged)
    }

    /// Brings the file of an order; gives the receipt's.
    ///
    /// # Errors
    /// [`BoardError`]: the same file again is credited once.
    pub fn order(&mut self, file: Vec<u8>) -> Result<Vec<u8>, BoardError> {
        self.ask(kind::ORDER, file)
    }

    /// Asks, and gives what follows the result.
    ///
    /// # Errors
    /// [`BoardError`].
    pub fn ask(&mut self, kind: u8, payload: Vec<u8>) -> Result<Vec<u8>, BoardError> {
        self.sequence = self.sequence % u8::MAX + 1;
        let asked = BoardFrame { kind, sequence: self.sequence, payload };
        let bytes = asked.to_bytes().ok_or(BoardError::TooLong)?;
        for _ in 0..TIMES {
            self.link.send(&bytes)?;
            if let Some(answer) = self.answer(&asked)? {
                return match answer.split_first() {
                    Some((&result::DONE, rest)) => Ok(rest.to_vec()),
                    Some((&result, detail)) => Err(BoardError::Refused { result, detail: detail.to_vec() }),
                    None => Err(BoardError::Silent),
                };
            }
        }
        Err(BoardError::Silent)
    }

    fn answer(&mut self, asked: &BoardFrame) -> Result<Option<Vec<u8>>, BoardError> {
        let (mut buffer, mut heard) = ([0; 512], 0);
        while heard <= NOISE {
            let length = self.link.receive(&mut buffer, PATIENCE)?;
            if length == 0 {
                return Ok(None);
            }
            heard += length;
            let found = self.receiver.push(buffer.get(..length).unwrap_or_default());
            let is_it =
                |frame: &BoardFrame| frame.kind == asked.kind | ANSWER && frame.sequence == asked.sequence;
            if let Some(frame) = found.into_iter().find(is_it) {
                return Ok(Some(frame.payload));
            }
        }
        Ok(None)
    }
}
