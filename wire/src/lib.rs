//! The wire to a card and what travels on it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod apdu;
pub mod channel;
pub mod profile;
pub mod status;

pub use apdu::{Command, CommandRef, Response};
pub use channel::{Channel, ChannelError};
pub use status::Sw;
