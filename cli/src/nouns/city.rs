//! `gridcard city`: a city office and its issuing cards.

use crate::args::Global;
use crate::audit::Noted;
use crate::bay::{Bay, hand_over};
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::nouns::kdc::audit;
use crate::output::{answer, table};
use ::kdc::audit::{Act, Card};
use ::kdc::ids::DeviceNumber;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::driver::fmcos::Fmcos;
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Image;
use wire::bcd::RegionCode;
use wire::profile::{CardInfo, CardKind};

/// Verbs of a city.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take issuing cards from the province into use: the card files move into the city's folder.
    Open(Open),
    /// The city's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
}

/// Options of `city open`.
#[derive(Debug, Args)]
pub struct Open {
    /// Issuing cards.
    #[arg(required = true)]
    pub cards: Vec<PathBuf>,
}

/// Where a city keeps the issuing card of a kind.
pub fn issuing_card(folder: &Path, kind: CardKind) -> PathBuf {
    folder.join(format!("{}.card", kind.name()))
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let options = match verb {
        Verb::Open(options) => options,
        Verb::Audit(verb) => {
            let folder = match verb.needs_folder() {
                true => Some(Home::new(global)?.city(None, "reading the audit log")?.1),
                false => None,
            };
            return audit::run(global, folder.as_deref(), &verb);
        }
    };
    let home = Home::new(global)?;
    let mut rows = Vec::new();
    for card in &options.cards {
        let info = info_of(global, card)?;
        if !matches!(info.kind, CardKind::PsamIssuing | CardKind::EsamIssuing) {
            return Err(refused(format!(
                "{} is a card of kind {}; a city works with issuing cards",
                card.display(),
                info.kind.name()
            ))
            .into());
        }
        let city = Party::City(RegionCode(info.region));
        let folder = home.make(city, "taking issuing cards into use")?;
        let place = issuing_card(&folder, info.kind);
        hand_over(card, &place)?;
        let noted = Noted { card: Some(card_of(&info)), ..Noted::of(Act::TakeCard) };
        crate::audit::note(global, &folder, noted)?;
        rows.push([
            info.kind.name().to_owned(),
            RegionCode(info.region).to_string(),
            place.display().to_string(),
        ]);
    }
    let object = json!({ "cards": rows });
    answer(global, &table(&["card", "city", "now at"], rows.into_iter().map(Vec::from).collect()), object);
    Ok(())
}

fn card_of(info: &CardInfo) -> Card {
    Card {
        kind: info.kind.name().to_owned(),
        number: Some(DeviceNumber(info.number).to_string()),
        serial: None,
        region: Some(RegionCode(info.region).to_string()),
    }
}

/// Card information of an FMCOS card file.
pub fn info_of(global: &Global, path: &Path) -> Result<CardInfo> {
    let kind = Image::load(path)?.kind;
    if kind == CardKind::Sim {
        return Err(refused(format!("{} is a SIM, which carries no card information", path.display())).into());
    }
    let mut bay = Bay::open(global, path, kind)?;
    let mut card = Fmcos::new(&mut bay);
    card.reset()?;
    card.select_mf()?;
    card.card_info().with_context(|| path.display().to_string())
}
