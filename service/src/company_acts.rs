//! What the power company says and asks.

use crate::asked::{Asked, Means};
use crate::denied::Denied;
use parties::bank::{Desk, company, offices};
use parties::{Result, Session, Trouble};
use serde_json::Value;
use server::company::Contract;
use server::{Block, Blocked, MessageId, Tariff};

fn malformed(words: &str) -> Trouble {
    Trouble::new(Denied::Malformed(words.to_owned()))
}

fn id(asked: &Asked) -> Result<MessageId> {
    Ok(MessageId { source: asked.field("source")?, id: asked.field("id")? })
}

/// A contract is, or is another.
pub fn contract(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let new = Contract {
        contract: asked.field("contract")?,
        meter: asked.field("meter")?,
        customer: asked.maybe_field("customer")?,
        tariff: asked.maybe_field("tariff")?,
        begins: asked.field("begins")?,
        ends: asked.maybe_field("ends")?,
    };
    Ok(serde_json::to_value(company::contract(session, desk, &id(asked)?, new)?)?)
}

/// A price.
pub fn tariff(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let new = Tariff {
        tariff: asked.field("tariff")?,
        price: asked.number("price_e4").unwrap_or(0),
        begins: asked.field("begins")?,
    };
    Ok(serde_json::to_value(company::tariff(session, desk, &id(asked)?, new)?)?)
}

/// Nothing is sold, or something is again.
pub fn block(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let whom = match (asked.maybe_field("customer")?, asked.maybe_field("meter")?) {
        (Some(customer), None) => Blocked::Customer(customer),
        (None, Some(meter)) => Blocked::Meter(meter),
        _ => return Err(malformed("a block names either a customer or a meter")),
    };
    let blocked = asked.flag("blocked").unwrap_or(true);
    let reason = asked.words("reason").unwrap_or_default().to_owned();
    let new = Block { whom, blocked, reason };
    Ok(serde_json::to_value(company::block(session, desk, &id(asked)?, new)?)?)
}

/// A contract.
pub fn show_contract(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let number: String = asked.place("contract")?;
    Ok(serde_json::to_value(company::show_contract(session, desk, &number)?)?)
}

/// Prices.
pub fn tariffs(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(company::tariffs(session, desk)?)?)
}

/// What the company is told.
pub fn events(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let after = asked.maybe_place::<u32>("after")?.unwrap_or(0);
    let limit = asked.maybe_place::<u32>("limit")?.unwrap_or(100);
    if !(1..=company::EVENTS_MAX).contains(&limit) {
        return Err(malformed("limit is 1 to 1000"));
    }
    Ok(serde_json::to_value(company::events(session, desk, after.into(), limit)?)?)
}

/// A customer goes to another office.
pub fn give_to_office(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let office = asked.words("office").unwrap_or_default();
    Ok(serde_json::to_value(offices::give(session, desk, asked.place("customer")?, office)?)?)
}
