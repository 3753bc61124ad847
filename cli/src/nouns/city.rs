//! `gridcard city`: a city office and its issuing cards.

use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::output::{answer, table};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::driver::fmcos::Fmcos;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::bcd::RegionCode;
use wire::profile::{CardInfo, CardKind};

/// Verbs of a city.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take issuing cards from the province into use: a card file moves into the city's folder, of a card in a reader a
    /// link is kept there.
    Open(Open),
}

/// Options of `city open`.
#[derive(Debug, Args)]
pub struct Open {
    /// Issuing cards: card files, or cards in readers (pcsc:READER, pcsc:SERIAL).
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
}

/// Where a city keeps the issuing card of a kind.
pub fn issuing_card(folder: &Path, kind: CardKind) -> PathBuf {
    folder.join(format!("{}.card", kind.name()))
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let Verb::Open(options) = verb;
    let home = Home::new(global)?;
    let mut rows = Vec::new();
    for card in &options.cards {
        let info = info_of(global, card)?;
        if !matches!(info.kind, CardKind::PsamIssuing | CardKind::EsamIssuing) {
            return Err(refused(format!(
                "{} is a card of kind {}; a city works with issuing cards",
                card,
                info.kind.name()
            ))
            .into());
        }
        let city = Party::City(RegionCode(info.region));
        let folder = home.make(city, "taking issuing cards into use")?;
        let place = issuing_card(&folder, info.kind);
        hand_over(card, &place)?;
        rows.push([
            info.kind.name().to_owned(),
            RegionCode(info.region).to_string(),
            card_ref::shown(&place),
        ]);
    }
    let object = json!({ "cards": rows });
    answer(global, &table(&["card", "city", "now at"], rows.into_iter().map(Vec::from).collect()), object);
    Ok(())
}

/// Card information of an FMCOS card.
pub fn info_of(global: &Global, card: &CardRef) -> Result<CardInfo> {
    let (mut bay, kind) = Bay::open_any(global, card)?;
    if kind == CardKind::Sim {
        return Err(refused(format!("{card} is a SIM, which carries no card information")).into());
    }
    let named = card.to_string();
    let mut card = Fmcos::new(&mut bay);
    card.reset()?;
    card.select_mf()?;
    card.card_info().context(named)
}
