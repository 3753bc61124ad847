//! Changing the PIN of a card of ours, whichever noun names the card.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::fail::refused;
use crate::output::answer;
use crate::secret;
use anyhow::Result;
use clap::{Args, Subcommand};
use kdc::ids::Pin;
use reader::driver::fmcos::Fmcos;
use reader::driver::guard::{LastTry, Secret};
use serde_json::json;
use std::path::PathBuf;
use wire::profile::{CardInfo, CardKind, DF_PURCHASE, OFFICER_PIN, OPERATOR_PIN, pins};

/// Verbs of a card's PINs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a card another PIN; the present one is needed. The last try is never spent unasked.
    Change(Change),
}

/// Options of `pin change`.
#[derive(Debug, Args)]
pub struct Change {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    /// Change the second PIN: the second officer's of a main control card, the supervisor's of an ESAM issuing card. The
    /// operator's is verified before.
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

/// Runs a verb for cards of the kinds a noun is about.
pub fn run(global: &Global, verb: &Verb, kinds: &[CardKind]) -> Result<()> {
    let Verb::Change(options) = verb;
    let (mut bay, kind) = Bay::open_any(global, &options.card)?;
    if !kinds.contains(&kind) {
        let words = format!("{} is a {}: its PIN is not this noun's", options.card, kind.title());
        return Err(refused(words).hint(hint_of(kind)).into());
    }
    let mut card = Fmcos::new(&mut bay);
    card.reset()?;
    card.select_mf()?;
    let info = card.card_info()?;
    if matches!(kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let secret = change(&mut card, &info, options)?;
    bay.close()?;
    let text = format!("{}: {} is another one now", secret.card, secret.name);
    answer(global, &text, json!({ "card": secret.card, "pin": secret.name, "changed": true }));
    Ok(())
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

fn change(card: &mut Fmcos<'_>, info: &CardInfo, options: &Change) -> Result<Secret> {
    let row = if options.second { &OFFICER_PIN } else { &OPERATOR_PIN };
    let secret = Secret::pin(info, row.id);
    if !pins(info.kind).iter().any(|pin| pin.id == row.id) {
        return Err(refused(format!("a {} has no second PIN", info.kind.title())).into());
    }
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
