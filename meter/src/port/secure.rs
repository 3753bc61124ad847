//! The port's security: identity, money, keys, parameters and control, as a station without a wire to the ESAM sends them through
//! whoever holds the line [docs/specs/dlt645.md 6].
//!
//! What proves a command is its MAC, which the ESAM checks; here is who may ask, how often, and what the meter does of it. One
//! session of the ESAM serves one authentication: its random lives in it, so the caller keeps the card as long as
//! [`Guard::holds`] says.

use super::change::wants_words;
use super::guard::{Guard, Way};
use super::session::{HEAD, Port, Said};
use super::word::Serr;
use crate::mcu::Meter;
use reader::driver::esam::Esam;
use reader::security::identifier;
use scheme::moment::Moment;
use wire::Channel;
use wire::dlt645::{Address, Control, Frame, Identifier, function};

/// A file of information, plainly and in cipher text; no station of ours writes them.
const INFORMATION: Identifier = Identifier(0x0700_04FF);
const INFORMATION_ENCIPHERED: Identifier = Identifier(0x0700_05FF);

/// Whether the meter answers a function here, and not as a fact.
pub const fn serves(function: u8) -> bool {
    matches!(
        function,
        function::SECURITY
            | function::CONTROL
            | function::WRITE
            | function::CLEAR_DEMAND
            | function::CLEAR_METER
            | function::CLEAR_EVENTS
    )
}

/// What a meter says to a frame of security, control or writing; `None`: it is not for it. The flash is the caller's to keep afterwards;
/// before money moves the meter has it kept itself. `random` fills a buffer with random bytes.
pub fn serve(
    meter: &mut Meter,
    esam: &mut dyn Channel,
    guard: &mut Guard,
    way: Way,
    frame: &Frame,
    now: Moment,
    random: &mut dyn FnMut(&mut [u8]),
) -> Option<Frame> {
    let own = Address(meter.state.config.number.0);
    if frame.control.is_answer() || !frame.address.reaches(own) || frame.address == Address::BROADCAST {
        return None;
    }
    guard.holds(now);
    let function = frame.control.function();
    let named = frame.address == own;
    let mut port = Port { meter, esam: Esam::new(esam), guard, way, now, named };
    let done = match function {
        function::SECURITY => port.security(&frame.data, random),
        function::CONTROL => port.control(&frame.data),
        function::CLEAR_DEMAND | function::CLEAR_METER | function::CLEAR_EVENTS => {
            port.clear(function, &frame.data).map(|()| Vec::new())
        }
        function::WRITE => port.write(&frame.data).map(|()| Vec::new()),
        _ => return None,
    };
    let (control, data) = match done {
        Ok(data) => (Control::answer(function, false), data),
        Err(why) if function == function::SECURITY => (Control::refusal(function), why.word().to_vec()),
        Err(why) if function == function::CONTROL && wants_words(&frame.data) => {
            (Control::refusal(function), why.cause().to_vec())
        }
        Err(why) => (Control::refusal(function), vec![why.ordinary()]),
    };
    Some(Frame { address: own, control, data })
}

impl Port<'_, '_> {
    fn security(&mut self, data: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Said {
        let (about, _) = Identifier::split(data).ok_or(Serr::Other)?;
        if data.len() < HEAD {
            return Err(Serr::Other);
        }
        let of_infrared = matches!(about, identifier::INFRARED | identifier::INFRARED_REQUEST);
        if of_infrared && self.way != Way::Infrared {
            return Err(Serr::Other);
        }
        // What the bank sends proves itself at the ESAM; who carries it has nothing to prove himself with.
        let of_bank = match about {
            identifier::ONLINE_REQUEST
            | identifier::ONLINE_ORDER
            | identifier::BANK
            | identifier::RECEIPT => true,
            identifier::RECHARGE => self.guard.bank.is_some(),
            _ => false,
        };
        if !of_infrared && !of_bank {
            self.infrared_proved()?;
        }
        if !of_infrared && !of_bank && about != identifier::IDENTITY {
            self.identified()?;
        }
        // Whoever asks any meter that hears it may look, and change nothing.
        let looks = [identifier::IDENTITY, identifier::END, identifier::READ_BACK, identifier::STATUS];
        if !self.named && !of_infrared && !looks.contains(&about) {
            return Err(Serr::Other);
        }
        let said = match about {
            identifier::IDENTITY => self.identify(data),
            identifier::VALIDITY => self.validity(data),
            identifier::END => self.end(data),
            identifier::INFRARED_REQUEST => self.infrared_request(data),
            identifier::INFRARED => self.infrared(data),
            identifier::OPEN => self.recharge(data, true),
            identifier::RECHARGE => self.recharge(data, false),
            identifier::SET_PURSE => self.set_purse(data),
            identifier::KEYS => self.keys(data),
            identifier::READ_BACK => self.read_back(data),
            identifier::STATUS => self.status(data),
            identifier::ONLINE_REQUEST => self.online_request(data, random),
            identifier::ONLINE_ORDER => self.online_order(data),
            identifier::BANK => self.bank(data),
            identifier::RECEIPT => self.receipt(data),
            INFORMATION => self.information(data, &[0x18, 0x1A, 0x1B, 0x1C]),
            INFORMATION_ENCIPHERED => self.information(data, &[0x15, 0x0B]),
            // UNSPECIFIED: no program comparison: this meter has no program to compare.
            _ => Err(Serr::Other),
        }?;
        Ok([&about.bytes()[..], &said].concat())
    }
}
