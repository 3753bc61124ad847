//! The eye of the field's meters: light of 38 kHz that is there or not, 1200 bit/s, eight bits and an even parity, one at a time
//! [docs/specs/lines.md 2].
//!
//! Nothing is around the frames and nobody says them again: what is lost, the program above asks for once more.

use crate::air::{Air, Reach, Setting};
use crate::light::{Ear, Format, Heard, Parity, Shine, Sky};
use crate::port::{ANSWERS, Far, PAUSE, Port};
use crate::spent::{Line, Spent, hand_over};
use scheme::Chance;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::{Address, Frame, WAKE, function};
use wire::{ByteLink, LinkError};

/// What meters are set to.
pub const METERS: Format = Format { bits_per_s: 1200, parity: Parity::Even };
/// Centimetres in which nothing is lost. UNSPECIFIED: sources say some metres.
pub const RANGE_CM: u32 = 400;
/// Degrees in which that holds. UNSPECIFIED: an eye is wider than a phone's IrDA, nobody says how much.
pub const BEAM_DEG: u16 = 30;
/// Another phone asks so often, in microseconds.
const ASKS_AGAIN: u64 = 1_000_000;
/// How long whoever has sent is blinded by his own light, in microseconds.
const BLINDED: u64 = 1000;
/// An eye that has seen nothing for so long sleeps, in microseconds. UNSPECIFIED.
const ASLEEP: u64 = 200_000;
/// What an eye misses while it wakes, in microseconds: from nothing to two bytes. UNSPECIFIED; what FE is for.
const WAKES: (u64, u64) = (0, 18_000);

const PHONE: usize = 0;
const STRANGER: usize = 1;
const FIRST_EYE: usize = 2;

struct Eye<'m> {
    port: Port<'m>,
    ear: Ear,
    /// When it saw light for the last time.
    awake: Option<u64>,
}

/// A phone in front of meters.
pub struct Infrared<'m> {
    air: Air,
    sky: Sky,
    eyes: Vec<Eye<'m>>,
    ear: Ear,
    heard: VecDeque<Heard>,
    spent: Spent,
}

impl<'m> Infrared<'m> {
    /// A phone in front of one meter or several, which all see its light. `format`: what the phone is set to.
    pub fn new(setting: &Setting, format: Format, meters: Vec<Far<'m>>, chance: Box<dyn Chance>) -> Self {
        let eye =
            |(n, link)| Eye { port: Port::new(link), ear: Ear::new(FIRST_EYE + n, METERS), awake: None };
        let mut line = Infrared {
            air: Air::new(setting, Reach::beam(RANGE_CM, BEAM_DEG), chance),
            sky: Sky::default(),
            eyes: meters.into_iter().enumerate().map(eye).collect(),
            ear: Ear::new(PHONE, format),
            heard: VecDeque::new(),
            spent: Spent::default(),
        };
        // Another phone asks whoever is there for his number.
        for moment in setting.other.into_iter().flat_map(|other| other.moments(ASKS_AGAIN)) {
            line.disturb(moment, &anybody());
        }
        line
    }

    /// The phone sees its own light.
    #[must_use]
    pub fn with_echo(mut self) -> Self {
        self.ear.echo = true;
        self
    }

    /// Somebody else in the room speaks, so many microseconds from now.
    pub fn disturb(&mut self, after_us: u64, bytes: &[u8]) {
        let from = self.air.now() + after_us;
        let shine = Shine::of(STRANGER, bytes, from, METERS, &mut self.air);
        self.shine(shine);
    }

    fn shine(&mut self, shine: Shine) {
        let kept = self.eyes.iter().map(|eye| eye.ear.from).chain([self.ear.from]).min().unwrap_or(0);
        self.sky.add(shine, kept);
    }

    /// The meters see what shines until a time, and answer.
    fn eyes(&mut self, until: u64) -> Result<(), LinkError> {
        let mut answers = Vec::new();
        for eye in &mut self.eyes {
            let mut seen: Vec<Heard> = self.sky.listen(&mut eye.ear, until);
            seen.retain(|heard| heard.at <= until);
            // A pause within what came ends a frame there too.
            while !seen.is_empty() {
                let run = seen
                    .windows(2)
                    .position(|two| two[1].at > two[0].at + PAUSE)
                    .map_or(seen.len(), |at| at + 1);
                let bytes: Vec<u8> = seen.iter().take(run).map(|heard| heard.byte).collect();
                let (first, last) = (
                    seen.first().map_or(until, |heard| heard.at),
                    seen.get(run - 1).map_or(until, |heard| heard.at),
                );
                seen.drain(..run);
                eye.awake = Some(last);
                let said = eye.port.hear(&bytes, (first, last))?;
                if !said.is_empty() {
                    let from = last + self.air.draw(ANSWERS.0, ANSWERS.1);
                    let shine = Shine::of(eye.ear.who, &said, from, METERS, &mut self.air);
                    eye.ear.shut(shine.from, shine.to + BLINDED);
                    // What shone meanwhile it has not seen.
                    seen.retain(|heard| heard.at < shine.from || heard.at >= shine.to + BLINDED);
                    answers.push(shine);
                }
            }
        }
        answers.into_iter().for_each(|shine| self.shine(shine));
        Ok(())
    }
}

/// What a phone says that knows no number.
fn anybody() -> Vec<u8> {
    let frame = Frame::request(Address::WILDCARD, function::READ_ADDRESS, Vec::new());
    let mut bytes = vec![WAKE; 4];
    bytes.extend(frame.to_bytes().unwrap_or_default());
    bytes
}

impl ByteLink for Infrared<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let from = self.air.now();
        let shine = Shine::of(PHONE, bytes, from, self.ear.format, &mut self.air);
        let to = shine.to;
        for eye in &mut self.eyes {
            if eye.awake.is_none_or(|last| from > last + ASLEEP) {
                let wakes = self.air.draw(WAKES.0, WAKES.1);
                eye.ear.shut(from, from + wakes);
            }
            // It sees that there is light, whatever it makes of it.
            eye.awake = Some(to);
        }
        self.shine(shine);
        self.spent.sent += bytes.len() as u64;
        self.ear.shut(if self.ear.echo { to } else { from }, to + BLINDED);
        self.air.wait_until(to);
        self.eyes(to + METERS.time(1))
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let wait = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let deadline = self.air.now().saturating_add(wait);
        let mut seen = self.air.now();
        // No farther than to what comes first: what is said next is heard by those who have not listened beyond it.
        while self.heard.is_empty() && seen < deadline {
            let end = self.sky.next_end(seen).map_or(deadline, |end| end + METERS.time(1));
            seen = end.min(deadline);
            self.eyes(seen)?;
            self.heard.extend(self.sky.listen(&mut self.ear, seen));
        }
        let Some(first) = self.heard.front().map(|heard| heard.at) else {
            self.air.wait_until(deadline);
            return Ok(0);
        };
        self.air.wait_until(first);
        // What follows without a pause comes along.
        let (mut bytes, mut last) = (VecDeque::new(), first);
        while let Some(heard) = self.heard.front().copied()
            && bytes.len() < buffer.len()
            && heard.at <= last + self.ear.format.time(2)
        {
            last = heard.at;
            bytes.push_back(heard.byte);
            self.heard.pop_front();
        }
        self.air.wait_until(last);
        self.spent.received += bytes.len() as u64;
        Ok(hand_over(&mut bytes, buffer))
    }
}

impl Line for Infrared<'_> {
    fn spent(&self) -> Spent {
        let format = self.ear.format;
        Spent {
            us: self.air.now(),
            least_us: format.time(self.spent.sent + self.spent.received),
            bits_per_s: format.bits_per_s,
            on_air: self.air.bytes(),
            ..self.spent
        }
    }
}
