//! What a city remembers of a PSAM's order chain: a statement that goes back, or another chain of the same count, is no PSAM to
//! give a new limit [docs/specs/cards.md 6].

use crate::args::Global;
use crate::audit::{self, Noted};
use crate::fail::security;
use anyhow::Result;
use kdc::audit::{Act, Card, LOG, verify};
use kdc::ids::DeviceNumber;
use std::path::Path;
use wire::profile::CardKind;
use wire::psam::PsamChain;

/// The word of the log's line.
const STATEMENT: &str = "statement";

fn psam(number: DeviceNumber) -> Card {
    let number = Some(number.to_string());
    Card { kind: CardKind::Psam.name().to_owned(), number, serial: None, region: None }
}

/// Refuses a chain that does not go on from the one the city's log has last; a PSAM that is seen first may be anywhere.
pub fn must_go_on(folder: &Path, number: DeviceNumber, chain: &PsamChain) -> Result<()> {
    let path = folder.join(LOG);
    if !path.exists() {
        return Ok(());
    }
    let (card, mut last) = (psam(number), None);
    verify(&path, None, |entry| {
        if entry.act == Act::Other(STATEMENT.to_owned()) && entry.card.as_ref() == Some(&card) {
            last = Some(entry.facts.clone());
        }
    })?;
    let Some(last) = last else { return Ok(()) };
    let of = |name: &str| last.get(name).cloned().unwrap_or_default();
    let (count, value) = (of("orders").parse().unwrap_or(0), of("value_fen").parse().unwrap_or(0));
    let back = chain.count < count || chain.value < value;
    let another = chain.count == count && hex::encode_upper(chain.head) != of("chain");
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
