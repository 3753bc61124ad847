//! `kdc issue-card`: issuing cards made with the main control card.

use super::main_card;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{entropy, now, random};
use crate::factory;
use crate::home::{Home, Party};
use crate::issue::{self, Allowed, Wish};
use crate::output::answer;
use crate::secret;
use ::kdc::ids::{DeviceNumber, Pin};
use ::kdc::journal::Journal;
use ::kdc::source::CardSource;
use anyhow::{Context, Result};
use clap::Args;
use reader::driver::issuing::IssuingCard;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::bcd::RegionCode;
use wire::profile::{CardKind, State};

/// Options of `kdc issue-card`.
#[derive(Debug, Args)]
pub struct IssueCard {
    /// What the card will make: `psam-issuing` or `esam-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// Region code of the city, 8 digits.
    #[arg(long)]
    pub city: RegionCode,
    /// Number of the card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in province/out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// File with the PIN of the main control card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the PIN the new card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
}

fn issuing_kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind @ (CardKind::PsamIssuing | CardKind::EsamIssuing)) => Ok(kind),
        _ => Err("an issuing card is psam-issuing or esam-issuing".into()),
    }
}

/// Makes an issuing card.
pub fn issue_card(global: &Global, options: &IssueCard) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "making issuing cards")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the main control card")?;
    let mut main = Bay::open(global, &main_card(&folder), CardKind::MainControl)?;
    let mut source = CardSource::open(IssuingCard::new(&mut main), &pin)?;
    let wish = Wish {
        kind: options.kind,
        number: options.number,
        region: options.city,
        ceiling: None,
        wanted: None,
        pin: None,
        allowed: options.allowed,
    };
    if options.dry_run {
        let plan = issue::plan(&wish, &source, now(global)?)?;
        answer(global, &plan.dry_run().to_string(), json!({ "plan": plan.dry_run().to_string() }));
        return Ok(());
    }
    let card_pin = secret::pin(options.card_pin_file.as_deref(), "the new issuing card")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("{}-{}.card", options.kind.name(), options.number)).into(),
    };
    let issued = issue_with(global, &mut source, &wish, &card_pin, &card, &mut issue::journal(&folder)?)?;
    main.close()?;
    let text = format!(
        "issued {} card {} for city {}: {}\nkeys: {}",
        options.kind.name(),
        options.number,
        options.city,
        card,
        issue::keys_line(&issued.keys),
    );
    answer(
        global,
        &text,
        json!({
            "kind": options.kind.name(), "number": options.number.to_string(), "city": options.city.to_string(),
            "serial": issued.serial.to_string(), "card": card.to_string(), "apdus": issued.apdus,
            "check_values": issue::keys_json(&issued.keys),
        }),
    );
    Ok(())
}

/// Issues a card: a blank that stands in a reader or a file, or for a file that is not there one from the factory.
pub fn issue_with(
    global: &Global,
    source: &mut dyn ::kdc::source::KeySource,
    wish: &Wish<'_>,
    pin: &Pin,
    card: &CardRef,
    journal: &mut Journal,
) -> Result<::kdc::issue::Issued> {
    let about = source.about();
    if let CardRef::File(path) = card.resolve()?
        && !path.exists()
    {
        let formal = about.state == State::Formal;
        let serial = random(&mut *entropy(global, &format!("serial of {}", wish.number)));
        factory::blank(wish.kind, about.suite, serial, formal, entropy(global, &path.display().to_string()))?
            .save_new(&path, true)?;
    }
    let mut card = Bay::open(global, card, wish.kind)?;
    card.must_take(about.state)?;
    let wish = Wish { pin: Some(pin), ..*wish };
    let issued = issue::issue(&wish, &mut card, source, journal, now(global)?, &mut ())?;
    card.close()?;
    Ok(issued)
}

/// The folder where a party lays what it hands out.
pub fn out(folder: &Path) -> Result<PathBuf> {
    let out = folder.join("out");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    Ok(out)
}
