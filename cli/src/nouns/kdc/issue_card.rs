//! `kdc issue-card`: issuing cards made with the main control card.

use super::companion;
use super::holder::Holder;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{chip_serial, entropy, now};
use crate::home::{Home, Party};
use crate::issue::{self, Allowed, Wish};
use crate::nouns::revoked;
use crate::output::answer;
use crate::transport::{self, Transport};
use crate::{factory, secret};
use ::issue::source::KeySource;
use ::office::journal::Journal;
use ::scheme::numbers::DeviceNumber;
use ::scheme::pin::{Pin, Pins};
use clap::Args;
use parties::trouble::{Context, Result};
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, State, pins};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Options of `kdc issue-card`.
#[derive(Debug, Args)]
pub struct IssueCard {
    /// What the card will make: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// Region code of the city, 8 digits.
    #[arg(long)]
    pub city: RegionCode,
    /// Number of the card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// How many cards it may make; then it is spent.
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    pub count: u32,
    /// psam-issuing: for how much, in whole yuan, it may grant limits to PSAMs. Default: 100000000.
    #[arg(long, value_name = "YUAN", value_parser = clap::value_parser!(u64).range(1..=100_000_000_000_000))]
    pub value: Option<u64>,
    /// Version of the city's keys on it. A city goes to the next one when a card was lost.
    #[arg(long, value_name = "V", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub key_version: u8,
    /// ESAM issuing card of a version above 1: the earlier version whose ESAMs it gives new keys. Default: the one before.
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u8).range(1..))]
    pub previous: Option<u8>,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in province/out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// Who holds the roots.
    #[command(flatten)]
    pub holder: Holder,
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
    /// File with the PIN the new card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// psam-issuing, esam-issuing: file with the supervisor's PIN the new card will have, another one. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_second_pin_file: Option<PathBuf>,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
    /// Of a new blank.
    #[command(flatten)]
    pub transport: Transport,
}

/// The two officers of the main control card.
#[derive(Debug, Args)]
pub struct Officers {
    /// File with the first officer's PIN of the main control card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second officer's PIN of the main control card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
}

impl Officers {
    /// Both PINs.
    pub fn ask(&self) -> Result<[Pin; 2]> {
        Ok([
            secret::pin(self.pin_file.as_deref(), "the main control card, first officer")?,
            secret::pin(self.second_pin_file.as_deref(), "the main control card, second officer")?,
        ])
    }
}

/// Reads the name of a kind that makes cards for a city.
pub fn issuing_kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind) if kind.is_city_issuing() => Ok(kind),
        _ => Err("an issuing card is psam-issuing, esam-issuing or test-issuing".into()),
    }
}

/// Makes an issuing card.
pub fn issue_card(global: &Global, options: &IssueCard) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "making issuing cards")?;
    revoked::must_not_be(&folder, options.kind, options.number)?;
    let why = format!("{} card {}", options.kind.name(), options.number);
    let officers = (&options.officers, options.allowed.spend_last_try);
    options
        .holder
        .with_source(global, &folder, officers, &why, |source| make(global, options, &folder, source))
}

fn make(global: &Global, options: &IssueCard, folder: &Path, source: &mut dyn KeySource) -> Result<()> {
    let wish = Wish {
        version: options.key_version,
        previous: options.previous,
        limit: Some(options.count),
        value: options.value.map(|yuan| yuan.saturating_mul(100)),
        allowed: options.allowed,
        ..Wish::new(options.kind, options.number, options.city)
    };
    if options.dry_run {
        let plan = issue::plan(&wish, source, now(global)?)?;
        answer(global, &plan.dry_run().to_string(), json!({ "plan": plan.dry_run().to_string() }));
        return Ok(());
    }
    let card_pin = secret::new_pin(options.card_pin_file.as_deref(), "the new issuing card")?;
    let supervisor = supervisor(options, &card_pin)?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(folder)?.join(format!("{}-{}.card", options.kind.name(), options.number)).into(),
    };
    let wish = Wish { pins: Pins { officer: supervisor.as_ref(), ..(&card_pin).into() }, ..wish };
    let place = (&card, &options.transport);
    let issued = issue_with(global, source, &wish, place, &mut issue::journal(global, folder)?)?;
    companion::write(global, folder, &card, (options.city, &issued))?;
    let text = format!(
        "issued {} card {} for city {}, key version {}, good for {} card(s): {}\nkeys: {}",
        options.kind.name(),
        options.number,
        options.city,
        options.key_version,
        options.count,
        card,
        issue::keys_line(&issued.keys),
    );
    answer(
        global,
        &text,
        json!({
            "kind": options.kind.name(), "number": options.number.to_string(), "city": options.city.to_string(),
            "key_version": options.key_version, "count": options.count,
            "serial": issued.serial.to_string(), "card": card.to_string(), "apdus": issued.apdus,
            "check_values": issue::keys_json(&issued.keys),
        }),
    );
    Ok(())
}

/// The supervisor's PIN, of a card that has one.
fn supervisor(options: &IssueCard, operator: &Pin) -> Result<Option<Pin>> {
    if pins(options.kind).len() < 2 {
        return Ok(None);
    }
    let pin = secret::new_pin(options.card_second_pin_file.as_deref(), "the new issuing card, supervisor")?;
    secret::must_differ(operator, &pin)?;
    Ok(Some(pin))
}

/// Issues a card: a blank that stands in a reader or a file, or for a file that is not there one from the factory.
pub fn issue_with(
    global: &Global,
    source: &mut dyn ::issue::source::KeySource,
    wish: &Wish<'_>,
    (card, transport): (&CardRef, &Transport),
    journal: &mut Journal,
) -> Result<::issue::card::Issued> {
    transport::must_be_earnest(global, source)?;
    let about = source.about();
    let state = if wish.kind.is_always_test() { State::Test } else { about.state };
    if let CardRef::File(path) = card.resolve()?
        && !path.exists()
    {
        let root = transport.root_for(source)?;
        let formal = state == State::Formal;
        let serial = chip_serial(&mut *entropy(global, &format!("serial of {}", wish.number)));
        factory::blank(&root, wish.kind, serial, formal, entropy(global, &path.display().to_string()))?
            .save_new(&path, true)
            .map_err(parties::Trouble::new)?;
    }
    let mut card = Bay::open(global, card, wish.kind)?;
    card.must_take(state)?;
    let issued = issue::issue(wish, &mut card, source, journal, now(global)?, &mut ())?;
    card.close()?;
    Ok(issued)
}

/// The folder where a party lays what it hands out.
pub fn out(folder: &Path) -> Result<PathBuf> {
    let out = folder.join("out");
    disk::create_folder(&out).with_context(|| format!("cannot make {}", out.display()))?;
    Ok(out)
}
