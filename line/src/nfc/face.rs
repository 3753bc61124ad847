//! The meter as a card without contacts: found, activated, one application by its name, a frame in and its answer out
//! [docs/specs/lines.md 6].

use super::block::{Block, opened, sealed};

/// The application of a meter's port: F0, which nobody registers, and a word.
///
/// UNSPECIFIED: the field has none.
pub const AID: &[u8] = b"\xF0gridcard";
/// Bytes of a block that the card takes, by the code in its answer to select: 64.
pub const CARD_TAKES: usize = 64;
const CARD_TAKES_CODE: u8 = 5;
/// Bytes of a block that the reader takes: 256.
const READERS: [usize; 9] = [16, 24, 32, 40, 48, 64, 96, 128, 256];
/// The card answers within 302 us times two to this power, or asks for more time.
pub const FWI: u32 = 7;
/// That time in microseconds.
pub const FRAME_WAIT_US: u64 = 302 << FWI;

const OK: [u8; 2] = [0x90, 0x00];
const NO_FILE: [u8; 2] = [0x6A, 0x82];
const CONDITIONS: [u8; 2] = [0x69, 0x85];
const LENGTH: [u8; 2] = [0x67, 0x00];
const NO_COMMAND: [u8; 2] = [0x6D, 0x00];
/// Most bytes of an answer without extended lengths.
const ANSWER: usize = 256;
/// Most bytes of a frame that is gathered: the longest one and what wakes before it.
const GATHERED: usize = 300;

/// How far its activation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Ready,
    Selected,
    Active,
}

/// What the card does about what it heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Nothing.
    Nothing,
    /// Says this at once.
    Says(Vec<u8>),
    /// A frame for the meter is whole; [`Face::answer`] has to be called with what the meter says.
    Asks(Vec<u8>),
}

/// The card's end. All of it is lost with the field.
#[derive(Debug, Clone)]
pub struct Face {
    uid: [u8; 4],
    stage: Stage,
    number: u8,
    reader_takes: usize,
    chosen: bool,
    /// The command whose parts come.
    command: Vec<u8>,
    /// The meter's frame whose commands come.
    frame: Vec<u8>,
    /// The meter's answer that was not fetched yet.
    rest: Vec<u8>,
    /// The answer of which parts are to be sent.
    answer: Vec<u8>,
    /// What was said last, to be said again.
    last: Vec<u8>,
    waits: bool,
}

impl Face {
    /// A card without a field.
    pub const fn new(uid: [u8; 4]) -> Self {
        Face {
            uid,
            stage: Stage::Idle,
            number: 1,
            reader_takes: 256,
            chosen: false,
            command: Vec::new(),
            frame: Vec::new(),
            rest: Vec::new(),
            answer: Vec::new(),
            last: Vec::new(),
            waits: false,
        }
    }

    /// The field is gone.
    pub fn lose(&mut self) {
        *self = Face::new(self.uid);
    }

    /// Whether the meter was asked and has not answered.
    pub const fn waits(&self) -> bool {
        self.waits
    }

    /// Something came.
    pub fn hear(&mut self, bytes: &[u8]) -> Does {
        let [a, b, c, d] = self.uid;
        let check = a ^ b ^ c ^ d;
        match (self.stage, bytes) {
            // Whoever is asked anew begins anew.
            (Stage::Idle, [0x26 | 0x52]) => {
                self.stage = Stage::Ready;
                Does::Says(vec![0x04, 0x00])
            }
            (Stage::Ready, [0x93, 0x20]) => Does::Says(vec![a, b, c, d, check]),
            (Stage::Ready, [0x93, 0x70, rest @ ..]) if rest.get(..5) == Some(&[a, b, c, d, check]) => {
                if opened(bytes).is_none() {
                    return Does::Nothing;
                }
                self.stage = Stage::Selected;
                // It speaks ISO 14443-4.
                Does::Says(sealed(vec![0x20]))
            }
            (Stage::Selected, [0xE0, parameter, ..]) => {
                if opened(bytes).is_none() {
                    return Does::Nothing;
                }
                let code = usize::from(parameter >> 4).min(READERS.len() - 1);
                self.reader_takes = READERS.get(code).copied().unwrap_or(256);
                (self.stage, self.number) = (Stage::Active, 1);
                // Length, format (TA, TB, TC follow), one speed, frame wait, no card's number.
                let told = vec![5, 0x70 | CARD_TAKES_CODE, 0x00, (FWI as u8) << 4, 0x00];
                Does::Says(sealed(told))
            }
            (Stage::Active, bytes) => match Block::parse(bytes) {
                Some(block) => self.block(block),
                None => Does::Nothing,
            },
            _ => Does::Nothing,
        }
    }

    fn say(&mut self, block: Block) -> Does {
        self.last = block.to_bytes();
        Does::Says(self.last.clone())
    }

    fn block(&mut self, block: Block) -> Does {
        match block {
            Block::Information { more, data, .. } => {
                self.number ^= 1;
                self.command.extend(data);
                if self.command.len() > 2 * GATHERED {
                    self.command.clear();
                }
                if more {
                    return self.say(Block::Ack { number: self.number });
                }
                let command = std::mem::take(&mut self.command);
                self.command(&command)
            }
            Block::Ack { number } | Block::Nak { number } if number == self.number => {
                Does::Says(self.last.clone())
            }
            Block::Nak { .. } => self.say(Block::Ack { number: self.number }),
            Block::Ack { .. } if !self.answer.is_empty() => {
                self.number ^= 1;
                self.part()
            }
            Block::Ack { .. } => Does::Nothing,
            // It goes on waiting.
            Block::Wait { .. } => Does::Nothing,
            Block::Deselect => {
                let said = Block::Deselect.to_bytes();
                self.lose();
                Does::Says(said)
            }
        }
    }

    /// More time, by a factor.
    pub fn more_time(&mut self, factor: u8) -> Vec<u8> {
        self.last = Block::Wait { factor: factor.clamp(1, 59) }.to_bytes();
        self.last.clone()
    }

    /// The next part of the answer.
    fn part(&mut self) -> Does {
        // Control byte and sum stand around it.
        let room = self.reader_takes.saturating_sub(3).max(1);
        let data: Vec<u8> = self.answer.drain(..room.min(self.answer.len())).collect();
        self.say(Block::Information { number: self.number, more: !self.answer.is_empty(), data })
    }

    fn tell(&mut self, data: &[u8], word: [u8; 2]) -> Does {
        self.answer = [data, &word].concat();
        self.part()
    }

    /// A whole command.
    fn command(&mut self, bytes: &[u8]) -> Does {
        let ([class, instruction, p1, p2], rest) = match bytes.split_first_chunk::<4>() {
            Some(split) => split,
            None => return self.tell(&[], LENGTH),
        };
        let data = match rest {
            [] | [_] => &[],
            [length, data @ ..] => match data.get(..usize::from(*length)) {
                Some(found) if data.len() <= found.len() + 1 => found,
                _ => return self.tell(&[], LENGTH),
            },
        };
        match (class, instruction, p1, p2) {
            (0x00, 0xA4, 0x04, 0x00) => {
                self.chosen = data == AID;
                self.frame.clear();
                self.rest.clear();
                let word = if self.chosen { OK } else { NO_FILE };
                self.tell(&[], word)
            }
            (0x80, 0xDA, 0..=1, 0x00) if self.chosen => {
                self.frame.extend(data);
                if self.frame.len() > GATHERED {
                    self.frame.clear();
                    return self.tell(&[], LENGTH);
                }
                if *p1 == 1 {
                    return self.tell(&[], OK);
                }
                self.waits = true;
                Does::Asks(std::mem::take(&mut self.frame))
            }
            (0x00, 0xC0, 0x00, 0x00) if self.chosen && !self.rest.is_empty() => self.give(),
            (0x80, 0xDA, _, _) | (0x00, 0xC0, _, _) => self.tell(&[], CONDITIONS),
            _ => self.tell(&[], NO_COMMAND),
        }
    }

    fn give(&mut self) -> Does {
        let data: Vec<u8> = self.rest.drain(..ANSWER.min(self.rest.len())).collect();
        let word = match self.rest.len() {
            0 => OK,
            left => [0x61, left.min(0xFF) as u8],
        };
        self.tell(&data, word)
    }

    /// The meter has answered; the bytes that go.
    pub fn answer(&mut self, said: &[u8]) -> Vec<u8> {
        self.waits = false;
        self.rest = said.to_vec();
        match self.give() {
            Does::Says(bytes) => bytes,
            _ => Vec::new(),
        }
    }
}
