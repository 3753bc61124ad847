//! User cards before this machine, books and PSAMs at a running server.

use super::super::card::{Read, Verb, Write, tell_read, tell_written};
use crate::far::{Far, no_pin};
use parties::bank::{CardReading, CardSeen, ReceiptLine, ShownCard, load_card, see_card};
use parties::trouble::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use service::client::Request;

/// Runs `server card`.
pub fn run(far: &Far<'_>, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Read(options) => read(far, options),
        Verb::Write(options) => write(far, options),
    }
}

/// What a card shows, as the server is told.
fn shown(card: &ShownCard) -> Value {
    let receipt = card.receipt.as_ref();
    json!({
        "card": card.number,
        "chip": card.serial.to_string(),
        "loaded_meter": receipt.map(|receipt| receipt.meter),
        "receipt": receipt.map(|receipt| hex::encode_upper(&receipt.packet)),
    })
}

/// What a server says of the receipt on a card.
#[derive(Deserialize)]
struct Settled {
    receipt: Option<ReceiptLine>,
}

fn read(far: &Far<'_>, options: &Read) -> Result<()> {
    no_pin(&options.pin)?;
    let CardSeen { shown: card, reading, .. } = see_card(far.call, &options.card)?;
    let Settled { receipt } = far.change(&Request::to("settle-card")?.fields(shown(&card)))?;
    tell_read(far.call, &CardReading { receipt, ..reading })
}

/// One request with all that was read. Its challenge is good for one loading: the same command again draws another, and is another
/// request, for which the order of this one is outstanding.
fn write(far: &Far<'_>, options: &Write) -> Result<()> {
    no_pin(&options.pin)?;
    let report = load_card(far.call, &options.card, |seen, challenge| {
        let mut fields = shown(&seen.shown);
        fields["customer"] = json!(options.customer);
        fields["meter"] = json!(options.meter);
        fields["amount_fen"] = json!(options.amount.map(|fen| fen.0));
        fields["city"] = json!(seen.keys.city);
        fields["card_state"] = seen.keys.state.name().into();
        fields["key_version"] = seen.keys.version.into();
        fields["challenge"] = hex::encode_upper(challenge).into();
        far.change_once(&Request::to("sell-on-card")?.fields(fields))
    })?;
    tell_written(far.call, &report);
    Ok(())
}
