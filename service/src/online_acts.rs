//! What can be asked of purchases of a meter that is online: the messages come and go as they are.

use crate::acts::malformed;
use crate::asked::{Asked, Means};
use crate::payments;
use parties::bank::Desk;
use parties::bank::online::{self, BeginRequest};
use parties::bank::recharge::{self, RechargeRequest};
use parties::{Result, Session};
use scheme::online::SessionId;
use serde_json::Value;
use wire::typed;

fn message(asked: &Asked) -> Result<Vec<u8>> {
    let bytes = typed::bytes(asked.words("message").unwrap_or_default());
    let bytes = bytes.map_err(|error| malformed(format!("message: {error}")))?;
    if (1..=255).contains(&bytes.len()) {
        return Ok(bytes);
    }
    Err(malformed(format!("message: a message has 1 to 255 bytes, not {}", bytes.len())))
}

/// Begins one.
pub fn begin(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let request = BeginRequest {
        customer: asked.field("customer")?,
        meter: asked.maybe_field("meter")?,
        amount: asked.fen("amount_fen"),
        pay: payments::account(asked, means)?,
        pin: means.pin.clone(),
        id: means.order,
    };
    Ok(serde_json::to_value(online::begin(session, desk, &request)?)?)
}

/// Takes what the meter asks for.
pub fn request(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let sid: SessionId = asked.place("purchase")?;
    Ok(serde_json::to_value(online::request(session, desk, sid, &message(asked)?, &means.pin)?)?)
}

/// Makes a recharge by the field's frames.
pub fn recharge(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let drawn = typed::bytes(asked.words("random").unwrap_or_default());
    let drawn = drawn.map_err(|error| malformed(format!("random: {error}")))?;
    let random = drawn.try_into().map_err(|_| malformed("random: it has 8 hexadecimal digits".to_owned()))?;
    let request = RechargeRequest {
        customer: asked.field("customer")?,
        meter: asked.maybe_field("meter")?,
        amount: asked.fen("amount_fen"),
        pay: payments::account(asked, means)?,
        esam: asked.field("esam")?,
        random,
        count: asked.number("count").ok_or_else(|| malformed("count: it is missing".to_owned()))?,
        pin: means.pin.clone(),
        id: means.order,
    };
    Ok(serde_json::to_value(recharge::recharge(session, desk, &request)?)?)
}

/// Takes what the meter said at the end.
pub fn result(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let report = online::result(session, desk, asked.place("purchase")?, &message(asked)?)?;
    let mut value = serde_json::to_value(report)?;
    if let Some(receipt) = value["receipt"].as_object_mut() {
        receipt.remove("file");
    }
    Ok(value)
}

/// One, as it stands.
pub fn show(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(online::show(session, desk, asked.place("purchase")?)?)?)
}
