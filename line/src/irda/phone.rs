//! What a phone does on a connection: it asks for the serial port of the device, and opens it.

use super::ias::{self, Value};
use super::ircomm::{Service, Wires};
use super::lmp::{IAS, Unit, What};
use std::collections::VecDeque;

/// Selectors that the phone draws its units from.
const ASKS: u8 = 0x20;
const USES: u8 = 0x21;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Connects to the information service.
    Greets,
    /// Asks what the port can.
    AsksParameters,
    /// Asks for its selector.
    AsksSelector,
    /// Connects to it.
    Opens,
    /// It is open.
    Open,
    /// There is no such port, or it is taken.
    Refused,
}

/// The phone's end.
#[derive(Debug)]
pub struct Phone {
    service: Service,
    stage: Stage,
    selector: u8,
    wires: Wires,
    out: VecDeque<Unit>,
}

impl Phone {
    /// One that begins. `size`: most bytes of a frame's data.
    pub fn new(service: Service, size: usize) -> Self {
        let mut phone = Phone {
            service,
            stage: Stage::Greets,
            selector: IAS,
            wires: Wires::new(service, true, size),
            out: VecDeque::new(),
        };
        phone.say(IAS, ASKS, What::Connect(Vec::new()));
        phone
    }

    fn say(&mut self, to: u8, from: u8, what: What) {
        self.out.push_back(Unit { to, from, what });
    }

    /// How far it is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Bytes both ways.
    pub const fn wires(&mut self) -> &mut Wires {
        &mut self.wires
    }

    /// The next unit.
    pub fn next_unit(&mut self) -> Option<Vec<u8>> {
        if let Some(unit) = self.out.pop_front() {
            return Some(unit.to_bytes());
        }
        if self.stage != Stage::Open {
            return None;
        }
        let data = self.wires.next_unit()?;
        Some(Unit { to: self.selector, from: USES, what: What::Data(data) }.to_bytes())
    }

    fn ask(&mut self, stage: Stage, attribute: &str) {
        self.stage = stage;
        self.say(IAS, ASKS, What::Data(ias::query(ias::IRCOMM, attribute)));
    }

    /// A unit came.
    pub fn hear(&mut self, bytes: &[u8]) {
        let Some(Unit { to, from, what }) = Unit::parse(bytes) else { return };
        match (self.stage, to, from, what) {
            (Stage::Greets, ASKS, IAS, What::Confirm(_)) => {
                self.ask(Stage::AsksParameters, ias::PARAMETERS);
            }
            (Stage::AsksParameters, ASKS, IAS, What::Data(answer)) => match ias::told(&answer) {
                Some(Value::Octets(_)) => {
                    let attribute = match self.service {
                        Service::Raw => ias::RAW_SELECTOR,
                        Service::NineWire => ias::TINY_SELECTOR,
                    };
                    self.ask(Stage::AsksSelector, attribute);
                }
                _ => self.stage = Stage::Refused,
            },
            (Stage::AsksSelector, ASKS, IAS, What::Data(answer)) => match ias::told(&answer) {
                Some(Value::Integer(selector @ 1..=0x6F)) => {
                    (self.stage, self.selector) = (Stage::Opens, selector as u8);
                    self.say(IAS, ASKS, What::Disconnect);
                    let greeting = self.wires.greeting();
                    self.say(self.selector, USES, What::Connect(greeting));
                }
                _ => self.stage = Stage::Refused,
            },
            (Stage::Opens, USES, from, What::Confirm(user)) if from == self.selector => {
                self.wires.greeted(&user);
                self.stage = Stage::Open;
            }
            (Stage::Open, USES, from, What::Data(data)) if from == self.selector => self.wires.hear(&data),
            (_, ASKS | USES, _, What::Disconnect) => self.stage = Stage::Refused,
            _ => {}
        }
    }
}
