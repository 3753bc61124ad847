//! What the server answers, as values; how it is written stands in `answer`.

use super::request::Way;
use super::secret::Psk;
use alloc::string::String;
use alloc::vec::Vec;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::subscription::{Imsi, Msisdn};

/// How a request ended, by its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// It was done.
    Done = 0,
    /// Something does not agree; which is told nobody outside.
    Refused,
    /// It is not known yet.
    UnderWay,
    /// Nobody understands it.
    NotUnderstood,
    /// The offer is not here.
    NoOffer,
    /// The business says no, by the name of an error.
    No,
    /// Not now.
    Later,
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Done,
        Status::Refused,
        Status::UnderWay,
        Status::NotUnderstood,
        Status::NoOffer,
        Status::No,
        Status::Later,
    ];

    /// The status of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        Status::ALL.into_iter().find(|status| *status as u8 == byte)
    }
}

/// Where a purchase stands, by its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PurchaseState {
    /// Offered, not confirmed.
    Offered = 1,
    /// The bank is asked.
    Asked,
    /// Paid; its order is there.
    Made,
    /// Begun; the meter has to ask for it.
    Waits,
    /// Credited by the meter, and settled.
    Settled,
    /// Nothing was bought.
    Ended,
    /// The meter refused.
    Refused,
}

impl PurchaseState {
    const ALL: [PurchaseState; 7] = [
        PurchaseState::Offered,
        PurchaseState::Asked,
        PurchaseState::Made,
        PurchaseState::Waits,
        PurchaseState::Settled,
        PurchaseState::Ended,
        PurchaseState::Refused,
    ];

    /// The state of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        PurchaseState::ALL.into_iter().find(|state| *state as u8 == byte)
    }

    /// Its name, as programs have it.
    pub const fn name(self) -> &'static str {
        match self {
            PurchaseState::Offered => "offered",
            PurchaseState::Asked => "asked",
            PurchaseState::Made => "made",
            PurchaseState::Waits => "waits",
            PurchaseState::Settled => "settled",
            PurchaseState::Ended => "ended",
            PurchaseState::Refused => "refused",
        }
    }
}

/// A phone that is known now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Whose it is.
    pub customer: CustomerNumber,
    /// The key its sessions begin with.
    pub psk: Psk,
    /// The server's name for it.
    pub name: [u8; 8],
}

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its meter.
    pub meter: MeterNumber,
    /// The customer's telephone number.
    pub msisdn: Msisdn,
    /// The number on his bills.
    pub bill: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// What may be shown of his account.
    pub account: Option<String>,
}

/// What the meter said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Its balance.
    pub balance: Fen,
    /// Its purchase count.
    pub count: u32,
    /// When, by the meter's clock.
    pub at: Moment,
}

/// What a person is shown before he confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The purchase.
    pub purchase: [u8; 8],
    /// Who pays.
    pub customer: CustomerNumber,
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// Which way.
    pub way: Way,
    /// What may be shown of the account.
    pub account: String,
    /// Where the purchase stands: offered, or further when it was confirmed before.
    pub state: PurchaseState,
    /// The customer's name.
    pub name: Option<String>,
    /// What the meter said last.
    pub reported: Option<Reported>,
}

/// A purchase, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The purchase.
    pub purchase: [u8; 8],
    /// Where it stands.
    pub state: PurchaseState,
    /// How much.
    pub amount: Fen,
    /// Its order.
    pub order: Option<OrderId>,
    /// What goes to the meter now: S0 or S2.
    pub message: Option<Vec<u8>>,
    /// What the meter credited.
    pub credited: Option<Fen>,
    /// Why the meter took no money, by the field's number.
    pub refusal: Option<u8>,
}

/// Something that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// Its order.
    pub order: OrderId,
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// Where it stands.
    pub state: PurchaseState,
    /// When it was sold.
    pub at: Moment,
    /// What the meter credited.
    pub credited: Option<Fen>,
}

/// The SIM that an order is made for, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MadeFor {
    /// Number of the card.
    pub iccid: Option<String>,
    /// The order's binding to the subscriber.
    pub binding: Option<[u8; 8]>,
    /// The subscriber.
    pub imsi: Option<Imsi>,
}

/// What a request that was done gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// To [`super::Op::Enrol`].
    Enrolled(Enrolled),
    /// To [`super::Op::Contracts`].
    Contracts(Vec<Contract>),
    /// To [`super::Op::Offer`].
    Offer(Offer),
    /// To [`super::Op::Confirm`], [`super::Op::State`] and [`super::Op::Pipe`].
    Purchase(Purchase),
    /// To [`super::Op::Records`].
    Records(Vec<Sold>),
    /// To [`super::Op::Balance`]: the meter, and what it said last.
    Balance(MeterNumber, Option<Reported>),
    /// To [`super::Op::Fetch`].
    Order {
        /// The purchase.
        purchase: [u8; 8],
        /// Its order.
        order: OrderId,
        /// The record of EF_SMS, or both.
        record: Vec<u8>,
        /// The SIM it is made for.
        sim: MadeFor,
    },
    /// To [`super::Op::Receipt`]: the order that it settles.
    Receipt {
        /// Where its purchase stands.
        state: PurchaseState,
        /// The order.
        order: OrderId,
        /// What the meter credited.
        amount: Fen,
    },
    /// To [`super::Op::Forget`].
    Forgotten,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done(Said),
    /// It was not, and why not where that is told.
    Not(Status, Option<String>),
}
