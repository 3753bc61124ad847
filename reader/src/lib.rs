#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod cards;
pub mod cjt188;
pub mod count;
pub mod counted;
pub mod dlt645;
pub mod driver;
pub mod error;
pub mod exchange;
#[cfg(unix)]
pub mod link;
pub mod modem;
pub mod parameter;
pub mod pcsc;
pub mod script;
pub mod security;
pub mod subboard;
pub mod trace;

/// Its types stand in signatures here, for whoever uses this crate alone.
pub use ::wire;
pub use count::{Counter, Etu, Tally, wire_etu};
pub use error::CardError;
pub use exchange::exchange;
pub use trace::{Reveal, TraceChannel, parse_trace};
