//! `gridcard card`: virtual cards as things.

use crate::args::Global;
use crate::bay::Bay;
use crate::clock::{entropy, random};
use crate::factory;
use crate::fail::refused;
use crate::nouns::kdc::suite;
use crate::output::{answer, facts, say, table};
use ::kdc::ids::Serial;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use keys::Suite;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::Sim;
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Image;
use wire::Channel;
use wire::bcd::RegionCode;
use wire::profile::{CardKind, DF_PURCHASE, KeyRow, Recipient};

/// Verbs of cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take a blank chip from the factory, in its transport state.
    New(New),
    /// List the card files of a folder and the folders below it.
    List(List),
    /// Show what a card is: ATR, kind, number, state, keys by their check values.
    Show(Show),
}

/// Options of `card new`.
#[derive(Debug, Args)]
pub struct New {
    /// Card file to make.
    pub file: PathBuf,
    /// main-control, psam-issuing, esam-issuing, psam or esam (SIMs: `gridcard sim new`).
    #[arg(long, value_parser = kind)]
    pub kind: CardKind,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Serial of the chip, 16 hexadecimal digits; default: random.
    #[arg(long)]
    pub serial: Option<Serial>,
    /// Allow this file to hold keys of a formal root, in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
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
    /// Card file.
    pub file: PathBuf,
}

fn kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(CardKind::Sim) => Err("a SIM comes with its file tree: use `gridcard sim new`".into()),
        Some(CardKind::TestCard) | None => {
            Err("a kind is main-control, psam-issuing, esam-issuing, psam or esam".into())
        }
        Some(kind) => Ok(kind),
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new(global, &options),
        Verb::List(options) => list(global, &options.folder),
        Verb::Show(options) => show(global, &options.file),
    }
}

fn new(global: &Global, options: &New) -> Result<()> {
    let serial = match options.serial {
        Some(serial) => serial.0,
        None => random(&mut *entropy(global, "serial")),
    };
    factory::blank(
        options.kind,
        options.suite,
        serial,
        options.formal_on_virtual,
        entropy(global, "factory"),
    )?
    .save_new(&options.file, true)?;
    let text =
        format!("a blank {} chip ({}), serial {}", options.kind.name(), options.suite.name(), Serial(serial));
    answer(
        global,
        &text,
        json!({ "file": options.file.display().to_string(), "kind": options.kind.name(), "serial": Serial(serial).to_string() }),
    );
    Ok(())
}

fn list(global: &Global, folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
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

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() && !path.is_symlink() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "card") {
            files.push(path);
        }
    }
    Ok(())
}

fn show(global: &Global, file: &Path) -> Result<()> {
    let kind = Image::load(file)?.kind;
    let mut bay = Bay::open(global, file, kind)?;
    let atr = hex::encode_upper(bay.reset()?);
    let mut lines = vec![("kind", kind.name().to_owned()), ("ATR", atr)];
    let keys = if kind == CardKind::Sim {
        sim_facts(&mut bay, &mut lines)?
    } else {
        fmcos_facts(&mut bay, kind, &mut lines)?
    };
    bay.close()?;
    let mut text = facts(&lines);
    if !keys.is_empty() {
        text.push_str("\n\n");
        text.push_str(&table(&["role", "type", "id", "version", "check value"], keys.clone()));
    }
    let mut object = serde_json::Map::new();
    for (name, value) in lines {
        object.insert(name.replace(' ', "_").to_lowercase(), value.into());
    }
    let keys: Vec<_> =
        keys.iter().map(|key| json!({ "role": key[0], "version": key[3], "check_value": key[4] })).collect();
    object.insert("keys".into(), keys.into());
    answer(global, &text, object.into());
    Ok(())
}

fn fmcos_facts(bay: &mut Bay, kind: CardKind, lines: &mut Vec<(&str, String)>) -> Result<Vec<Vec<String>>> {
    let mut card = Fmcos::new(bay);
    card.select_mf()?;
    let Ok(info) = card.card_info() else {
        lines.push(("state", "blank, or not finished: no card information".into()));
        return Ok(Vec::new());
    };
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
        let mut esam = Esam::new(bay);
        let (parameters, purse) = (esam.parameters()?, esam.purse()?);
        lines.push(("opened", if parameters.opened { "yes" } else { "no" }.into()));
        lines.push(("customer", parameters.customer.to_string()));
        lines.push(("balance", purse.balance.to_string()));
        lines.push(("credited in all", purse.total_credited.to_string()));
        lines.push(("purchase count", purse.count.to_string()));
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

fn sim_facts(bay: &mut Bay, lines: &mut Vec<(&str, String)>) -> Result<Vec<Vec<String>>> {
    let mut sim = Sim::new(bay);
    let digits = |file: Result<String, wire::sim::ImsiError>| file.unwrap_or_else(|error| error.to_string());
    lines.push(("ICCID", digits(wire::sim::iccid_digits(&sim.iccid()?))));
    lines.push(("CHV1", if sim.chv1_enabled()? { "asked for" } else { "off" }.into()));
    match sim.imsi() {
        Ok(file) => lines.push(("IMSI", digits(wire::sim::imsi_digits(&file)))),
        Err(error) => say(format!("IMSI not read: {error}")),
    }
    if let Some(state) = sim.grid_state()? {
        lines.push(("state", state.name().into()));
    }
    Ok(Vec::new())
}

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A refusal for a file that must not be there.
pub fn must_not_exist(path: &Path) -> Result<()> {
    if path.exists() { Err(refused(format!("{} is there already", shown(path))).into()) } else { Ok(()) }
}
