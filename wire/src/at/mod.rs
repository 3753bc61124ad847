//! AT commands: what a computer and a modem say to each other [docs/specs/phone.md].
//!
//! [`Ear`] and [`commands`] are the modem's side: bytes that come, lines, commands. [`Lines`] and [`Final`] are the computer's: what
//! comes back. Between them stand the errors of both ([`Refusal`]), and the texts of the commands that reach a SIM ([`sim`]).

mod answer;
mod command;
mod ear;
mod refusal;
pub mod sim;

pub use answer::{Answered, Final, Lines, is_unsolicited};
pub use command::{AtCommand, BadLine, Form, Parameter, commands, parameters};
pub use ear::{Ear, Heard};
pub use refusal::{Cme, Cms, Refusal};

/// Ends a command, and every line of an answer.
pub const CR: u8 = 0x0D;
/// Follows CR in an answer; of a command it is dropped.
pub const LF: u8 = 0x0A;
/// Gives up what was begun.
pub const ESCAPE: u8 = 0x1B;
/// Ends a message behind a prompt.
pub const CTRL_Z: u8 = 0x1A;
/// Asks for a message: no line, and no line end behind it.
pub const PROMPT: &str = "\r\n> ";
