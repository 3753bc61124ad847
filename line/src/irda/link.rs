//! A phone's port in front of meters: turns of both ends as light.

use super::frame::{ALL, ANYBODY, Body, LapFrame};
use super::ircomm::Service;
use super::meter::MeterEnd;
use super::offer::Offer;
use super::phone::{Phone, Stage as Opening};
use super::primary::{Primary, Stage};
use super::secondary::{Event, Secondary};
use super::sir::{Unwrapper, wrap};
use crate::air::{Air, Reach, Setting};
use crate::light::{Ear, Format, Parity, Shine, Sky};
use crate::pcap::IrdaCapture;
use crate::port::{ANSWERS, Far, Port};
use crate::spent::{Line, Spent, hand_over};
use scheme::Chance;
use std::collections::VecDeque;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Centimetres in which nothing is lost: a low-power part before another one.
///
/// UNSPECIFIED: of the meter's part only its siblings' data are known, 20 to 30 cm.
pub const RANGE_CM: u32 = 30;
/// Degrees in which that holds.
pub const BEAM_DEG: u16 = 15;
/// Another phone looks so often who is there, in microseconds: a slot and what stands in it.
const LOOKS_AGAIN: u64 = 120_000;
/// How everybody listens before there is a connection.
const CONTENTION: Format = Format { bits_per_s: 9600, parity: Parity::None };
/// Bytes FF before a frame there.
const CONTENTION_WAKE: usize = 10;
/// Before it looks, a phone listens for so long whether others speak.
const MEDIA_BUSY: u64 = 500_000;
/// Whoever has sent is blinded by his own light for so long: the pause that the other one keeps.
const TURNAROUND: u64 = 10_000;
/// The transceiver itself is blinded for less.
const BLINDED: u64 = 5000;
/// A phone with nothing to say gives the word so often.
const IDLE: u64 = 50_000;

const PHONE: usize = 0;
const STRANGER: usize = 1;
const FIRST_METER: usize = 2;

struct Device<'m> {
    port: Port<'m>,
    ear: Ear,
    unwrapper: Unwrapper,
    lap: Secondary,
    end: MeterEnd,
    /// What the meter says, and when it has it.
    said: VecDeque<(u64, Vec<u8>)>,
}

/// A phone in front of meters, its port open.
pub struct Irda<'m> {
    air: Air,
    sky: Sky,
    devices: Vec<Device<'m>>,
    ear: Ear,
    unwrapper: Unwrapper,
    lap: Primary,
    phone: Phone,
    service: Service,
    capture: IrdaCapture,
    spent: Spent,
}

fn format(bits_per_s: u32) -> Format {
    Format { bits_per_s, parity: Parity::None }
}

impl<'m> Irda<'m> {
    /// Looks who is there, connects to the first and opens its port.
    ///
    /// # Errors
    /// Nobody is there; who was there goes; a meter's own.
    pub fn open(
        setting: &Setting,
        service: Service,
        meters: Vec<Far<'m>>,
        chance: Box<dyn Chance>,
    ) -> Result<Self, LinkError> {
        let mut line = Irda::new(setting, service, meters, chance);
        line.connect()?;
        Ok(line)
    }

    /// One that has not looked yet.
    pub fn new(setting: &Setting, service: Service, meters: Vec<Far<'m>>, chance: Box<dyn Chance>) -> Self {
        let mut air = Air::new(setting, Reach::beam(RANGE_CM, BEAM_DEG), chance);
        let device = |(n, link)| Device {
            port: Port::new(link),
            ear: Ear::new(FIRST_METER + n, CONTENTION),
            unwrapper: Unwrapper::default(),
            lap: Secondary::new(air.draw(1, 0xFFFF_FFFE) as u32, Offer::USUAL),
            end: MeterEnd::new(0),
            said: VecDeque::new(),
        };
        let devices = meters.into_iter().enumerate().map(device).collect();
        let lap = Primary::new(air.draw(1, 0xFFFF_FFFE) as u32, air.draw(1, 0x7E) as u8, Offer::USUAL);
        let mut line = Irda {
            air,
            sky: Sky::default(),
            devices,
            ear: Ear::new(PHONE, CONTENTION),
            unwrapper: Unwrapper::default(),
            lap,
            phone: Phone::new(service, 64),
            service,
            capture: IrdaCapture::default(),
            spent: Spent::default(),
        };
        if let Some(other) = setting.other {
            // It does not listen before it looks, as it should.
            let source = line.air.draw(1, 0xFFFF_FFFE) as u32;
            let body = Body::Xid { source, target: ANYBODY, slot: 0, info: Vec::new() };
            let looks = LapFrame { address: ALL, command: true, poll: true, body };
            let bytes = wrap(&looks.to_bytes(), CONTENTION_WAKE);
            other.moments(LOOKS_AGAIN).for_each(|moment| line.disturb(moment, &bytes));
        }
        line
    }

    /// Somebody else in the room shines, so many microseconds from now.
    pub fn disturb(&mut self, after_us: u64, bytes: &[u8]) {
        let from = self.air.now() + after_us;
        let shine = Shine::of(STRANGER, bytes, from, CONTENTION, &mut self.air);
        self.shine(shine);
    }

    /// Looks who is there, connects to the first and opens its port.
    ///
    /// # Errors
    /// As [`Irda::open`].
    pub fn connect(&mut self) -> Result<(), LinkError> {
        self.air.wait(MEDIA_BUSY);
        while self.lap.stage() != Stage::Connected {
            self.turn()?;
            self.verdict()?;
        }
        let terms = self.lap.terms();
        self.phone = Phone::new(self.service, terms.map_or(64, |terms| terms.size));
        let bits_per_s = terms.map_or(9600, |terms| terms.bits_per_s);
        self.ear.format = format(bits_per_s);
        while self.phone.stage() != Opening::Open {
            self.turn()?;
            self.verdict()?;
            if self.phone.stage() == Opening::Refused {
                return Err(LinkError::Absent {
                    line: "the serial port of the device in the light".into(),
                    why: "it has none, or somebody else has it open".into(),
                });
            }
        }
        Ok(())
    }

    /// Takes leave of the meter.
    ///
    /// # Errors
    /// A meter's own.
    pub fn close(&mut self) -> Result<(), LinkError> {
        self.lap.leave();
        while self.lap.stage() == Stage::Leaving {
            self.turn()?;
        }
        Ok(())
    }

    /// Frames that the phone sent again.
    pub const fn repeated(&self) -> u64 {
        self.lap.repeated()
    }

    fn verdict(&self) -> Result<(), LinkError> {
        match self.lap.stage() {
            Stage::Nobody => Err(LinkError::Absent {
                line: "IrDA".into(),
                why: "nobody is found in the light: hold the phone nearer and straight, away from lamps"
                    .into(),
            }),
            Stage::Lost => Err(LinkError::Failed(
                "the light is lost: hold the phone nearer and say the same again".into(),
            )),
            Stage::Over => Err(LinkError::Closed),
            _ => Ok(()),
        }
    }

    fn shine(&mut self, shine: Shine) {
        let kept =
            self.devices.iter().map(|device| device.ear.from).chain([self.ear.from]).min().unwrap_or(0);
        self.sky.add(shine, kept);
    }

    /// A turn of the phone and what comes of it.
    fn turn(&mut self) -> Result<(), LinkError> {
        if self.lap.stage() == Stage::Connected {
            while let Some(unit) = self.phone.next_unit() {
                self.lap.push(unit);
            }
        }
        let turn = self.lap.turn();
        let wake = self.lap.terms().map_or(CONTENTION_WAKE, |terms| terms.wake);
        let from = self.air.now();
        let mut bytes = Vec::new();
        for frame in &turn.frames {
            let body = frame.to_bytes();
            let begun = from + self.ear.format.time(bytes.len() as u64);
            self.capture.add(begun, true, &body);
            bytes.extend(wrap(&body, wake));
        }
        let shine = Shine::of(PHONE, &bytes, from, self.ear.format, &mut self.air);
        let to = shine.to;
        self.ear.shut(from, to + BLINDED);
        self.shine(shine);
        self.air.wait_until(to);
        self.devices(to + self.ear.format.time(1))?;
        let back = self.answer(to, turn.wait_us);
        while let Some(unit) = self.lap.pop() {
            self.phone.hear(&unit);
        }
        if !back {
            self.air.wait_until(to + turn.wait_us);
            self.lap.silence(turn.wait_us);
        }
        self.air.wait(TURNAROUND);
        Ok(())
    }

    /// Listens to the answer, as long as one is waited for and then to its end; whether the word came back.
    fn answer(&mut self, to: u64, wait_us: u64) -> bool {
        let until = (to + wait_us).max(self.sky.end_of_before(to + wait_us)) + self.ear.format.time(1);
        for heard in self.sky.listen(&mut self.ear, until) {
            let Some(frame) = self.unwrapper.push(heard.byte) else { continue };
            self.capture.add(heard.at, false, &frame);
            if LapFrame::parse(&frame).is_some_and(|frame| self.lap.hear(frame)) {
                self.air.wait_until(heard.at);
                return true;
            }
        }
        false
    }

    /// The meters see what shines until a time, and answer.
    fn devices(&mut self, until: u64) -> Result<(), LinkError> {
        let mut answers = Vec::new();
        for device in &mut self.devices {
            let air = &mut self.air;
            let mut event = device.lap.tick(until);
            if event == Event::Over {
                device.ear.format = CONTENTION;
            }
            let heard = self.sky.listen(&mut device.ear, until);
            for byte in heard {
                let Some(frame) = device.unwrapper.push(byte.byte).and_then(|frame| LapFrame::parse(&frame))
                else {
                    continue;
                };
                let mut draw = |below: u8| air.draw(0, u64::from(below).saturating_sub(1)) as u8;
                match device.lap.hear(frame, byte.at, &mut draw) {
                    Event::None => {}
                    other => event = other,
                }
            }
            if event != Event::None {
                device.end = MeterEnd::new(device.lap.terms().map_or(64, |terms| terms.size));
                device.said.clear();
            }
            device.serve(until, air)?;
            let frames = device.lap.turn();
            if frames.is_empty() {
                if event == Event::Over {
                    device.ear.format = CONTENTION;
                }
                continue;
            }
            // The answer to a connection goes as its question came; what follows, as was agreed.
            let terms = device.lap.terms();
            let is_new = event != Event::None;
            let wake = terms.filter(|_| !is_new).map_or(CONTENTION_WAKE, |terms| terms.wake);
            let bytes: Vec<u8> = frames.iter().flat_map(|frame| wrap(&frame.to_bytes(), wake)).collect();
            let pause = terms.map_or(TURNAROUND, |terms| terms.pause_us);
            let shine = Shine::of(device.ear.who, &bytes, until + pause, device.ear.format, air);
            device.ear.shut(shine.from, shine.to + BLINDED);
            device.ear.format = terms.map_or(CONTENTION, |terms| format(terms.bits_per_s));
            answers.push(shine);
        }
        answers.into_iter().for_each(|shine| self.shine(shine));
        Ok(())
    }
}

impl Device<'_> {
    /// What came goes to the meter's port, and what it says into frames when it is ready.
    fn serve(&mut self, now: u64, air: &mut Air) -> Result<(), LinkError> {
        while let Some(unit) = self.lap.pop() {
            self.end.hear(&unit);
        }
        if let Some(wires) = self.end.wires() {
            let bytes: Vec<u8> = wires.incoming().drain(..).collect();
            if !bytes.is_empty() {
                let said = self.port.hear(&bytes, (now, now))?;
                if !said.is_empty() {
                    self.said.push_back((now + air.draw(ANSWERS.0, ANSWERS.1), said));
                }
            }
            while self.said.front().is_some_and(|(ready, _)| *ready <= now)
                && let Some((_, said)) = self.said.pop_front()
            {
                wires.write(&said);
            }
        }
        while let Some(unit) = self.end.next_unit() {
            self.lap.push(unit);
        }
        Ok(())
    }
}

impl ByteLink for Irda<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.verdict()?;
        self.spent.sent += bytes.len() as u64;
        self.phone.wires().write(bytes);
        while !(self.phone.wires().is_idle() && self.lap.is_idle()) {
            self.turn()?;
            self.verdict()?;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let wait = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let deadline = self.air.now().saturating_add(wait);
        loop {
            let length = hand_over(self.phone.wires().incoming(), buffer);
            if length > 0 || buffer.is_empty() {
                self.spent.received += length as u64;
                return Ok(length);
            }
            if self.air.now() >= deadline {
                return Ok(0);
            }
            self.air.wait(IDLE);
            self.turn()?;
            self.verdict()?;
        }
    }
}

impl Line for Irda<'_> {
    fn spent(&self) -> Spent {
        let bits_per_s = self.lap.terms().map_or(9600, |terms| terms.bits_per_s);
        Spent {
            us: self.air.now(),
            least_us: format(bits_per_s).time(self.spent.sent + self.spent.received),
            bits_per_s,
            on_air: self.air.bytes(),
            ..self.spent
        }
    }

    fn end(&mut self) -> Result<(), LinkError> {
        self.close()
    }

    fn capture(&self) -> Option<Vec<u8>> {
        Some(self.capture.bytes())
    }
}
