//! The reader's side of a meter's port: a request out, its answer in [docs/specs/dlt645.md 2].

use std::time::Duration;
use wire::dlt645::items::Item;
use wire::dlt645::{Address, FRAME_MAX, Frame, FrameError, Identifier, Receiver, WAKE, function};
use wire::{ByteLink, LinkError};

/// Bytes FE before a request: a receiver that sleeps loses the first ones.
const WAKE_UP: usize = 4;
/// A pause within a frame ends it.
const PAUSE: Duration = Duration::from_millis(500);
/// An answer begins within 500 ms on a line of the field; a network between gets as long again and more.
const PATIENCE: Duration = Duration::from_secs(2);
/// More bytes than this without an answer among them are noise.
const NOISE: usize = 8 * FRAME_MAX;

/// A line with meters on it.
pub struct Line<'l> {
    link: &'l mut dyn ByteLink,
    patience: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The line.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// What was asked is no frame.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// Nobody answered.
    #[error("no meter answers at address {0}")]
    Silent(Address),
    /// Bytes came, and no answer among them.
    #[error("what comes from address {address} is no answer{}", .broken.map_or_else(String::new, |error| format!(": {error}")))]
    Noise {
        /// Who was asked.
        address: Address,
        /// What was wrong with the last frame.
        broken: Option<FrameError>,
    },
    /// The meter refuses.
    #[error("the meter refuses, word {}: {}", hex::encode_upper(.0), refusal(.0))]
    Refused(Vec<u8>),
    /// It answers something else.
    #[error("the meter's answer is not to what was asked: {0}")]
    Other(&'static str),
}

/// The bits of a refusal in words: one byte of an ordinary one, two of security.
fn refusal(word: &[u8]) -> String {
    const ORDINARY: [&str; 7] = [
        "another cause",
        "it has no such data",
        "no right to do this",
        "it cannot change its speed",
        "too many day zones",
        "too many periods",
        "too many rates",
    ];
    const SECURITY: [&str; 9] = [
        "another cause",
        "this recharge was done before",
        "its ESAM does not take the MAC",
        "nobody is authenticated, or not by the right key",
        "it is another customer's",
        "the purchase count is not the next",
        "the purse would hold more than it may",
        "no such address",
        "shut until midnight after too many wrong MACs",
    ];
    let (bits, words) = match word {
        [bits] => (u16::from(*bits), &ORDINARY[..]),
        [low, high] => (u16::from_le_bytes([*low, *high]), &SECURITY[..]),
        _ => return "neither one byte nor two, as refusals have".into(),
    };
    let said: Vec<&str> =
        words.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, words)| *words).collect();
    if said.is_empty() { "no cause is named".into() } else { said.join(", ") }
}

/// What to do about a refusal of security.
fn said_hint(word: &[u8]) -> Option<&'static str> {
    let [low, high] = *word else { return None };
    match u16::from_le_bytes([low, high]).trailing_zeros() {
        1 => Some("the purse shows it: look at money and count before anything is sent again"),
        3 => Some(
            "the meter's keys are of another city, suite, version or state than the station's, or its time is over",
        ),
        5 => Some("look at the count in the purse; an account is opened before it is recharged"),
        8 => Some("it opens at midnight by the meter's clock"),
        _ => None,
    }
}

impl scheme::Fault for AskError {
    fn kind(&self) -> scheme::Kind {
        match self {
            AskError::Link(_) | AskError::Silent(_) | AskError::Noise { .. } => scheme::Kind::Absent,
            _ => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            AskError::Silent(_) | AskError::Noise { .. } => {
                Some("look at address, line and speed; a meter alone on its line answers AAAAAAAAAAAA".into())
            }
            AskError::Link(error) => error.hint(),
            AskError::Refused(word) => said_hint(word).map(Into::into),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            AskError::Link(error) => error.code(),
            AskError::Frame(error) => error.code(),
            AskError::Silent(_) => "meter-silent",
            AskError::Noise { .. } => "meter-noise",
            AskError::Refused(word) => match word[..] {
                // One bit a refusal; of several the lowest is the cause.
                [low, high] => match u16::from_le_bytes([low, high]).trailing_zeros() {
                    1 => "meter-says-done",
                    2 => "meter-says-mac",
                    3 => "meter-says-identity",
                    4 => "meter-says-customer",
                    5 => "meter-says-count",
                    6 => "meter-says-hoard",
                    7 => "meter-says-address",
                    8 => "meter-says-shut",
                    _ => "meter-says-other",
                },
                _ => "meter-refuses",
            },
            AskError::Other(_) => "meter-answer",
        }
    }
}

impl<'l> Line<'l> {
    /// A line.
    pub fn new(link: &'l mut dyn ByteLink) -> Self {
        Line { link, patience: PATIENCE }
    }

    /// The same, waiting so long for the beginning of an answer.
    pub fn patient(self, patience: Duration) -> Self {
        Line { patience, ..self }
    }

    /// Sends a request and waits for its answer; what is heard beside it (the own bytes on a line of two wires, other meters' frames)
    /// is passed over.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ask(&mut self, request: &Frame) -> Result<Frame, AskError> {
        let mut bytes = vec![WAKE; WAKE_UP];
        bytes.extend(request.to_bytes()?);
        self.link.send(&bytes)?;
        let (mut receiver, mut buffer, mut heard, mut broken) = (Receiver::new(), [0; 512], 0, None);
        let answers = |frame: &Frame| {
            frame.control.is_answer()
                && frame.control.function() == request.control.function()
                && request.address.reaches(frame.address)
        };
        loop {
            let wait = if receiver.is_waiting() { PAUSE } else { self.patience };
            let length = self.link.receive(&mut buffer, wait)?;
            let found = if length == 0 { receiver.silence() } else { receiver.push(&buffer[..length]) };
            for frame in found {
                match frame {
                    Ok(frame) if answers(&frame) => {
                        return if frame.control.is_refusal() {
                            Err(AskError::Refused(frame.data))
                        } else {
                            Ok(frame)
                        };
                    }
                    // The own request, come back.
                    Ok(_) => {}
                    Err(error) => broken = Some(error),
                }
            }
            heard += length;
            if heard > NOISE || length == 0 {
                return Err(match broken {
                    None if heard <= bytes.len() => AskError::Silent(request.address),
                    broken => AskError::Noise { address: request.address, broken },
                });
            }
        }
    }

    /// The address of the one meter on the line.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn address(&mut self) -> Result<Address, AskError> {
        let found = self.ask(&Frame::request(Address::WILDCARD, function::READ_ADDRESS, Vec::new()))?;
        let mut bytes: [u8; 6] =
            found.data.try_into().map_err(|_| AskError::Other("an address has 6 bytes"))?;
        bytes.reverse();
        Ok(Address(bytes))
    }

    /// The values of what an identifier asks for, as they stand in DATA behind it.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn read(&mut self, address: Address, identifier: Identifier) -> Result<Vec<u8>, AskError> {
        let found = self.ask(&Frame::request(address, function::READ, identifier.bytes().to_vec()))?;
        match Identifier::split(&found.data) {
            Some((about, value)) if about == identifier => Ok(value.to_vec()),
            _ => Err(AskError::Other("it is about another identifier")),
        }
    }

    /// One item, as people read it.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn show(&mut self, address: Address, item: &Item) -> Result<String, AskError> {
        Ok(item.form.show(&self.read(address, item.id)?))
    }
}
