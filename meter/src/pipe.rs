//! A meter on a pipe: its battery, what its sensors say, and what closes the valve whatever the purse holds [docs/specs/profiles.md 3].

use crate::profile::Profile;
use scheme::moment::Moment;
use scheme::money::Fen;
use serde::{Deserialize, Serialize};

/// A new battery, in mV: one lithium cell.
pub const BATTERY_NEW: u16 = 3600;
/// At and below this the battery is to be changed.
pub const BATTERY_WEAK: u16 = 3300;
/// At and below this the valve closes, while there is still power to close it.
pub const BATTERY_LOW: u16 = 3000;
/// Seconds of more than the meter is made for after which the valve closes.
pub const OVERFLOW_S: i64 = 60;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What closes a valve beside the purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// The battery is low; a new one opens.
    Battery,
    /// A magnet was at the meter; a station opens, when it is gone.
    Magnet,
    /// Something flowed while the valve was closed; a station opens.
    Leak,
    /// More flowed than the meter is made for, as of a pipe that broke; a station opens.
    Overflow,
    /// It flowed without a pause for too long; a purchase opens, or a station.
    LongFlow,
    /// Nobody was heard of for too long; a purchase opens, or a station.
    Silence,
}

impl Lock {
    /// The name in reports and events.
    pub const fn name(self) -> &'static str {
        match self {
            Lock::Battery => "battery",
            Lock::Magnet => "magnet",
            Lock::Leak => "leak",
            Lock::Overflow => "overflow",
            Lock::LongFlow => "long-flow",
            Lock::Silence => "silence",
        }
    }
}

/// What the surroundings of a meter are, and its works; what is none stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sensed {
    /// The battery's voltage in mV.
    pub battery_mv: Option<u16>,
    /// Whether a strong magnet is at the meter.
    pub magnet: Option<bool>,
    /// Whether the valve does not move, or the relay's contacts are welded. No meter feels that before it shows.
    pub jammed: Option<bool>,
    /// Litres an hour that pass the valve when it is closed; likewise.
    pub leak: Option<u32>,
}

impl Sensed {
    /// Whether a meter of electricity has none of it.
    pub(crate) const fn is_of_pipe(self) -> bool {
        self.battery_mv.is_some() || self.magnet.is_some() || self.leak.is_some()
    }
}

/// Something that flows, without a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Since when, in seconds as [`Moment::seconds`].
    since: i64,
    /// Until when, as far as was seen.
    until: i64,
}

/// What a meter on a pipe remembers beside what every meter does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipe {
    /// Gas or water.
    pub profile: Profile,
    /// The battery's voltage in mV.
    pub battery_mv: u16,
    /// A strong magnet is at the meter.
    pub magnet: bool,
    /// One was, and no station has been here since.
    pub tampered: bool,
    /// Something flowed through the closed valve, and no station has been here since.
    #[serde(default, skip_serializing_if = "is_not")]
    pub leaked: bool,
    /// Too much flowed at once, likewise.
    #[serde(default, skip_serializing_if = "is_not")]
    pub overflowed: bool,
    /// It flowed for too long, and nobody has been here since.
    #[serde(default, skip_serializing_if = "is_not")]
    pub flowed_long: bool,
    /// What flowed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// When a purchase or a station was last heard of, in seconds as [`Moment::seconds`]; none before the meter's first act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<i64>,
    /// Days without either after which the valve closes; 0: it does not.
    pub silence_days: u16,
    /// What closes the valve beside the purse, as it was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<Lock>,
    /// The last purchase.
    #[serde(with = "scheme::names::fen")]
    pub bought: Fen,
    /// The register as the first drawing of the month found it.
    pub settled: u32,
    /// That month, `YYYYMM`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settled_in: String,
    /// Commands to the valve that came without a proof.
    pub clear_commands: u32,
    /// The day of the last of them, `YYYYMMDD`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clear_day: String,
}

const fn is_not(what: &bool) -> bool {
    !*what
}

impl Pipe {
    /// From the production line.
    pub fn new(profile: Profile) -> Self {
        Pipe {
            profile,
            battery_mv: BATTERY_NEW,
            magnet: false,
            tampered: false,
            leaked: false,
            overflowed: false,
            flowed_long: false,
            flow: None,
            heard: None,
            silence_days: profile.silence_days(),
            locked: None,
            bought: Fen(0),
            settled: 0,
            settled_in: String::new(),
            clear_commands: 0,
            clear_day: String::new(),
        }
    }

    /// Whether the battery is to be changed.
    pub const fn is_weak(&self) -> bool {
        self.battery_mv <= BATTERY_WEAK
    }

    /// A purchase, or a station that proved itself.
    pub(crate) fn hear(&mut self, now: Moment) {
        self.heard = Some(now.seconds());
    }

    /// Something is about to be drawn: of a month's first drawing the register is kept.
    pub(crate) fn settle(&mut self, register: u32, now: Moment) {
        let month = hex::encode(&now.0[..3]);
        if self.settled_in != month {
            (self.settled, self.settled_in) = (register, month);
        }
    }

    /// A station has the valve opened: a magnet that is gone is forgiven, and what flowed that should not have.
    pub(crate) fn release(&mut self, now: Moment) {
        self.tampered = self.magnet;
        (self.leaked, self.overflowed) = (false, false);
        self.begin_flow();
        self.hear(now);
    }

    /// Money came in: its customer is here, and sees to what flowed for too long.
    pub(crate) fn bought(&mut self, amount: Fen) {
        self.bought = amount;
        self.begin_flow();
    }

    /// What flows from now on is counted anew.
    fn begin_flow(&mut self) {
        (self.flowed_long, self.flow) = (false, None);
    }

    /// When a flow that begins, or goes on, is too much or too long, in seconds as [`Moment::seconds`].
    pub(crate) fn flow_ends(&self, from: i64, load: u32) -> i64 {
        let since = self.flow.filter(|flow| flow.until >= from).map_or(from, |flow| flow.since);
        let too_long = since.saturating_add(3600 * i64::from(self.profile.longest_flow_hours()));
        let too_much =
            if load > self.profile.most_load() { from.saturating_add(OVERFLOW_S) } else { i64::MAX };
        too_long.min(too_much)
    }

    /// It flowed.
    pub(crate) fn flowed(&mut self, from: i64, until: i64, load: u32) {
        let since = self.flow.filter(|flow| flow.until >= from).map_or(from, |flow| flow.since);
        self.flow = Some(Flow { since, until });
        self.flowed_long |=
            until.saturating_sub(since) >= 3600 * i64::from(self.profile.longest_flow_hours());
        self.overflowed |= load > self.profile.most_load() && until.saturating_sub(from) >= OVERFLOW_S;
    }

    pub(crate) fn sense(&mut self, sensed: Sensed) {
        self.battery_mv = sensed.battery_mv.unwrap_or(self.battery_mv);
        self.magnet = sensed.magnet.unwrap_or(self.magnet);
        self.tampered |= self.magnet;
    }

    /// A command to the valve without a proof; true when it is the first of its day, which alone leaves an event: whoever has a line to
    /// the meter could else fill its log.
    pub(crate) fn count_clear(&mut self, now: Moment) -> bool {
        self.clear_commands = self.clear_commands.saturating_add(1);
        let day = hex::encode(&now.0[..4]);
        let first = self.clear_day != day;
        self.clear_day = day;
        first
    }

    /// When it closes for silence, in seconds as [`Moment::seconds`].
    pub(crate) fn falls_silent(&self) -> Option<i64> {
        let heard = self.heard.filter(|_| self.silence_days > 0)?;
        Some(heard.saturating_add(DAY * i64::from(self.silence_days)))
    }

    /// What closes the valve now, the worst first. What was never heard of is heard of now: the meter begins.
    pub(crate) fn lock(&mut self, now: Moment) -> Option<Lock> {
        self.heard.get_or_insert(now.seconds());
        let silent = self.falls_silent().is_some_and(|at| at <= now.seconds());
        let locks = [
            (self.battery_mv <= BATTERY_LOW, Lock::Battery),
            (self.tampered, Lock::Magnet),
            (self.leaked, Lock::Leak),
            (self.overflowed, Lock::Overflow),
            (self.flowed_long, Lock::LongFlow),
            (silent, Lock::Silence),
        ];
        locks.into_iter().find(|(holds, _)| *holds).map(|(_, lock)| lock)
    }
}
