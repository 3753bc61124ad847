//! `gridcard psam`: PSAMs, issued by a city for bank offices.

mod limit;

use crate::global::Global;
use crate::output::answer;
use crate::screen::facts;
use crate::shared::{Allowed, Transport};
use crate::{ended, pin};
use clap::{Args, Subcommand};
use parties::city::issue::MakeRequest;
use parties::city::psam::{self, PairRequest};
use parties::city::{Access, PSAMS};
use parties::{Deed, Result, issuing, statement};
use scheme::CardRef;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::CardKind;
use std::path::PathBuf;

/// Verbs of PSAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a PSAM with the city's PSAM issuing card.
    Issue(Issue),
    /// Show a PSAM: number, key version, orders sealed and left.
    Show(Show),
    /// Give a PSAM other limits of orders and value, against its statement, with the city's PSAM issuing card.
    Limit(limit::Limit),
    /// Ask for a statement of a PSAM that is at its bank, by a file: the first step to another limit.
    StatementRequest(limit::Ask),
    /// Pair a PSAM with a server: a new server key, which the bank needs to sell; the one before is dead.
    Pair(PairOptions),
    /// End a PSAM with the city's PSAM issuing card, operator and supervisor: its keys and PIN are destroyed for good.
    Retire(Retire),
    /// The PIN of a PSAM.
    #[command(subcommand)]
    Pin(pin::MakersVerb),
}

/// Options of `psam retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the operator's PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the supervisor's PIN of the issuing card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
    /// Try the PINs of the issuing card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `psam show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
}

/// Options of `psam pair`.
#[derive(Debug, Args)]
pub struct PairOptions {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// File for the server key, for the bank. Default: psam-NUMBER.server in the city's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the PIN of the PSAM (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
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
    /// Its limits; the city can raise them later.
    #[command(flatten)]
    pub limits: limit::LimitOptions,
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
            Verb::Issue(_) => Deed::One("psam issue"),
            Verb::Limit(_) => Deed::Two("psam limit"),
            Verb::StatementRequest(_) => Deed::One("psam statement-request"),
            Verb::Pair(_) => Deed::Two("psam pair"),
            Verb::Retire(_) => Deed::Two("psam retire"),
            Verb::Show(_) => Deed::Look,
            Verb::Pin(pin::MakersVerb::Change(_)) => Deed::One("psam pin-change"),
            Verb::Pin(pin::MakersVerb::Unblock(_)) => Deed::One("psam pin-unblock"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Issue(options) => issue(global, &options),
        Verb::Show(options) => show(global, &options),
        Verb::Limit(options) => limit::limit(global, &options),
        Verb::StatementRequest(options) => limit::ask(global, &options),
        Verb::Pair(options) => pair(global, &options),
        Verb::Retire(options) => retire(global, &options),
        Verb::Pin(pin::MakersVerb::Change(options)) => pin::change(global, &options, &[CardKind::Psam]),
        Verb::Pin(pin::MakersVerb::Unblock(options)) => pin::unblock(global, &options, &PSAMS),
    }
}

fn show(global: &Global, options: &Show) -> Result<()> {
    let report = psam::show(global, &options.card)?;
    let value = report.value_fen.zip(report.value_limit_fen);
    let text = facts(&[
        ("PSAM", format!("{} of city {}", report.number, report.city)),
        ("state", report.state.to_owned()),
        ("key version", report.key_version.to_string()),
        ("orders", issuing::counter_words(&report.counter())),
        ("value", value.map_or("-".into(), |(value, limit)| statement::value_words("sealed", value, limit))),
        ("chain", report.chain.clone().unwrap_or_else(|| "-".into())),
        ("server key", report.server_key.clone().unwrap_or_else(|| "none: it seals nothing".into())),
        ("tries of its PIN", report.tries.map_or("-".into(), |tries| tries.to_string())),
    ]);
    answer(global, &text, &report);
    Ok(())
}

fn retire(global: &Global, options: &Retire) -> Result<()> {
    let access = Access {
        city: options.city,
        pin: options.pin_file.as_deref().into(),
        supervisor_pin: Some(options.second_pin_file.as_deref().into()),
        spend_last_try: options.spend_last_try,
    };
    let report = PSAMS.retire(global, &options.card, &access)?;
    report.iter().for_each(|report| ended::tell(global, report));
    Ok(())
}

fn pair(global: &Global, options: &PairOptions) -> Result<()> {
    let request = PairRequest {
        card: options.card.clone(),
        out: options.out.clone(),
        pin: options.card_pin_file.as_deref().into(),
        access: Access {
            city: options.city,
            pin: options.pin_file.as_deref().into(),
            supervisor_pin: None,
            spend_last_try: options.spend_last_try,
        },
    };
    if let Some(report) = psam::pair(global, &request)? {
        let text = format!(
            "PSAM {} is paired anew; the bank's server key is in {}",
            report.number, report.server_key
        );
        answer(global, &text, &report);
    }
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
        limits: Some(options.limits.limits()),
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    let report = PSAMS.issue(global, &request)?;
    let text = format!(
        "issued PSAM {} of city {}: {}\nkeys: {}\nserver key, for the bank alone: {}",
        report.number,
        report.city,
        report.card,
        report.check_values.line(),
        report.server_key.as_deref().unwrap_or_default(),
    );
    answer(global, &text, &report);
    Ok(())
}
