//! `gridcard card`: virtual cards as things.

mod diff;
mod dump;
#[cfg(unix)]
mod line;
mod new;
mod personalise;
#[cfg(unix)]
mod serve;

use crate::files::cards_below;
use crate::global::Global;
use crate::output::answer;
use crate::screen::{say, table};
use clap::{Args, Subcommand};
use keys::Suite;
use lens::facts::facts;
use parties::cards::CardHandle;
use parties::trouble::Result;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::Sim;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, DF_PURCHASE, KeyRow, Recipient};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vcard::Image;
use wire::Channel;

/// Verbs of cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take a chip from the factory: a blank of one of our kinds in its transport state, or a plain FMCOS card.
    New(new::New),
    /// Play an APDU script on a card.
    Personalise(personalise::Personalise),
    /// Let virtual cards stand in the slots of pcscd's vpcd driver, where any PC/SC program finds them, until Ctrl-C.
    #[cfg(unix)]
    Serve(serve::Serve),
    /// Show all that a card's image holds: files, keys by their check values, wallets. No APDU is sent.
    Dump(dump::Dump),
    /// Tell what differs between two card images; exit code 1 when something does.
    Diff(diff::Diff),
    /// Put a card on a T=0 line, for a terminal that speaks T=0 itself: one byte a character.
    #[cfg(unix)]
    Line(line::LineOptions),
    /// List the card files of a folder and the folders below it.
    List(List),
    /// Show what a card is: ATR, kind, number, state, keys by their check values.
    Show(Show),
}

/// Options of `card list`.
#[derive(Debug, Args)]
pub struct List {
    /// Folder; default: here.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// Options of `card show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Card file, or a card in a reader: pcsc:READER, pcsc:SERIAL.
    pub card: CardRef,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new::run(global, &options),
        Verb::Personalise(options) => personalise::run(global, &options),
        #[cfg(unix)]
        Verb::Serve(options) => serve::run(global, &options),
        Verb::Dump(options) => dump::run(global, &options),
        Verb::Diff(options) => diff::run(global, &options),
        #[cfg(unix)]
        Verb::Line(options) => line::run(global, &options),
        Verb::List(options) => list(global, &options.folder),
        Verb::Show(options) => show(global, &options.card),
    }
}

fn list(global: &Global, folder: &Path) -> Result<()> {
    let files = cards_below(folder)?;
    let mut rows = Vec::new();
    for file in &files {
        let words = match Image::load(file) {
            Ok(image) => [image.kind.name().to_owned(), format!("{} bytes", image.eeprom.len())],
            Err(error) => ["unreadable".to_owned(), error.to_string()],
        };
        rows.push([vec![file.display().to_string()], words.to_vec()].concat());
    }
    let object = json!({ "cards": rows.iter().map(|row| json!({ "file": row[0], "kind": row[1] })).collect::<Vec<_>>() });
    answer(global, &table(&["file", "kind", "memory"], rows), object);
    Ok(())
}

fn show(global: &Global, card: &CardRef) -> Result<()> {
    let (mut handle, kind) = CardHandle::open_any(global, card)?;
    let atr = hex::encode_upper(handle.reset()?);
    let mut lines = vec![("kind", kind.name().to_owned()), ("ATR", atr)];
    let mut figures = Vec::new();
    let keys = if kind.is_sim() {
        sim_facts(&mut handle, &mut lines)?
    } else {
        fmcos_facts(&mut handle, kind, &mut lines, &mut figures)?
    };
    handle.close()?;
    let all: Vec<_> = lines
        .iter()
        .cloned()
        .chain(figures.iter().map(|figure| (figure.name, figure.text.clone())))
        .collect();
    let mut text = facts(&all);
    if !keys.is_empty() {
        text.push_str("\n\n");
        text.push_str(&table(&["role", "type", "id", "version", "check value"], keys.clone()));
    }
    let mut object = serde_json::Map::new();
    for (name, value) in lines {
        object.insert(name.replace(' ', "_").to_lowercase(), value.into());
    }
    for Figure { field, value, .. } in figures {
        object.insert(field.into(), value);
    }
    let keys: Vec<_> =
        keys.iter().map(|key| json!({ "role": key[0], "version": key[3], "check_value": key[4] })).collect();
    object.insert("keys".into(), keys.into());
    answer(global, &text, object);
    Ok(())
}

/// A value that programs take in another form than people.
struct Figure {
    /// Its name for people.
    name: &'static str,
    /// In words.
    text: String,
    /// Its name in JSON.
    field: &'static str,
    /// Its value there.
    value: Value,
}

impl Figure {
    fn new(name: &'static str, text: impl ToString, field: &'static str, value: impl Into<Value>) -> Self {
        Figure { name, text: text.to_string(), field, value: value.into() }
    }
}

fn fmcos_facts(
    handle: &mut CardHandle,
    kind: CardKind,
    lines: &mut Vec<(&str, String)>,
    figures: &mut Vec<Figure>,
) -> Result<Vec<Vec<String>>> {
    let mut card = Fmcos::new(handle);
    match card.select_mf() {
        // A plain card without its MF answers so; what else may be wrong is no state.
        Err(error) if kind == CardKind::Fmcos && error.sw() == Some(wire::Sw::FUNCTION_BLOCKED) => {
            lines.push(("state", "no master file yet, or blocked".into()));
            return Ok(Vec::new());
        }
        selected => selected?,
    };
    let Ok(info) = card.card_info() else {
        lines.push(("state", "blank, or not finished: no card information".into()));
        return Ok(Vec::new());
    };
    if info.is_older_make() {
        lines.push((
            "make",
            "older (structure 01): it is read and reported, and neither issues nor sells nor credits".into(),
        ));
    }
    lines.push(("number", info.number.iter().map(|byte| format!("{byte:02X}")).collect()));
    if info.region != [0; 4] {
        lines.push(("city", RegionCode(info.region).to_string()));
    }
    lines.push(("state", info.state.name().into()));
    lines.push(("suite", Suite::from_code(info.suite).map_or("unknown".into(), |suite| suite.name().into())));
    if kind == CardKind::Psam {
        card.select_fid(DF_PURCHASE)?;
    }
    let rows = Recipient::Card(kind).keys().iter().filter(|row| row.role != 0);
    let keys = rows.map(|row| key_row(&mut card, row)).collect();
    if kind == CardKind::Esam {
        let mut esam = Esam::new(handle);
        esam.card_info()?; // which layout its files have
        let (parameters, purse) = (esam.parameters()?, esam.purse()?);
        let opened = if parameters.opened { "yes" } else { "no" };
        let customer = parameters.customer.to_string();
        figures.extend([
            Figure::new("opened", opened, "opened", parameters.opened),
            Figure::new("customer", &customer, "customer", customer.as_str()),
            Figure::new("balance", purse.balance, "balance_fen", purse.balance.0),
            Figure::new("credited in all", purse.total_credited, "credited_fen", purse.total_credited.0),
            Figure::new("purchase count", purse.count, "purchase_count", purse.count),
        ]);
    }
    Ok(keys)
}

fn key_row(card: &mut Fmcos<'_>, row: &KeyRow) -> Vec<String> {
    let role = keys::Role::from_code(row.role).map_or("own master", keys::Role::name);
    let mut words = vec![role.to_owned(), format!("{:02X}", row.kind), format!("{:02X}", row.id)];
    match card.key_information(row.kind, row.id) {
        Ok(key) => words.extend([format!("{:02X}", key.version), hex::encode_upper(key.kcv)]),
        Err(error) => words.extend(["-".into(), error.to_string()]),
    }
    words
}

fn sim_facts(handle: &mut CardHandle, lines: &mut Vec<(&str, String)>) -> Result<Vec<Vec<String>>> {
    let mut sim = Sim::new(handle);
    let digits =
        |file: Result<String, scheme::sim::ImsiError>| file.unwrap_or_else(|error| error.to_string());
    lines.push(("ICCID", digits(scheme::sim::iccid_digits(&sim.iccid()?))));
    lines.push(("CHV1", if sim.chv1_enabled()? { "asked for" } else { "off" }.into()));
    match sim.imsi() {
        Ok(file) => lines.push(("IMSI", digits(scheme::sim::imsi_digits(&file)))),
        Err(error) => say(format!("IMSI not read: {error}")),
    }
    if let Some(state) = sim.grid_state()? {
        lines.push(("state", state.name().into()));
    }
    match sim.usim_imsi() {
        Ok(Some(file)) => lines.push(("IMSI of the USIM", digits(scheme::sim::imsi_digits(&file)))),
        Ok(None) => {}
        Err(error) => say(format!("IMSI of the USIM not read: {error}")),
    }
    Ok(Vec::new())
}
