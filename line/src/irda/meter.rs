//! What a meter says on a connection: its information service, and its serial port.

use super::ias::{self, Value};
use super::ircomm::{PARAMETERS, Service, Wires};
use super::lmp::{IAS, Unit, What};
use std::collections::VecDeque;

/// Selectors of its port, raw and under credits.
const RAW: u8 = 0x03;
const TINY: u8 = 0x04;

/// The meter's end.
#[derive(Debug)]
pub struct MeterEnd {
    size: usize,
    /// Who has the port open: his selector, ours, the wires.
    open: Option<(u8, u8, Wires)>,
    out: VecDeque<Unit>,
}

impl MeterEnd {
    /// One that nobody has opened. `size`: most bytes of a frame's data.
    pub const fn new(size: usize) -> Self {
        MeterEnd { size, open: None, out: VecDeque::new() }
    }

    /// Bytes both ways, while somebody has the port open.
    pub fn wires(&mut self) -> Option<&mut Wires> {
        self.open.as_mut().map(|(_, _, wires)| wires)
    }

    /// The next unit.
    pub fn next_unit(&mut self) -> Option<Vec<u8>> {
        if let Some(unit) = self.out.pop_front() {
            return Some(unit.to_bytes());
        }
        let (to, from, wires) = self.open.as_mut()?;
        let (to, from) = (*to, *from);
        wires.next_unit().map(|data| Unit { to, from, what: What::Data(data) }.to_bytes())
    }

    /// A unit came.
    pub fn hear(&mut self, bytes: &[u8]) {
        let Some(Unit { to, from, what }) = Unit::parse(bytes) else { return };
        let answer = match (to, what) {
            (IAS, What::Connect(_)) => What::Confirm(Vec::new()),
            (IAS, What::Data(question)) => match ias::asked(&question) {
                Some((class, attribute)) => What::Data(ias::answer(known(&class, &attribute))),
                None => return,
            },
            (RAW | TINY, What::Connect(user)) if self.open.is_none() => {
                let service = if to == RAW { Service::Raw } else { Service::NineWire };
                let mut wires = Wires::new(service, false, self.size);
                wires.greeted(&user);
                let greeting = wires.greeting();
                self.open = Some((from, to, wires));
                What::Confirm(greeting)
            }
            // Nobody else's while somebody has it, and no other selector.
            (_, What::Connect(_)) => What::Disconnect,
            (_, What::Data(data)) => {
                if let Some((_, _, wires)) =
                    self.open.as_mut().filter(|(user, own, _)| (*user, *own) == (from, to))
                {
                    wires.hear(&data);
                }
                return;
            }
            (_, What::Disconnect) => {
                if self.open.as_ref().is_some_and(|(user, own, _)| (*user, *own) == (from, to)) {
                    self.open = None;
                }
                return;
            }
            (_, What::Confirm(_)) => return,
        };
        self.out.push_back(Unit { to: from, from: to, what: answer });
    }
}

fn known(class: &str, attribute: &str) -> Option<Option<Value>> {
    (class == ias::IRCOMM).then(|| match attribute {
        ias::PARAMETERS => Some(Value::Octets(PARAMETERS.to_vec())),
        ias::RAW_SELECTOR => Some(Value::Integer(RAW.into())),
        ias::TINY_SELECTOR => Some(Value::Integer(TINY.into())),
        _ => None,
    })
}
