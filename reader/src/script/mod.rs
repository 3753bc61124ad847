//! APDU scripts: the trace language with expectations, names and computed values [docs/specs/script.md].
//!
//! [`Script::parse`] turns text into steps and finds every mistake that can be found without a card; [`Player`]
//! sends the steps and stops at the first answer that was not expected.

mod expr;
mod functions;
mod messages;
mod parse;
mod pattern;
mod play;
mod value;

pub use messages::{Fault, PlayError, ScriptError};
pub use parse::Script;
pub use play::{Dice, Namer, Player};
