//! Meters of gas and water: what breaks in them, who comes and repairs it, and who tries to move their valves without a proof.
//!
//! Whatever breaks: what flowed is paid or owed, nothing flows through a valve that is closed and tight, and what locks a valve keeps it
//! closed or is told to be stuck.

use super::under::{DAY_S, Event, Under, draw};
use crate::bare::{Eye, LineFault, region};
use issue::keyset::Roots;
use issue::station::Station;
use meter::cjt188::{Asked, asked, valve};
use meter::port::{Guard, Way};
use meter::{Consumption, Lock, Profile, Sensed};
use parties::trouble::{Context, Result};
use reader::cjt188::{Carried, Line};
use reader::dlt645;
use reader::security::SecureLine;
use scheme::Moment;
use scheme::chance::random;
use wire::cjt188::{Address, ByteOrder, Frame, Identifier, function, valve as act};

/// Seconds in which a load of 1000 l/h draws 0.01 m3.
const HUNDREDTH_S: u64 = 36;
/// What a valve that leaks lets through, in litres an hour.
const LEAK: u32 = 40;
/// Everything as it came from the factory.
const SOUND: Sensed =
    Sensed { battery_mv: Some(3600), magnet: Some(false), jammed: Some(false), leak: Some(0) };

/// What a household's meter is for, by its number: of five one is for gas and one for water.
pub(super) const fn profile(n: u32) -> Profile {
    match n % 5 {
        3 => Profile::Gas,
        4 => Profile::Water,
        _ => Profile::Electricity,
    }
}

/// How much is drawn: of a meter on a pipe for so long that it is that much.
pub(super) const fn drawn(profile: Profile, hundredths: u64) -> Consumption {
    if profile.has_valve() {
        Consumption::Seconds(HUNDREDTH_S * hundredths)
    } else {
        Consumption::Energy(hundredths)
    }
}

impl Under<'_> {
    fn has_valve(&self, n: usize) -> bool {
        self.households[n].site.meter.state().pipe.is_some()
    }

    /// The meter's own time.
    pub(super) fn time_of(&self, n: usize) -> Moment {
        self.now.add_seconds(self.households[n].drift).unwrap_or(self.now)
    }

    /// Whether a customer has nothing though he has money: his meter heard of nobody for too long, and waits for a purchase.
    pub(super) fn is_silenced(&self, n: usize) -> bool {
        let pipe = &self.households[n].site.meter.state().pipe;
        pipe.as_ref().is_some_and(|pipe| matches!(pipe.locked, Some(Lock::Silence | Lock::LongFlow)))
    }

    /// What breaks on one of its days.
    pub(super) fn wear(&mut self, n: usize) -> Result<()> {
        if !self.has_valve(n) {
            return Ok(());
        }
        let kinds = [
            ("valve jammed", 150, Sensed { jammed: Some(true), ..Sensed::default() }),
            ("valve leaks", 250, Sensed { leak: Some(LEAK), ..Sensed::default() }),
            ("battery of a valve low", 200, Sensed { battery_mv: Some(2900), ..Sensed::default() }),
            (
                "battery gave out while a valve moved",
                250,
                Sensed { battery_mv: Some(2600), ..Sensed::default() },
            ),
            ("magnet at a meter", 250, Sensed { magnet: Some(true), ..Sensed::default() }),
        ];
        for (name, once_in, sensed) in kinds {
            if self.fault(name, once_in) {
                let now = self.time_of(n);
                self.households[n].site.meter.sense(sensed, now);
                self.later(DAY_S as u32 / 2, 6 * DAY_S as u32, Event::Visit(n));
            }
        }
        if self.fault("command to a valve without a proof", 60) {
            self.unproved(n);
        }
        if self.fault("meter on a pipe without its supply", 40) {
            let kept = self.households[n].site.flash()?;
            self.households[n].site.restart(&kept)?;
        }
        self.is_sound(n);
        Ok(())
    }

    /// The standard's own command, or twenty bytes of nobody's: it moves nothing.
    fn unproved(&mut self, n: usize) {
        let (now, sealed) = (self.time_of(n), random::<20>(&mut self.chance));
        let open = draw(&mut self.chance, 2) == 0;
        let site = &mut self.households[n].site;
        let whom = (meter::cjt188::kind(site.meter.state().profile()), address(site));
        let rest = if open { vec![act::OPEN] } else { sealed.to_vec() };
        let about = (Identifier::VALVE, ByteOrder::LowFirst);
        let frame = Frame::request(whom, function::WRITE, about, 1, &rest);
        let stood = site.meter.state().relay_open;
        if asked(site.meter.state(), &frame) != Some(Asked::Valve) {
            self.violation(n, "a command to its valve is none");
            return;
        }
        let mut guard = Guard::default();
        let said = valve(&mut site.meter, &mut site.esam, (&mut guard, Way::Wires), &frame, now);
        if !said.control.is_refusal() || site.meter.state().relay_open != stood {
            self.violation(n, "a valve moved for a command that nobody proved");
        }
    }

    /// Somebody comes: everything is sound again, and his station has the valve opened, where the purse has it so.
    pub(super) fn visit(&mut self, n: usize) -> Result<()> {
        let (now, suite) = (self.time_of(n), self.what.suite);
        let site = &mut self.households[n].site;
        site.meter.sense(SOUND, now);
        let (number, seen) = (site.meter.state().config.number, address(site));
        let station = Station::new(&Roots::test(suite).city(region()?), number);
        let random: [u8; 8] = random(&mut self.chance);
        let mut eye = Eye::new(&mut self.households[n].site, Way::Wires, now, LineFault::default());
        let sealed = {
            let mut carried = Carried::new(&mut eye);
            let mut line = dlt645::Line::new(&mut carried);
            let mut line = SecureLine::new(&mut line, wire::dlt645::Address(number.0), [0, 0, 0, 1]);
            let (drawn, _) = line
                .identify(&station.identity(&random), &random, &station.factor())
                .context("a station proves itself at a meter on a pipe")?;
            let [year, month, day, hour, minute, second] = [0x99; 6];
            station.control(drawn, &[act::OPEN, 0, year, month, day, hour, minute, second])
        };
        let moved = Line::new(&mut eye).valve(seen, &sealed).context("a station moves a valve");
        drop(eye);
        let status = moved?;
        let state = self.households[n].site.meter.state();
        let spent = u64::from(state.balance.0) <= state.due.fen;
        if status.valve != u8::from(spent) {
            self.violation(
                n,
                format!("a station left a valve at {}, its purse spent: {spent}", status.valve),
            );
        }
        self.households[n].site.power_off()?;
        self.is_sound(n);
        self.check(n)
    }

    /// What locks a valve, or an empty purse, has it closed; else it is open; or it is told not to move.
    pub(super) fn is_sound(&mut self, n: usize) {
        let state = self.households[n].site.meter.state();
        let Some(pipe) = &state.pipe else { return };
        let spent = u64::from(state.balance.0) <= state.due.fen;
        let holds = pipe.tampered
            || pipe.leaked
            || pipe.battery_mv <= meter::pipe::BATTERY_LOW
            || pipe.locked.is_some()
            || spent;
        let said = meter::cjt188::status(state).valve;
        let fits = match state.actuator.stuck() {
            Some(_) => said == 3,
            None => said == u8::from(holds),
        };
        if !fits {
            let words = format!("its valve is told to be {said}, held closed: {holds}, by {:?}", pipe.locked);
            self.violation(n, words);
        }
    }

    /// A day's flow: nothing passes a valve that is closed and tight.
    pub(super) fn flowed(&mut self, n: usize, before: u32, was_closed: bool) {
        let state = self.households[n].site.meter.state();
        let leaks = state.pipe.as_ref().is_some_and(|pipe| pipe.leaked);
        if state.pipe.is_some() && was_closed && !leaks && state.register.hundredths != before {
            self.violation(n, "it flowed through a valve that is closed and tight");
        }
        self.is_sound(n);
    }
}

fn address(site: &crate::bare::Site) -> Address {
    Address::of(site.meter.state().config.number.0)
}
