//! What a party remembers of a card that it gives limits to: a PSAM's order chain, an issuing card's counts. A statement that goes
//! back, or another chain of the same count, is no card to give a new limit [docs/specs/cards.md 6, 9].

use crate::log::{self, Noted};
use crate::session::Session;
use crate::trouble::Result;
use crate::trouble::security;
use crate::words::yuan;
use office::audit::{Card, LOG, LogEvent, verify};
use scheme::numbers::DeviceNumber;
use scheme::profile::CardKind;
use scheme::psam::PsamChain;
use server::renewal::Stand;
use std::path::Path;

/// The word of the log's line when a statement was answered with a limit.
const STATEMENT: &str = "statement";
/// The word of the line when one was asked for by a file.
const REQUEST: &str = "statement-request";

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
    /// A PSAM's chain.
    pub const fn of_psam(number: DeviceNumber, chain: &PsamChain) -> Self {
        Stated {
            kind: CardKind::Psam,
            number,
            count: chain.count,
            value: chain.value,
            chain: Some(chain.head),
        }
    }

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

/// What a party's log has of a card: what it stated last, and the challenge that waits for a statement.
#[derive(Default)]
struct Seen {
    last: Option<Stated>,
    asked: Option<String>,
}

fn seen(folder: &Path, kind: CardKind, number: DeviceNumber) -> Result<Seen> {
    let (path, mut seen) = (folder.join(LOG), Seen::default());
    if !path.exists() {
        return Ok(seen);
    }
    let blank = Stated { kind, number, count: 0, value: 0, chain: None };
    let card = blank.card();
    verify(&path, None, |entry| {
        let LogEvent::Other(act) = &entry.act else { return };
        if entry.card.as_ref() != Some(&card) {
            return;
        }
        let of = |name: &str| entry.facts.get(name).map_or("", String::as_str);
        match act.as_str() {
            STATEMENT => {
                let mut chain = [0; 32];
                // A fact that is no hash leaves zeros, which no chain that goes on has.
                let _ = hex::decode_to_slice(of("chain"), &mut chain);
                let (count, value) =
                    (of(blank.counted()).parse().unwrap_or(0), of("value_fen").parse().unwrap_or(0));
                let chain = (kind == CardKind::Psam).then_some(chain);
                seen = Seen { last: Some(Stated { count, value, chain, ..blank }), asked: None };
            }
            REQUEST => seen.asked = Some(of("challenge").to_owned()),
            _ => {}
        }
    })?;
    Ok(seen)
}

/// Where a PSAM's chain stood when the city looked last.
///
/// # Errors
/// The log cannot be read, or was changed.
pub fn last(folder: &Path, number: DeviceNumber) -> Result<Option<Stand>> {
    let stand = |stated: Stated| Stand {
        orders: stated.count,
        value_fen: stated.value,
        chain: stated.chain.unwrap_or_default(),
    };
    Ok(seen(folder, CardKind::Psam, number)?.last.map(stand))
}

/// Writes into the city's log that a statement of a PSAM was asked for. A newer request takes the place of the one before.
///
/// # Errors
/// The log cannot be kept.
pub fn asked(session: &Session, folder: &Path, number: DeviceNumber, challenge: [u8; 8]) -> Result<()> {
    let facts = [("challenge", hex::encode_upper(challenge))];
    let card = Stated::of_psam(number, &PsamChain::default()).card();
    log::note(
        session,
        folder,
        Noted { card: Some(card), facts: &facts, ..Noted::of(LogEvent::Other(REQUEST.to_owned())) },
    )
}

/// Refuses a statement over another challenge than the one the city drew last, and one that was answered with a limit already.
///
/// # Errors
/// That refusal, a security stop.
pub fn must_be_asked_for(folder: &Path, number: DeviceNumber, challenge: [u8; 8]) -> Result<()> {
    if seen(folder, CardKind::Psam, number)?.asked == Some(hex::encode_upper(challenge)) {
        return Ok(());
    }
    Err(security(format!("the statement of PSAM {number} is none that the city asked for last"))
        .hint("a request is good for one limit: ask anew with `gridcard psam statement-request`")
        .into())
}

/// Refuses a card that does not go on from what the party's log has last of it; one that is seen first may be anywhere.
///
/// # Errors
/// That refusal, a security stop.
pub fn must_go_on(folder: &Path, now: &Stated) -> Result<()> {
    let Some(Stated { count, value, chain, .. }) = seen(folder, now.kind, now.number)?.last else {
        return Ok(());
    };
    let back = now.count < count || now.value < value;
    let another = now.count == count && now.chain != chain;
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
///
/// # Errors
/// The log cannot be kept.
pub fn keep(session: &Session, folder: &Path, stated: &Stated) -> Result<()> {
    let facts = stated.facts();
    let noted = Noted {
        card: Some(stated.card()),
        facts: &facts,
        ..Noted::of(LogEvent::Other(STATEMENT.to_owned()))
    };
    log::note(session, folder, noted)
}

/// Value used and left, in words.
pub fn value_words(used: &str, value: u64, limit: u64) -> String {
    let amount = |fen: u64| yuan(i64::try_from(fen).unwrap_or(i64::MAX));
    format!("{} {used}, {} left", amount(value), amount(limit.saturating_sub(value)))
}
