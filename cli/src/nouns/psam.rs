//! `gridcard psam`: PSAMs, issued by a city for bank offices.

mod limit;

use super::Deed;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{entropy, now, random};
use crate::fail::refused;
use crate::home::{self, Home};
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::{companion, issue_with, out};
use crate::output::answer;
use crate::transport::Transport;
use crate::{audit, in_force, people, pin, secret, statement};
use ::issue::life;
use ::issue::source::{CardSource, KeySource};
use ::office::journal::{Event, Journal};
use ::scheme::numbers::DeviceNumber;
use ::scheme::pin::{Pin, Pins};
use ::server::ServerKey;
use clap::{Args, Subcommand};
use lens::facts::facts;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, SERVER_KEY};
use scheme::psam::{Limits, PsamChain, Statement};
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::{Channel, Sw};

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

/// How many orders, and for how much. There is always a limit.
#[derive(Debug, Clone, Copy, Args)]
pub struct LimitOptions {
    /// Orders it may seal in all, those it has sealed included.
    #[arg(long, value_name = "N", default_value_t = Limits::PSAM.count)]
    pub orders: u32,
    /// Value it may seal in all, in whole yuan, that of the past included.
    #[arg(long, value_name = "YUAN", default_value_t = Limits::PSAM.value / 100,
        value_parser = clap::value_parser!(u64).range(0..=100_000_000_000_000))]
    pub value: u64,
}

impl LimitOptions {
    const fn limits(self) -> Limits {
        Limits { count: self.orders, value: self.value * 100 }
    }
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
    pub limits: LimitOptions,
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
        Verb::Pair(options) => pair_again(global, &options),
        Verb::Retire(options) => retire(global, &options),
        Verb::Pin(pin::MakersVerb::Change(options)) => pin::change(global, &options, &[CardKind::Psam]),
        Verb::Pin(pin::MakersVerb::Unblock(options)) => unblock(global, &options),
    }
}

/// Shows a PSAM; needs no home and no PIN.
fn show(global: &Global, options: &Show) -> Result<()> {
    let mut bay = Bay::open(global, &options.card, CardKind::Psam)?;
    let mut psam = Psam::open(&mut bay)?;
    let (info, counter) = (psam.info(), psam.counter()?);
    let known = psam.chain()?.zip(psam.limits()?);
    let pairing = match psam.fmcos().key_information(SERVER_KEY.kind, SERVER_KEY.id) {
        Ok(key) => Some(key),
        Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) => None,
        Err(error) => return Err(error.into()),
    };
    let version = psam.fmcos().key_information(0x35, 0x04)?.version;
    let tries = psam.fmcos().tries_left(0x3A, 0x00)?;
    bay.close()?;
    let number = DeviceNumber(info.number);
    let text = facts(&[
        ("PSAM", format!("{number} of city {}", RegionCode(info.region))),
        ("state", info.state.name().to_owned()),
        ("key version", version.to_string()),
        ("orders", issue::counter_words(&counter)),
        ("value", known.map_or("-".into(), |(chain, limits)| value_words(&chain, &limits))),
        ("chain", known.map_or("-".into(), |(chain, _)| hex::encode_upper(chain.head))),
        ("server key", pairing.map_or("none: it seals nothing".into(), |key| hex::encode_upper(key.kcv))),
        ("tries of its PIN", tries.map_or("-".into(), |tries| tries.to_string())),
    ]);
    let object = json!({
        "number": number.to_string(), "city": RegionCode(info.region).to_string(), "state": info.state.name(),
        "key_version": version, "sealed": counter.made, "limit": counter.limit, "left": counter.left(), "tries": tries,
        "value_fen": known.map(|(chain, _)| chain.value), "value_limit_fen": known.map(|(_, limits)| limits.value),
        "chain": known.map(|(chain, _)| hex::encode_upper(chain.head)),
        "server_key": pairing.map(|key| hex::encode_upper(key.kcv)),
    });
    answer(global, &text, object);
    Ok(())
}

/// Ends a PSAM.
fn retire(global: &Global, options: &Retire) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "retiring PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let supervisor = secret::pin(options.second_pin_file.as_deref(), "the PSAM issuing card, supervisor")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..Pins::both(&pin, &supervisor) };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    if people::both(global, &folder, &format!("retiring {}", options.card), source.about().state)? {
        crate::retire::retire(global, &options.card, CardKind::Psam, &mut source, &folder)?;
    }
    issuing.close()
}

/// Sets the PIN of a PSAM anew.
fn unblock(global: &Global, options: &pin::Unblock) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "setting PINs of PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    pin::unblock(global, &options.anew, &[CardKind::Psam], false, &mut source)?;
    issuing.close()
}

/// Sets limits against a statement of the PSAM, asked with a fresh challenge.
fn set_limits(
    global: &Global,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    limits: Limits,
) -> Result<Option<Statement>> {
    let challenge = random(&mut *entropy(global, &format!("statement {}", now(global)?)));
    Ok(life::raise(card, source, limits, challenge)?)
}

/// Value sealed and left.
fn value_words(chain: &PsamChain, limits: &Limits) -> String {
    statement::value_words("sealed", chain.value, limits.value)
}

/// Pairs a PSAM and writes the server's file.
fn pair(
    global: &Global,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    pin: &Pin,
    file: &Path,
    journal: &mut Journal,
) -> Result<()> {
    let number = Psam::open(card)?.info().number;
    let at = now(global)?.to_string();
    // From the card's answer on the key before is dead, and the new one is nowhere but in this program.
    journal.note(&at, Event::Pairing { number: DeviceNumber(number) })?;
    let key = life::pair(card, source, pin)?;
    let key = ServerKey::new(number, source.about().suite, *key);
    home::write(file, key.to_json().as_bytes())?;
    audit::fact(global, "server_key", file.display());
    Ok(journal.note(&at, Event::Paired { number: DeviceNumber(number) })?)
}

/// What a PSAM that was just made lacks before it can seal: its server and its limits.
pub fn equip(
    global: &Global,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    pin: &Pin,
    limits: Limits,
    file: &Path,
    journal: &mut Journal,
) -> Result<()> {
    pair(global, card, source, pin, file, journal)?;
    set_limits(global, card, source, limits).map(drop)
}

/// Name of the file with a PSAM's server key.
pub fn server_key_name(number: DeviceNumber) -> String {
    format!("psam-{number}.server")
}

fn pair_again(global: &Global, options: &PairOptions) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "pairing PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    if !people::both(global, &folder, &format!("another server for {}", options.card), source.about().state)?
    {
        return Ok(());
    }
    let mut bay = Bay::open(global, &options.card, CardKind::Psam)?;
    let mut psam = Psam::open(&mut bay)?;
    let (info, limits) = (psam.info(), psam.limits()?);
    let number = DeviceNumber(info.number);
    if info.region != region.0 {
        let words = format!("PSAM {number} is of city {}, not of {region}", RegionCode(info.region));
        return Err(refused(words).hint("use the PSAM issuing card of that city").into());
    }
    let card_pin = secret::pin(options.card_pin_file.as_deref(), "the PSAM")?;
    let file = match &options.out {
        Some(file) => file.clone(),
        None => out(&folder)?.join(server_key_name(number)),
    };
    let mut journal = issue::journal(global, &folder)?;
    pair(global, &mut bay, &mut source, &card_pin, &file, &mut journal)?;
    // A PSAM of a batch, or of an issuing that broke off at its end, has no limits yet.
    if limits.is_some_and(|limits| limits == Limits { count: 0, value: 0 }) {
        set_limits(global, &mut bay, &mut source, Limits::PSAM)?;
    }
    bay.close()?;
    issuing.close()?;
    let text = format!("PSAM {number} is paired anew; the bank's server key is in {}", file.display());
    answer(global, &text, json!({ "number": number.to_string(), "server_key": file.display().to_string() }));
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
    let card_pin = secret::new_pin(options.card_pin_file.as_deref(), "the PSAM to be made")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("psam-{}.card", options.number)).into(),
    };
    issue::tell_left(&mut source, 1)?;
    let wish = Wish {
        pins: (&card_pin).into(),
        allowed: options.allowed,
        ..Wish::new(CardKind::Psam, options.number, region)
    };
    let mut journal = issue::journal(global, &folder)?;
    let place = (&card, &options.transport);
    let issued = issue_with(global, &mut source, &wish, place, &mut journal)?;
    companion::write(global, &folder, &card, (region, &issued))?;
    let file = out(&folder)?.join(server_key_name(options.number));
    let mut bay = Bay::open(global, &card, CardKind::Psam)?;
    equip(global, &mut bay, &mut source, &card_pin, options.limits.limits(), &file, &mut journal)
        .context("the PSAM is made, but not paired with a server: `gridcard psam pair` does that")?;
    bay.close()?;
    issuing.close()?;
    let text = format!(
        "issued PSAM {} of city {region}: {}\nkeys: {}\nserver key, for the bank alone: {}",
        options.number,
        card,
        issue::keys_line(&issued.keys),
        file.display(),
    );
    answer(
        global,
        &text,
        json!({
            "number": options.number.to_string(), "city": region.to_string(), "serial": issued.serial.to_string(),
            "card": card.to_string(), "server_key": file.display().to_string(), "apdus": issued.apdus, "check_values": issue::keys_json(&issued.keys),
        }),
    );
    Ok(())
}
