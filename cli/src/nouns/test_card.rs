//! `gridcard test-card`: production test cards, issued by a city for the makers of its meters.

use super::Deed;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::home::Home;
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::{companion, issue_with, out};
use crate::output::answer;
use crate::transport::Transport;
use crate::{in_force, pin, secret};
use ::issue::source::CardSource;
use ::scheme::numbers::DeviceNumber;
use ::scheme::pin::Pins;
use clap::{Args, Subcommand};
use parties::trouble::Result;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use serde_json::json;
use std::path::PathBuf;

/// Verbs of test cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a test card with the city's test issuing card. It holds published keys alone, whatever the city's state.
    Issue(Issue),
    /// End a test card with the city's test issuing card: its keys and PIN are destroyed for good.
    Retire(Retire),
    /// The PIN of a test card.
    #[command(subcommand)]
    Pin(pin::MakersVerb),
}

/// Options of `test-card retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// The test card: a card file, or a card in a reader.
    pub card: CardRef,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the test issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `test-card issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Number of the test card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in the city's out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// File with the PIN of the test issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the PIN the test card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
    /// Of a new blank.
    #[command(flatten)]
    pub transport: Transport,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Issue(_) => Deed::One("test-card issue"),
            Verb::Retire(_) => Deed::One("test-card retire"),
            Verb::Pin(pin::MakersVerb::Change(_)) => Deed::One("test-card pin-change"),
            Verb::Pin(pin::MakersVerb::Unblock(_)) => Deed::One("test-card pin-unblock"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Issue(options) => issue(global, &options),
        Verb::Retire(options) => retire(global, &options),
        Verb::Pin(pin::MakersVerb::Change(options)) => pin::change(global, &options, &[CardKind::TestCard]),
        Verb::Pin(pin::MakersVerb::Unblock(options)) => unblock(global, &options),
    }
}

/// Ends a test card.
fn retire(global: &Global, options: &Retire) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "retiring test cards")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the test issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::TestIssuing), CardKind::TestIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    crate::retire::retire(global, &options.card, CardKind::TestCard, &mut source, &folder)?;
    issuing.close()
}

/// Sets the PIN of a test card anew.
fn unblock(global: &Global, options: &pin::Unblock) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "setting PINs of test cards")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the test issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::TestIssuing), CardKind::TestIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    pin::unblock(global, &options.anew, &[CardKind::TestCard], false, &mut source)?;
    issuing.close()
}

fn issue(global: &Global, options: &Issue) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "issuing test cards")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the test issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::TestIssuing), CardKind::TestIssuing)?;
    let pins = Pins { spend_last_try: options.allowed.spend_last_try, ..(&pin).into() };
    in_force::must_make(global, &folder, &mut issuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    let card_pin = secret::new_pin(options.card_pin_file.as_deref(), "the test card to be made")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("test-card-{}.card", options.number)).into(),
    };
    issue::tell_left(&mut source, 1)?;
    let wish = Wish {
        pins: (&card_pin).into(),
        allowed: options.allowed,
        ..Wish::new(CardKind::TestCard, options.number, region)
    };
    let place = (&card, &options.transport);
    let issued = issue_with(global, &mut source, &wish, place, &mut issue::journal(global, &folder)?)?;
    companion::write(global, &folder, &card, (region, &issued))?;
    issuing.close()?;
    let text = format!(
        "issued test card {} of city {region}: {card}\nkeys: {}",
        options.number,
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
