//! What cuts the supply, a relay or a valve: what it was told, what became of it, and when it is tried again [docs/specs/profiles.md 4].
//!
//! A valve has switches at its two ends, and says whether it came there. A relay has none: that its contacts are welded shows by the current
//! that flows. What did not move is never taken for moved.

use scheme::moment::Moment;
use serde::{Deserialize, Serialize};

/// Movements that are tried one after another.
pub const TRIES: u16 = 3;
/// Seconds until they are tried again by themselves.
pub const AGAIN_S: i64 = 3600;
/// At and below this many mV the valve's motor stops on its way.
pub const MOTOR_LEAST_MV: u16 = 2700;

/// Why it did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The valve does not move.
    Jammed,
    /// Current flows through a relay that is open.
    Welded,
    /// The battery gave out on the way.
    Battery,
    /// The meter lost its supply on the way, and cannot know how far it came.
    SupplyLost,
}

impl Cause {
    /// The name in reports and events.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Jammed => "jammed",
            Cause::Welded => "welded",
            Cause::Battery => "battery",
            Cause::SupplyLost => "supply-lost",
        }
    }

    /// Whether it is somewhere between its ends: what is to be cut flows.
    pub(crate) const fn is_between(self) -> bool {
        matches!(self, Cause::Battery | Cause::SupplyLost)
    }
}

/// What cuts the supply does not do so, or does not give it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stuck {
    /// It was to cut the supply; else to give it back.
    pub to_cut: bool,
    /// Why it did not.
    pub cause: Cause,
    /// Movements in vain.
    pub tries: u16,
    /// When it is tried again by itself, in seconds as [`Moment::seconds`].
    pub again: i64,
}

/// What a meter remembers of its relay or valve beside where it stands, and what is wrong with it, which the meter does not know before it
/// shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Actuator {
    /// On its way, so that a meter that lost its supply does not take it for arrived: to cut, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    moving: Option<bool>,
    /// It did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck: Option<Stuck>,
    /// The month in which a valve moved last, `YYYYMM`.
    #[serde(skip_serializing_if = "String::is_empty")]
    moved_in: String,
    /// As it really is: the valve does not move, or the contacts are welded.
    pub(crate) is_jammed: bool,
    /// As it really is: litres an hour that pass a closed valve.
    pub(crate) leak: u32,
}

impl Actuator {
    /// Whether there is nothing to remember.
    pub fn is_none(&self) -> bool {
        *self == Actuator::default()
    }

    /// What did not come to its end, and a movement whose end nobody saw.
    pub fn stuck(&self) -> Option<Stuck> {
        let lost = |to_cut| Stuck { to_cut, cause: Cause::SupplyLost, tries: 0, again: 0 };
        self.stuck.or(self.moving.map(lost))
    }

    /// What it was told last: to cut, or not. `stands`: whether it cuts now.
    pub fn wanted(&self, stands: bool) -> bool {
        self.stuck.map_or(stands, |stuck| stuck.to_cut)
    }

    /// Whether a movement was under way when the meter lost its supply: then nobody saw its end.
    pub(crate) fn was_cut_off(&mut self, now: Moment) -> bool {
        let Some(to_cut) = self.moving.take() else { return false };
        self.stuck = Some(Stuck { to_cut, cause: Cause::SupplyLost, tries: 0, again: now.seconds() });
        true
    }

    /// Whether it is to be told: to another end, or again to one that it did not come to. `at_once`: somebody asks for it, so that the hour
    /// is not waited for.
    pub(crate) fn is_to_move(&self, stands: bool, to_cut: bool, at_once: bool, now: Moment) -> bool {
        match self.stuck {
            None => stands != to_cut,
            Some(stuck) => at_once || stuck.to_cut != to_cut || stuck.again <= now.seconds(),
        }
    }

    /// Whether a valve that stood still for a month is to be moved a little, so that one that does not is known before it has to close.
    pub(crate) fn is_to_be_exercised(&self, now: Moment) -> bool {
        self.stuck.is_none() && self.moved_in != month(now)
    }

    pub(crate) const fn begins(&mut self, to_cut: bool) {
        self.moving = Some(to_cut);
    }

    pub(crate) const fn does_not_begin(&mut self) {
        self.moving = None;
    }

    /// It came to its end; true when it had not before.
    pub(crate) fn came(&mut self) -> bool {
        self.moving = None;
        self.stuck.take().is_some()
    }

    /// A valve moved, so that it is not to be exercised for a month.
    pub(crate) fn moved(&mut self, now: Moment) {
        self.moved_in = month(now);
    }

    /// It did not come to its end; true when that is to be told: another cause, or it is wanted elsewhere than it stands.
    pub(crate) fn failed(&mut self, (stands, to_cut): (bool, bool), cause: Cause, now: Moment) -> bool {
        self.moving = None;
        let same = |stuck: &Stuck| stuck.cause == cause && (stuck.to_cut == to_cut || stands == to_cut);
        let before = self.stuck.filter(same);
        let tries = before.map_or(0, |stuck| stuck.tries).saturating_add(TRIES);
        self.stuck = Some(Stuck { to_cut, cause, tries, again: now.seconds().saturating_add(AGAIN_S) });
        before.is_none()
    }
}

fn month(now: Moment) -> String {
    hex::encode(&now.0[..3])
}
