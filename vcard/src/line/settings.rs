//! How a card behaves on the line, where the standard leaves it free.

use wire::atr::Convention;
use wire::line::{Etu, RESET};

/// How a card asks for, and hands out, the data of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// ACK = INS: all that remains at once.
    AtOnce,
    /// So many bytes one by one (INS xor FF), then what remains at once.
    Singly(u8),
}

/// What is chosen about a card on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Speak this convention, whatever TS the card has; `None` leaves it.
    pub convention: Option<Convention>,
    /// How data are asked for.
    pub acknowledge: Acknowledge,
    /// NULL bytes before each answer.
    pub nulls: u8,
    /// Time the card works on each command. When it is longer than half the work waiting time, NULL goes out every half.
    pub work: Etu,
    /// From RST high to TS; [`RESET`] is the least.
    pub reset_delay: u64,
    /// How often one character is repeated, and asked for again, before the card falls mute.
    pub repeats: u8,
}

impl Default for Settings {
    /// As fast as the line allows: no NULL, all data at once, no working time.
    fn default() -> Self {
        Settings {
            convention: None,
            acknowledge: Acknowledge::AtOnce,
            nulls: 0,
            work: Etu(0),
            reset_delay: RESET,
            repeats: 3,
        }
    }
}
