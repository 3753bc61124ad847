//! The meter's two lines and a hint.

use crate::mcu::{Meter, MeterState};
use crate::messages;
use crate::outcome::Outcome;
use scheme::money::Fen;

/// What the display shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// `Err-31` to `Err-36`, or what went well; empty in idle.
    pub line1: String,
    /// The balance, or what is owed.
    pub line2: String,
    /// One plain sentence for the customer; empty when there is nothing to do.
    pub hint: String,
}

impl Display {
    /// Between insertions.
    pub(crate) fn idle(state: &MeterState) -> Self {
        Display { line1: String::new(), line2: account(state), hint: what_to_do(state) }
    }

    /// After an insertion; `farewell` is what the customer is told when his money came in.
    pub(crate) fn after(outcome: &Outcome, state: &MeterState, farewell: &'static str) -> Self {
        let (line1, hint) = match outcome {
            Outcome::Credited { amount, .. } => (messages::credited(*amount), farewell),
            Outcome::ReceiptRepeated { .. } => (messages::REPEATED.to_owned(), farewell),
            Outcome::Certified { .. } => (messages::CERTIFIED.to_owned(), farewell),
            Outcome::Produced { produced, again, .. } => (messages::produced(*produced, *again), farewell),
            Outcome::Refused { refusal, .. } => (refusal.display().to_owned(), refusal.words()),
        };
        Display { line1, line2: account(state), hint: hint.to_owned() }
    }
}

/// Why there is no supply, and what gives it back.
fn what_to_do(state: &MeterState) -> String {
    let (locked, weak) = state.pipe.as_ref().map_or((None, false), |pipe| (pipe.locked, pipe.is_weak()));
    if state.actuator.stuck().is_some() {
        return messages::stuck(state.profile()).to_owned();
    }
    match (locked, state.relay_open) {
        (Some(lock), _) => messages::locked(lock).to_owned(),
        (None, true) if state.control.is_tripped() => messages::TRIPPED.to_owned(),
        (None, true) => messages::buy(state.profile()),
        (None, false) if weak => messages::WEAK.to_owned(),
        (None, false) => String::new(),
    }
}

/// The balance less what is due, so that the customer sees every fen he has drawn.
fn account(state: &MeterState) -> String {
    let balance = u64::from(state.balance.0);
    match balance.checked_sub(state.due.fen) {
        // Not above the balance, so it fits.
        Some(left) => messages::balance(Fen(left as u32)),
        None => messages::owed(Fen(u32::try_from(state.due.fen - balance).unwrap_or(u32::MAX))),
    }
}

impl Meter {
    /// What the display shows between insertions.
    pub fn display(&self) -> Display {
        Display::idle(&self.state)
    }
}
