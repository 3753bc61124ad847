//! Recharges by the field's frames [docs/specs/online.md 11]: the bank's PSAM makes their MACs for an order like any other. Nothing of one
//! lives in a PSAM's session, but what made it has to be there while the order is sealed: so this is for a desk that is kept.

use super::asking::Besides;
use super::bring::{PurchaseReport, brought};
use super::desk::Desk;
use super::pins::PinChoice;
use super::registration;
use super::settle::{self, ReceiptLine};
use crate::session::Session;
use crate::trouble::{Result, refused};
use crate::{log, revoked};
use scheme::chance::random;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::online::SessionId;
use scheme::order::{OrderId, Serial8};
use scheme::profile::CardKind;
use scheme::recharge::{Kept, Recharge};
use serde::{Deserialize, Serialize};
use server::{
    BankAccount, Bring, OnlineError, OnlinePurchase, OnlineState, RechargeAsk, RechargeMade, Settlement,
};
use std::path::Path;

/// A recharge that is wanted, and what the meter said before.
#[derive(Debug, Clone)]
pub struct RechargeRequest {
    /// Who buys.
    pub customer: CustomerNumber,
    /// For which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// How much. Default: what is outstanding, which is brought; or the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token; `None`: it is paid in cash.
    pub pay: Option<BankAccount>,
    /// Number of the meter's ESAM.
    pub esam: Serial8,
    /// The random it drew.
    pub random: [u8; 4],
    /// Purchases it has taken.
    pub count: u32,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
    /// The id of the recharge, where somebody chose it before the act. Default: one is drawn.
    pub id: Option<OrderId>,
}

/// A recharge for the meter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RechargeReport {
    /// As a purchase.
    pub purchase: PurchaseReport,
    /// Amount, count, MAC, customer, MAC, in hexadecimal.
    pub message: String,
}

/// Has what is wanted paid, or takes what is outstanding, and makes the recharge for the meter.
///
/// # Errors
/// The meter is not the one the books know, or stands elsewhere; an order that a recharge cannot bring; what may not be sold now; the
/// customers' bank has to be asked first, or refused; the PSAM.
pub fn recharge(session: &Session, desk: &mut Desk, request: &RechargeRequest) -> Result<RechargeReport> {
    let folder = desk.folder(session)?;
    desk.take_cash(session)?;
    let registration = registration(desk.books(), request.customer, request.meter)?;
    let (meter, at) = (registration.meter, session.now()?);
    let label = format!("recharge {meter} {at}");
    let sid = SessionId(request.id.map_or_else(|| random(&mut *session.chance(&label)), |id| id.0));
    let known = match desk.books().online(sid)? {
        Some(known) => known,
        None => made(session, desk, &folder, request, (sid, meter))?,
    };
    for (name, value) in [
        ("purchase", sid.to_string()),
        ("customer", known.customer.to_string()),
        ("meter", meter.to_string()),
        ("amount_fen", known.amount.0.to_string()),
        ("order", known.order.to_string()),
    ] {
        log::fact(session, name, value);
    }
    // One that was sealed for a meter's request is none.
    let kept = known.sealed.as_deref().and_then(Kept::parse);
    let kept = kept.ok_or(OnlineError::Turn { sid, state: known.state.name() })?;
    let message = hex::encode_upper(kept.recharge.to_bytes());
    Ok(RechargeReport { purchase: PurchaseReport::of(&known), message })
}

fn made(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    request: &RechargeRequest,
    (sid, meter): (SessionId, MeterNumber),
) -> Result<OnlinePurchase> {
    revoked::must_not_be(folder, CardKind::Esam, DeviceNumber(meter.0))?;
    let (customer, at) = (request.customer, session.now()?);
    let ask =
        RechargeAsk { customer, meter, serial: request.esam, count: request.count, amount: request.amount };
    let bring = desk.books().recharge_of(&ask)?;
    let (order, amount) = match bring {
        Bring::New(amount) => (OrderId(sid.0), amount),
        Bring::Outstanding(placed) => (placed.order.id, placed.order.amount),
    };
    let wanted = OnlinePurchase {
        sid,
        customer,
        meter,
        order,
        amount,
        account: request.pay.clone(),
        psam: String::new(),
        begun: at,
        state: OnlineState::Begun,
        hello: None,
        request: None,
        sealed: None,
        refusal: None,
    };
    let (psam, made) =
        brought(session, desk, folder, &wanted, &request.pin, Besides::Recharge(request.random))?;
    let recharge = Recharge::parse(&made).ok_or_else(|| refused("the PSAM made no recharge"))?;
    let kept = Kept { random: request.random, recharge };
    let made = RechargeMade { sid, customer, meter, order, amount, psam: psam.to_string(), at, kept };
    Ok(desk.books_mut().keep_recharge(&made)?)
}

/// Takes the receipt that the meter gave: it settles as any receipt does.
pub(super) fn receipt(
    session: &Session,
    desk: &mut Desk,
    known: &OnlinePurchase,
    packet: &[u8],
) -> Result<ReceiptLine> {
    let settlement = settle::settle_one(session, desk, packet, known.meter, &PinChoice::default())??;
    let line = settle::line(session, Path::new(""), &settlement);
    log::fact(session, settle::result(&settlement), line.order.as_deref().unwrap_or_default());
    match &settlement {
        // The meter has not taken this one: it gives the receipt of the one before.
        Settlement::AlreadySettled(order) if *order != Some(known.order) => {
            Err(OnlineError::Earlier { sid: known.sid, order: known.order }.into())
        }
        Settlement::Settled(_) | Settlement::AlreadySettled(_) => {
            desk.books_mut().end_recharge(known.sid)?;
            Ok(line)
        }
        Settlement::Held(_) => Ok(line),
    }
}
