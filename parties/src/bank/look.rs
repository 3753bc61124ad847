//! One customer, one order: what is asked before something is done with it.

use super::desk::Desk;
use super::orders::message;
use super::report::OrderLine;
use super::{known, unknown};
use crate::session::Session;
use crate::trouble::{Result, refused};
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::record_file::Message;
use scheme::subscription::{Iccid, Imei, Imsi, Msisdn};
use serde::{Deserialize, Serialize};
use server::{Customer, OrderError, PlacedOrder, SimKey, WhichMeter};

/// By what a customer is named.
#[derive(Debug, Clone)]
pub enum Whose {
    /// His number.
    Customer(CustomerNumber),
    /// His meter.
    Meter(MeterNumber),
    /// His telephone number, or one he had.
    Phone(Msisdn),
    /// The number on his bills.
    Bill(String),
}

/// A customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerReport {
    /// His number.
    pub customer: CustomerNumber,
    /// The meter that is meant; none: he has none, or several and none was named.
    pub meter: Option<MeterNumber>,
    /// His telephone number.
    #[serde(with = "names::text")]
    pub msisdn: Msisdn,
    /// Identity of the subscriber.
    #[serde(with = "names::text")]
    pub imsi: Imsi,
    /// Number of the SIM in use.
    #[serde(with = "names::text")]
    pub iccid: Iccid,
    /// Identity of the telephone.
    #[serde(with = "names::text")]
    pub imei: Imei,
    /// His name.
    pub name: Option<String>,
    /// What he pays when he gets the meter that is meant.
    pub first_purchase_fen: Option<u32>,
    /// The order for it that awaits its receipt.
    pub outstanding: Option<OrderLine>,
    /// Each of his meters.
    #[serde(default)]
    pub holds: Vec<MeterLine>,
}

/// A meter that a customer has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeterLine {
    /// The meter.
    pub meter: MeterNumber,
    /// What he pays when he gets it.
    pub first_purchase_fen: Option<u32>,
    /// The order for it that awaits its receipt.
    pub outstanding: Option<OrderLine>,
}

/// A customer, and what he has outstanding for each of his meters.
///
/// # Errors
/// Nobody is known by this, or he has not the meter that was named.
pub fn customer(
    session: &Session,
    desk: &Desk,
    whose: &Whose,
    meter: Option<MeterNumber>,
) -> Result<CustomerReport> {
    desk.folder(session)?;
    let books = desk.books();
    let nobody = |what: String| unknown(format!("nobody is registered with {what}"));
    let named = match whose {
        Whose::Meter(meter) => Some(*meter),
        _ => meter,
    };
    let found = match whose {
        Whose::Customer(customer) => known(books, *customer)?,
        Whose::Meter(meter) => match books.of_meter(*meter)? {
            Some(found) => known(books, found.customer)?,
            None => return Err(nobody(format!("meter {meter}")).into()),
        },
        Whose::Phone(phone) => books
            .of_sim(&SimKey::Msisdn(phone.clone()))?
            .ok_or_else(|| nobody(format!("telephone number {phone}")))?,
        Whose::Bill(bill) => books.of_bill(bill)?.ok_or_else(|| nobody(format!("bill number {bill}")))?,
    };
    let meter = match found.with_meter(named) {
        Ok(one) => Some(one.meter),
        Err(error @ WhichMeter::NotHis { .. }) => return Err(error.into()),
        Err(WhichMeter::None(_) | WhichMeter::Several { .. }) => None,
    };
    let at = session.now()?;
    let mut holds = Vec::new();
    for held in &found.meters {
        let outstanding = books.outstanding(held.meter)?.map(|placed| OrderLine::of(&placed, at));
        let first_purchase_fen = held.first_purchase.map(|Fen(fen)| fen);
        holds.push(MeterLine { meter: held.meter, first_purchase_fen, outstanding });
    }
    let meant = holds.iter().find(|one| Some(one.meter) == meter);
    let (first_purchase_fen, outstanding) =
        meant.map_or((None, None), |one| (one.first_purchase_fen, one.outstanding.clone()));
    let Customer { customer, sim, imei, name, .. } = found;
    Ok(CustomerReport {
        customer,
        meter,
        msisdn: sim.msisdn,
        imsi: sim.imsi,
        iccid: sim.iccid,
        imei,
        name,
        first_purchase_fen,
        outstanding,
        holds,
    })
}

/// One order.
///
/// # Errors
/// There is none of this id.
pub fn order(session: &Session, desk: &Desk, id: OrderId) -> Result<OrderLine> {
    desk.folder(session)?;
    let placed = desk.books().order(id)?.ok_or(OrderError::UnknownOrder(id))?;
    Ok(OrderLine::of(&placed, session.now()?))
}

/// The orders of a customer, oldest first.
///
/// # Errors
/// Nobody has this number.
pub fn orders_of(session: &Session, desk: &Desk, customer: CustomerNumber) -> Result<Vec<OrderLine>> {
    desk.folder(session)?;
    known(desk.books(), customer)?;
    let at = session.now()?;
    let orders = desk.books().orders_of_customer(customer)?;
    Ok(orders.iter().map(|placed| OrderLine::of(placed, at)).collect())
}

/// Orders of all customers, oldest first, a page at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrdersPage {
    /// The orders of the page; none behind the last one.
    pub orders: Vec<OrderLine>,
}

/// Most orders of a page.
pub const PAGE: u32 = 1000;

/// Orders of all customers that were made after one of them, or from the first on: at most [`PAGE`].
///
/// # Errors
/// There is no such order.
pub fn orders_after(session: &Session, desk: &Desk, after: Option<OrderId>) -> Result<OrdersPage> {
    desk.folder(session)?;
    if let Some(after) = after {
        desk.books().order(after)?.ok_or(OrderError::UnknownOrder(after))?;
    }
    let at = session.now()?;
    let orders = desk.books().orders_after(after, PAGE)?;
    Ok(OrdersPage { orders: orders.iter().map(|placed| OrderLine::of(placed, at)).collect() })
}

/// Refuses an order that is on a user card: its record fits no SIM.
///
/// # Errors
/// That.
pub(super) fn must_be_for_a_sim(placed: &PlacedOrder) -> Result<()> {
    let Some(card) = placed.sim.card() else { return Ok(()) };
    let (order, customer) = (placed.order.id, placed.customer);
    Err(refused(format!("order {order} is for user card {card}, and its record for no SIM"))
        .hint(format!(
            "`gridcard server card write CARD --customer {customer}` loads it once more; `gridcard server reissue` gives it to his SIM"
        ))
        .code("order-on-card")
        .into())
}

/// The message with the record of an order that was sealed, for its SIM.
///
/// # Errors
/// There is no such order, or no PSAM has sealed it yet.
pub fn record(session: &Session, desk: &Desk, id: OrderId) -> Result<Message> {
    desk.folder(session)?;
    let placed = desk.books().order(id)?.ok_or(OrderError::UnknownOrder(id))?;
    must_be_for_a_sim(&placed)?;
    let record = placed.record.ok_or_else(|| {
        refused(format!("order {id} is not sealed yet"))
            .hint("send the request that made it once more: it is finished then")
    })?;
    Ok(message(&record, &placed.order, &placed.sim))
}
