//! `gridcard psam`: PSAMs, issued by a city for bank offices.

use super::Deed;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::now;
use crate::fail::refused;
use crate::home::Home;
use crate::in_force;
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::{companion, issue_with, out};
use crate::output::{answer, facts};
use crate::pin;
use crate::secret;
use ::kdc::ids::{DeviceNumber, Pins};
use ::kdc::journal::Event;
use ::kdc::life;
use ::kdc::source::CardSource;
use anyhow::Result;
use clap::{Args, Subcommand};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use serde_json::json;
use std::path::PathBuf;
use wire::bcd::RegionCode;
use wire::profile::CardKind;

/// Verbs of PSAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a PSAM with the city's PSAM issuing card.
    Issue(Issue),
    /// Show a PSAM: number, key version, orders sealed and left.
    Show(Show),
    /// Give a PSAM another limit of orders, with the city's PSAM issuing card.
    Limit(Limit),
    /// End a PSAM with the city's PSAM issuing card: its keys and PIN are destroyed for good.
    Retire(Retire),
    /// The PIN of a PSAM.
    #[command(subcommand)]
    Pin(pin::Verb),
}

/// Options of `psam retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Options of `psam show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
}

/// Options of `psam limit`.
#[derive(Debug, Args)]
pub struct Limit {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// Orders it may seal in all, those it has sealed included.
    #[arg(long, value_name = "N", conflicts_with = "no_limit", required_unless_present = "no_limit",
        value_parser = clap::value_parser!(u32).range(0..=4_000_000_000))]
    pub limit: Option<u32>,
    /// It may seal without limit.
    #[arg(long)]
    pub no_limit: bool,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
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
    /// How many orders it may seal; default: no limit. The city can raise it later.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    pub limit: Option<u32>,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Issue(_) => Deed::One("psam issue"),
            Verb::Limit(_) => Deed::Two("psam limit"),
            Verb::Retire(_) => Deed::Two("psam retire"),
            Verb::Show(_) => Deed::Look,
            Verb::Pin(_) => Deed::One("psam pin-change"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Issue(options) => issue(global, &options),
        Verb::Show(options) => show(global, &options),
        Verb::Limit(options) => limit(global, &options),
        Verb::Retire(options) => retire(global, &options),
        Verb::Pin(verb) => pin::run(global, &verb, &[CardKind::Psam]),
    }
}

/// Shows a PSAM; needs no home and no PIN.
fn show(global: &Global, options: &Show) -> Result<()> {
    let mut bay = Bay::open(global, &options.card, CardKind::Psam)?;
    let mut psam = Psam::open(&mut bay)?;
    let (info, counter) = (psam.info(), psam.counter()?);
    let version = psam.fmcos().key_information(0x35, 0x04)?.version;
    let tries = psam.fmcos().tries_left(0x3A, 0x00)?;
    bay.close()?;
    let number = DeviceNumber(info.number);
    let text = facts(&[
        ("PSAM", format!("{number} of city {}", RegionCode(info.region))),
        ("state", info.state.name().to_owned()),
        ("key version", version.to_string()),
        ("orders", issue::counter_words(&counter)),
        ("tries of its PIN", tries.map_or("-".into(), |tries| tries.to_string())),
    ]);
    let object = json!({
        "number": number.to_string(), "city": RegionCode(info.region).to_string(), "state": info.state.name(),
        "key_version": version, "sealed": counter.made, "limit": counter.limit, "left": counter.left(), "tries": tries,
    });
    answer(global, &text, object);
    Ok(())
}

/// Ends a PSAM.
fn retire(global: &Global, options: &Retire) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "retiring PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), &pin)?;
    crate::retire::retire(global, &options.card, CardKind::Psam, &mut source, &folder)?;
    issuing.close()
}

/// Writes a limit.
fn limit(global: &Global, options: &Limit) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "raising the limit of PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    let mut bay = Bay::open(global, &options.card, CardKind::Psam)?;
    let info = Psam::open(&mut bay)?.info();
    let number = DeviceNumber(info.number);
    if info.region != region.0 {
        let words = format!("PSAM {number} is of city {}, not of {region}", RegionCode(info.region));
        return Err(refused(words).hint("use the PSAM issuing card of that city").into());
    }
    life::raise(&mut bay, &mut source, options.limit)?;
    let counter = Psam::open(&mut bay)?.counter()?;
    let event = Event::Limit { kind: CardKind::Psam, number, limit: options.limit };
    issue::journal(global, &folder)?.note(&now(global)?.to_string(), event)?;
    bay.close()?;
    issuing.close()?;
    let text = format!("PSAM {number}: {}", issue::counter_words(&counter));
    let object = json!({
        "number": number.to_string(), "sealed": counter.made, "limit": counter.limit, "left": counter.left(),
    });
    answer(global, &text, object);
    Ok(())
}

fn issue(global: &Global, options: &Issue) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "issuing PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    let pins = Pins { spend_last_try: options.allowed.spend_last_try, ..(&pin).into() };
    in_force::must_make(global, &folder, &mut issuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    let card_pin = secret::pin(options.card_pin_file.as_deref(), "the PSAM to be made")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("psam-{}.card", options.number)).into(),
    };
    issue::tell_left(&mut source, 1)?;
    let wish = Wish {
        pins: (&card_pin).into(),
        limit: options.limit,
        allowed: options.allowed,
        ..Wish::new(CardKind::Psam, options.number, region)
    };
    let issued = issue_with(global, &mut source, &wish, &card, &mut issue::journal(global, &folder)?)?;
    companion::write(global, &folder, &card, (region, &issued))?;
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
