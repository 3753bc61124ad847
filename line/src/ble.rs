//! Bluetooth LE: writes and notices in chunks of what both ends agreed on, at the events of a connection [docs/specs/lines.md 5].

use crate::air::Setting;
use crate::att::{AROUND, Att, LEAST_MTU, Server};
use crate::port::{ANSWERS, Far, Port};
use crate::radio::{Kind, Radio};
use crate::spent::{Line, Spent, hand_over};
use scheme::Chance;
use std::collections::VecDeque;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Centimetres in which nothing is lost.
pub const RANGE_CM: u32 = 1000;
/// One megabit a second; preamble, access address, head, sum around a packet; 4 s to the end.
const RADIO: Kind = Kind {
    range_cm: RANGE_CM,
    byte_ns: 8000,
    around: 10,
    again_us: 150,
    patience_us: 4_000_000,
    channels: 37,
};
/// Between two events of a connection, in microseconds. UNSPECIFIED: phones choose 7.5 ms to 4 s.
const INTERVAL: u64 = 30_000;
/// Packets of an event, each way. UNSPECIFIED, as phones have it.
const PACKETS: u32 = 4;
/// Bytes of a packet of the link.
const PACKET: usize = 27;
/// What L2CAP puts before them.
const HEAD: usize = 4;
/// What phone and meter take at most.
const MTU: u16 = 185;
/// So long a phone listens for an advertisement, in microseconds. UNSPECIFIED; a meter that is connected has none.
const LOOKS: u64 = 5_000_000;
/// A meter advertises so often, in microseconds.
const ADVERTISES: (u64, u64) = (20_000, 120_000);

/// A phone and a meter.
pub struct Ble<'m> {
    radio: Radio,
    port: Port<'m>,
    server: Server,
    mtu: u16,
    /// Packets of the event that runs, and when it began.
    event: (u64, u32),
    /// What the meter will say, and when.
    said: VecDeque<(u64, Att)>,
    incoming: VecDeque<u8>,
    spent: Spent,
}

impl<'m> Ble<'m> {
    /// Connects, and agrees on as much as both ends take.
    ///
    /// # Errors
    /// The meter is out of reach.
    pub fn open(setting: &Setting, meter: Far<'m>, chance: Box<dyn Chance>) -> Result<Self, LinkError> {
        Ble::open_with(setting, MTU, meter, chance)
    }

    /// The same, with a phone that takes `mtu` bytes at most.
    ///
    /// # Errors
    /// As [`Ble::open`].
    pub fn open_with(
        setting: &Setting,
        mtu: u16,
        meter: Far<'m>,
        chance: Box<dyn Chance>,
    ) -> Result<Self, LinkError> {
        let mut radio = Radio::new(setting, RADIO, chance);
        let waits = radio.air().draw(ADVERTISES.0, ADVERTISES.1);
        radio.air().wait(waits);
        radio.alone("Bluetooth LE", LOOKS)?;
        let (said, incoming) = Default::default();
        let mut line = Ble {
            radio,
            port: Port::new(meter),
            server: Server::new(MTU),
            mtu: LEAST_MTU,
            event: (0, 0),
            said,
            incoming,
            spent: Spent::default(),
        };
        line.connect(mtu.max(LEAST_MTU)).map_err(|error| match error {
            LinkError::Failed(_) => LinkError::Absent {
                line: "Bluetooth LE".into(),
                why: "the meter is out of reach: go nearer".into(),
            },
            other => other,
        })?;
        Ok(line)
    }

    fn connect(&mut self, mtu: u16) -> Result<(), LinkError> {
        // Advertisement and request to connect.
        self.packet(31)?;
        self.packet(34)?;
        if mtu > LEAST_MTU
            && let Some(Att::MtuIs(theirs)) = self.ask(&Att::Mtu(mtu))?
        {
            self.mtu = mtu.min(theirs.max(LEAST_MTU));
        }
        match self.ask(&Att::Subscribe)? {
            Some(Att::Written) => Ok(()),
            _ => Err(LinkError::Absent {
                line: "Bluetooth LE".into(),
                why: "what answers is no meter of this kind".into(),
            }),
        }
    }

    /// How much a packet of attributes holds.
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// Packets that were sent again.
    pub const fn repeated(&self) -> u64 {
        self.radio.repeated()
    }

    /// A packet in this event, or at the next one.
    fn packet(&mut self, length: usize) -> Result<(), LinkError> {
        let now = self.radio.now();
        let (begun, packets) = self.event;
        let is_running = packets < PACKETS && now < begun + INTERVAL / 2;
        if is_running {
            self.event.1 += 1;
        } else {
            let next = now.div_ceil(INTERVAL) * INTERVAL;
            self.radio.air().wait_until(next);
            self.event = (next, 1);
        }
        self.radio.packet(length)
    }

    /// Attributes in as many packets as they need.
    fn carry(&mut self, att: &Att) -> Result<Vec<u8>, LinkError> {
        let bytes = att.to_bytes();
        let mut left = HEAD + bytes.len();
        while left > 0 {
            let length = left.min(PACKET);
            self.packet(length)?;
            left -= length;
        }
        Ok(bytes)
    }

    /// To the meter's end; gives its answer.
    fn ask(&mut self, att: &Att) -> Result<Option<Att>, LinkError> {
        let bytes = self.carry(att)?;
        let (answer, value) = self.server.hear(&bytes);
        if !value.is_empty() {
            let now = self.radio.now();
            let said = self.port.hear(&value, (now, now))?;
            let ready = now + self.radio.air().draw(ANSWERS.0, ANSWERS.1);
            self.said.extend(self.server.notices(&said).into_iter().map(|notice| (ready, notice)));
        }
        match answer {
            Some(answer) => Ok(Att::parse(&self.carry(&answer)?)),
            None => Ok(None),
        }
    }
}

impl ByteLink for Ble<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.spent.sent += bytes.len() as u64;
        for part in bytes.chunks(usize::from(self.mtu) - AROUND) {
            self.ask(&Att::Write(part.to_vec()))?;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let deadline = self.radio.now().saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        if self.incoming.is_empty()
            && self.said.front().is_some_and(|(ready, _)| *ready <= deadline)
            && let Some((ready, notice)) = self.said.pop_front()
        {
            self.radio.air().wait_until(ready);
            if let Some(Att::Notice(value)) = Att::parse(&self.carry(&notice)?) {
                self.incoming.extend(value);
            }
        }
        let length = hand_over(&mut self.incoming, buffer);
        if length == 0 {
            self.radio.air().wait_until(deadline);
        }
        self.spent.received += length as u64;
        Ok(length)
    }
}

impl Line for Ble<'_> {
    fn spent(&self) -> Spent {
        Spent {
            us: self.radio.now(),
            least_us: (self.spent.sent + self.spent.received) * RADIO.byte_ns / 1000,
            bits_per_s: 1_000_000,
            on_air: self.radio.bytes(),
            ..self.spent
        }
    }
}
