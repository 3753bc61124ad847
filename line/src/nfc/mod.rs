//! NFC: the phone as a reader, the meter as a card without contacts [docs/specs/lines.md 6].

pub mod block;
pub mod face;
mod link;
pub mod reader;

pub use link::{Nfc, RANGE_CM};
