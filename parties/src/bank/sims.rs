//! Another SIM of a customer: two people give it to him, or he brings the receipt of the old one.

use super::desk::Desk;
use super::pins::PinChoice;
use super::selling::two_people;
use super::settle::{SettleRequest, settle};
use super::{known, text};
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, refused};
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use scheme::subscription::Iccid;
use serde::{Deserialize, Serialize};
use server::{Customer, Origin, Sim, SimKey};
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
    /// Others, for further meters of his.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_outstanding: Vec<String>,
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
    let known = known(desk.books(), *customer)?;
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
        outstanding: replaced.outstanding.first().copied(),
        also_outstanding: replaced.outstanding.iter().skip(1).map(ToString::to_string).collect(),
    }))
}

/// The order whose receipt was brought: it is settled now or was before, and is the customer's last one. Of his meters none has an order
/// that may still wait on the old SIM.
fn has_receipt(
    session: &Session,
    desk: &mut Desk,
    request: &ReplaceSimRequest,
    known: &Customer,
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
    let books = desk.books();
    let (mut last, mut waits) = (Vec::new(), false);
    let orders = books.orders_of_customer(request.customer)?;
    for held in &known.meters {
        let mine = orders.iter().filter(|placed| placed.order.meter == held.meter);
        let count = mine.clone().map(|placed| placed.order.count).max();
        last.extend(mine.filter(|placed| Some(placed.order.count) == count));
        waits |= known.meters.len() > 1 && books.outstanding(held.meter)?.is_some();
    }
    let is_last = |placed: &&&server::PlacedOrder| {
        Some(placed.order.id.to_string()) == found && placed.state == server::OrderState::Settled
    };
    match last.iter().find(is_last).filter(|_| !waits) {
        Some(placed) => Ok(placed.order.id.to_string()),
        None => Err(refused("this is not the receipt of the customer's last purchase")
            .hint("collect it from the old SIM, or let two people give him the new one")
            .code("sim-receipt")
            .into()),
    }
}
