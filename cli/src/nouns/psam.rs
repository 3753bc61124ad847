//! `gridcard psam`: PSAMs, issued by a city for bank offices.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::home::Home;
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::{issue_with, out};
use crate::output::answer;
use crate::secret;
use ::kdc::ids::DeviceNumber;
use ::kdc::source::CardSource;
use anyhow::Result;
use clap::{Args, Subcommand};
use reader::driver::issuing::IssuingCard;
use serde_json::json;
use std::path::PathBuf;
use wire::bcd::RegionCode;
use wire::profile::CardKind;

/// Verbs of PSAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a PSAM with the city's PSAM issuing card.
    Issue(Issue),
}

/// Options of `psam issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Number of the PSAM, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in the city's out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the PIN the PSAM will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let Verb::Issue(options) = verb;
    let (region, folder) = Home::new(global)?.city(options.city, "issuing PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), &pin)?;
    let card_pin = secret::pin(options.card_pin_file.as_deref(), "the PSAM to be made")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("psam-{}.card", options.number)).into(),
    };
    let wish = Wish {
        kind: CardKind::Psam,
        number: options.number,
        region,
        ceiling: None,
        wanted: None,
        pin: None,
        allowed: options.allowed,
    };
    let issued = issue_with(global, &mut source, &wish, &card_pin, &card, &mut issue::journal(&folder)?)?;
    issuing.close()?;
    let text = format!(
        "issued PSAM {} of city {region}: {}\nkeys: {}",
        options.number,
        card,
        issue::keys_line(&issued.keys),
    );
    answer(
        global,
        &text,
        json!({
            "number": options.number.to_string(), "city": region.to_string(), "serial": issued.serial.to_string(),
            "card": card.to_string(), "apdus": issued.apdus, "check_values": issue::keys_json(&issued.keys),
        }),
    );
    Ok(())
}
