//! What changes a meter: parameters, control of the relay, what is cleared.

use super::session::{HEAD, Port, Said, eight};
use super::word::Serr;
use crate::events::EventKind;
use crate::tables::{fits, written_by};
use reader::driver::field::FieldEsam;
use reader::parameter::{self, Write, plain_write};
use reader::security::turned;
use scheme::field::{self, Span, relay};
use scheme::moment::Moment;
use scheme::profile::State;
use wire::cjt188::valve;
use wire::dlt645::{Identifier, function};

/// Whether a control command asks for the state behind "done", and for the cause of a refusal: P2 is 01.
pub fn wants_words(data: &[u8]) -> bool {
    data.get(3) == Some(&0x01)
}

impl Port<'_, '_> {
    /// A file of information: number, offset, bytes or cipher text, MAC. A file that this ESAM has not is another cause.
    pub fn information(&mut self, data: &[u8], files: &[u8]) -> Said {
        let (&[file, low, high], sent) =
            data.get(HEAD..).and_then(<[u8]>::split_first_chunk).ok_or(Serr::Other)?;
        let (value, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
        if !files.contains(&file) || high != 0 || value.is_empty() {
            return Err(Serr::Other);
        }
        self.open()?;
        let written = self.write_sealed(file, low, &[turned(value), turned(mac)].concat());
        self.mac(written).map(|_| Vec::new())
    }

    /// Remote control: PA, three bytes of level, operator, and 20 bytes turned round as a whole.
    pub fn control(&mut self, data: &[u8]) -> Said {
        let (&[level, _, _, _, _, _, _, _], sent) = data.split_first_chunk::<HEAD>().ok_or(Serr::Other)?;
        if level != parameter::ENCIPHERED || sent.len() != 20 {
            return Err(Serr::Verification);
        }
        self.may_write()?;
        let written = self.write_with_mac(field::CONTROL, &turned(sent), &[]);
        self.mac(written)?;
        let read = FieldEsam::new(&mut self.esam).read(Span { file: 0x08, offset: 0, len: 8 });
        let [act, delay, time @ ..] = eight(&self.card(read)?)?;
        if is_past(time, self.now) {
            return Err(Serr::Over);
        }
        let act = if self.meter.state.pipe.is_some() { relay_act(act) } else { act };
        if !self.meter.state.control.obey(act, delay, self.now) {
            return Err(Serr::Other);
        }
        if let Some(pipe) = self.meter.state.pipe.as_mut().filter(|_| relay::LETS.contains(&act)) {
            pipe.release(self.now);
        }
        self.meter.switch_at_once(self.now);
        let state = &self.meter.state;
        let is_stuck = state.actuator.stuck().is_some();
        let word = || state.control.word(state.relay_open, state.is_alarmed(), is_stuck).to_vec();
        Ok(if wants_words(data) { word() } else { Vec::new() })
    }

    /// 19, 1A, 1B under level 98: what is cleared stands in cipher text with its time.
    ///
    /// UNSPECIFIED: the first byte is taken for the function, so that no command of one is one of another.
    pub fn clear(&mut self, function: u8, data: &[u8]) -> Result<(), Serr> {
        let (&[level, ..], sent) = data.split_first_chunk::<HEAD>().ok_or(Serr::Other)?;
        if level != parameter::ENCIPHERED || sent.len() != 20 {
            return Err(Serr::Verification);
        }
        self.may_write()?;
        // Its register is what a formal meter is asked for by whoever settles; in test it may begin again.
        let whole = function == function::CLEAR_METER;
        if whole && self.meter.state.config.state != State::Test {
            return Err(Serr::Verification);
        }
        let file = if whole { 0x14 } else { 0x17 };
        let written = self.write_sealed(file, 0, &turned(sent));
        self.mac(written)?;
        // Of events 4 bytes more: which ones.
        let events = function == function::CLEAR_EVENTS;
        let read =
            FieldEsam::new(&mut self.esam).read(Span { file, offset: 0, len: if events { 12 } else { 8 } });
        let plain = self.card(read)?;
        let time = plain.last_chunk::<6>().ok_or(Serr::Other)?;
        if plain[0] != function {
            return Err(Serr::Verification);
        }
        if is_past(*time, self.now) {
            return Err(Serr::Over);
        }
        // One log holds all events, so they go together; there is no demand to clear.
        if events && plain[2..6] != [0xFF; 4] {
            return Err(Serr::NoData);
        }
        let state = &mut self.meter.state;
        if whole {
            state.register = Default::default();
            state.tariff.drawn = 0;
        }
        if whole || events {
            state.events.clear();
        }
        let what = if whole {
            "meter"
        } else if events {
            "events"
        } else {
            "demand"
        };
        state.events.push(self.now, EventKind::Cleared { what: what.into() });
        Ok(())
    }

    /// 14: class 1 with a MAC, class 2 in cipher text.
    pub fn write(&mut self, data: &[u8]) -> Result<(), Serr> {
        let (about, rest) = Identifier::split(data).ok_or(Serr::Other)?;
        let (head, sent) = rest.split_at_checked(HEAD).ok_or(Serr::Other)?;
        self.may_write()?;
        match head[0] {
            parameter::PLAIN => {
                let (value, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
                let write = plain_write(about, value).ok_or(Serr::NoData)?;
                if written_by(about).is_some() {
                    return self.write_table(about, &write, mac);
                }
                let written = self.write_with_mac(write.header(), &write.data, &turned(mac));
                self.mac(written).map(drop)
            }
            parameter::ENCIPHERED => self.write_enciphered(about, sent),
            _ => Err(Serr::Verification),
        }
    }

    /// A table of prices: what nobody could bill by does not reach the ESAM, and what reaches it is what the meter bills by.
    fn write_table(&mut self, about: Identifier, write: &Write, mac: &[u8]) -> Result<(), Serr> {
        let table = written_by(about).ok_or(Serr::NoData)?;
        fits(&write.data).map_err(|_| Serr::Other)?;
        let noted = self.meter.expect_table(&mut self.esam, table);
        self.card(noted)?;
        let written = self.write_with_mac(write.header(), &write.data, &turned(mac));
        if written.as_ref().is_err_and(|error| error.sw().is_some()) {
            self.meter.expect_no_table();
        }
        self.mac(written)?;
        let taken = self.meter.take_table(&mut self.esam, table, self.now);
        self.card(taken)
    }

    pub fn write_enciphered(&mut self, about: Identifier, sent: &[u8]) -> Result<(), Serr> {
        let file = parameter::file_of(about);
        let written = self.write_sealed(file, 0, &turned(sent));
        self.mac(written)?;
        let read = FieldEsam::new(&mut self.esam).read(Span { file, offset: 0, len: 5 });
        let found = self.card(read)?;
        // Length, then the identifier as it is written: what was enciphered is what the frame said it was.
        if found[1..] == about.0.to_be_bytes() { Ok(()) } else { Err(Serr::Verification) }
    }
}

/// What a command to a valve is among those to a relay; the bytes of CJ/T 188 may stand under the seal too.
const fn relay_act(act: u8) -> u8 {
    match act {
        valve::OPEN => relay::CLOSE,
        valve::CLOSE => relay::TRIP,
        act => act,
    }
}

/// Whether a time `YY MM DD hh mm ss` is over; all 99 is never, and what is no time is over.
fn is_past(time: [u8; 6], now: Moment) -> bool {
    let [year, month, day, hour, minute, second] = time;
    let until = Moment::new([0x20, year, month, day, hour, minute, second]);
    time != [0x99; 6] && until.map_or(true, |until| until < now)
}
