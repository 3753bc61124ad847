//! `kdc revoke`: an issuing card that was lost, stolen or broken, and the list by which cities know it.
//!
//! The list is a JSON file, `revoked.json` in the province's folder; a city takes it over with `city open --revoked`.

use crate::args::Global;
use crate::clock::now;
use crate::fail::{refused, security};
use crate::home::{self, Home, Party};
use crate::issue;
use crate::output::answer;
use ::kdc::ids::DeviceNumber;
use ::kdc::journal::Event;
use anyhow::{Context, Result};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::profile::CardKind;

/// First field of the list.
const FORMAT: &str = "gridcard revoked cards 1";

/// Options of `kdc revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Kind of the card: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[arg(value_parser = super::issue_card::issuing_kind)]
    pub kind: CardKind,
    /// Number of the card, 12 digits.
    pub number: DeviceNumber,
    /// Why, in words; they are kept.
    #[arg(long)]
    pub why: String,
}

/// One revoked card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Its kind, by its name.
    pub kind: String,
    /// Its number.
    pub number: DeviceNumber,
    /// When.
    pub at: String,
    /// Why.
    pub why: String,
}

/// The list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedList {
    revoked: String,
    /// The cards, in the order of their revocation.
    pub cards: Vec<Revoked>,
}

impl RevokedList {
    /// Where a party keeps the list.
    pub fn place(folder: &Path) -> PathBuf {
        folder.join("revoked.json")
    }

    /// Reads the list of a folder; an empty one where none is.
    pub fn of(folder: &Path) -> Result<Self> {
        let path = Self::place(folder);
        if path.exists() {
            Self::read(&path)
        } else {
            Ok(RevokedList { revoked: FORMAT.into(), cards: Vec::new() })
        }
    }

    /// Reads a list.
    pub fn read(path: &Path) -> Result<Self> {
        let list: Self = serde_json::from_str(&home::read_text(path)?)
            .with_context(|| format!("{} is no list of revoked cards", path.display()))?;
        if list.revoked == FORMAT {
            return Ok(list);
        }
        Err(refused(format!("{} is a list of another format than \"{FORMAT}\"", path.display())).into())
    }

    /// Takes over what another list has and this one has not.
    pub fn join(&mut self, other: &RevokedList) {
        for card in &other.cards {
            if self.find(&card.kind, card.number).is_none() {
                self.cards.push(card.clone());
            }
        }
    }

    /// Keeps the list in a folder.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        home::write(&Self::place(folder), format!("{text}\n").as_bytes())
    }

    fn find(&self, kind: &str, number: DeviceNumber) -> Option<&Revoked> {
        self.cards.iter().find(|card| card.kind == kind && card.number == number)
    }

    /// A security stop for a card on the list.
    pub fn must_not_hold(&self, kind: CardKind, number: DeviceNumber) -> Result<()> {
        let Some(card) = self.find(kind.name(), number) else { return Ok(()) };
        let words = format!("{} card {number} was revoked on {}: {}", card.kind, card.at, card.why);
        Err(security(words)
            .hint("use its successor; if this one was found again, hand it to the province")
            .into())
    }
}

/// A security stop for a card the province revoked.
pub fn must_not_be_revoked(province: &Path, kind: CardKind, number: DeviceNumber) -> Result<()> {
    RevokedList::of(province)?.must_not_hold(kind, number)
}

/// Revokes a card.
pub fn revoke(global: &Global, options: &Revoke) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "revoking issuing cards")?;
    if options.why.trim().is_empty() {
        return Err(refused("a revocation needs a reason").hint("say what happened with --why").into());
    }
    let mut list = RevokedList::of(&folder)?;
    if let Some(card) = list.find(options.kind.name(), options.number) {
        let words = format!("{} card {} was revoked on {} already", card.kind, card.number, card.at);
        return Err(refused(words).into());
    }
    let at = now(global)?.to_string();
    let card = Revoked {
        kind: options.kind.name().into(),
        number: options.number,
        at: at.clone(),
        why: options.why.clone(),
    };
    // The journal first: what stands on the list and not in it would be a change by hand.
    let event = Event::Revoked { kind: options.kind, number: options.number, why: options.why.clone() };
    issue::journal(&folder)?.note(&at, event)?;
    list.cards.push(card);
    list.keep(&folder)?;
    let place = RevokedList::place(&folder);
    let text = format!(
        "revoked {} card {}; give {} to its city\nnext: make its successor with `gridcard kdc issue-card {} --key-version`, one above the lost card's",
        options.kind.name(),
        options.number,
        place.display(),
        options.kind.name(),
    );
    let object = json!({
        "kind": options.kind.name(), "number": options.number.to_string(), "why": options.why,
        "list": place.display().to_string(), "revoked": list.cards.len(),
    });
    answer(global, &text, object);
    Ok(())
}
