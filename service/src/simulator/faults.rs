//! What the bank does wrong on demand.

use super::books::Opening;
use super::when::{When, planned};
use scheme::Fault as Told;
use scheme::chance::Chance;
use std::str::FromStr;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A debit is booked, and the connection is cut in the place of an answer.
    Cut,
    /// A debit is booked, and no answer ever comes: the connection stays open until the other side has had enough.
    Timeout,
    /// A debit is put aside and the connection cut; it is booked at the second request that names it, unless it was reversed.
    Late,
    /// The same, and it is booked after it was reversed.
    LateAfter,
    /// A debit is booked twice under one reference, and told once.
    Twice,
    /// A debit is booked of one fen more than is told.
    Amount,
    /// A debit is booked of one fen more than was asked for, and told so.
    AmountTold,
    /// A debit is not booked: the bank is down.
    Down,
    /// A reversal is booked, and the connection is cut.
    ReverseCut,
    /// A reversal is not booked: the bank is down.
    ReverseDown,
}

impl Fault {
    const ALL: [(&'static str, Fault); 10] = [
        ("cut", Fault::Cut),
        ("timeout", Fault::Timeout),
        ("late", Fault::Late),
        ("late-after", Fault::LateAfter),
        ("twice", Fault::Twice),
        ("amount", Fault::Amount),
        ("amount-told", Fault::AmountTold),
        ("down", Fault::Down),
        ("reverse-cut", Fault::ReverseCut),
        ("reverse-down", Fault::ReverseDown),
    ];

    const fn of_reversals(self) -> bool {
        matches!(self, Fault::ReverseCut | Fault::ReverseDown)
    }
}

/// What the bank does wrong, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    list: Vec<(Fault, When)>,
    debits: u32,
    reversals: u32,
}

/// A text that says no faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no fault: KIND@N or KIND=P%, with KIND one of cut, timeout, late, late-after, twice, amount, amount-told, down, \
     reverse-cut, reverse-down"
)]
pub struct NoFaults(String);

/// A text that opens no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} opens no account: TOKEN=YUAN")]
pub struct NoOpening(String);

impl Told for NoFaults {
    fn kind(&self) -> scheme::Kind {
        scheme::Kind::Usage
    }

    fn code(&self) -> &str {
        "bank-faults"
    }
}

impl Told for NoOpening {
    fn kind(&self) -> scheme::Kind {
        scheme::Kind::Usage
    }

    fn code(&self) -> &str {
        "bank-opening"
    }
}

impl FromStr for Opening {
    type Err = NoOpening;

    fn from_str(text: &str) -> Result<Self, NoOpening> {
        let wrong = || NoOpening(text.to_owned());
        let (token, yuan) = text.split_once('=').ok_or_else(wrong)?;
        let account = token.parse().map_err(|_| wrong())?;
        let fen: scheme::money::Fen = yuan.parse().map_err(|_| wrong())?;
        Ok(Opening { account, fen: fen.0.into() })
    }
}

impl FromStr for Faults {
    type Err = NoFaults;

    fn from_str(text: &str) -> Result<Self, NoFaults> {
        let list = planned(text, &Fault::ALL).map_err(NoFaults)?;
        Ok(Faults { list, ..Faults::default() })
    }
}

impl Faults {
    /// What goes wrong with the next new debit.
    pub(super) fn of_debit(&mut self, chance: &mut dyn Chance) -> Option<Fault> {
        self.debits = self.debits.saturating_add(1);
        self.next(false, self.debits, chance)
    }

    /// What goes wrong with the next reversal.
    pub(super) fn of_reversal(&mut self, chance: &mut dyn Chance) -> Option<Fault> {
        self.reversals = self.reversals.saturating_add(1);
        self.next(true, self.reversals, chance)
    }

    fn next(&self, reversal: bool, number: u32, chance: &mut dyn Chance) -> Option<Fault> {
        let mut fits = self.list.iter().filter(|(fault, _)| fault.of_reversals() == reversal);
        fits.find(|(_, when)| when.comes(number, chance)).map(|(fault, _)| *fault)
    }
}
