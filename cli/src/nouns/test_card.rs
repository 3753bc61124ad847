//! `gridcard test-card`: production test cards, issued by a city for the makers of its meters.

use crate::global::Global;
use crate::output::answer;
use crate::shared::{Allowed, Transport};
use crate::{ended, pin};
use clap::{Args, Subcommand};
use parties::city::issue::MakeRequest;
use parties::city::{Access, TEST_CARDS};
use parties::{Deed, Result};
use scheme::CardRef;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::CardKind;
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
        Verb::Pin(pin::MakersVerb::Unblock(options)) => pin::unblock(global, &options, &TEST_CARDS),
    }
}

fn retire(global: &Global, options: &Retire) -> Result<()> {
    let access = Access {
        city: options.city,
        pin: options.pin_file.as_deref().into(),
        supervisor_pin: None,
        spend_last_try: options.spend_last_try,
    };
    let report = TEST_CARDS.retire(global, &options.card, &access)?;
    report.iter().for_each(|report| ended::tell(global, report));
    Ok(())
}

fn issue(global: &Global, options: &Issue) -> Result<()> {
    let request = MakeRequest {
        number: options.number,
        access: Access {
            city: options.city,
            pin: options.pin_file.as_deref().into(),
            supervisor_pin: None,
            spend_last_try: options.allowed.spend_last_try,
        },
        card: options.card.clone(),
        pin: options.card_pin_file.as_deref().into(),
        limits: None,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    let report = TEST_CARDS.issue(global, &request)?;
    let text = format!(
        "issued test card {} of city {}: {}\nkeys: {}",
        report.number,
        report.city,
        report.card,
        report.check_values.line(),
    );
    answer(global, &text, &report);
    Ok(())
}
