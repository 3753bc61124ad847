//! What a station told the meter to do with its relay, and how often a port was tried with wrong MACs.

use scheme::field::relay;
use scheme::moment::Moment;
use serde::{Deserialize, Serialize};

/// Wrong MACs of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongMacs {
    /// The day, `YYYYMMDD`.
    day: String,
    /// How many.
    count: u16,
}

impl WrongMacs {
    /// Whether none was ever counted.
    pub fn is_none(&self) -> bool {
        self.count == 0
    }

    /// How many there were on the day of a moment.
    pub fn of(&self, now: Moment) -> u16 {
        if self.day == day(now) { self.count } else { 0 }
    }

    /// One more.
    pub fn count(&mut self, now: Moment) {
        let count = self.of(now).saturating_add(1);
        *self = WrongMacs { day: day(now), count };
    }
}

fn day(now: Moment) -> String {
    hex::encode(&now.0[..4])
}

/// What holds for the relay beside the purse.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelayOrders {
    /// It was told to open.
    tripped: bool,
    /// When that ends by itself, in seconds; none: by a command.
    until: Option<i64>,
    /// It stays closed whatever the purse holds.
    kept: bool,
    /// The alarm is on.
    alarm: bool,
}

impl RelayOrders {
    /// Whether nothing was told.
    pub fn is_none(&self) -> bool {
        *self == RelayOrders::default()
    }

    /// Obeys a command; `delay` counts 5 minutes. False: there is no such command, or the meter is to keep power.
    ///
    /// UNSPECIFIED: after "allow" a meter of the field waits for its customer's hand; this one has no button and closes.
    pub fn obey(&mut self, command: u8, delay: u8, now: Moment) -> bool {
        match command {
            relay::TRIP if !self.kept => (self.tripped, self.until) = (true, None),
            command if relay::TRIP_FOR_A_TIME.contains(&command) && !self.kept => {
                (self.tripped, self.until) = (true, Some(now.seconds() + 300 * i64::from(delay)));
            }
            relay::ALLOW | relay::CLOSE => (self.tripped, self.until) = (false, None),
            relay::ALARM => self.alarm = true,
            relay::NO_ALARM => self.alarm = false,
            relay::KEEP => *self = RelayOrders { kept: true, alarm: self.alarm, ..RelayOrders::default() },
            relay::KEEP_NO_MORE => self.kept = false,
            _ => return false,
        }
        true
    }

    /// Whether the relay is to be open, when the purse alone would have it so.
    pub fn opens(&mut self, spent: bool, now: Moment) -> bool {
        if self.until.is_some_and(|until| until <= now.seconds()) {
            (self.tripped, self.until) = (false, None);
        }
        !self.kept && (self.tripped || spent)
    }

    /// Whether it was told to open.
    pub const fn is_tripped(&self) -> bool {
        self.tripped
    }

    /// What a control command that asks for it is told beside "done". UNSPECIFIED: no source gives the bits; here 0 the relay is open, 1 it
    /// was told to open, 2 it is to keep power, 3 the alarm is on, by a station or by what the meter found, 4 it does not do what it was told.
    pub fn word(&self, relay_open: bool, is_alarmed: bool, is_stuck: bool) -> [u8; 2] {
        let bits = [relay_open, self.tripped, self.kept, is_alarmed, is_stuck];
        (0_u16..).zip(bits).map(|(at, bit)| u16::from(bit) << at).sum::<u16>().to_le_bytes()
    }

    /// Whether a station has the alarm on.
    pub const fn is_alarm(&self) -> bool {
        self.alarm
    }
}
