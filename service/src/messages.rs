//! The server's line to a message centre: orders go out to phones, receipts of meters come back [docs/specs/smpp.md 6].
//!
//! The line is a task of its own. What is to be sent it asks the counter for, and what the centre answered it brings there; a receipt it
//! brings as a request like anybody's, whose id is made of the receipt, so that the same one twice is answered the same.

mod desk;
mod leg;
mod line;
mod receipt;
mod session;

pub use line::MessagesLine;
pub(crate) use line::{Sides, speak};
