//! What is brought to a meter that is online, whichever way its frames go: the order that was outstanding, or one that is made now.

use super::asking::{Besides, OnlineFault};
use super::desk::Desk;
use super::orders::{self, Destination, SellRequest, begun};
use super::payment::must_be_paid;
use super::pins::PinChoice;
use super::selling::{Sale, selling, terms};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::order::OrderId;
use serde::{Deserialize, Serialize};
use server::{OnlineError, OnlinePurchase};
use std::borrow::Cow;
use std::path::Path;

/// A purchase, as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PurchaseReport {
    /// Its id.
    #[serde(with = "names::text")]
    pub purchase: OrderId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// The meter.
    pub meter: MeterNumber,
    /// What the meter is to ask for.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// The order that it brings.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Where it stands.
    pub state: Cow<'static, str>,
    /// When it was begun.
    #[serde(with = "names::text")]
    pub begun: Moment,
    /// The field's number of the meter's refusal.
    pub refusal: Option<u8>,
}

impl PurchaseReport {
    pub(super) fn of(known: &OnlinePurchase) -> Self {
        PurchaseReport {
            purchase: OrderId(known.sid.0),
            customer: known.customer,
            meter: known.meter,
            amount_fen: known.amount,
            order: known.order,
            state: known.state.name().into(),
            begun: known.begun,
            refusal: known.refusal,
        }
    }
}

/// What goes to the meter: of the order that was outstanding, or of one that is made now, and paid before; and who sealed it.
pub(super) fn brought(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    known: &OnlinePurchase,
    pin: &PinChoice,
    besides: Besides,
) -> Result<(DeviceNumber, Vec<u8>)> {
    let (customer, meter, id) = (known.customer, Some(known.meter), known.order);
    let to = Destination { customer, meter, out: None, pin: pin.clone(), id: Some(id) };
    if known.is_new() {
        let request = SellRequest { amount: Some(known.amount), pay: known.account.clone(), to };
        orders::sold(session, desk, folder, &request, Some(besides))?;
    } else {
        must_be_paid(desk, id)?;
        begun(session, desk, folder, &to, Some(besides))?;
    }
    if let Some((psam, message)) = desk.sealed_online(id) {
        return Ok((psam, message.map_err(Trouble::new)?));
    }
    // It was sealed before, or for somebody else who did the same.
    let (at, terms) = (session.now()?, terms(desk.books())?);
    let placed = desk.books().order(id)?.ok_or(OnlineError::Changed(known.sid))?;
    let (keys, asked) = desk.books().asked_of(&placed)?;
    let sale = Sale { pin, meter: known.meter, keys, asked: &asked, online: Some(besides) };
    selling(session, folder, desk, &sale, |books, psam| Ok(books.seal_again(psam, id, at, &terms)?))?;
    let (psam, message) = desk.sealed_online(id).ok_or(Trouble::new(OnlineFault::Forgotten))?;
    Ok((psam, message.map_err(Trouble::new)?))
}
