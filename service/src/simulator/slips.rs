//! What a message centre does wrong on demand.

use super::when::{When, planned};
use scheme::Fault as Told;
use scheme::chance::Chance;
use std::str::FromStr;

/// What goes wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// From a server: too much at once.
    Throttle,
    /// From a server: the queue is full.
    Full,
    /// From a server: the centre has an error.
    Down,
    /// From a server: it is taken, and the answer comes after twelve seconds.
    Late,
    /// From a server: it is taken, and the line is cut in the place of an answer.
    Cut,
    /// From a server: the line is cut, and it is not taken.
    CutBefore,
    /// From a server: what becomes of it is told before it is answered.
    ReceiptFirst,
    /// From a server: it is taken and goes nowhere.
    Lose,
    /// From a server: it goes twice.
    Double,
    /// From a server: it goes after one to five seconds, so others overtake it.
    Delay,
    /// To a server: it is lost.
    LoseBack,
    /// To a server: it comes twice.
    DoubleBack,
    /// To a server: it comes after one to five seconds.
    DelayBack,
    /// To a server: the line is cut when it is delivered.
    CutBack,
}

impl Slip {
    const ALL: [(&'static str, Slip); 14] = [
        ("throttle", Slip::Throttle),
        ("full", Slip::Full),
        ("down", Slip::Down),
        ("late", Slip::Late),
        ("cut", Slip::Cut),
        ("cut-before", Slip::CutBefore),
        ("receipt-first", Slip::ReceiptFirst),
        ("lose", Slip::Lose),
        ("double", Slip::Double),
        ("delay", Slip::Delay),
        ("lose-back", Slip::LoseBack),
        ("double-back", Slip::DoubleBack),
        ("delay-back", Slip::DelayBack),
        ("cut-back", Slip::CutBack),
    ];

    const fn is_back(self) -> bool {
        matches!(self, Slip::LoseBack | Slip::DoubleBack | Slip::DelayBack | Slip::CutBack)
    }
}

/// What a centre does wrong, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slips {
    list: Vec<(Slip, When)>,
    from: u32,
    to: u32,
}

/// A text that says no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that a message centre does wrong: KIND@N or KIND=P%, with KIND one of {kinds}", kinds = kinds())]
pub struct NoSlips(String);

fn kinds() -> String {
    Slip::ALL.map(|(name, _)| name).join(", ")
}

impl Told for NoSlips {
    fn kind(&self) -> scheme::Kind {
        scheme::Kind::Usage
    }

    fn code(&self) -> &str {
        "centre-faults"
    }
}

impl FromStr for Slips {
    type Err = NoSlips;

    fn from_str(text: &str) -> Result<Self, NoSlips> {
        let list = planned(text, &Slip::ALL).map_err(NoSlips)?;
        Ok(Slips { list, ..Slips::default() })
    }
}

impl Slips {
    /// What goes wrong with the next message from a server.
    pub(super) fn of_submitted(&mut self, chance: &mut dyn Chance) -> Option<Slip> {
        self.from = self.from.saturating_add(1);
        self.next(false, self.from, chance)
    }

    /// What goes wrong with the next message to a server.
    pub(super) fn of_delivered(&mut self, chance: &mut dyn Chance) -> Option<Slip> {
        self.to = self.to.saturating_add(1);
        self.next(true, self.to, chance)
    }

    fn next(&self, back: bool, number: u32, chance: &mut dyn Chance) -> Option<Slip> {
        let mut fits = self.list.iter().filter(|(slip, _)| slip.is_back() == back);
        fits.find(|(_, when)| when.comes(number, chance)).map(|(slip, _)| *slip)
    }
}
