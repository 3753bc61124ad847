//! Changing the PIN of a card of ours, and setting it anew with the card one level up, whichever noun names the card.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::fail::refused;
use crate::home::{self, Party};
use crate::output::answer;
use crate::{audit, secret};
use ::issue::life;
use ::issue::source::{KeySource, Level, SourceError};
use clap::{Args, Subcommand};
use parties::trouble::Result;
use reader::driver::fmcos::Fmcos;
use reader::driver::guard::{LastTry, Secret};
use scheme::numbers::RegionCode;
use scheme::pin::Pin;
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE, OFFICER_PIN, OPERATOR_PIN, PinRow, pins};
use serde_json::json;
use std::path::PathBuf;

/// Verbs of a card's PINs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a card another PIN; the present one is needed. The last try is never spent unasked.
    Change(Change),
}

/// Verbs of the PINs of cards that a city makes.
#[derive(Debug, Subcommand)]
pub enum MakersVerb {
    /// Give a card another PIN; the present one is needed. The last try is never spent unasked.
    Change(Change),
    /// Give a card a new PIN with all its tries, with the city's issuing card; the old one is not needed.
    Unblock(Unblock),
}

/// A card that gets a new PIN.
#[derive(Debug, Args)]
pub struct Anew {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    /// File with the new PIN (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
}

/// Options of `pin unblock` of a city.
#[derive(Debug, Args)]
pub struct Unblock {
    /// Which card, and its new PIN.
    #[command(flatten)]
    pub anew: Anew,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the issuing card's PIN although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `pin change`.
#[derive(Debug, Args)]
pub struct Change {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    /// Change the second PIN: the second officer's of a main control card, the supervisor's of a PSAM or ESAM issuing card.
    /// The operator's is verified before.
    #[arg(long)]
    pub second: bool,
    /// File with the operator's PIN as it is (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second PIN as it is (`-`: stdin), with --second. Default: a prompt.
    #[arg(long, value_name = "FILE", requires = "second")]
    pub second_pin_file: Option<PathBuf>,
    /// File with the new PIN (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
    /// Try the present PIN although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// A card of the kinds a noun is about.
fn open(global: &Global, card: &CardRef, kinds: &[CardKind]) -> Result<(Bay, CardKind)> {
    let (bay, kind) = Bay::open_any(global, card)?;
    if !kinds.contains(&kind) {
        let words = format!("{card} is a {}: its PIN is not this noun's", kind.title());
        return Err(refused(words).hint(hint_of(kind)).into());
    }
    Ok((bay, kind))
}

/// A PIN of a kind: its row, and how messages name it.
fn row_of(info: &CardInfo, second: bool) -> Result<(&'static PinRow, Secret)> {
    let id = if second { OFFICER_PIN.id } else { OPERATOR_PIN.id };
    let row = pins(info.kind).iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| refused(format!("a {} has no second PIN", info.kind.title())))?;
    Ok((row, Secret::pin(info, id)))
}

/// The first PSAM issuing cards were made with one PIN, and a finished card gets no other.
fn must_have(card: &mut Fmcos<'_>, info: &CardInfo, row: &PinRow) -> Result<()> {
    if row.id != OPERATOR_PIN.id && card.tries_left(0x3A, row.id)?.is_none() {
        return Err(SourceError::NoSecondPin { kind: info.kind }.into());
    }
    Ok(())
}

/// Sets a PIN anew with the card one level up (SET PIN), with all its tries; who forgot it, or blocked it, goes on.
pub fn unblock(
    global: &Global,
    anew: &Anew,
    kinds: &[CardKind],
    second: bool,
    source: &mut dyn KeySource,
) -> Result<()> {
    let (mut bay, _) = open(global, &anew.card, kinds)?;
    let info = {
        let mut card = Fmcos::new(&mut bay);
        card.reset()?;
        card.select_mf()?;
        card.card_info()?
    };
    let (row, secret) = row_of(&info, second)?;
    must_have(&mut Fmcos::new(&mut bay), &info, row)?;
    if let Level::City(own) = source.about().level
        && own.0 != info.region
    {
        let words = format!("{} is of city {}, not of {own}", secret.card, RegionCode(info.region));
        return Err(refused(words).hint("use the issuing card of that city").into());
    }
    let new = secret::new_pin(anew.new_pin_file.as_deref(), &format!("{}, {}", secret.card, secret.name))?;
    life::set_pin(&mut bay, source, row, &new)?;
    bay.close()?;
    audit::fact(global, "pin", format!("{}, {}", secret.card, secret.name));
    let text = format!("{}: {} is a new one, with all its tries", secret.card, secret.name);
    answer(global, &text, json!({ "card": secret.card, "pin": secret.name, "unblocked": true }));
    Ok(())
}

/// Changes a PIN of a card of the kinds a noun is about.
pub fn change(global: &Global, options: &Change, kinds: &[CardKind]) -> Result<()> {
    let (mut bay, kind) = open(global, &options.card, kinds)?;
    let mut card = Fmcos::new(&mut bay);
    card.reset()?;
    card.select_mf()?;
    let info = card.card_info()?;
    home::acts_if_known(global, &keepers(&info))?;
    if matches!(kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let secret = replace(&mut card, &info, options)?;
    bay.close()?;
    audit::fact(global, "pin", format!("{}, {}", secret.card, secret.name));
    let text = format!("{}: {} is another one now", secret.card, secret.name);
    answer(global, &text, json!({ "card": secret.card, "pin": secret.name, "changed": true }));
    Ok(())
}

/// Whose card it is: the parties whose log keeps that its PIN was changed, the likeliest first.
fn keepers(info: &CardInfo) -> Vec<Party> {
    let city = Party::City(RegionCode(info.region));
    match info.kind {
        CardKind::MainControl => vec![Party::Province],
        CardKind::Psam => vec![Party::Bank, city],
        _ => vec![city],
    }
}

/// Which noun changes the PIN of a kind.
const fn hint_of(kind: CardKind) -> &'static str {
    match kind {
        CardKind::MainControl => "use `gridcard kdc pin change`",
        CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing => {
            "use `gridcard city pin change`"
        }
        CardKind::Psam => "use `gridcard psam pin change`",
        CardKind::TestCard => "use `gridcard test-card pin change`",
        CardKind::Sim | CardKind::Uicc => "use `gridcard sim pin change`",
        CardKind::Esam | CardKind::Fmcos => "this card has no operator's PIN",
    }
}

fn replace(card: &mut Fmcos<'_>, info: &CardInfo, options: &Change) -> Result<Secret> {
    let (row, secret) = row_of(info, options.second)?;
    must_have(card, info, row)?;
    let last = LastTry::from(options.spend_last_try);
    let operator = secret::pin(options.pin_file.as_deref(), &format!("{}, operator", secret.card))?;
    let whose = format!("{}, {}", secret.card, secret.name);
    let present: Option<Pin> = match options.second {
        true => Some(secret::pin(options.second_pin_file.as_deref(), &whose)?),
        false => None,
    };
    let new = secret::new_pin(options.new_pin_file.as_deref(), &whose)?;
    if options.second {
        secret::must_differ(&operator, &new)?;
        card.verify_guarded(info, OPERATOR_PIN.id, operator.expose(), last)?;
    }
    let present = present.as_ref().unwrap_or(&operator);
    card.change_guarded(info, row.id, (present.expose(), new.expose()), last)?;
    Ok(secret)
}
