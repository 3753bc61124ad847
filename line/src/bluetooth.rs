//! Bluetooth as a serial port: a stream between phone and a module in the meter, which hands it on over wires at the meter's own speed; it
//! splits and merges what it carries [docs/specs/lines.md 4].

use crate::air::Setting;
use crate::light::{Format, Parity};
use crate::port::{ANSWERS, Far, Port};
use crate::radio::{Kind, Radio};
use crate::spent::{Line, Spent, hand_over};
use scheme::Chance;
use std::collections::VecDeque;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Centimetres in which nothing is lost.
pub const RANGE_CM: u32 = 1000;
/// QUIRK(meter-module): between module and meter, as one firmware of meters has it.
pub const WIRES: Format = Format { bits_per_s: 2400, parity: Parity::Even };
/// One megabit a second; access code and heads around a packet; again after two slots; 20 s to the end.
const RADIO: Kind = Kind {
    range_cm: RANGE_CM,
    byte_ns: 8000,
    around: 22,
    again_us: 1250,
    patience_us: 20_000_000,
    channels: 79,
};
/// Paging, and opening the channel, in microseconds. UNSPECIFIED: by the intervals at which devices listen.
const PAGING: (u64, u64) = (640_000, 1_280_000);
/// So long a phone pages, in microseconds, where nobody answers.
const PAGES: u64 = 5_120_000;
/// Packets of the opening: page, features, L2CAP, service discovery, RFCOMM both ways.
const OPENING: [usize; 12] = [0, 10, 10, 12, 16, 40, 60, 8, 8, 14, 14, 4];
/// Data of a packet at most.
const PACKET: u64 = 60;
/// A module sends what came when nothing more comes, in microseconds.
const GATHERS: (u64, u64) = (2000, 15_000);

/// A phone with a serial port to a meter.
pub struct Bluetooth<'m> {
    radio: Radio,
    port: Port<'m>,
    /// When the module's wires have handed on what came.
    wires: u64,
    /// What the module has gathered, and when.
    gathered: VecDeque<(u64, Vec<u8>)>,
    incoming: VecDeque<u8>,
    spent: Spent,
}

impl<'m> Bluetooth<'m> {
    /// Connects.
    ///
    /// # Errors
    /// The meter is out of reach.
    pub fn open(setting: &Setting, meter: Far<'m>, chance: Box<dyn Chance>) -> Result<Self, LinkError> {
        let mut radio = Radio::new(setting, RADIO, chance);
        let paging = radio.air().draw(PAGING.0, PAGING.1);
        radio.air().wait(paging);
        radio.alone("Bluetooth", PAGES)?;
        for length in OPENING {
            radio.packet(length).map_err(|_| LinkError::Absent {
                line: "Bluetooth".into(),
                why: "the meter is out of reach: go nearer".into(),
            })?;
        }
        let (gathered, incoming) = Default::default();
        Ok(Bluetooth { radio, port: Port::new(meter), wires: 0, gathered, incoming, spent: Spent::default() })
    }

    /// Packets that were sent again.
    pub const fn repeated(&self) -> u64 {
        self.radio.repeated()
    }

    /// What the meter says, as the module cuts it.
    fn gather(&mut self, said: &[u8]) {
        let mut at = self.wires + self.radio.air().draw(ANSWERS.0, ANSWERS.1);
        let mut rest = said;
        while !rest.is_empty() {
            let length = self.radio.air().draw(1, PACKET).min(rest.len() as u64) as usize;
            let (part, behind) = rest.split_at(length);
            at += WIRES.time(length as u64);
            let late = self.radio.air().draw(GATHERS.0, GATHERS.1);
            self.gathered.push_back((at + late, part.to_vec()));
            rest = behind;
        }
    }
}

impl ByteLink for Bluetooth<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.spent.sent += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = self.radio.air().draw(1, PACKET).min(rest.len() as u64) as usize;
            let (part, behind) = rest.split_at(length);
            self.radio.packet(length)?;
            let from = self.wires.max(self.radio.now());
            self.wires = from + WIRES.time(length as u64);
            let said = self.port.hear(part, (from, self.wires))?;
            if !said.is_empty() {
                self.gather(&said);
            }
            rest = behind;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let deadline = self.radio.now().saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        while self.gathered.front().is_some_and(|(at, _)| {
            // What is there already comes as one.
            *at <= if self.incoming.is_empty() { deadline } else { self.radio.now() }
        }) && let Some((at, part)) = self.gathered.pop_front()
        {
            self.radio.air().wait_until(at);
            self.radio.packet(part.len())?;
            self.incoming.extend(part);
        }
        let length = hand_over(&mut self.incoming, buffer);
        if length == 0 {
            self.radio.air().wait_until(deadline);
        }
        self.spent.received += length as u64;
        Ok(length)
    }
}

impl Line for Bluetooth<'_> {
    fn spent(&self) -> Spent {
        Spent {
            us: self.radio.now(),
            least_us: WIRES.time(self.spent.sent + self.spent.received),
            bits_per_s: WIRES.bits_per_s,
            on_air: self.radio.bytes(),
            ..self.spent
        }
    }
}
