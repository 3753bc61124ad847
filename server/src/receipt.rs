//! Opening receipts: from the bytes on a SIM to what a meter said.

use crate::error::StoreError;
use crate::message::{self, MessageError};
use crate::order::OrderState;
use crate::register::SimKey;
use crate::rows::{self, bytes, parsed};
use crate::sealer::{OrderSealer, SealError};
use crate::store::View;
use wire::bcd::{BcdTime, MeterNumber};
use wire::money::Fen;
use wire::order::{OrderDigest, OrderId};
use wire::receipt::Receipt;

/// A receipt as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// The EF_SMS record, 176 bytes, of status 07 or sent.
    Record(&'a [u8]),
    /// The SMS-SUBMIT alone.
    Tpdu(&'a [u8]),
    /// The user data alone, `02 71 00 ..`, as a network hands it over.
    UserData(&'a [u8]),
}

/// Whose receipt it is: its outside does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Of this meter.
    Meter(MeterNumber),
    /// Of the meter of the SIM it came on.
    Sim(SimKey),
    /// Of any meter that owes one; each is tried.
    Outstanding,
}

/// A receipt that the security module found genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub(crate) packet: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) receipt: Receipt,
}

impl Opened {
    /// What the meter said.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

/// What [`View::open_receipt`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A genuine receipt that no order was settled with yet.
    Opened(Opened),
    /// The same bytes settled this order before.
    Known(OrderId),
}

/// Why a receipt is not accepted. Nothing changes in the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not a message of ours.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The SIM belongs to nobody.
    #[error("the SIM it came on belongs to no registered customer")]
    UnknownSim,
    /// CC or TAC wrong for this meter.
    #[error("the receipt was not made by meter {0}, or was changed on its way")]
    NotGenuine(MeterNumber),
    /// Genuine or not, it is not built as a receipt of this meter.
    #[error("the receipt is malformed, or not of meter {0}")]
    Malformed(MeterNumber),
    /// No outstanding order's meter made it.
    #[error("no meter with an outstanding order made this receipt; name its meter or its SIM")]
    NoMeter,
    /// It names no order of ours.
    #[error("the receipt names order {0}, which was never placed here")]
    UnknownOrder(OrderId),
    /// The order is another meter's.
    #[error("the receipt is of meter {receipt}, order {order} is for meter {placed}")]
    OtherMeter {
        /// The order named.
        order: OrderId,
        /// The meter in the receipt.
        receipt: MeterNumber,
        /// The meter in the order.
        placed: MeterNumber,
    },
    /// The order has another count.
    #[error("the receipt is of purchase {receipt}, order {order} is purchase {placed}")]
    Count {
        /// The order named.
        order: OrderId,
        /// The count in the receipt.
        receipt: u32,
        /// The count in the order.
        placed: u32,
    },
    /// The order that was credited was not this one, whatever its id: minted, or changed on its way to the PSAM.
    #[error(
        "the meter credited {credited} for another order with the id {order}: digest {receipt}, ours is {ours}"
    )]
    OtherOrder {
        /// The order named.
        order: OrderId,
        /// The digest in the receipt.
        receipt: OrderDigest,
        /// The digest of the order placed.
        ours: OrderDigest,
        /// What the receipt says was credited.
        credited: Fen,
    },
    /// The meter says something else than "credited".
    #[error("the meter reports result {result:02X} for order {order}, not 00 (credited)")]
    Result {
        /// The order named.
        order: OrderId,
        /// The result byte.
        result: u8,
    },
    /// A purse that got the amount cannot hold less.
    #[error(
        "the meter reports a balance of {balance} after crediting {amount}: it cannot have credited all of it"
    )]
    Balance {
        /// The balance in the receipt.
        balance: Fen,
        /// The amount of the order.
        amount: Fen,
    },
    /// The meter's clock stands before the issue.
    #[error("the receipt says {at_meter}, the order was issued at {issued}: the meter's clock is wrong")]
    TooEarly {
        /// The time in the receipt.
        at_meter: BcdTime,
        /// Issue of the order.
        issued: BcdTime,
    },
    /// The meter must have refused it by then.
    #[error("the receipt says {at_meter}, the order was valid until {valid_until}: no meter credits it then")]
    TooLate {
        /// The time in the receipt.
        at_meter: BcdTime,
        /// Validity of the order.
        valid_until: BcdTime,
    },
    /// Another order of the same purchase was settled, and a meter credits only one.
    #[error(
        "purchase {count} was settled with order {settled}; a receipt for order {order} too means two credits"
    )]
    SettledOtherwise {
        /// The order named.
        order: OrderId,
        /// The purchase count.
        count: u32,
        /// The order that was settled.
        settled: OrderId,
    },
    /// The order was settled with a receipt that says something else.
    #[error("order {0} was settled with a receipt that says something else")]
    Contradiction(OrderId),
    /// The order was never sealed.
    #[error("order {order} is {}: it was never sealed", .state.name())]
    NeverSealed {
        /// The order named.
        order: OrderId,
        /// Where it stands.
        state: OrderState,
    },
}

/// Why a receipt was not settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The receipt is not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The security module could not look at it; try again.
    #[error("the receipt was not checked: {0}")]
    Sealer(SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl View<'_> {
    /// Has the security module open a receipt. Changes nothing.
    pub fn open_receipt(
        &self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
    ) -> Result<Opening, SettleError> {
        let packet = message::receipt_user_data(incoming).map_err(Refusal::Message)?;
        if let Some(order) = self.settled_with(&packet)? {
            return Ok(Opening::Known(order));
        }
        let (meter, bytes) = match origin {
            Origin::Meter(meter) => (*meter, open_as(sealer, *meter, &packet)?),
            Origin::Sim(sim) => {
                let meter = self.meter_of_sim(sim)?.ok_or(Refusal::UnknownSim)?;
                (meter, open_as(sealer, meter, &packet)?)
            }
            Origin::Outstanding => self.try_all(sealer, &packet)?,
        };
        // The module has checked both already; a receipt is money, so the host reads it with its own eyes.
        let receipt = Receipt::parse(&bytes).map_err(|_| Refusal::Malformed(meter))?;
        if receipt.meter != meter {
            return Err(Refusal::Malformed(meter).into());
        }
        Ok(Opening::Opened(Opened { packet, bytes, receipt }))
    }

    /// Tries every meter that owes a receipt.
    fn try_all(
        &self,
        sealer: &mut dyn OrderSealer,
        packet: &[u8],
    ) -> Result<(MeterNumber, Vec<u8>), SettleError> {
        for meter in self.owing()? {
            match open_as(sealer, meter, packet) {
                Ok(bytes) => return Ok((meter, bytes)),
                Err(SettleError::Refused(Refusal::NotGenuine(_) | Refusal::Malformed(_))) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Refusal::NoMeter.into())
    }

    /// Meters with an order that awaits its receipt.
    fn owing(&self) -> Result<Vec<MeterNumber>, StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT DISTINCT meter FROM purchase_order WHERE state IN ('prepared', 'sealed', 'superseded') \
             ORDER BY meter",
        )?;
        rows::all(&mut find, [], |row| parsed(row, "meter"))
    }

    fn settled_with(&self, packet: &[u8]) -> Result<Option<OrderId>, StoreError> {
        let mut find = self.conn.prepare_cached("SELECT order_id FROM settlement WHERE packet = ?1")?;
        rows::first(&mut find, [packet], |row| bytes(row, "order_id").map(OrderId))
    }
}

fn open_as(sealer: &mut dyn OrderSealer, meter: MeterNumber, packet: &[u8]) -> Result<Vec<u8>, SettleError> {
    sealer.open(meter, packet).map_err(|error| match error {
        SealError::NotGenuine => Refusal::NotGenuine(meter).into(),
        SealError::Malformed => Refusal::Malformed(meter).into(),
        other => SettleError::Sealer(other),
    })
}
