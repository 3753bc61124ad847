//! The bridge to pcscd: a card stands in a reader of the `vpcd` driver, and any PC/SC program sees it
//! [docs/specs/vpcd.md].
//!
//! The driver listens, the card connects. A [`Bridge`] keeps one card connected from [`Bridge::insert`] to
//! [`Bridge::remove`], through every restart of the daemon.
//!
//! ```no_run
//! use gridcard_vcard::vpcd::{Bridge, Settings};
//! use gridcard_vcard::{OsChance, Slot, slot::Keep};
//!
//! let slot = Slot::open("sim.card".as_ref(), Box::new(OsChance), Keep::Synced)?;
//! let bridge = Bridge::insert(slot, Settings::at(([127, 0, 0, 1], 35963).into()), |event| drop(event))?;
//! let mut slot = bridge.remove();
//! slot.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bridge;
mod line;
pub mod message;

pub use bridge::{ABSENCE, Backoff, Bridge, Event, Settings, State};
pub use line::Line;

use wire::Channel;

/// Port of the driver's first slot; the next slot listens on the next port.
pub const FIRST_PORT: u16 = 35963;

/// What a reader does to a card's contacts beyond sending commands and resets.
pub trait Contacts: Channel {
    /// The ATR that a reset would answer. Asked several times a second, at any time; the card must not notice.
    fn atr(&self) -> Vec<u8>;

    /// Takes the power away: what dies at reset dies now. The card stays in its slot.
    fn power_off(&mut self);
}

impl Contacts for crate::Slot {
    fn atr(&self) -> Vec<u8> {
        crate::Slot::atr(self)
    }

    fn power_off(&mut self) {
        crate::Slot::power_off(self);
    }
}
