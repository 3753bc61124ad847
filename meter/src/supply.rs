//! The customer's supply: whether he is to have it, and whether relay or valve obey [docs/specs/profiles.md 3, 4].

use crate::actuator::{Cause, MOTOR_LEAST_MV};
use crate::events::EventKind;
use crate::mcu::{Meter, MeterState};
use crate::pipe::{Lock, Sensed};
use scheme::moment::Moment;

impl MeterState {
    /// Whether the alarm is on: a station has it so, or somebody has to come, for what does not move and for what locks a valve and is no
    /// matter of money or time.
    pub fn is_alarmed(&self) -> bool {
        let locked = self.pipe.as_ref().and_then(|pipe| pipe.locked);
        let calls = matches!(locked, Some(Lock::Battery | Lock::Magnet | Lock::Leak | Lock::Overflow));
        self.control.is_alarm() || self.actuator.stuck().is_some() || calls
    }

    /// What comes of a movement, as relay or valve really are.
    fn moved(&self, to_cut: bool) -> Result<(), Cause> {
        let jammed = self.actuator.is_jammed;
        match &self.pipe {
            Some(_) if jammed => Err(Cause::Jammed),
            Some(pipe) if pipe.battery_mv <= MOTOR_LEAST_MV => Err(Cause::Battery),
            // Contacts that are welded close; without a load nothing shows that they do not open.
            None if jammed && to_cut && self.config.load_w > 0 => Err(Cause::Welded),
            _ => Ok(()),
        }
    }

    /// Whether it really cuts when it is told to.
    pub(crate) fn obeys(&self) -> bool {
        let weak = self.pipe.as_ref().is_some_and(|pipe| pipe.battery_mv <= MOTOR_LEAST_MV);
        !self.actuator.is_jammed && !weak
    }
}

impl Meter {
    /// Its surroundings change, or its works; false: this meter has nothing that feels them.
    pub fn sense(&mut self, sensed: Sensed, now: Moment) -> bool {
        match &mut self.state.pipe {
            Some(pipe) => pipe.sense(sensed),
            None if sensed.is_of_pipe() => return false,
            None => {}
        }
        let actuator = &mut self.state.actuator;
        actuator.is_jammed = sensed.jammed.unwrap_or(actuator.is_jammed);
        actuator.leak = sensed.leak.unwrap_or(actuator.leak);
        self.switch_relay(now);
        true
    }

    /// Cuts the supply when nothing is left, gives it back when something is, unless a station told it otherwise or something locks the
    /// valve. Only a credit can bring anything into an empty purse.
    pub(crate) fn switch_relay(&mut self, now: Moment) {
        self.switch(now, false);
    }

    /// The same where somebody asks for it, a station or a customer: what did not move is tried again without waiting.
    pub(crate) fn switch_at_once(&mut self, now: Moment) {
        self.switch(now, true);
    }

    fn switch(&mut self, now: Moment, at_once: bool) {
        if self.state.actuator.was_cut_off(now) {
            self.state.relay_open = false;
            self.tell_stuck(now);
        }
        let spent = u64::from(self.state.balance.0) <= self.state.due.fen;
        let mut to_cut = self.state.control.opens(spent, now);
        if let Some(pipe) = &mut self.state.pipe {
            let lock = pipe.lock(now);
            let before = std::mem::replace(&mut pipe.locked, lock);
            if let Some(lock) = lock.filter(|lock| before != Some(*lock)) {
                self.state.events.push(now, EventKind::Locked { cause: lock.name().to_owned() });
            }
            // Whatever a station said: what locks a valve is danger.
            to_cut |= lock.is_some();
        }
        let (actuator, stands) = (&self.state.actuator, self.state.relay_open);
        let is_valve = self.state.pipe.is_some();
        if actuator.is_to_move(stands, to_cut, at_once, now) {
            self.drive(to_cut, now);
        } else if is_valve && actuator.is_to_be_exercised(now) {
            // A little and back: its customer does not notice.
            match self.state.moved(to_cut) {
                Ok(()) => self.state.actuator.moved(now),
                Err(cause) => self.did_not_move(to_cut, cause, now),
            }
        }
    }

    fn drive(&mut self, to_cut: bool, now: Moment) {
        let is_valve = self.state.pipe.is_some();
        if is_valve {
            // It takes seconds: the flash says before that it is on its way. Where it cannot be written a valve may close, and not open.
            self.state.actuator.begins(to_cut);
            if self.keep().is_err() && !to_cut {
                self.state.actuator.does_not_begin();
                return;
            }
        }
        if let Err(cause) = self.state.moved(to_cut) {
            self.did_not_move(to_cut, cause, now);
            return;
        }
        let moves_again = self.state.actuator.came();
        if is_valve {
            self.state.actuator.moved(now);
        }
        let stood = std::mem::replace(&mut self.state.relay_open, to_cut);
        let event = match (is_valve, to_cut) {
            (false, true) => EventKind::RelayOpened,
            (false, false) => EventKind::RelayClosed,
            (true, true) => EventKind::ValveClosed,
            (true, false) => EventKind::ValveOpened,
        };
        if stood != to_cut {
            self.state.events.push(now, event);
        } else if moves_again && is_valve {
            self.state.events.push(now, EventKind::MovesAgain);
        }
    }

    fn did_not_move(&mut self, to_cut: bool, cause: Cause, now: Moment) {
        let stands = self.state.relay_open;
        let is_new = self.state.actuator.failed((stands, to_cut), cause, now);
        if cause.is_between() || cause == Cause::Welded {
            self.state.relay_open = false;
        }
        if is_new {
            self.tell_stuck(now);
        }
    }

    fn tell_stuck(&mut self, now: Moment) {
        if let Some(stuck) = self.state.actuator.stuck() {
            let wanted = if stuck.to_cut { "cut" } else { "supply" };
            let event = EventKind::Stuck { cause: stuck.cause.name().to_owned(), wanted: wanted.to_owned() };
            self.state.events.push(now, event);
        }
    }

    /// Current was felt though the relay is open.
    pub(crate) fn feel_current(&mut self, now: Moment) {
        self.did_not_move(true, Cause::Welded, now);
    }
}
