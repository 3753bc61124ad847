//! The power company: what it says (contracts, tariffs, blocks) and what it is told (sales, settlements, readings, changes).
//!
//! What it says comes as messages, each with an id that its source gave it: the same id and words again change nothing. What it is
//! told stands in a list whose numbers rise by one, written in the transaction of what is told.

use crate::error::StoreError;
use crate::training_error::TrainingError;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// How a message names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageId {
    /// Who says it, 1 to 32 characters.
    pub source: String,
    /// Its id there, 1 to 64 characters.
    pub id: String,
}

/// What a contract is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its number, 1 to 32 characters.
    pub contract: String,
    /// The meter it is about.
    pub meter: MeterNumber,
    /// The customer, where the company knows his number.
    pub customer: Option<CustomerNumber>,
    /// The tariff, 1 to 32 characters.
    pub tariff: Option<String>,
    /// Its first moment.
    pub begins: Moment,
    /// Its last; `None`: it goes on.
    pub ends: Option<Moment>,
}

/// What energy costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    /// Its name, 1 to 32 characters.
    pub tariff: String,
    /// Ten-thousandths of a yuan for a kilowatt-hour.
    pub price: u32,
    /// Its first moment.
    pub begins: Moment,
}

/// Who is meant by a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// A customer.
    Customer(CustomerNumber),
    /// Whoever has a meter.
    Meter(MeterNumber),
}

/// Nothing is sold any more, or something is again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// To whom.
    pub whom: Blocked,
    /// Nothing is sold.
    pub blocked: bool,
    /// Why, at most 200 characters.
    pub reason: String,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A contract.
    Contract(Contract),
    /// A tariff, and the two people who took it in.
    Tariff(Tariff, [String; 2]),
    /// A block.
    Block(Block),
}

impl Said {
    /// What it is, as it is kept.
    pub const fn kind(&self) -> &'static str {
        match self {
            Said::Contract(_) => "contract",
            Said::Tariff(..) => "tariff",
            Said::Block(_) => "block",
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is known now.
    New,
    /// It was known before, word for word; nothing changed.
    Again,
}

/// What the company is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody paid for an order.
    Sale,
    /// He paid more, for a larger order of the same purchase.
    Correction,
    /// A sale was undone.
    Cancelled,
    /// Something was paid back.
    Refund,
    /// A receipt was settled.
    Settlement,
    /// A register was read, by that receipt.
    Reading,
    /// Another chip is in a meter.
    ChipChange,
    /// A customer has another meter.
    MeterChange,
    /// A meter has another customer.
    HandOver,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [EventKind; 9] = [
        EventKind::Sale,
        EventKind::Correction,
        EventKind::Cancelled,
        EventKind::Refund,
        EventKind::Settlement,
        EventKind::Reading,
        EventKind::ChipChange,
        EventKind::MeterChange,
        EventKind::HandOver,
    ];

    /// As it is kept, and told.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Sale => "sale",
            EventKind::Correction => "correction",
            EventKind::Cancelled => "cancelled",
            EventKind::Refund => "refund",
            EventKind::Settlement => "settlement",
            EventKind::Reading => "reading",
            EventKind::ChipChange => "chip-change",
            EventKind::MeterChange => "meter-change",
            EventKind::HandOver => "hand-over",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing the company is told. What an event of its kind does not have is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number: 1, 2, 3 and so on without a gap.
    pub number: i64,
    /// What it is.
    pub kind: EventKind,
    /// When it was booked.
    pub at: Moment,
    /// The office of the customer as it was then.
    pub office: String,
    /// The customer.
    pub customer: Option<CustomerNumber>,
    /// The meter; of a change the new one.
    pub meter: Option<MeterNumber>,
    /// The ESAM, 16 hexadecimal digits.
    pub serial: Option<String>,
    /// The order.
    pub order: Option<OrderId>,
    /// The purchase count.
    pub count: Option<u32>,
    /// What it is about, in fen: of a settlement what was credited.
    pub amount_fen: Option<i64>,
    /// Balance after the credit, in fen.
    pub balance_fen: Option<u32>,
    /// The register, in hundredths of a kilowatt-hour.
    pub register: Option<u32>,
    /// The time of the meter.
    pub at_meter: Option<Moment>,
    /// The meter before.
    pub former: Option<MeterNumber>,
    /// Of a meter that was handed over, whose it was.
    pub former_customer: Option<CustomerNumber>,
}

/// Why a message is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompanyError {
    /// The id is of another message.
    #[error("the message id {id} of {from} was used for other words")]
    Reused {
        /// The source.
        from: String,
        /// The id.
        id: String,
    },
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl scheme::Fault for CompanyError {
    fn kind(&self) -> scheme::Kind {
        match self {
            CompanyError::Reused { .. } => scheme::Kind::Refused,
            CompanyError::Store(error) => error.kind(),
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            CompanyError::Reused { .. } => Some("a new message has a new id; the first one holds".into()),
            CompanyError::Store(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            CompanyError::Reused { .. } => "company-message-reused",
            CompanyError::Store(error) => error.code(),
        }
    }
}

/// What the power company says, and is told.
pub trait Company {
    /// Takes a message in, once.
    ///
    /// # Errors
    /// Its id is of another message; it cannot be kept.
    fn take_message(&mut self, id: &MessageId, said: &Said, now: Moment) -> Result<Taken, CompanyError>;

    /// A contract as it is by the last message about it.
    ///
    /// # Errors
    /// The books cannot be read.
    fn contract(&self, contract: &str) -> Result<Option<Contract>, StoreError>;

    /// The contracts about a customer or one of his meters, each by the last message about it, by number.
    ///
    /// # Errors
    /// The books cannot be read.
    fn contracts_about(
        &self,
        customer: CustomerNumber,
        meter: Option<MeterNumber>,
    ) -> Result<Vec<Contract>, StoreError>;

    /// The tariffs, each with every price it had and will have, by name and first moment.
    ///
    /// # Errors
    /// The books cannot be read.
    fn tariffs(&self) -> Result<Vec<Tariff>, StoreError>;

    /// Why nothing is sold to a customer or for his meter; `None`: the company blocks neither.
    ///
    /// # Errors
    /// The books cannot be read.
    fn blocked(&self, customer: CustomerNumber, meter: MeterNumber) -> Result<Option<String>, StoreError>;

    /// What the company is told after the event of a number, at most `limit` events.
    ///
    /// # Errors
    /// The books cannot be read, or are to learn with.
    fn events(&self, after: i64, limit: u32) -> Result<Vec<Event>, TrainingError>;

    /// The number of the last event; 0 before the first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn last_event(&self) -> Result<i64, StoreError>;
}
