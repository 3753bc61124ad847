//! The T=0 line: a card as its contacts show it, one character at a time [docs/specs/line.md].
//!
//! [`LineCard`] is a pure machine: characters and their times in, characters and their times out. Time is a count of
//! etu that whoever drives it hands in; nothing here looks at a clock. [`Terminal`] is a terminal of our own on the
//! other end, so that whole flows run over characters; [`Wire`] puts a byte pipe there instead, behind which
//! a terminal's own T=0 stack stands ([`serve`], and [`pty`] where there are any).

mod card;
mod character;
mod noise;
mod pps;
#[cfg(unix)]
pub mod pty;
#[cfg(unix)]
pub mod serve;
mod settings;
mod terminal;
mod wire;

pub use self::wire::{Passed, Way, Wire};
pub use card::{Heard, LineCard, Said};
pub use character::{Character, Part};
pub use noise::{Corrupt, Noise};
pub use pps::PpsRequest;
pub use settings::{Acknowledge, Settings};
pub use terminal::Terminal;

use ::wire::Channel;
use cos::Flow;

/// A card that a T=0 line can carry: it answers TPDUs (header, then what P3 says), and knows from a header which way
/// the data flows.
pub trait T0Card: Channel {
    /// Which way the data of a command with this header flows.
    fn flow(&self, header: [u8; 4]) -> Flow;
}

impl T0Card for crate::Slot {
    fn flow(&self, header: [u8; 4]) -> Flow {
        crate::Slot::flow(self, header)
    }
}

impl<C: T0Card + ?Sized> T0Card for &mut C {
    fn flow(&self, header: [u8; 4]) -> Flow {
        (**self).flow(header)
    }
}

impl<C: T0Card + ?Sized> T0Card for Box<C> {
    fn flow(&self, header: [u8; 4]) -> Flow {
        (**self).flow(header)
    }
}
