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
use crate::screen::{facts, say, table};
use clap::{Args, Subcommand};
use keys::Suite;
use lens::apdu::key_role;
use parties::cards::CardHandle;
use parties::trouble::Result;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::Sim;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, DF_PURCHASE, KeyRow, PREVIOUS_MASTER, Recipient};
use scheme::sim::{iccid_digits, imsi_digits};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vcard::Image;
use wire::Channel;

/// What a table shows where there is nothing.
const NONE: &str = "-";

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
    let mut lines = Facts::default();
    lines.add("kind", kind.name());
    lines.add("ATR", atr);
    let keys = if kind.is_sim() {
        sim_facts(&mut handle, &mut lines)?
    } else {
        fmcos_facts(&mut handle, kind, &mut lines)?
    };
    handle.close()?;
    let mut text = facts(&lines.words());
    if !keys.is_empty() {
        text.push_str("\n\n");
        text.push_str(&table(&["role", "type", "id", "version", "check value"], keys.clone()));
    }
    let mut object = serde_json::Map::new();
    for Fact { field, value, .. } in lines.0 {
        object.insert(field, value);
    }
    let told = |word: &String| Some(word.clone()).filter(|word| word != NONE);
    let key = |key: &Vec<String>| json!({ "role": key[0], "version": told(&key[3]), "check_value": key[4] });
    let keys: Vec<_> = keys.iter().map(key).collect();
    object.insert("keys".into(), keys.into());
    answer(global, &text, object);
    Ok(())
}

/// What a card is, each by its name for people and its name in JSON; a value that it has not is `-`, and `null`.
#[derive(Default)]
struct Facts(Vec<Fact>);

struct Fact {
    name: &'static str,
    text: String,
    field: String,
    value: Value,
}

impl Facts {
    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.maybe(name, Some(value.into()));
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        let text = value.clone().unwrap_or_else(|| "-".into());
        self.0.push(Fact { name, text, field: name.replace(' ', "_").to_lowercase(), value: value.into() });
    }

    /// One that programs take in another form than people.
    fn figure(&mut self, name: &'static str, text: impl ToString, field: &str, value: impl Into<Value>) {
        self.0.push(Fact { name, text: text.to_string(), field: field.into(), value: value.into() });
    }

    fn words(&self) -> Vec<(&'static str, String)> {
        self.0.iter().map(|fact| (fact.name, fact.text.clone())).collect()
    }
}

fn fmcos_facts(handle: &mut CardHandle, kind: CardKind, lines: &mut Facts) -> Result<Vec<Vec<String>>> {
    let mut card = Fmcos::new(handle);
    match card.select_mf() {
        // A plain card without its MF answers so; what else may be wrong is no state.
        Err(error) if kind == CardKind::Fmcos && error.sw() == Some(wire::Sw::FUNCTION_BLOCKED) => {
            lines.add("state", "no master file yet, or blocked");
            return Ok(Vec::new());
        }
        selected => selected?,
    };
    let Ok(info) = card.card_info() else {
        lines.add("state", "blank, or not finished: no card information");
        return Ok(Vec::new());
    };
    if info.is_older_make() {
        lines.add(
            "make",
            "older (structure 01): it is read and reported, and neither issues nor sells nor credits",
        );
    }
    lines.add("number", info.number.iter().map(|byte| format!("{byte:02X}")).collect::<String>());
    if info.region != [0; 4] {
        lines.add("city", RegionCode(info.region).to_string());
    }
    lines.add("state", info.state.name());
    lines.add("suite", Suite::from_code(info.suite).map_or("unknown", |suite| suite.name()));
    // Cards for purchases have their keys where the purchase is.
    if matches!(kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let rows = Recipient::Card(kind).keys().iter().filter(|row| row.role != 0);
    let rows: Result<Vec<_>> = rows.map(|row| key_row(&mut card, row)).collect();
    let keys = rows?.into_iter().flatten().collect();
    if kind == CardKind::Esam {
        let mut esam = Esam::new(handle);
        esam.card_info()?; // which layout its files have
        let (parameters, purse) = (esam.parameters()?, esam.purse()?);
        lines.figure("opened", if parameters.opened { "yes" } else { "no" }, "opened", parameters.opened);
        lines.add("customer", parameters.customer.to_string());
        lines.figure("balance", purse.balance, "balance_fen", purse.balance.0);
        lines.figure("credited in all", purse.total_credited, "credited_fen", purse.total_credited.0);
        lines.figure("purchase count", purse.count, "purchase_count", purse.count);
    }
    Ok(keys)
}

/// A row of the table of keys; `None` of the earlier master, which a card of the first version has not.
fn key_row(card: &mut Fmcos<'_>, row: &KeyRow) -> Result<Option<Vec<String>>> {
    let mut words = vec![key_role(row).to_owned(), format!("{:02X}", row.kind), format!("{:02X}", row.id)];
    match card.key_information(row.kind, row.id) {
        Ok(key) => {
            let version = key.has_version().then(|| format!("{:02X}", key.version));
            words.extend([version.unwrap_or_else(|| NONE.into()), hex::encode_upper(key.kcv)]);
        }
        Err(error) if error.sw() == Some(wire::Sw::KEY_NOT_FOUND) => {
            if row.id == PREVIOUS_MASTER {
                return Ok(None);
            }
            words.extend([NONE.into(), "no such key".into()]);
        }
        // A card that does not tell is no error of whoever looks.
        Err(error) if error.sw().is_some() => words.extend([NONE.into(), "not told".into()]),
        Err(error) => return Err(error.into()),
    }
    Ok(Some(words))
}

fn sim_facts(handle: &mut CardHandle, lines: &mut Facts) -> Result<Vec<Vec<String>>> {
    let mut sim = Sim::new(handle);
    lines.maybe("ICCID", iccid_digits(&sim.iccid()?));
    lines.add("CHV1", if sim.chv1_enabled()? { "asked for" } else { "off" });
    match sim.imsi() {
        Ok(file) => lines.maybe("IMSI", imsi_digits(&file)),
        Err(error) => say(format!("IMSI not read: {error}")),
    }
    if let Some(state) = sim.grid_state()? {
        lines.add("state", state.name());
    }
    match sim.usim_imsi() {
        Ok(Some(file)) => lines.maybe("IMSI of the USIM", imsi_digits(&file)),
        Ok(None) => {}
        Err(error) => say(format!("IMSI of the USIM not read: {error}")),
    }
    Ok(Vec::new())
}
