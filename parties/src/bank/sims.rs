//! Another SIM of a customer: two people give it to him, or he brings the receipt of the old one.

use super::desk::Desk;
use super::pins::PinChoice;
use super::selling::two_people;
use super::settle::{SettleRequest, settle};
use super::{registration, text};
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, refused};
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use scheme::subscription::Iccid;
use serde::{Deserialize, Serialize};
use server::{Origin, Registration, Sim, SimKey};
use std::path::{Path, PathBuf};

/// Another SIM of a customer.
#[derive(Debug, Clone)]
pub struct ReplaceSimRequest {
    /// The customer.
    pub customer: CustomerNumber,
    /// The new SIM.
    pub sim: Sim,
    /// The record file with the receipt of his last purchase, collected from the old SIM: then one person does it.
    pub receipt: Option<PathBuf>,
    /// The PSAM and its PIN, for a receipt that is not settled yet.
    pub pin: PinChoice,
}

/// A SIM that was replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplaceSimReport {
    /// The customer.
    pub customer: CustomerNumber,
    /// Number of the new card.
    #[serde(with = "scheme::names::text")]
    pub iccid: Iccid,
    /// What speaks against that number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// An order that was made for the old SIM.
    #[serde(with = "text::maybe")]
    pub outstanding: Option<OrderId>,
}

/// Gives a customer another SIM; orders are bound to it from now on. `None`: a request for the second person was written in its
/// place.
///
/// # Errors
/// Nobody has this number, or somebody has this SIM; a receipt that is not that of his last purchase.
pub fn replace_sim(
    session: &Session,
    desk: &mut Desk,
    request: &ReplaceSimRequest,
) -> Result<Option<ReplaceSimReport>> {
    let folder = desk.folder(session)?;
    let ReplaceSimRequest { customer, sim, receipt, .. } = request;
    let known = registration(desk.books(), *customer)?;
    match receipt {
        Some(path) => {
            log::fact(session, "old_sim_receipt", has_receipt(session, desk, request, &known, path)?)
        }
        None => {
            let act = "giving a customer another SIM without the receipt of the old one";
            let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
            log::second(session, two.second());
        }
    }
    let now = session.now()?;
    let replaced = desk.books_mut().replace_sim(*customer, sim, now)?;
    log::fact(session, "customer", customer);
    log::fact(session, "iccid", &sim.iccid);
    Ok(Some(ReplaceSimReport {
        customer: *customer,
        iccid: sim.iccid.clone(),
        doubt: sim.iccid.doubt().map(|doubt| doubt.to_string()),
        outstanding: replaced.outstanding,
    }))
}

/// The order whose receipt was brought: it is settled now or was before, and is the customer's last one.
fn has_receipt(
    session: &Session,
    desk: &mut Desk,
    request: &ReplaceSimRequest,
    known: &Registration,
    path: &Path,
) -> Result<String> {
    let origin = Some(Origin::Sim(SimKey::Iccid(known.sim.iccid.clone())));
    let wanted = SettleRequest { receipts: vec![path.to_owned()], origin, pin: request.pin.clone() };
    let report = settle(session, desk, &wanted)?;
    let line = report.receipts.first().cloned();
    if line.as_ref().is_none_or(|line| line.result == "refused") {
        report.verdict()?;
    }
    let found = line.and_then(|line| line.order);
    let orders = desk.books().orders_of_customer(request.customer)?;
    let count =
        |placed: &server::PlacedOrder| (placed.order.meter == known.meter).then_some(placed.order.count);
    let last = orders.iter().filter_map(count).max();
    let is_last = |placed: &&server::PlacedOrder| {
        count(placed) == last
            && Some(placed.order.id.to_string()) == found
            && placed.state == server::OrderState::Settled
    };
    match orders.iter().find(is_last) {
        Some(placed) => Ok(placed.order.id.to_string()),
        None => Err(refused("this is not the receipt of the customer's last purchase")
            .hint("collect it from the old SIM, or let two people give him the new one")
            .code("sim-receipt")
            .into()),
    }
}
