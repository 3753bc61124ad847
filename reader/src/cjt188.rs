//! The reader's side of a port of CJ/T 188: a request out, its answer in, and DL/T 645 carried inside [docs/specs/cjt188.md].

use std::collections::VecDeque;
use std::time::Duration;
use wire::cjt188::{Address, ByteOrder, FRAME_MAX, Frame, Identifier, Kind, Receiver, Status, function};
use wire::frames::{FrameError, WAKE};
use wire::{ByteLink, LinkError, dlt645};

/// Bytes FE before a request: a meter that sleeps hears the last of so many.
const WAKE_UP: usize = 24;
/// A pause within a frame ends it.
const PAUSE: Duration = Duration::from_millis(500);
/// An answer begins within 500 ms on a line of the field; a network between gets as long again and more.
const PATIENCE: Duration = Duration::from_secs(2);
/// More bytes than this without an answer among them are noise.
const NOISE: usize = 8 * FRAME_MAX;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipeError {
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
    #[error("what comes from address {0} is no answer")]
    Noise(Address),
    /// The meter refuses.
    #[error("the meter refuses, word {0:02X}: {words}", words = refusal(*.0))]
    Refused(u8),
    /// It answers something else.
    #[error("the meter's answer is not to what was asked: {0}")]
    Other(&'static str),
}

/// The bits of the maker's byte in a refusal of ours.
fn refusal(word: u8) -> &'static str {
    match word.trailing_zeros() {
        0 => "another cause",
        1 => "it has no such data",
        2 => "no right to do this",
        _ => "a word of another maker",
    }
}

impl scheme::Fault for PipeError {
    fn kind(&self) -> scheme::Kind {
        match self {
            PipeError::Link(_) | PipeError::Silent(_) | PipeError::Noise(_) => scheme::Kind::Absent,
            _ => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            PipeError::Silent(_) | PipeError::Noise(_) => {
                Some("look at address, line and speed; a meter of electricity speaks DL/T 645".into())
            }
            PipeError::Refused(word) if word.trailing_zeros() == 2 => {
                Some("what moves a meter has to be proved: by a station with its keys".into())
            }
            PipeError::Link(error) => error.hint(),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            PipeError::Link(error) => error.code(),
            PipeError::Frame(error) => error.code(),
            PipeError::Silent(_) => "pipe-silent",
            PipeError::Noise(_) => "pipe-noise",
            PipeError::Refused(_) => "pipe-refuses",
            PipeError::Other(_) => "pipe-answer",
        }
    }
}

/// A call, and a frame.
fn called(frame: &Frame) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![WAKE; WAKE_UP];
    bytes.extend(frame.to_bytes()?);
    Ok(bytes)
}

/// A line with meters on pipes.
pub struct Line<'l> {
    link: &'l mut dyn ByteLink,
    number: u8,
}

impl<'l> Line<'l> {
    /// A line.
    pub fn new(link: &'l mut dyn ByteLink) -> Self {
        Line { link, number: 0 }
    }

    /// Wakes a meter, sends a request and waits for its answer; gives whose it is and what stands behind identifier and number.
    ///
    /// # Errors
    /// [`PipeError`].
    pub fn ask(
        &mut self,
        address: Address,
        function: u8,
        about: Identifier,
        rest: &[u8],
    ) -> Result<(Address, Vec<u8>), PipeError> {
        self.number = self.number.wrapping_add(1);
        let number = self.number;
        let order = ByteOrder::LowFirst;
        let request = Frame::request((Kind::ANY, address), function, (about, order), number, rest);
        let bytes = called(&request)?;
        self.link.send(&bytes)?;
        let (mut receiver, mut buffer, mut heard) = (Receiver::new(), [0; 512], 0);
        loop {
            let wait = if receiver.is_waiting() { PAUSE } else { PATIENCE };
            let length = self.link.receive(&mut buffer, wait)?;
            let found = if length == 0 { receiver.silence() } else { receiver.push(&buffer[..length]) };
            // The own request may come back on a line of two wires; other meters' frames are not for us.
            let mut frames = found.into_iter().filter_map(Result::ok);
            let answer = frames.find(|frame| {
                frame.control.is_answer()
                    && frame.control.function() == function
                    && address.reaches(frame.address)
            });
            if let Some(frame) = answer {
                return if frame.control.is_refusal() {
                    refused(&frame, number)
                } else {
                    value(&frame, about, number)
                };
            }
            heard += length;
            if length == 0 || heard > NOISE {
                let silent = heard <= bytes.len();
                return Err(if silent { PipeError::Silent(address) } else { PipeError::Noise(address) });
            }
        }
    }

    /// Reads what an identifier names.
    ///
    /// # Errors
    /// [`PipeError`].
    pub fn read(&mut self, address: Address, about: Identifier) -> Result<Vec<u8>, PipeError> {
        self.ask(address, function::READ, about, &[]).map(|(_, value)| value)
    }

    /// The address of the one meter on the line.
    ///
    /// # Errors
    /// [`PipeError`].
    pub fn address(&mut self) -> Result<Address, PipeError> {
        self.ask(Address::WILDCARD, function::READ_ADDRESS, Identifier::ADDRESS, &[]).map(|(own, _)| own)
    }

    /// A command to the valve under its seal; gives the state behind it.
    ///
    /// # Errors
    /// [`PipeError`].
    pub fn valve(&mut self, address: Address, sealed: &[u8; 20]) -> Result<Status, PipeError> {
        let turned = crate::parameter::turned(sealed);
        let (_, said) = self.ask(address, function::WRITE, Identifier::VALVE, &turned)?;
        let said = said.try_into().map_err(|_| PipeError::Other("a state has 2 bytes"))?;
        Ok(Status::of(said))
    }
}

fn value(frame: &Frame, about: Identifier, number: u8) -> Result<(Address, Vec<u8>), PipeError> {
    match Identifier::split(&frame.data) {
        Some((said, _, [of, rest @ ..])) if said == about && *of == number => {
            Ok((frame.address, rest.to_vec()))
        }
        _ => Err(PipeError::Other("it is about another identifier, or to another request")),
    }
}

fn refused<T>(frame: &Frame, number: u8) -> Result<T, PipeError> {
    match frame.data[..] {
        [of, _, word] if of == number => Err(PipeError::Refused(word)),
        _ => Err(PipeError::Other("a refusal has a number and a state")),
    }
}

/// A line of CJ/T 188 as one of DL/T 645: frames of that protocol go inside, so that whoever speaks it does so to a meter on a pipe.
pub struct Carried<L> {
    link: L,
    asked: dlt645::Receiver,
    heard: Receiver,
    came: VecDeque<u8>,
    number: u8,
}

impl<L: ByteLink> Carried<L> {
    /// Over a line.
    pub fn new(link: L) -> Self {
        Carried {
            link,
            asked: dlt645::Receiver::new(),
            heard: Receiver::new(),
            came: VecDeque::new(),
            number: 0,
        }
    }

    /// What a frame of the line carries, if it answers what was asked last.
    fn inside(&self, frame: &Frame) -> Option<dlt645::Frame> {
        let (about, _, rest) = Identifier::split(&frame.data)?;
        let [number, control, data @ ..] = rest else { return None };
        let answers = frame.control == wire::cjt188::Control::answer(function::WRITE)
            && about == Identifier::CARRIED
            && *number == self.number;
        let address = dlt645::Address(frame.address.number()?);
        let inside = dlt645::Frame { address, control: dlt645::Control(*control), data: data.to_vec() };
        answers.then_some(inside)
    }
}

impl<L: ByteLink> ByteLink for Carried<L> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        for frame in self.asked.push(bytes).into_iter().flatten() {
            self.number = self.number.wrapping_add(1);
            let address = match frame.address {
                dlt645::Address::WILDCARD => Address::WILDCARD,
                address => Address::of(address.0),
            };
            let rest = [&[frame.control.0], &frame.data[..]].concat();
            let about = (Identifier::CARRIED, ByteOrder::LowFirst);
            let outside = Frame::request((Kind::ANY, address), function::WRITE, about, self.number, &rest);
            let bytes = called(&outside).map_err(|error| LinkError::Failed(error.to_string()))?;
            self.link.send(&bytes)?;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let (mut raw, mut heard) = ([0; 512], 0);
        while self.came.is_empty() && heard <= NOISE {
            let wait = if self.heard.is_waiting() { PAUSE } else { wait };
            let length = self.link.receive(&mut raw, wait)?;
            let found = if length == 0 { self.heard.silence() } else { self.heard.push(&raw[..length]) };
            for frame in found.iter().flatten() {
                if let Some(inside) = self.inside(frame) {
                    let bytes = inside.to_bytes().map_err(|error| LinkError::Failed(error.to_string()))?;
                    self.came.extend(bytes);
                }
            }
            if length == 0 {
                break;
            }
            heard += length;
        }
        let length = buffer.len().min(self.came.len());
        for (place, byte) in buffer.iter_mut().zip(self.came.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}
