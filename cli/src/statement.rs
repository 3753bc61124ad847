//! What a city remembers of a PSAM's order chain: a statement that goes back, or another chain of the same count, is no PSAM to
//! give a new limit [docs/specs/cards.md 6].

use crate::args::Global;
use crate::audit::{self, Noted};
use crate::fail::security;
use anyhow::Result;
use kdc::audit::{Act, Card, LOG, verify};
use kdc::ids::DeviceNumber;
use server::renewal::Stand;
use std::path::Path;
use wire::profile::CardKind;
use wire::psam::PsamChain;

/// The word of the log's line when a statement was answered with a limit.
const STATEMENT: &str = "statement";
/// The word of the line when one was asked for by a file.
const REQUEST: &str = "statement-request";

fn psam(number: DeviceNumber) -> Card {
    let number = Some(number.to_string());
    Card { kind: CardKind::Psam.name().to_owned(), number, serial: None, region: None }
}

/// What the city's log has of a PSAM: where its chain stood last, and the challenge that waits for a statement.
#[derive(Default)]
struct Seen {
    last: Option<Stand>,
    asked: Option<String>,
}

fn seen(folder: &Path, number: DeviceNumber) -> Result<Seen> {
    let path = folder.join(LOG);
    let (card, mut seen) = (psam(number), Seen::default());
    if !path.exists() {
        return Ok(seen);
    }
    verify(&path, None, |entry| {
        let Act::Other(act) = &entry.act else { return };
        if entry.card.as_ref() != Some(&card) {
            return;
        }
        let of = |name: &str| entry.facts.get(name).map_or("", String::as_str);
        match act.as_str() {
            STATEMENT => {
                let mut chain = [0; 32];
                // A fact that is no hash leaves zeros, which no chain that goes on has.
                let _ = hex::decode_to_slice(of("chain"), &mut chain);
                let (orders, value_fen) =
                    (of("orders").parse().unwrap_or(0), of("value_fen").parse().unwrap_or(0));
                seen = Seen { last: Some(Stand { orders, value_fen, chain }), asked: None };
            }
            REQUEST => seen.asked = Some(of("challenge").to_owned()),
            _ => {}
        }
    })?;
    Ok(seen)
}

/// Where a PSAM's chain stood when the city looked last.
pub fn last(folder: &Path, number: DeviceNumber) -> Result<Option<Stand>> {
    Ok(seen(folder, number)?.last)
}

/// Writes into the city's log that a statement was asked for. A newer request takes the place of the one before.
pub fn asked(global: &Global, folder: &Path, number: DeviceNumber, challenge: [u8; 8]) -> Result<()> {
    let facts = [("challenge", hex::encode_upper(challenge))];
    let noted =
        Noted { card: Some(psam(number)), facts: &facts, ..Noted::of(Act::Other(REQUEST.to_owned())) };
    audit::note(global, folder, noted)
}

/// Refuses a statement over another challenge than the one the city drew last, and one that was answered with a limit already.
pub fn must_be_asked_for(folder: &Path, number: DeviceNumber, challenge: [u8; 8]) -> Result<()> {
    if seen(folder, number)?.asked == Some(hex::encode_upper(challenge)) {
        return Ok(());
    }
    Err(security(format!("the statement of PSAM {number} is none that the city asked for last"))
        .hint("a request is good for one limit: ask anew with `gridcard psam statement-request`")
        .into())
}

/// Refuses a chain that does not go on from the one the city's log has last; a PSAM that is seen first may be anywhere.
pub fn must_go_on(folder: &Path, number: DeviceNumber, chain: &PsamChain) -> Result<()> {
    let Some(Stand { orders: count, value_fen: value, chain: head }) = last(folder, number)? else {
        return Ok(());
    };
    let back = chain.count < count || chain.value < value;
    let another = chain.count == count && chain.head != head;
    if !back && !another {
        return Ok(());
    }
    let found = format!("it has sealed {} order(s) now", chain.count);
    let words = if back { "its chain went back" } else { "its chain is another one" };
    Err(security(format!(
        "PSAM {number} is not as the city saw it last: {words}; {count} order(s) then, {found}"
    ))
    .hint(
        "somebody put back an old copy of the card, or there are two of one number: keep it, and issue another with `gridcard psam issue`",
    )
    .into())
}

/// Writes a statement into the city's log.
pub fn keep(global: &Global, folder: &Path, number: DeviceNumber, chain: &PsamChain) -> Result<()> {
    let facts = [
        ("orders", chain.count.to_string()),
        ("value_fen", chain.value.to_string()),
        ("chain", hex::encode_upper(chain.head)),
    ];
    let noted =
        Noted { card: Some(psam(number)), facts: &facts, ..Noted::of(Act::Other(STATEMENT.to_owned())) };
    audit::note(global, folder, noted)
}
