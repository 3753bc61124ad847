//! The port of a meter on a pipe: CJ/T 188 requests and what the meter says to them [docs/specs/cjt188.md].
//!
//! What moves the valve, money or a parameter is proved as at the port of DL/T 645, to the same ESAM: frames of that protocol are carried
//! inside, and a command to the valve has their seal. What comes without one is refused and counted.

use crate::events::EventKind;
use crate::mcu::{Meter, MeterState};
use crate::pipe::{BATTERY_LOW, Lock};
use crate::port::{self, Guard, Way, Why};
use crate::profile::Profile;
use reader::driver::esam::Purse;
use scheme::moment::Moment;
use wire::channel::Channel;
use wire::cjt188::values::{Metered, Prices, Purchases};
use wire::cjt188::{Address, Control, Frame, Identifier, Kind, Status, function, unit};
use wire::dlt645;

/// Bytes of a sealed command: cipher text and MAC.
const SEALED: usize = 20;
/// Bytes FE without a pause that wake a meter: 92 ms at 2400 bit/s, so that one which listens every 50 ms hears them.
pub const WAKE_UP: usize = 20;
/// The two bits of a valve that does not move.
const NOT_MOVING: u8 = 3;
/// Seconds it stays awake behind the last frame that was for it.
pub const AWAKE: i64 = 30;

/// The ear of a meter that sleeps: it hears a long call and nothing else, until it is awake.
#[derive(Debug, Clone, Default)]
pub struct Sleep {
    calls: usize,
    until: Option<i64>,
}

impl Sleep {
    /// A byte came; whether the meter hears it.
    pub fn hears(&mut self, byte: u8, now: Moment) -> bool {
        let awake = self.is_awake(now);
        self.calls = if byte == wire::frames::WAKE { self.calls + 1 } else { 0 };
        if self.calls >= WAKE_UP {
            self.stay(now);
        }
        awake
    }

    /// Whether it is awake.
    pub fn is_awake(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now.seconds() <= until)
    }

    /// A frame was for it.
    pub fn stay(&mut self, now: Moment) {
        self.until = Some(now.seconds() + AWAKE);
    }
}

/// What a request wants of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To look: [`answer`].
    Look,
    /// To do what a frame of DL/T 645 inside says; [`carry`] has the answer for the line.
    Carried(dlt645::Frame),
    /// To move the valve: [`valve`].
    Valve,
}

/// What this letter stands for.
pub const fn kind(profile: Profile) -> Kind {
    match profile {
        Profile::Water => Kind::WATER,
        Profile::Gas | Profile::Electricity => Kind::GAS,
    }
}

/// What a frame wants of a meter; `None`: it is not for it.
pub fn asked(state: &MeterState, frame: &Frame) -> Option<Asked> {
    let own = own(state);
    let reaches = frame.kind.reaches(own.0) && frame.address.reaches(own.1);
    if frame.control.is_answer() || !reaches {
        return None;
    }
    let (about, _, rest) = match Identifier::split(&frame.data) {
        Some(found) if frame.control.function() == function::WRITE => found,
        _ => return Some(Asked::Look),
    };
    Some(match (about, rest) {
        (Identifier::VALVE, _) => Asked::Valve,
        // Inside a frame for whoever hears it is one for whoever hears it: it may look, and moves nothing.
        (Identifier::CARRIED, [_, control, data @ ..]) => Asked::Carried(dlt645::Frame {
            address: match frame.address == own.1 {
                true => dlt645::Address(state.config.number.0),
                false => dlt645::Address::WILDCARD,
            },
            control: dlt645::Control(*control),
            data: data.to_vec(),
        }),
        _ => Asked::Look,
    })
}

fn own(state: &MeterState) -> (Kind, Address) {
    (kind(state.profile()), Address::of(state.config.number.0))
}

/// State of a meter: the standard's byte, and in ours: 0 a magnet was there, 1 silent for too long, 2 the purse is spent, 3 the battery is
/// weak, 4 something flowed through the closed valve, 5 it flowed too long or too much.
pub fn status(state: &MeterState) -> Status {
    let spent = u64::from(state.balance.0) <= state.due.fen;
    let (locked, weak, low) = state
        .pipe
        .as_ref()
        .map_or((None, false, false), |pipe| (pipe.locked, pipe.is_weak(), pipe.battery_mv <= BATTERY_LOW));
    let leaks = locked == Some(Lock::Leak);
    let flows = matches!(locked, Some(Lock::Overflow | Lock::LongFlow));
    let bits = [locked == Some(Lock::Magnet), locked == Some(Lock::Silence), spent, weak, leaks, flows];
    let maker = (0..).zip(bits).map(|(at, bit)| u8::from(bit) << at).sum();
    // Where it stands is not told of a valve that did not come to its end.
    let valve = if state.actuator.stuck().is_some() { NOT_MOVING } else { u8::from(state.relay_open) };
    Status { valve, battery_low: low, maker }
}

/// What the meter knows when it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'m> {
    /// Its flash.
    pub state: &'m MeterState,
    /// The time.
    pub now: Moment,
    /// The ESAM's purse, when nobody else works with it.
    pub purse: Option<Purse>,
    /// Version of its keys, likewise.
    pub key_version: Option<u8>,
}

/// What a meter says to whoever looks. It asks for nothing: whoever stands before the meter sees as much on its display.
pub fn answer(facts: &Facts<'_>, frame: &Frame) -> Frame {
    let asked = frame.control.function();
    let found = Identifier::split(&frame.data).ok_or(Why::Other).and_then(|(about, order, rest)| {
        let [number] = *rest else {
            return Err(if asked == function::READ { Why::Other } else { Why::NoRight });
        };
        let value = match (asked, about) {
            (function::READ, about) => facts.value(about).ok_or(Why::NoData)?,
            (function::READ_ADDRESS, Identifier::ADDRESS) => Vec::new(),
            (function::READ_KEY, Identifier::KEY_VERSION) => vec![facts.key_version.ok_or(Why::NoData)?],
            (function::WRITE | function::WRITE_ADDRESS | function::SYNC, _) => return Err(Why::NoRight),
            _ => return Err(Why::NoData),
        };
        Ok([&about.bytes(order)[..], &[number], &value].concat())
    });
    said(facts.state, frame, found)
}

fn said(state: &MeterState, frame: &Frame, found: Result<Vec<u8>, Why>) -> Frame {
    let ((kind, address), function) = (own(state), frame.control.function());
    let (control, data) = match found {
        Ok(data) => (Control::answer(function), data),
        // A refusal has the number of its request, and the state; our byte of it has the cause.
        Err(why) => {
            let number = frame.data.get(2).copied().unwrap_or(0);
            let [first, _] = status(state).bytes();
            (Control::refusal(function), vec![number, first, why as u8])
        }
    };
    Frame { kind, address, control, data }
}

impl Facts<'_> {
    fn value(&self, about: Identifier) -> Option<Vec<u8>> {
        let (state, status) = (self.state, status(self.state));
        match about {
            Identifier::METERED => Some(
                Metered {
                    current: state.register.hundredths.into(),
                    unit: unit::CUBIC_METRE,
                    settled: state.pipe.as_ref().map_or(0, |pipe| pipe.settled.into()),
                    settled_unit: unit::CUBIC_METRE,
                    time: self.now.0,
                    status,
                }
                .to_bytes(),
            ),
            Identifier::PRICES => self.prices()?.to_bytes(),
            Identifier::PURCHASES => {
                let purse = self.purse?;
                Some(
                    Purchases {
                        // One byte on this line; the order's count has four, and decides.
                        number: (purse.count % 256) as u8,
                        last: state.pipe.as_ref().map_or(0, |pipe| pipe.bought.0.into()),
                        all: purse.total_credited.0.into(),
                        left: u64::from(purse.balance.0).saturating_sub(state.due.fen),
                        status,
                    }
                    .to_bytes(),
                )
            }
            _ => None,
        }
    }

    /// Three prices in whole fen and two whole amounts; what is billed by another table is not told wrongly: there is no such data.
    fn prices(&self) -> Option<Prices> {
        let mut tariff = self.state.tariff.clone();
        tariff.advance(self.now);
        let steps = tariff.table(self.state.config.price.into());
        if steps.prices.len() > 3 || steps.prices.iter().any(|price| price.0 % 100 != 0) {
            return None;
        }
        if steps.amounts.iter().any(|amount| amount % 100 != 0) {
            return None;
        }
        let price = |n: usize| steps.prices.get(n).map_or(0, |price| price.0 / 100);
        let amount = |n: usize| steps.amounts.get(n).map_or(0, |amount| u64::from(amount / 100));
        Some(Prices { prices: [price(0), price(1), price(2)], amounts: [amount(0), amount(1)] })
    }
}

/// The answer to a frame that carried one of DL/T 645: its control byte and data; `None` where that is too long for one frame here.
pub fn carry(state: &MeterState, frame: &Frame, inside: &dlt645::Frame) -> Option<Frame> {
    let (about, order, rest) = Identifier::split(&frame.data)?;
    let number = *rest.first()?;
    let data = [&about.bytes(order)[..], &[number, inside.control.0], &inside.data].concat();
    (data.len() <= usize::from(u8::MAX)).then(|| said(state, frame, Ok(data)))
}

/// A command to the valve. One byte is the standard's own, which proves nothing: refused, counted, and told in the log once a day. 20 bytes
/// are cipher text and MAC as of the control of DL/T 645, made for the random of an authentication: the ESAM checks them.
pub fn valve(
    meter: &mut Meter,
    esam: &mut dyn Channel,
    (guard, way): (&mut Guard, Way),
    frame: &Frame,
    now: Moment,
) -> Frame {
    let own = own(meter.state());
    let done = match Identifier::split(&frame.data) {
        Some((about, order, [number, sealed @ ..])) if sealed.len() == SEALED && frame.address == own.1 => {
            control(meter, esam, (guard, way), sealed, now)
                .map(|()| [&about.bytes(order)[..], &[*number]].concat())
        }
        Some((_, _, [_, ..])) => Err(refuse(meter, now)),
        _ => Err(Why::Other),
    };
    let done = done.map(|mut data| {
        data.extend(status(meter.state()).bytes());
        data
    });
    said(meter.state(), frame, done)
}

fn refuse(meter: &mut Meter, now: Moment) -> Why {
    if let Some(pipe) = &mut meter.state.pipe {
        let first = pipe.count_clear(now);
        let count = pipe.clear_commands;
        if first {
            meter.state.events.push(now, EventKind::ClearCommand { count });
        }
    }
    Why::NoRight
}

fn control(
    meter: &mut Meter,
    esam: &mut dyn Channel,
    (guard, way): (&mut Guard, Way),
    sealed: &[u8],
    now: Moment,
) -> Result<(), Why> {
    let level = [reader::parameter::ENCIPHERED, 0, 0, 0, 0, 0, 0, 0];
    let address = dlt645::Address(meter.state.config.number.0);
    let inside = dlt645::Frame::request(address, dlt645::function::CONTROL, [&level[..], sealed].concat());
    match port::serve(meter, esam, guard, way, &inside, now, &mut |_| {}) {
        Some(answer) if !answer.control.is_refusal() => Ok(()),
        // Its words of a control are those of this port: another cause, or no right.
        Some(answer) if answer.data == [Why::Other as u8] => Err(Why::Other),
        _ => Err(Why::NoRight),
    }
}
