//! Opening receipts: from the bytes on a SIM to what a meter said.

use crate::engine::{About, Question, params};
use crate::error::StoreError;
use crate::incoming::Incoming;
use crate::message;
use crate::message_error::MessageError;
use crate::registration::SimKey;
use crate::rows::{self, column, parsed};
use crate::sealer::{OrderSealer, SealError};
use crate::store::View;
use scheme::numbers::MeterNumber;
use scheme::order::OrderId;
use scheme::receipt::Receipt;

/// Whose receipt it is: its outside does not say.
///
/// A meter or a SIM costs one opening. Trying every meter that owes a receipt costs one for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Of this meter.
    Meter(MeterNumber),
    /// Of the meter of the SIM it came on.
    Sim(SimKey),
    /// Nobody knows.
    Unknown,
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
    /// The same bytes settled a purchase before; its order, unless it is none of ours.
    Known(Option<OrderId>),
    /// The same bytes are kept as this finding.
    Held(i64),
}

/// Why a receipt is not taken. Nothing changes in the store; a genuine one is never refused for what it says.
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
    /// Nobody said where it comes from, and its outside does not.
    #[error("the receipt does not say whose meter made it, and nobody else did")]
    NoOrigin,
    /// No outstanding order's meter made it.
    #[error("no meter with an outstanding order made this receipt; name its meter or its SIM")]
    NoMeter,
    /// Two people have cleared it.
    #[error("this receipt was kept as finding {0}, which was cleared")]
    Cleared(i64),
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
    /// The books are of the older make.
    #[error(
        "these books are of the older make: they are read and reported, and nothing is sold or settled in them"
    )]
    OlderMake,
    /// The store failed.
    #[error("{0}")]
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
        if let Some(seen) = self.seen(incoming)? {
            return Ok(seen);
        }
        let packet = message::receipt_user_data(incoming).map_err(Refusal::Message)?;
        let (meter, bytes) = match origin {
            Origin::Meter(meter) => (*meter, open_as(sealer, *meter, &packet)?),
            Origin::Sim(sim) => {
                let meters = self.meters_of_sim(sim)?;
                self.try_each(sealer, &meters, &packet)?
            }
            Origin::Unknown => return Err(Refusal::NoOrigin.into()),
            Origin::Outstanding => self.try_all(sealer, &packet)?,
        };
        // The module has checked both already; a receipt is money, so the host reads it with its own eyes.
        let receipt = Receipt::parse(&bytes).map_err(|_| Refusal::Malformed(meter))?;
        if receipt.meter != meter {
            return Err(Refusal::Malformed(meter).into());
        }
        Ok(Opening::Opened(Opened { packet, bytes, receipt }))
    }

    /// What became of the same bytes before; `None` when they are new.
    pub(crate) fn seen(&self, incoming: Incoming<'_>) -> Result<Option<Opening>, SettleError> {
        let packet = message::receipt_user_data(incoming).map_err(Refusal::Message)?;
        if self.is_older_make()? {
            return Err(SettleError::OlderMake);
        }
        if let Some(order) = self.settled_with(&packet)? {
            return Ok(Some(Opening::Known(order)));
        }
        Ok(self.held(&packet)?.map(|finding| Opening::Held(finding.id)))
    }

    /// Tries the meter a SIM's customer has, then those he had.
    fn try_each(
        &self,
        sealer: &mut dyn OrderSealer,
        meters: &[MeterNumber],
        packet: &[u8],
    ) -> Result<(MeterNumber, Vec<u8>), SettleError> {
        let mut first = None;
        for meter in meters {
            match open_as(sealer, *meter, packet) {
                Ok(bytes) => return Ok((*meter, bytes)),
                Err(SettleError::Refused(error @ (Refusal::NotGenuine(_) | Refusal::Malformed(_)))) => {
                    first = first.or(Some(error));
                }
                Err(other) => return Err(other),
            }
        }
        Err(first.unwrap_or(Refusal::UnknownSim).into())
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
        self.conn.all(
            "SELECT DISTINCT life.meter AS meter FROM purchase_order \
             JOIN life ON life.id = purchase_order.life WHERE state IN ('prepared', 'sealed', 'superseded') \
             ORDER BY life.meter",
            params![],
            |row| parsed(row, "meter"),
        )
    }

    fn settled_with(&self, packet: &[u8]) -> Result<Option<Option<OrderId>>, StoreError> {
        self.conn.answer(&settled_by(packet), |row| {
            let id: Option<Vec<u8>> = column(row, "order_id")?;
            id.map(|id| rows::exactly(&id, "order_id").map(OrderId)).transpose()
        })
    }
}

/// The settlement that a message made.
pub(crate) fn settled_by(packet: &[u8]) -> Question {
    let sql = "SELECT order_id FROM settlement WHERE packet = ?1";
    Question::new(sql, params![packet]).about(About::Packet(packet.to_vec()))
}

fn open_as(sealer: &mut dyn OrderSealer, meter: MeterNumber, packet: &[u8]) -> Result<Vec<u8>, SettleError> {
    sealer.open(meter, packet).map_err(|error| match error {
        SealError::NotGenuine => Refusal::NotGenuine(meter).into(),
        SealError::Malformed => Refusal::Malformed(meter).into(),
        other => SettleError::Sealer(other),
    })
}

impl scheme::Fault for SettleError {
    fn kind(&self) -> scheme::Kind {
        match self {
            SettleError::OlderMake => scheme::Kind::Security,
            _ => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            SettleError::OlderMake => {
                Some("settle it with the program that sold it; a bank of the present make begins in another home".into())
            }
            SettleError::Refused(Refusal::NoOrigin) => Some(
                "name the meter with --meter, or the number the message came from with --from; `gridcard sim collect` writes \
                 the SIM into its file"
                    .into(),
            ),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            SettleError::Refused(error) => error.code(),
            SettleError::Sealer(_) => "settle-sealer",
            SettleError::OlderMake => "settle-older-make",
            SettleError::Store(error) => error.code(),
        }
    }
}

impl scheme::Fault for Refusal {
    fn code(&self) -> &str {
        match self {
            Refusal::Message(error) => error.code(),
            Refusal::UnknownSim => "receipt-unknown-sim",
            Refusal::NotGenuine(_) => "receipt-not-genuine",
            Refusal::Malformed(_) => "receipt-malformed",
            Refusal::NoOrigin => "receipt-no-origin",
            Refusal::NoMeter => "receipt-no-meter",
            Refusal::Cleared(_) => "receipt-cleared",
        }
    }
}
