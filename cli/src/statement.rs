//! What a party remembers of a card that it gives limits to: a PSAM's order chain, an issuing card's counts. A statement that goes
//! back, or another chain of the same count, is no card to give a new limit [docs/specs/cards.md 6, 9].

use crate::args::Global;
use crate::audit::{self, Noted};
use crate::fail::security;
use anyhow::Result;
use kdc::audit::{Act, Card, LOG, verify};
use kdc::ids::DeviceNumber;
use std::path::Path;
use wire::profile::CardKind;

/// The word of the log's line.
const STATEMENT: &str = "statement";

/// What a card states of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated {
    /// Its kind.
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Orders a PSAM has sealed, cards an issuing card has made.
    pub count: u32,
    /// Their value in fen; the value an issuing card has granted.
    pub value: u64,
    /// Head of a PSAM's chain.
    pub chain: Option<[u8; 32]>,
}

impl Stated {
    fn card(&self) -> Card {
        let number = Some(self.number.to_string());
        Card { kind: self.kind.name().to_owned(), number, serial: None, region: None }
    }

    /// What is counted, as the log names it.
    const fn counted(&self) -> &'static str {
        if matches!(self.kind, CardKind::Psam) { "orders" } else { "cards" }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![(self.counted(), self.count.to_string()), ("value_fen", self.value.to_string())];
        facts.extend(self.chain.map(|chain| ("chain", hex::encode_upper(chain))));
        facts
    }
}

/// Refuses a card that does not go on from what the party's log has last of it; one that is seen first may be anywhere.
pub fn must_go_on(folder: &Path, now: &Stated) -> Result<()> {
    let path = folder.join(LOG);
    if !path.exists() {
        return Ok(());
    }
    let (card, mut last) = (now.card(), None);
    verify(&path, None, |entry| {
        if entry.act == Act::Other(STATEMENT.to_owned()) && entry.card.as_ref() == Some(&card) {
            last = Some(entry.facts.clone());
        }
    })?;
    let Some(last) = last else { return Ok(()) };
    let of = |name: &str| last.get(name).cloned().unwrap_or_default();
    let (count, value) = (of(now.counted()).parse().unwrap_or(0), of("value_fen").parse().unwrap_or(0));
    let back = now.count < count || now.value < value;
    let another =
        now.count == count && now.chain.is_some_and(|chain| hex::encode_upper(chain) != of("chain"));
    if !back && !another {
        return Ok(());
    }
    let (title, number) = (now.kind.title(), now.number);
    let (words, found, again) = match now.kind {
        CardKind::Psam => (
            if back { "its chain went back" } else { "its chain is another one" },
            format!("{count} order(s) then, it has sealed {} order(s) now", now.count),
            "gridcard psam issue",
        ),
        _ => (
            "its counts went back",
            format!("{count} card(s) then, it has made {} card(s) now", now.count),
            "gridcard kdc issue-card",
        ),
    };
    Err(security(format!("{title} {number} is not as it was seen last: {words}; {found}"))
        .hint(format!(
            "somebody put back an old copy of the card, or there are two of one number: keep it, and issue another with `{again}`"
        ))
        .into())
}

/// Writes a statement into the party's log.
pub fn keep(global: &Global, folder: &Path, stated: &Stated) -> Result<()> {
    let facts = stated.facts();
    let noted =
        Noted { card: Some(stated.card()), facts: &facts, ..Noted::of(Act::Other(STATEMENT.to_owned())) };
    audit::note(global, folder, noted)
}

/// Value used and left, in words.
pub fn value_words(used: &str, value: u64, limit: u64) -> String {
    let yuan = |fen: u64| format!("{}.{:02} yuan", fen / 100, fen % 100);
    format!("{} {used}, {} left", yuan(value), yuan(limit.saturating_sub(value)))
}
