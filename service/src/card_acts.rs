//! What can be asked of purchases on user cards: the card lies before whoever asks, books and PSAMs are here.

use crate::acts::malformed;
use crate::asked::{Asked, Means};
use parties::bank::{self, CardKeys, CardOrderRequest, CardReceipt, Desk, ShownCard};
use parties::{Result, Session};
use scheme::profile::State;
use serde_json::{Value, json};
use wire::typed;

/// Longest receipt that a card has room for.
const LONGEST: usize = 199;

/// The receipt on the card, where one is.
///
/// # Errors
/// It has not its form, or has no meter beside it.
pub fn receipt(asked: &Asked) -> Result<Option<CardReceipt>> {
    let (meter, packet) = match (asked.maybe_field("loaded_meter")?, asked.words("receipt")) {
        (_, None) => return Ok(None),
        (None, Some(_)) => return Err(malformed("receipt: loaded_meter is missing, whose receipt it is")),
        (Some(meter), Some(text)) => (meter, typed::bytes(text)),
    };
    let packet = packet.map_err(|error| malformed(format!("receipt: {error}")))?;
    if (1..=LONGEST).contains(&packet.len()) {
        return Ok(Some(CardReceipt { meter, packet }));
    }
    Err(malformed(format!("receipt: it has 1 to {LONGEST} bytes, not {}", packet.len())))
}

fn shown(asked: &Asked) -> Result<ShownCard> {
    Ok(ShownCard { number: asked.field("card")?, serial: asked.field("chip")?, receipt: receipt(asked)? })
}

fn keys(asked: &Asked) -> Result<CardKeys> {
    let named = asked.words("card_state").unwrap_or_default();
    let state = [State::Test, State::Formal].into_iter().find(|state| state.name() == named);
    let version = asked.number("key_version").and_then(|version| u8::try_from(version).ok());
    Ok(CardKeys {
        city: asked.field("city")?,
        state: state.ok_or_else(|| malformed("card_state: test or formal"))?,
        version: version.ok_or_else(|| malformed("key_version: 0 to 255"))?,
    })
}

/// Settles what is on a card.
pub fn settle(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let receipt = bank::settle_card(session, desk, &shown(asked)?, &means.pin)?;
    Ok(json!({ "receipt": serde_json::to_value(receipt)? }))
}

/// Sells, and makes what is loaded onto the card.
pub fn sell(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let challenge = typed::bytes(asked.words("challenge").unwrap_or_default());
    let challenge = challenge.map_err(|error| malformed(format!("challenge: {error}")))?;
    let request = CardOrderRequest {
        card: shown(asked)?,
        keys: keys(asked)?,
        challenge: challenge.try_into().map_err(|_| malformed("challenge: it has 16 hexadecimal digits"))?,
        customer: asked.field("customer")?,
        meter: asked.maybe_field("meter")?,
        amount: asked.fen("amount_fen"),
        pin: means.pin.clone(),
        id: means.order,
    };
    Ok(serde_json::to_value(bank::sell_on_card(session, desk, &request)?)?)
}
