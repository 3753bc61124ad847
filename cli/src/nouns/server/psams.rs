//! `gridcard server open`, `server psam add | list | remove`: PSAMs come to the bank and leave it.

use super::pool::{self, Member, Pool};
use super::{bank, read_server_key, store};
use crate::args::Global;
use crate::audit;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef, NamesCard};
use crate::fail::refused;
use crate::home::{self, Home, Party};
use crate::nouns::city::info_of;
use crate::nouns::kdc::{companion, out};
use crate::nouns::psam::server_key_name;
use crate::nouns::{Deed, revoked};
use crate::output::{answer, say, table};
use ::scheme::numbers::DeviceNumber;
use clap::{Args, Subcommand};
use parties::trouble::{Context, Result};
use reader::driver::psam::Psam;
use scheme::profile::CardKind;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Verbs of the bank's PSAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take another PSAM into use, of the next key version say; those there are stay, for the receipts under their keys.
    Add(Add),
    /// List the bank's PSAMs: keys, orders sealed, orders that no receipt has settled.
    List,
    /// Give a PSAM away, once a receipt has settled everything it sealed.
    Remove(Remove),
}

/// Options of `server open` and `server psam add`.
#[derive(Debug, Args)]
pub struct Add {
    /// PSAM: its card file, or a card in a reader (pcsc:READER, pcsc:SERIAL).
    pub psam: CardRef,
    /// File with its server key, without which it seals nothing. Default: psam-NUMBER.server beside the card file.
    #[arg(long, value_name = "FILE")]
    pub server_key: Option<PathBuf>,
}

/// Options of `server psam remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Number of the PSAM.
    pub number: DeviceNumber,
    /// Folder its card file and its server key go to. Default: the bank's out.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Add(_) => Deed::One("server psam-add"),
            Verb::Remove(_) => Deed::One("server psam-remove"),
            Verb::List => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Add(options) => take_in(global, options, &bank(global)?),
        Verb::List => list(global),
        Verb::Remove(options) => remove(global, options),
    }
}

/// Runs `server open`: the bank's folder is made where there is none.
pub fn open(global: &Global, options: &Add) -> Result<()> {
    must_be_a_psam(global, options)?;
    let folder = Home::new(global)?.make(Party::Bank, "opening the bank")?;
    take_in(global, options, &folder)
}

fn must_be_a_psam(global: &Global, options: &Add) -> Result<()> {
    let info = info_of(global, &options.psam)?;
    if info.kind == CardKind::Psam {
        return Ok(());
    }
    let words =
        format!("{} is a card of kind {}, the server works with a PSAM", options.psam, info.kind.name());
    Err(refused(words).into())
}

fn take_in(global: &Global, options: &Add, folder: &Path) -> Result<()> {
    must_be_a_psam(global, options)?;
    // One that a home of an older make has may be the very one that is named.
    Pool::open(global, folder)?;
    let mut bay = Bay::open(global, &options.psam, CardKind::Psam)?;
    let found = pool::look(&mut bay, Path::new(""))?;
    bay.close()?;
    let member = Member { card: pool::place(folder, found.number), ..found };
    if let Some(record) = companion::beside(&options.psam, member.number.0)? {
        record.log.received(global);
    }
    revoked::must_not_be(folder, CardKind::Psam, member.number)?;
    disk::create_folder(&folder.join("psams")).context("cannot make the folder of the PSAMs")?;
    take_server_key(options, &member)?;
    hand_over(&options.psam, &member.card)?;
    member.keep()?;
    store(folder)?;
    audit::fact(global, "psam", member.number);
    audit::fact(global, "state", member.keys.state.name());
    audit::fact(global, "key_version", member.keys.version);
    let shown = card_ref::shown(&member.card);
    let text = format!("the bank works with PSAM {} ({}): {shown}", member.number, member.keys);
    let object = json!({
        "psam": shown, "number": member.number.to_string(), "state": member.keys.state.name(),
        "key_version": member.keys.version,
    });
    answer(global, &text, object);
    Ok(())
}

/// Takes the server key of the PSAM into the bank's folder; the file it came in goes.
fn take_server_key(options: &Add, member: &Member) -> Result<()> {
    let beside = match &options.psam {
        CardRef::File(card) => Some(card.with_file_name(server_key_name(member.number))),
        CardRef::Reader(_) => None,
    };
    let place = pool::server_key(&member.card);
    let Some(file) = options.server_key.clone().or_else(|| beside.filter(|file| file.exists())) else {
        if !place.exists() {
            say(
                "no server key: the PSAM opens receipts, and seals orders once `server psam add --server-key FILE` gave it one",
            );
        }
        return Ok(());
    };
    let key = read_server_key(&file)?;
    if key.number() != member.number.0 {
        return Err(refused(format!("{} is of another PSAM", file.display()))
            .hint("the city wrote a file for each PSAM, with its number in its name")
            .into());
    }
    home::write(&place, key.to_json().as_bytes())?;
    if file != place {
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// What `server psam list` says of one.
struct Row {
    number: DeviceNumber,
    keys: String,
    sealed: Option<u32>,
    unsettled: u64,
    more: Value,
}

fn list(global: &Global) -> Result<()> {
    let folder = bank(global)?;
    let mut rows = Vec::new();
    for card in pool::places(&folder)? {
        match row(global, &folder, &card) {
            Ok(row) => rows.push(row),
            Err(error) => say(format!("{}: {}", card_ref::shown(&card), error)),
        }
    }
    let object = json!({ "psams": rows.iter().map(|row| row.more.clone()).collect::<Vec<_>>() });
    if rows.is_empty() {
        answer(global, "the bank has no PSAM at hand", object);
        return Ok(());
    }
    let lines = rows.into_iter().map(|row| {
        let sealed = row.sealed.map_or("-".to_owned(), |sealed| sealed.to_string());
        vec![row.number.to_string(), row.keys, sealed, row.unsettled.to_string()]
    });
    answer(global, &table(&["PSAM", "keys", "sealed", "not settled"], lines.collect()), object);
    Ok(())
}

/// Looks at the card; one that is in no reader is known by its record.
fn row(global: &Global, folder: &Path, card: &Path) -> Result<Row> {
    let (member, sealed) = match at_hand(global, card) {
        Ok((member, sealed)) => (member, Some(sealed)),
        Err(error) => (Member::kept(card)?.ok_or(error)?, None),
    };
    let unsettled = pool::unsettled(folder, member.number)?;
    let more = json!({
        "number": member.number.to_string(), "city": member.city.to_string(), "state": member.keys.state.name(),
        "key_version": member.keys.version, "sealed": sealed, "not_settled": unsettled,
        "server_key": pool::server_key(card).exists(), "card": card_ref::shown(card),
    });
    Ok(Row { number: member.number, keys: member.keys.to_string(), sealed, unsettled, more })
}

fn at_hand(global: &Global, card: &Path) -> Result<(Member, u32)> {
    let mut bay = Bay::open(global, card, CardKind::Psam)?;
    let member = pool::look(&mut bay, card)?;
    let sealed = Psam::open(&mut bay)?.sealed_count()?;
    bay.close()?;
    Ok((member, sealed))
}

fn remove(global: &Global, options: &Remove) -> Result<()> {
    let folder = bank(global)?;
    let pool = Pool::open(global, &folder)?;
    let member = pool.member(options.number)?;
    let number = member.number;
    let unsettled = pool::unsettled(&folder, number)?;
    if unsettled > 0 {
        let words = format!("PSAM {number} stays: {unsettled} order(s) it sealed have no receipt yet");
        return Err(refused(words)
            .hint("it alone opens their receipts: settle them first (`gridcard server orders` shows the orders)")
            .into());
    }
    let to = match &options.to {
        Some(to) => to.clone(),
        None => out(&folder)?,
    };
    disk::create_folder(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let card = to.join(format!("psam-{number}.card"));
    // The key first, as it came: whoever finds the card still here finds the act undone, and repeats it.
    let key = pool::server_key(&member.card);
    if key.exists() {
        let file = to.join(server_key_name(number));
        home::write(&file, read_server_key(&key)?.to_json().as_bytes())?;
        std::fs::remove_file(&key).with_context(|| format!("cannot remove {}", key.display()))?;
    }
    match member.card.card_ref().resolve()? {
        CardRef::File(file) => hand_over(&file, &card)?,
        CardRef::Reader(_) => card_ref::drop_link(&member.card.card_ref(), &card)?,
    }
    member.forget()?;
    audit::fact(global, "psam", number);
    let text = format!("PSAM {number} works here no more; what was here of it is in {}", to.display());
    answer(global, &text, json!({ "number": number.to_string(), "to": to.display().to_string() }));
    Ok(())
}
