#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod air;
mod commands;
mod phone;
mod reply;
mod settings;
mod sim;
mod state;
mod store;

/// Its types stand in signatures here, for whoever uses this crate alone.
pub use ::wire;
pub use air::{Cause, Delivered};
pub use commands::names;
pub use phone::Phone;
pub use state::{Identity, Outgoing};
