//! The event log: a ring of the last events, oldest first.

use scheme::moment::Moment;
use scheme::money::Fen;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Events kept.
pub const CAPACITY: usize = 100;

/// Something worth keeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// An order was credited.
    Credited {
        /// Money added, in fen.
        #[serde(with = "scheme::names::fen")]
        amount: Fen,
        /// Purse afterwards, in fen.
        #[serde(with = "scheme::names::fen")]
        balance: Fen,
    },
    /// The stored receipt was written again.
    ReceiptRepeated,
    /// The ESAM took another certificate of the payment server.
    Certified,
    /// An insertion ended in a refusal.
    Refused {
        /// The refusal's name.
        refusal: String,
        /// The step, by its name.
        step: String,
    },
    /// A card of production did its work, or had done it.
    Produced {
        /// What, by its name.
        what: String,
    },
    /// The meter has another number: it was made under a works number.
    Numbered {
        /// The number.
        number: String,
    },
    /// The purse is spent, the customer has no current.
    RelayOpened,
    /// The customer has current again.
    RelayClosed,
    /// The valve closed.
    ValveClosed,
    /// The valve opened.
    ValveOpened,
    /// The valve is held closed whatever the purse holds.
    Locked {
        /// What holds it, by its name.
        cause: String,
    },
    /// Relay or valve did not come to the end it was told to; the first time of one cause.
    Stuck {
        /// Why, by its name.
        cause: String,
        /// What was wanted: to cut, or to supply.
        wanted: String,
    },
    /// What did not move moves again.
    MovesAgain,
    /// A command to the valve came without a proof, and was refused; the first of a day.
    ClearCommand {
        /// How many there were, ever.
        count: u32,
    },
    /// A station wrote a table of prices.
    TariffWritten {
        /// Which.
        table: String,
    },
    /// The ESAM has other keys, and the MCU found their partners among those it was given: it lives on these now.
    KeysChanged {
        /// State of the new keys, by its name.
        state: String,
    },
    /// A station had a part of the meter cleared.
    Cleared {
        /// What: demand, meter or events.
        what: String,
    },
    /// Consumption could not be taken off the purse; it stays due.
    DebitFailed {
        /// What is due, in fen.
        due: u64,
    },
}

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The meter's time, `YYYY-MM-DD hh:mm:ss`.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The last [`CAPACITY`] events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventLog(VecDeque<Event>);

impl EventLog {
    /// The events, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.0.iter()
    }

    /// Events in the log.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn push(&mut self, now: Moment, kind: EventKind) {
        while self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(Event { time: now.to_string(), kind });
    }
}
