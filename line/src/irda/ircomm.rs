//! IrCOMM: a serial port as a phone opens it, raw or with nine wires; the latter over TinyTP's credits, with a channel for the wires beside
//! the data [docs/specs/lines.md 3].

use std::collections::VecDeque;

/// Which service of IrCOMM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Three wires, raw: the data and nothing else, alone on the connection.
    Raw,
    /// Nine wires, with credits and a control channel.
    NineWire,
}

/// Services of a meter's port, as its attribute `Parameters` has them: raw and nine wires, serial.
pub const PARAMETERS: [u8; 6] = [0x00, 1, 0x05, 0x01, 1, 0x01];
/// What the phone sets: nine wires, 9600 bit/s, eight bits with an even parity, no flow control, DTR and RTS up.
const OF_PHONE: &[u8] =
    &[0x00, 1, 0x04, 0x10, 4, 0, 0, 0x25, 0x80, 0x11, 1, 0x1B, 0x12, 1, 0x00, 0x20, 1, 0x0F];
/// What the meter says to it: CTS, DSR and CD up.
const OF_METER: &[u8] = &[0x21, 1, 0xBB];
/// Units that one takes before it gives credit again.
const CREDIT: u8 = 14;
const CREDIT_BITS: u8 = 0x7F;
/// Bytes around the data of a unit: two selectors, credit, length of the control channel.
const AROUND: usize = 4;

/// One end of a port that is open.
#[derive(Debug)]
pub struct Wires {
    service: Service,
    is_phone: bool,
    /// Most bytes of a unit, with its selectors.
    size: usize,
    /// Units that may be sent.
    may: u32,
    /// Units that came and are not credited again.
    owed: u8,
    /// What is to be said of the wires.
    control: VecDeque<Vec<u8>>,
    /// The other one set its wires and hears ours.
    outgoing: VecDeque<u8>,
    incoming: VecDeque<u8>,
}

impl Wires {
    /// An end. `size`: most bytes of a frame's data.
    pub fn new(service: Service, is_phone: bool, size: usize) -> Self {
        let mut control = VecDeque::new();
        if is_phone && service == Service::NineWire {
            control.push_back(OF_PHONE.to_vec());
        }
        let (outgoing, incoming) = Default::default();
        Wires { service, is_phone, size, may: 0, owed: 0, control, outgoing, incoming }
    }

    /// A user's bytes of a connection that begins: the first credit.
    pub fn greeting(&self) -> Vec<u8> {
        match self.service {
            Service::Raw => Vec::new(),
            Service::NineWire => vec![CREDIT],
        }
    }

    /// The other one's.
    pub fn greeted(&mut self, user: &[u8]) {
        self.may = u32::from(user.first().copied().unwrap_or(0) & CREDIT_BITS);
    }

    /// Bytes for the other end.
    pub fn write(&mut self, bytes: &[u8]) {
        self.outgoing.extend(bytes);
    }

    /// Bytes of the other end.
    pub const fn incoming(&mut self) -> &mut VecDeque<u8> {
        &mut self.incoming
    }

    /// Whether everything was given to the connection.
    pub fn is_idle(&self) -> bool {
        self.outgoing.is_empty() && self.control.is_empty()
    }

    /// The next unit that may be sent; `None`: nothing waits, or there is no credit.
    pub fn next_unit(&mut self) -> Option<Vec<u8>> {
        let room = self.size.saturating_sub(AROUND).max(1);
        let take = |outgoing: &mut VecDeque<u8>| -> Vec<u8> {
            let length = room.min(outgoing.len());
            outgoing.drain(..length).collect()
        };
        match self.service {
            Service::Raw => {
                let data = take(&mut self.outgoing);
                (!data.is_empty()).then_some(data)
            }
            Service::NineWire => {
                if self.may == 0 || self.control.is_empty() && self.outgoing.is_empty() {
                    // A unit without data gives credit and costs none.
                    return (self.owed > CREDIT / 2).then(|| vec![std::mem::take(&mut self.owed)]);
                }
                let control = self.control.pop_front().unwrap_or_default();
                // Wires first, data in a unit of its own.
                let data = if control.is_empty() { take(&mut self.outgoing) } else { Vec::new() };
                self.may -= 1;
                let credit = std::mem::take(&mut self.owed);
                Some([&[credit, control.len() as u8], &control[..], &data].concat())
            }
        }
    }

    /// A unit came.
    pub fn hear(&mut self, unit: &[u8]) {
        if self.service == Service::Raw {
            self.incoming.extend(unit);
            return;
        }
        let Some((credit, rest)) = unit.split_first() else { return };
        self.may = (self.may + u32::from(credit & CREDIT_BITS)).min(u32::from(CREDIT_BITS));
        let Some((length, rest)) = rest.split_first() else { return };
        self.owed = self.owed.saturating_add(1);
        let Some((control, data)) = rest.split_at_checked(usize::from(*length)) else { return };
        self.incoming.extend(data);
        if !control.is_empty() && !self.is_phone {
            self.control.push_back(OF_METER.to_vec());
        }
    }
}
