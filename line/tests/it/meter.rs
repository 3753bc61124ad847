//! A meter that says what it is asked, and counts how often it did something.

use gridcard_line::scheme::Chance;
use gridcard_line::wire::dlt645::{Address, Control, Frame, FrameError, Receiver, WAKE, function};
use gridcard_line::wire::{ByteLink, LinkError};
use gridcard_line::{Cut, Place, Setting};
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of a seed, each run the same.
pub fn chance(seed: u64) -> Box<dyn Chance> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Box::new(move |out: &mut [u8]| {
        for byte in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    })
}

pub fn setting(distance_cm: u32, noise: u8) -> Setting {
    Setting::at(Place { distance_cm: Some(distance_cm), noise, ..Place::default() })
}

pub fn cut(after: u64, lasts_us: u64) -> Setting {
    Setting { cut: Some(Cut { after, lasts_us }), ..Setting::default() }
}

/// A meter. READ is answered with the data of the request and as many bytes as it names; WRITE of the next number is done once, as a purchase is.
pub struct Meter {
    pub number: [u8; 6],
    receiver: Receiver,
    said: VecDeque<u8>,
    /// Whole frames that came to it.
    pub frames: u64,
    /// Broken ones.
    pub broken: u64,
    /// What it has done.
    pub count: u8,
}

impl Meter {
    pub fn new(last: u8) -> Self {
        Meter {
            number: [0x12, 0x34, 0x56, 0x78, 0x90, last],
            receiver: Receiver::new(),
            said: VecDeque::new(),
            frames: 0,
            broken: 0,
            count: 0,
        }
    }

    fn answer(&mut self, frame: &Frame) {
        if !frame.address.reaches(Address(self.number)) || frame.control.is_answer() {
            return;
        }
        self.frames += 1;
        let data = match frame.control.function() {
            function::READ_ADDRESS => self.number.iter().rev().copied().collect(),
            function::WRITE => {
                if frame.data.first() == Some(&(self.count + 1)) {
                    self.count += 1;
                }
                vec![self.count]
            }
            _ => {
                let more = frame.data.first().copied().unwrap_or(0);
                (0..=more).rev().collect()
            }
        };
        let control = Control::answer(frame.control.function(), false);
        self.said.extend(Frame { address: Address(self.number), control, data }.to_bytes().unwrap());
    }
}

impl ByteLink for Meter {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        for frame in found {
            match frame {
                Ok(frame) => self.answer(&frame),
                Err(_) => self.broken += 1,
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, LinkError> {
        let length = buffer.len().min(self.said.len());
        for (place, byte) in buffer.iter_mut().zip(self.said.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Frame(Frame),
    Silence,
    Garbage(Option<FrameError>),
    Lost(LinkError),
}

/// Asks as a reader does: wake-up bytes, the frame, and patience.
pub fn ask(link: &mut dyn ByteLink, frame: &Frame) -> Said {
    let mut bytes = vec![WAKE; 4];
    bytes.extend(frame.to_bytes().unwrap());
    if let Err(error) = link.send(&bytes) {
        return Said::Lost(error);
    }
    let (mut receiver, mut buffer, mut heard, mut broken) = (Receiver::new(), [0; 64], 0, None);
    loop {
        let wait = if receiver.is_waiting() { 500 } else { 10_000 };
        let length = match link.receive(&mut buffer, Duration::from_millis(wait)) {
            Ok(length) => length,
            Err(error) => return Said::Lost(error),
        };
        let found = if length == 0 { receiver.silence() } else { receiver.push(&buffer[..length]) };
        for frame in found {
            match frame {
                Ok(frame) if frame.control.is_answer() => return Said::Frame(frame),
                Ok(_) => {}
                Err(error) => broken = Some(error),
            }
        }
        heard += length;
        if length == 0 {
            return if heard == 0 { Said::Silence } else { Said::Garbage(broken) };
        }
    }
}

pub fn read_address() -> Frame {
    Frame::request(Address::WILDCARD, function::READ_ADDRESS, Vec::new())
}

pub fn read(meter: u8, more: u8) -> Frame {
    Frame::request(Address([0x12, 0x34, 0x56, 0x78, 0x90, meter]), function::READ, vec![more])
}

pub fn buy(meter: u8, number: u8) -> Frame {
    let mut data = vec![number];
    data.resize(100, 0x5A);
    Frame::request(Address([0x12, 0x34, 0x56, 0x78, 0x90, meter]), function::WRITE, data)
}

/// The data of an answer that must be there.
pub fn data(said: Said) -> Vec<u8> {
    match said {
        Said::Frame(frame) => frame.data,
        other => panic!("no answer: {other:?}"),
    }
}
