//! `gridcard server person`, `server support`: what is known of one customer, and what is told of the bank to whoever helps.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, say};
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::{self, Desk, SupportRequest, persons};
use parties::trouble::Result;
#[cfg(feature = "service")]
use parties::trouble::Trouble;
use scheme::numbers::CustomerNumber;
#[cfg(feature = "service")]
use serde_json::{Value, json};
#[cfg(feature = "service")]
use service::config::FileConfig;
use std::path::PathBuf;

/// Verbs of one customer's data.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Write everything that is known of a customer into a file, for him.
    Export(Export),
    /// Take out what is known of a customer; two people do. His number, his orders and the ledger stay, and nothing is sold to him any more.
    Erase(Erase),
}

/// Options of `person export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Customer number.
    pub customer: CustomerNumber,
    /// The new file, JSON.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Options of `person erase`.
#[derive(Debug, Args)]
pub struct Erase {
    /// Customer number.
    pub customer: CustomerNumber,
    /// Why.
    #[arg(long)]
    pub note: String,
}

impl Person {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Person::Export(_) => Deed::One("server person export"),
            Person::Erase(_) => Deed::Two("server person erase"),
        }
    }
}

/// Runs a verb of one customer's data.
pub fn person(call: &Call, verb: &Person) -> Result<()> {
    match verb {
        Person::Export(Export { customer, output }) => {
            let report = persons::export(call, &Desk::open(call)?, *customer, output)?;
            let text = facts(&[
                ("customer", report.customer.to_string()),
                ("file", report.file.display().to_string()),
                ("SHA-256", report.sha256.clone()),
            ]);
            answer(call, &text, &report);
        }
        Person::Erase(Erase { customer, note }) => {
            let Some(report) = persons::erase(call, &mut Desk::open(call)?, *customer, note)? else {
                return Ok(());
            };
            let by = format!("{} and {}", report.by, report.second);
            let text = facts(&[("customer", report.customer.to_string()), ("taken out by", by)]);
            answer(call, &text, &report);
            say("copies of the books that were made before still have it: end them when their time is over");
        }
    }
    Ok(())
}

/// Options of `server support`.
#[derive(Debug, Args)]
pub struct Support {
    /// The new file, a tar archive.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// The server's configuration file: what it sets goes in, without what it names.
    #[cfg(feature = "service")]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What a configuration says, without paths: a path names people and places.
#[cfg(feature = "service")]
fn config(options: &Support) -> Result<Option<Value>> {
    let Some(file) = &options.config else { return Ok(None) };
    let said = FileConfig::read(file).map_err(Trouble::new)?;
    Ok(Some(json!({
        "listens_on_port": said.listen.map(|listen| listen.port()),
        "on_this_machine_alone": said.listen.map(|listen| listen.ip().is_loopback()),
        "server": said.server,
        "rate": said.rate,
        "pin_files": said.pin_files.len(),
        "database_file": said.database_file.is_some(),
        "tls": said.tls.is_some(),
    })))
}

/// Runs `server support`.
pub fn support(call: &Call, options: &Support) -> Result<()> {
    #[cfg(feature = "service")]
    let request = SupportRequest { config: config(options)? };
    #[cfg(not(feature = "service"))]
    let request = SupportRequest::default();
    let report = bank::support(call, &Desk::open(call)?, &request, &options.output)?;
    let text = facts(&[
        ("bundle", report.file.display().to_string()),
        ("in it", report.files.join(", ")),
        ("SHA-256", report.sha256.clone()),
    ]);
    answer(call, &text, &report);
    Ok(())
}
