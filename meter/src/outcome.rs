//! What comes of orders, one by one and all together.

use crate::step::Step;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::refusal::Refusal;

/// How an insertion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At least one order was credited and its receipt is on the SIM.
    Credited {
        /// Orders credited.
        orders: usize,
        /// Money added by them.
        amount: Fen,
        /// Purse afterwards.
        balance: Fen,
    },
    /// No order was new; the receipt of the last one is on the SIM again.
    ReceiptRepeated {
        /// Purse.
        balance: Fen,
    },
    /// There was no order, and the server's certificate came.
    Certified {
        /// Purse.
        balance: Fen,
    },
    /// A card of production did its work.
    Produced {
        /// What it was.
        produced: Produced,
        /// It was done before; nothing was taken off the card.
        again: bool,
        /// Purse.
        balance: Fen,
    },
    /// Nothing was credited, or the insertion broke off (`InsertionReport::credited` tells whether money
    /// came in before that).
    Refused {
        /// Why.
        refusal: Refusal,
        /// Where.
        step: Step,
    },
}

/// What a card of production did to a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Produced {
    /// It has this number.
    Number(MeterNumber),
    /// Its purse began with this.
    Preset(Fen),
    /// It is formal.
    Keys {
        /// Version of its keys.
        version: u8,
    },
}

impl Produced {
    /// Name in reports and in the event log.
    pub const fn name(self) -> &'static str {
        match self {
            Produced::Number(_) => "numbered",
            Produced::Preset(_) => "preset",
            Produced::Keys { .. } => "keyed",
        }
    }
}

/// What came of one order on the SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOutcome {
    /// Money was added.
    Credited(Fen),
    /// It was credited before; the same receipt was written.
    ReceiptRepeated,
    /// It is the server's certificate, and the ESAM has it now; its records are free.
    Certified,
    /// The ESAM refused it; the SIM was left as it was.
    Refused(Refusal),
}

/// One order and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderResult {
    /// Where it stood in its source: on a SIM the record of EF_SMS, on a medium the file, 1-based.
    pub record: u8,
    /// The record of its second part, where it has two.
    pub second: Option<u8>,
    /// What came of it.
    pub outcome: OrderOutcome,
}
