//! Orders: what they are and where they stand.
//!
//! A purchase is a meter and a count. It may have several orders, one after another, when a SIM is
//! replaced; all carry the same count and amount, so a meter credits at most one of them, and the receipt
//! tells which. The order's life is written down before and after the security module is asked:
//!
//! ```text
//! prepared -> sealed -> settled
//!     |          |
//!     |          +----> superseded -> settled | void
//!     +----> void (the security module refused it, and nothing was made)
//! ```

use crate::error::StoreError;
use crate::message::{self, MessageError};
use crate::rows::{self, bytes, column, parsed, time};
use crate::sealer::SealError;
use crate::store::View;
use rusqlite::Row;
use wire::bcd::{BcdTime, MeterNumber};
use wire::money::Fen;
use wire::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use wire::sim::ImsiError;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Written down; the security module has not answered yet.
    Prepared,
    /// Sealed, its record may be on a SIM.
    Sealed,
    /// A later order of the same purchase took its place; its own receipt may still come.
    Superseded,
    /// Its receipt came.
    Settled,
    /// It will never be settled: another order of its purchase was, or it was never sealed.
    Void,
}

impl OrderState {
    /// All states.
    pub const ALL: [OrderState; 5] = [
        OrderState::Prepared,
        OrderState::Sealed,
        OrderState::Superseded,
        OrderState::Settled,
        OrderState::Void,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Prepared => "prepared",
            OrderState::Sealed => "sealed",
            OrderState::Superseded => "superseded",
            OrderState::Settled => "settled",
            OrderState::Void => "void",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A wish to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRequest {
    /// The meter to be credited.
    pub meter: MeterNumber,
    /// What is paid, 0.01 to 999999.99 yuan.
    pub amount: Fen,
    /// Now, UTC+8.
    pub now: BcdTime,
    /// Eight fresh random bytes; an order id is never used twice.
    pub id: OrderId,
}

/// An order with what the server knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// What the order says.
    pub order: Order,
    /// Where it stands.
    pub state: OrderState,
    /// The SIM card it was made for.
    pub iccid: String,
    /// The order whose place it took.
    pub replaces: Option<OrderId>,
    /// Its EF_SMS record, once sealed.
    pub record: Option<[u8; message::RECORD]>,
    /// Times the security module was asked and did not refuse for certain.
    pub(crate) asked: u32,
}

/// An order on its way to a SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedOrder {
    /// What the order says.
    pub order: Order,
    /// The 176 bytes of the EF_SMS record, status 03 (`docs/specs/purchase.md` section 3).
    pub record: [u8; message::RECORD],
    /// The SIM card it is for.
    pub iccid: String,
}

/// Why there is no order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Nobody registered the meter.
    #[error("meter {0} is not registered")]
    UnknownMeter(MeterNumber),
    /// No order has this id.
    #[error("no order has the id {0}")]
    UnknownOrder(OrderId),
    /// No order without the chip it is for.
    #[error("the bank does not know which ESAM is in meter {0}: no order can name it")]
    NoSerial(MeterNumber),
    /// Nothing, or more than an order carries.
    #[error("the amount is {0}; an order carries 0.01 to 999999.99 yuan")]
    Amount(Fen),
    /// The purchase before this one has no receipt yet.
    #[error(
        "meter {meter} has order {order} ({amount}, purchase {count}, {}) outstanding: settle its receipt first; \
         if its SIM was never written, resume the order; if its SIM was lost, reissue it",
        .state.name()
    )]
    Outstanding {
        /// The meter.
        meter: MeterNumber,
        /// The outstanding order.
        order: OrderId,
        /// Its amount.
        amount: Fen,
        /// Its purchase count.
        count: u32,
        /// Prepared or sealed.
        state: OrderState,
    },
    /// The meter has nothing outstanding.
    #[error("meter {0} has no outstanding order")]
    NothingOutstanding(MeterNumber),
    /// The order stands where this cannot be done.
    #[error("order {order} is {}; only an order that is prepared or sealed can be used", .state.name())]
    NotOutstanding {
        /// The order.
        order: OrderId,
        /// Where it stands.
        state: OrderState,
    },
    /// The id is taken: the random source repeats itself, or the request was sent twice.
    #[error("the order id {0} is taken; draw another")]
    IdTaken(OrderId),
    /// All purchase counts of the meter are used.
    #[error("meter {0} has used up its purchase counts")]
    CountEnd(MeterNumber),
    /// The order is valid, for the SIM the customer has.
    #[error("order {0} is made for the SIM the customer has and is still valid: write its record again")]
    NoNeed(OrderId),
    /// Voiding would let a customer have the credit and the money.
    #[error(
        "order {0} cannot be voided by wish: a meter may have credited it already. Settle its receipt, or insert \
         the SIM again to get one; for a lost SIM, reissue the order on the new one"
    )]
    MayBeCredited(OrderId),
    /// The last moment of validity cannot be written.
    #[error("the order would be valid beyond the calendar of its time field")]
    Calendar,
    /// The SIM's IMSI has no EF_IMSI form.
    #[error("the IMSI cannot be bound: {0}")]
    Imsi(ImsiError),
    /// The order does not fit its message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The security module did not do it; the order stays prepared.
    #[error("order {order} was not sealed: {cause}; it stays prepared: resume it")]
    Seal {
        /// The order, to be resumed.
        order: OrderId,
        /// The module's words.
        cause: SealError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const SELECT: &str = "SELECT id, customer, meter, kind, count, amount, issued, valid_until, binding, iccid, replaces, \
     serial, state, asked, record FROM purchase_order";

fn placed(row: &Row<'_>) -> Result<PlacedOrder, StoreError> {
    let fault = |place, detail: String| StoreError::Value { place, detail };
    let state: String = column(row, "state")?;
    let kind: u8 = column(row, "kind")?;
    let replaces: Option<Vec<u8>> = column(row, "replaces")?;
    let record: Option<Vec<u8>> = column(row, "record")?;
    let serial: Option<Vec<u8>> = column(row, "serial")?;
    Ok(PlacedOrder {
        order: Order {
            meter: parsed(row, "meter")?,
            customer: parsed(row, "customer")?,
            amount: Fen(column(row, "amount")?),
            count: column(row, "count")?,
            issued: time(row, "issued")?,
            id: OrderId(bytes(row, "id")?),
            kind: OrderKind::from_code(kind).ok_or_else(|| fault("kind", kind.to_string()))?,
            binding: SimBinding(bytes(row, "binding")?),
            valid_until: time(row, "valid_until")?,
            // An order of the older make named no chip.
            serial: Serial8(serial.map_or(Ok([0; 8]), |serial| rows::exactly(&serial, "serial"))?),
        },
        state: OrderState::from_name(&state).ok_or_else(|| fault("state", state))?,
        iccid: column(row, "iccid")?,
        replaces: replaces.map(|id| rows::exactly(&id, "replaces").map(OrderId)).transpose()?,
        record: record.map(|record| rows::exactly(&record, "record")).transpose()?,
        asked: column(row, "asked")?,
    })
}

impl View<'_> {
    /// The order of an id.
    pub fn order(&self, id: OrderId) -> Result<Option<PlacedOrder>, StoreError> {
        let mut find = self.conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        rows::first(&mut find, [id.0], placed)
    }

    /// The order of a meter that awaits its receipt, prepared or sealed.
    pub fn outstanding(&self, meter: MeterNumber) -> Result<Option<PlacedOrder>, StoreError> {
        let mut find = self
            .conn
            .prepare_cached(&format!("{SELECT} WHERE meter = ?1 AND state IN ('prepared', 'sealed')"))?;
        rows::first(&mut find, [meter.to_string()], placed)
    }

    /// Orders of all meters that the security module has not answered for: to be resumed.
    pub fn interrupted(&self) -> Result<Vec<PlacedOrder>, StoreError> {
        let mut find =
            self.conn.prepare_cached(&format!("{SELECT} WHERE state = 'prepared' ORDER BY seq"))?;
        rows::all(&mut find, [], placed)
    }

    /// All orders in the order of their making, of one meter or of all.
    pub fn orders(&self, meter: Option<MeterNumber>) -> Result<Vec<PlacedOrder>, StoreError> {
        match meter {
            Some(meter) => {
                let mut find =
                    self.conn.prepare_cached(&format!("{SELECT} WHERE meter = ?1 ORDER BY seq"))?;
                rows::all(&mut find, [meter.to_string()], placed)
            }
            None => {
                let mut find = self.conn.prepare_cached(&format!("{SELECT} ORDER BY seq"))?;
                rows::all(&mut find, [], placed)
            }
        }
    }

    /// The last settled purchase of a meter: its count, and the SIM the meter has stored since.
    pub(crate) fn last_settled(&self, meter: MeterNumber) -> Result<Option<(u32, SimBinding)>, StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT count, binding FROM purchase_order WHERE meter = ?1 AND state = 'settled' \
             ORDER BY count DESC LIMIT 1",
        )?;
        rows::first(&mut find, [meter.to_string()], |row| {
            Ok((column(row, "count")?, SimBinding(bytes(row, "binding")?)))
        })
    }

    /// The order of `id`, when it is prepared or sealed.
    pub(crate) fn usable(&self, id: OrderId) -> Result<PlacedOrder, OrderError> {
        let placed = self.order(id)?.ok_or(OrderError::UnknownOrder(id))?;
        match placed.state {
            OrderState::Prepared | OrderState::Sealed => Ok(placed),
            state => Err(OrderError::NotOutstanding { order: id, state }),
        }
    }
}
