//! A phone held to a meter: what goes over the field, and how long it takes.

use super::block::{Block, opened, sealed};
use super::face::{AID, CARD_TAKES, Does, FRAME_WAIT_US, Face};
use super::reader::{Next, Reader};
use crate::air::{Air, Reach, Setting};
use crate::port::{ANSWERS, Far, Port};
use crate::spent::{Line, Spent, hand_over};
use scheme::Chance;
use std::collections::VecDeque;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Centimetres in which nothing is lost.
pub const RANGE_CM: u32 = 4;
/// Bits a second.
const SPEED: u32 = 106_000;
/// Nanoseconds of a byte: eight bits and a parity of 128 periods of 13.56 MHz.
const BYTE_NS: u64 = 9 * 128 * 1_000_000 / 13_560;
/// From the end of one to the beginning of the other, in microseconds: the card's, and the reader's.
const CARD_DELAY: u64 = 87;
const READER_DELAY: u64 = 500;
/// Between the field's beginning and the first command.
const POWER_UP: u64 = 5000;
/// Data of a command, without extended lengths.
const COMMAND: usize = 250;
/// Another phone looks for cards so often, and its field is there for so long each time, in microseconds. UNSPECIFIED: phones poll some
/// times a second.
const POLLS: (u64, u64) = (300_000, 60_000);
/// How often an activation is tried.
const TRIES: u32 = 3;

/// A phone and a meter.
pub struct Nfc<'m> {
    air: Air,
    port: Port<'m>,
    face: Face,
    aid: Vec<u8>,
    /// Cards in the field.
    cards: usize,
    reader: Option<Reader>,
    /// When the meter has its answer, and the answer.
    said: Option<(u64, Vec<u8>)>,
    incoming: VecDeque<u8>,
    repeated: u64,
    spent: Spent,
}

/// What is told when the field goes.
fn lost() -> LinkError {
    LinkError::Failed("the field is lost: hold the phone to the meter again and say the same again".into())
}

fn byte_us(bytes: u64) -> u64 {
    (bytes * BYTE_NS).div_ceil(1000)
}

impl<'m> Nfc<'m> {
    /// Holds the phone to a meter and chooses its application.
    ///
    /// # Errors
    /// No card, or several; no such application; a meter's own.
    pub fn open(setting: &Setting, meters: Vec<Far<'m>>, chance: Box<dyn Chance>) -> Result<Self, LinkError> {
        Nfc::open_as(setting, AID, meters, chance)
    }

    /// The same, with another name of the application.
    ///
    /// # Errors
    /// As [`Nfc::open`].
    pub fn open_as(
        setting: &Setting,
        aid: &[u8],
        meters: Vec<Far<'m>>,
        chance: Box<dyn Chance>,
    ) -> Result<Self, LinkError> {
        let cards = meters.len();
        let mut air = Air::new(setting, Reach::around(RANGE_CM), chance);
        let Some(first) = meters.into_iter().next() else { return Err(lost()) };
        let uid = (air.draw(0, 0xFF_FFFF) as u32).to_be_bytes();
        // A number that is drawn anew each time begins with 08.
        let uid = [0x08, uid[1], uid[2], uid[3]];
        let mut line = Nfc {
            air,
            port: Port::new(first),
            face: Face::new(uid),
            aid: aid.to_vec(),
            cards,
            reader: None,
            said: None,
            incoming: VecDeque::new(),
            repeated: 0,
            spent: Spent::default(),
        };
        line.activate()?;
        Ok(line)
    }

    /// Blocks that were asked for again.
    pub fn repeated(&self) -> u64 {
        self.repeated + self.reader.as_ref().map_or(0, |reader| reader.repeated)
    }

    /// Whether another phone's field is there too: neither end makes anything out.
    fn is_spoiled(&self, at: u64) -> bool {
        self.air.other(at).is_some_and(|other| (at - other.from_us) % POLLS.0 < POLLS.1)
    }

    /// Bytes of one over the field: as they arrive, or nothing when a bit is wrong or the field is gone.
    fn over(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (mut whole, begun) = (true, self.air.now());
        for (n, _) in (0..).zip(bytes) {
            let at = begun + byte_us(n);
            if !self.air.carries(at) {
                // The card lives of the field.
                self.face.lose();
                self.said = None;
                whole = false;
            }
            // Each byte has a parity, all have a sum.
            whole &= self.air.wrong_bits(9) == 0 && !self.is_spoiled(at);
        }
        self.air.wait(byte_us(bytes.len() as u64));
        whole.then(|| bytes.to_vec())
    }

    /// Sends to the card and waits for so long; what comes back.
    fn exchange(&mut self, bytes: &[u8], wait_us: u64) -> Result<Option<Vec<u8>>, LinkError> {
        self.air.wait(READER_DELAY);
        let heard = self.over(bytes);
        let now = self.air.now();
        let Some(heard) = heard else {
            self.air.wait_until(now + wait_us);
            return Ok(None);
        };
        let does = self.face.hear(&heard);
        let says = match does {
            Does::Says(bytes) => Some(bytes),
            Does::Asks(frame) => {
                let said = self.port.hear(&frame, (now, now))?;
                // A meter that has nothing to say is silent at once.
                let ready = if said.is_empty() { now } else { now + self.air.draw(ANSWERS.0, ANSWERS.1) };
                self.said = Some((ready, said));
                None
            }
            Does::Nothing => None,
        };
        let says = match says {
            Some(bytes) => Some(bytes),
            None if self.face.waits() => self.late(now + wait_us),
            None => None,
        };
        match says {
            Some(bytes) => {
                self.air.wait(CARD_DELAY);
                Ok(self.over(&bytes))
            }
            None => {
                self.air.wait_until(now + wait_us);
                Ok(None)
            }
        }
    }

    /// The meter's answer, if it has it before then; else the card asks for more time.
    fn late(&mut self, until: u64) -> Option<Vec<u8>> {
        let (ready, said) = self.said.take()?;
        if ready < until {
            self.air.wait_until(ready);
            return Some(self.face.answer(&said));
        }
        let missing = ready - self.air.now();
        self.said = Some((ready, said));
        // Just before the reader would give it up.
        self.air.wait_until(until.saturating_sub(FRAME_WAIT_US / 4));
        Some(self.face.more_time((missing / FRAME_WAIT_US + 1).min(59) as u8))
    }

    /// A command and its answer.
    fn command(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let Some(mut reader) = self.reader.take() else { return Err(lost()) };
        let mut next = reader.begin(command);
        loop {
            match next {
                Next::Send(bytes, factor) => {
                    let heard = self.exchange(&bytes, u64::from(factor) * FRAME_WAIT_US)?;
                    next = reader.hear(heard.as_deref());
                }
                Next::Done(answer) => {
                    self.reader = Some(reader);
                    return Ok(answer);
                }
                Next::Lost => {
                    self.repeated += reader.repeated;
                    self.face.lose();
                    return Err(lost());
                }
            }
        }
    }

    /// Finds the card, activates it and chooses the application.
    fn activate(&mut self) -> Result<(), LinkError> {
        for _ in 0..TRIES {
            self.face.lose();
            self.air.wait(POWER_UP);
            if self.found()? {
                return self.choose();
            }
        }
        Err(LinkError::Absent {
            line: "NFC".into(),
            why: "no card is in the field: hold the phone to the meter's mark".into(),
        })
    }

    /// The card's first answers; whether all of them came.
    fn found(&mut self) -> Result<bool, LinkError> {
        if self.exchange(&[0x26], 1000)?.is_none() {
            return Ok(false);
        }
        if self.cards > 1 {
            // Both answer at once, and their numbers collide.
            return Err(LinkError::Absent {
                line: "NFC".into(),
                why: "several cards are in the field: hold the phone to one of them".into(),
            });
        }
        let Some(uid) = self.exchange(&[0x93, 0x20], 1000)? else { return Ok(false) };
        let select = sealed([&[0x93, 0x70], &uid[..]].concat());
        if self.exchange(&select, 1000)?.as_deref().and_then(opened) != Some(&[0x20]) {
            return Ok(false);
        }
        // The reader takes 256 bytes.
        let told = self.exchange(&sealed(vec![0xE0, 0x80]), FRAME_WAIT_US)?;
        let Some(told) = told.as_deref().and_then(opened).map(<[u8]>::to_vec) else { return Ok(false) };
        let takes = match told.get(1).map(|format| format & 0x0F) {
            Some(5) => CARD_TAKES,
            // What is not known here is as little as there can be.
            _ => 16,
        };
        self.reader = Some(Reader::new(takes));
        Ok(true)
    }

    fn choose(&mut self) -> Result<(), LinkError> {
        let mut select = vec![0x00, 0xA4, 0x04, 0x00, self.aid.len() as u8];
        select.extend(&self.aid);
        select.push(0x00);
        match self.command(&select)?.as_slice() {
            [0x90, 0x00] => Ok(()),
            word => Err(LinkError::Absent {
                line: "the meter's application on the card in the field".into(),
                why: format!("the card answers {}: it is no meter of this kind", hex(word)),
            }),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

impl ByteLink for Nfc<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if self.reader.is_none() {
            // Somebody holds the phone to it again: nothing of before goes on.
            self.incoming.clear();
            self.activate()?;
        }
        self.spent.sent += bytes.len() as u64;
        let mut parts = bytes.chunks(COMMAND).peekable();
        while let Some(part) = parts.next() {
            let more = u8::from(parts.peek().is_some());
            let command = [&[0x80, 0xDA, more, 0x00, part.len() as u8], part, &[0x00]].concat();
            let mut answer = self.command(&command)?;
            loop {
                let Some((data, word)) = answer.split_last_chunk::<2>() else { return Err(lost()) };
                self.incoming.extend(data);
                match word {
                    [0x90, 0x00] => break,
                    [0x61, _] => answer = self.command(&[0x00, 0xC0, 0x00, 0x00, 0x00])?,
                    word => {
                        return Err(LinkError::Failed(format!("the meter's card answers {}", hex(word))));
                    }
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let length = hand_over(&mut self.incoming, buffer);
        if length == 0 {
            // The card says nothing by itself.
            self.air.wait(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        }
        self.spent.received += length as u64;
        Ok(length)
    }
}

impl Line for Nfc<'_> {
    fn end(&mut self) -> Result<(), LinkError> {
        if self.reader.take().is_some() {
            self.exchange(&Block::Deselect.to_bytes(), FRAME_WAIT_US)?;
        }
        Ok(())
    }

    fn spent(&self) -> Spent {
        Spent {
            us: self.air.now(),
            least_us: byte_us(self.spent.sent + self.spent.received),
            bits_per_s: SPEED,
            on_air: self.air.bytes(),
            ..self.spent
        }
    }
}
