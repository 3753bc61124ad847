//! What the counter is asked for while something is done at a meter: who asks and whether he may, and the acts themselves, under the name and with
//! the rights of whoever asks.

use crate::asked::{Asked, Means};
use crate::online_acts;
use crate::routes::{Body, Method, READERS, Route, SELLERS, Work};
use parties::bank::Desk;
use parties::bank::look::{self, Whose};
use parties::bank::online;
use parties::trouble::refused;
use parties::{Deed, Result, Session, Trouble};
use scheme::online::SessionId;
use serde_json::{Value, json};
use server::{OrderState, Role};

const fn gate(name: &'static str, about: &'static str, roles: &'static [Role], work: Work) -> Route {
    // Nobody asks for it by a path.
    Route { name, method: Method::Post, path: "", query: &[], about, roles, body: Body::None, work }
}

/// Whether somebody may read a meter.
pub static MAY_READ: Route =
    gate("netmeter-may-read", "May this meter be read.", READERS, Work::Look(of_meter));
/// Whether somebody may buy for a meter; and who its customer is.
pub static MAY_BUY: Route =
    gate("netmeter-may-buy", "May be bought for this meter.", SELLERS, Work::Look(of_customer));
/// How a purchase stands.
pub static STATE: Route = gate("netmeter-state", "How this purchase stands.", SELLERS, Work::Look(state));
/// A purchase in sealed messages begins.
pub static BEGIN: Route = gate(
    "netmeter-begin",
    "Begin a purchase.",
    SELLERS,
    Work::Cards(Deed::One("online begin"), online_acts::begin),
);
/// The same, of an order that is outstanding.
pub static BEGIN_AGAIN: Route = gate(
    "netmeter-begin-again",
    "Begin once more to bring what is outstanding.",
    SELLERS,
    Work::Cards(Deed::One("online begin"), begin_again),
);
/// What the meter asks for.
pub static REQUEST: Route = gate(
    "netmeter-request",
    "What the meter asks for.",
    SELLERS,
    Work::Cards(Deed::One("online request"), online_acts::request),
);
/// A recharge is made.
pub static RECHARGE: Route =
    gate("netmeter-recharge", "Make a recharge.", SELLERS, Work::Cards(Deed::One("recharge"), recharge));
/// The same, of an order that is outstanding.
pub static RECHARGE_AGAIN: Route = gate(
    "netmeter-recharge-again",
    "Make a recharge once more to bring what is outstanding.",
    SELLERS,
    Work::Cards(Deed::One("recharge"), recharge_again),
);
/// What the meter said at the end.
pub static RESULT: Route = gate(
    "netmeter-result",
    "What the meter said at the end.",
    SELLERS,
    Work::Cards(Deed::One("online result"), online_acts::result),
);

fn of_meter(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let whose = Whose::Meter(asked.place("meter")?);
    Ok(serde_json::to_value(look::customer(session, desk, &whose, None)?)?)
}

fn of_customer(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let whose = Whose::Customer(asked.field("customer")?);
    Ok(serde_json::to_value(look::customer(session, desk, &whose, Some(asked.place("meter")?))?)?)
}

/// Whether the order of a purchase is outstanding, and the purchase.
fn state(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let sid: SessionId = asked.place("purchase")?;
    let purchase = online::show(session, desk, sid)?;
    let order = desk.books().order(purchase.order)?;
    let is_settled = order.is_some_and(|order| order.state == OrderState::Settled);
    Ok(json!({ "purchase": purchase, "settled": is_settled, "outstanding": outstanding(desk, sid)? }))
}

/// Whether what a purchase brings is what its meter has outstanding.
fn outstanding(desk: &Desk, sid: SessionId) -> Result<bool> {
    let Some(known) = desk.books().online(sid)? else { return Ok(false) };
    Ok(desk.books().outstanding(known.meter)?.is_some_and(|placed| placed.order.id == known.order))
}

/// Nothing is sold by bringing something once more.
fn must_be_outstanding(desk: &Desk, asked: &Asked) -> Result<()> {
    if outstanding(desk, asked.field("brings")?)? { Ok(()) } else { Err(not_outstanding()) }
}

/// What was to be brought once more was taken back, or made anew.
pub fn not_outstanding() -> Trouble {
    refused("what this purchase was to bring is neither outstanding nor settled")
        .hint("look at the customer's orders; another request brings what is outstanding now")
        .code("netmeter-not-outstanding")
        .into()
}

fn begin_again(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    must_be_outstanding(desk, asked)?;
    online_acts::begin(session, desk, asked, means)
}

/// The answer says for which random it is: the same request again has another.
fn recharge(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let mut made = online_acts::recharge(session, desk, asked, means)?;
    made["random"] = asked.words("random").into();
    Ok(made)
}

fn recharge_again(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    must_be_outstanding(desk, asked)?;
    recharge(session, desk, asked, means)
}
