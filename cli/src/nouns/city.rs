//! `gridcard city`: a city office and its issuing cards.

use crate::global::Global;
use crate::output::answer;
use crate::screen::{say, table};
use crate::{audit, pin, revocation};
use clap::{Args, Subcommand};
use parties::city::delivery::{self, DeliveryRequest};
use parties::city::{self, open};
use parties::{Deed, Home, Result, province};
use scheme::CardRef;
use scheme::numbers::RegionCode;
use std::path::PathBuf;

/// Verbs of a city.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take issuing cards from the province into use: a card file moves into the city's folder, of a card in a reader a
    /// link is kept there.
    Open(Open),
    /// Revoke a PSAM, an ESAM or a test card that was lost, stolen or broken; the bank takes the list.
    Revoke(Revoke),
    /// Take the province's list of revoked cards; the city's issuing cards check it.
    Revoked(RevokedList),
    /// Write the delivery list for the bank: meter, chip, key version and ceiling of every ESAM that was issued here.
    Delivery(Delivery),
    /// The city's audit log.
    Audit(OfCity),
    /// The PINs of issuing cards.
    #[command(subcommand)]
    Pin(pin::Verb),
}

/// Options of `city open`.
#[derive(Debug, Args)]
pub struct Open {
    /// Issuing cards: card files, or cards in readers (pcsc:READER, pcsc:SERIAL). A successor of a higher key version, or of
    /// the same, takes the place of the card before it, which steps aside into the folder `earlier`.
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
}

/// Options of `city revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam`, `esam` or `test-card`.
    #[command(flatten)]
    pub what: crate::shared::RevokeWhat,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the PSAM issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Options of `city revoked`.
#[derive(Debug, Args)]
pub struct RevokedList {
    /// The province's list (`revocation.json`).
    pub list: PathBuf,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
}

/// Options of `city delivery`.
#[derive(Debug, Args)]
pub struct Delivery {
    /// The list; the bank takes it with `gridcard server meters`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The city; only where a home has several.
    #[arg(long, value_name = "CODE")]
    pub city: Option<RegionCode>,
}

/// Options of `city audit`.
#[derive(Debug, Args)]
pub struct OfCity {
    /// City, when the home has several.
    #[arg(long, global = true, value_name = "CODE")]
    pub city: Option<RegionCode>,
    /// What about the log.
    #[command(subcommand)]
    pub verb: audit::Verb,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Open(_) => Deed::One("city open"),
            Verb::Revoke(_) => Deed::Two("city revoke"),
            Verb::Revoked(_) => Deed::One("city revoked"),
            Verb::Delivery(_) => Deed::One("city delivery"),
            Verb::Audit(_) => Deed::Look,
            Verb::Pin(_) => Deed::One("city pin-change"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => open(global, &options),
        Verb::Revoke(options) => revoke(global, &options),
        Verb::Revoked(options) => take_list(global, &options),
        Verb::Delivery(options) => delivery(global, &options),
        Verb::Pin(verb) => {
            let pin::Verb::Change(options) = verb;
            pin::change(global, &options, &province::MADE)
        }
        Verb::Audit(OfCity { city, verb }) => {
            audit::run(global, &verb, || Ok(Home::new(global).city(city, "reading the audit log")?.1))
        }
    }
}

fn open(global: &Global, options: &Open) -> Result<()> {
    let report = open::open(global, &options.cards)?;
    let rows = report.cards.iter().map(|card| {
        vec![
            card.kind.to_owned(),
            card.number.to_string(),
            card.key_version.to_string(),
            card.city.to_string(),
            card.now_at.clone(),
        ]
    });
    answer(global, &table(&["card", "number", "key version", "city", "now at"], rows.collect()), &report);
    Ok(())
}

fn revoke(global: &Global, options: &Revoke) -> Result<()> {
    let pin = options.pin_file.as_deref().into();
    let report = city::revoke(global, &options.what.get(), options.city, &pin)?;
    report.iter().for_each(|report| revocation::tell(global, report));
    Ok(())
}

fn take_list(global: &Global, options: &RevokedList) -> Result<()> {
    revocation::tell_taken(global, &city::take_revoked(global, &options.list, options.city)?);
    Ok(())
}

fn delivery(global: &Global, options: &Delivery) -> Result<()> {
    let request = DeliveryRequest { out: options.out.clone(), city: options.city };
    let report = delivery::delivery(global, &request)?;
    let words = format!("{} ESAM(s) are in {}; SHA-256 {}", report.esams, report.file, report.sha256);
    answer(global, &words, &report);
    if report.left_out > 0 {
        say(format!(
            "{} ESAM(s) were issued by an older version and are left out: the bank sells nothing for them",
            report.left_out
        ));
    }
    Ok(())
}
