//! `gridcard server open`, `server psam add | list | remove`: PSAMs come to the bank and leave it.

use crate::call::Call;
use crate::output::answer;
use crate::screen::table;
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::{AddReport, AddRequest, RemoveRequest, psams};
use parties::trouble::Result;
use scheme::CardRef;
use scheme::numbers::DeviceNumber;
use std::path::PathBuf;

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
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Add(options) => taken_in(call, &psams::add(call, &options.get())?),
        Verb::List => list(call)?,
        Verb::Remove(options) => remove(call, options)?,
    }
    Ok(())
}

/// Runs `server open`.
pub fn open(call: &Call, options: &Add) -> Result<()> {
    taken_in(call, &psams::open(call, &options.get())?);
    Ok(())
}

impl Add {
    /// As the act takes it.
    fn get(&self) -> AddRequest {
        AddRequest { psam: self.psam.clone(), server_key: self.server_key.clone() }
    }
}

fn taken_in(call: &Call, report: &AddReport) {
    let text = format!("the bank works with PSAM {} ({}): {}", report.number, report.keys, report.psam);
    answer(call, &text, report);
}

fn list(call: &Call) -> Result<()> {
    let report = psams::list(call)?;
    if report.psams.is_empty() {
        answer(call, "the bank has no PSAM at hand", &report);
        return Ok(());
    }
    let lines = report.psams.iter().map(|psam| {
        let sealed = psam.sealed.map_or("-".to_owned(), |sealed| sealed.to_string());
        vec![psam.number.to_string(), psam.keys.to_string(), sealed, psam.not_settled.to_string()]
    });
    answer(call, &table(&["PSAM", "keys", "sealed", "not settled"], lines.collect()), &report);
    Ok(())
}

fn remove(call: &Call, options: &Remove) -> Result<()> {
    let request = RemoveRequest { number: options.number, to: options.to.clone() };
    let report = psams::remove(call, &request)?;
    let text = format!("PSAM {} works here no more; what was here of it is in {}", report.number, report.to);
    answer(call, &text, &report);
    Ok(())
}
