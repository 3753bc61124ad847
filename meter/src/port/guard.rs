//! What a meter remembers of its port between two frames: who is authenticated, and until when.

use scheme::moment::Moment;
use scheme::profile::ESAM_KEYS;

/// Which eye of the meter a frame came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Wires.
    Wires,
    /// Infrared light: anybody in front of the meter.
    Infrared,
}

/// Seconds between a request of an infrared reader and its proof.
pub const INFRARED_ANSWER: i64 = 59;
/// Seconds between the two halves of an online purchase, or of a recharge by the bank: as long as the server takes its request, and its bank to be asked.
pub const ONLINE_VALID: i64 = 180;
/// Seconds an infrared reader stays proved.
pub const INFRARED_VALID: i64 = 30 * 60;

/// What the meter remembers of a port between two frames. It dies with the meter's power.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    pub(super) identity: Option<Identity>,
    /// Until when a proof of an infrared reader may come.
    pub(super) asked: Option<i64>,
    /// Until when one is proved.
    pub(super) infrared: Option<i64>,
    /// A purchase that waits for the server's order.
    pub(super) online: Option<Waits>,
    /// Until when a recharge of the bank may come.
    pub(super) bank: Option<i64>,
    /// Keys that came, by their number.
    pub(super) keys: [Option<[u8; 32]>; ESAM_KEYS.len()],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    /// First 4 bytes of the station's random: what goes to it is bound to them.
    pub(super) random: [u8; 4],
    pub(super) until: i64,
}

/// An online purchase whose order has not come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    /// Purchases the ESAM had taken before.
    pub(super) count: u32,
    pub(super) until: i64,
}

impl Guard {
    /// Whether the ESAM's session has to stay open: somebody is authenticated, or about to be, or a purchase waits.
    pub fn holds(&mut self, now: Moment) -> bool {
        let now = now.seconds();
        if self.identity.is_some_and(|identity| identity.until < now) {
            self.end();
        }
        self.asked = self.asked.filter(|until| now <= *until);
        self.infrared = self.infrared.filter(|until| now <= *until);
        self.online = self.online.filter(|waits| now <= waits.until);
        self.bank = self.bank.filter(|until| now <= *until);
        self.identity.is_some() || self.asked.is_some() || self.online.is_some() || self.bank.is_some()
    }

    /// Whether everything may be read: on wires, and by an infrared reader that has proved itself.
    pub fn may_read(&mut self, way: Way, now: Moment) -> bool {
        self.holds(now);
        self.is_proved(way)
    }

    /// Whether whoever speaks this way is on wires, or has proved himself.
    pub(super) const fn is_proved(&self, way: Way) -> bool {
        matches!(way, Way::Wires) || self.infrared.is_some()
    }

    pub(super) fn end(&mut self) {
        (self.identity, self.online, self.bank) = (None, None, None);
        self.keys = Default::default();
    }
}
