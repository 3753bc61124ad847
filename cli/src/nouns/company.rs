//! `gridcard company`: what the power company says to the bank and is told, by tables.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, say};
use crate::shared::Database;
use clap::{Args, Subcommand, ValueEnum};
use parties::Deed;
use parties::bank::company::{self, ExportRequest, ImportRequest};
use parties::trouble::Result;
use std::path::PathBuf;

/// Verbs of the company.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take in contracts, tariffs or blocks from a CSV; each line is a message, and the same line again changes nothing. Tariffs want
    /// two people.
    Import(Import),
    /// Write what was sold, settled, read and changed into a CSV, with numbers that rise by one.
    Export(Export),
}

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum List {
    /// Columns id, contract, meter, begins; and customer, tariff, ends where they are known.
    Contracts,
    /// Columns id, tariff, `price_e4` (ten-thousandths of a yuan for a kilowatt-hour), begins.
    Tariffs,
    /// Columns id, blocked (true or false), customer or meter; and reason.
    Blocks,
}

/// Options of `company import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What it holds.
    #[arg(value_enum)]
    pub list: List,
    /// The CSV.
    pub csv: PathBuf,
    /// Who wrote it, 1 to 32 characters: ids are his own.
    #[arg(long, value_name = "NAME")]
    pub source: String,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

/// Options of `company export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The CSV; one that stands there is replaced.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The number of the last event that the company has.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub after: u32,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Import(Import { list: List::Contracts, .. }) => Deed::One("company contract"),
            Verb::Import(Import { list: List::Tariffs, .. }) => Deed::Two("company tariff"),
            Verb::Import(Import { list: List::Blocks, .. }) => Deed::One("company block"),
            Verb::Export(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Import(options) => import(call, options),
        Verb::Export(options) => export(call, options),
    }
}

fn import(call: &Call, options: &Import) -> Result<()> {
    let list = match options.list {
        List::Contracts => company::List::Contracts,
        List::Tariffs => company::List::Tariffs,
        List::Blocks => company::List::Blocks,
    };
    let request = ImportRequest { file: options.csv.clone(), list, source: options.source.clone() };
    let mut desk = options.database.desk(call)?;
    let Some(report) = company::import(call, &mut desk, &request)? else { return Ok(()) };
    let text = facts(&[
        ("new", report.new.to_string()),
        ("known before", report.again.to_string()),
        ("rejected", report.rejected.len().to_string()),
    ]);
    answer(call, &text, &report);
    for line in &report.rejected {
        say(format!("rejected: {line}"));
    }
    report.verdict()
}

fn export(call: &Call, options: &Export) -> Result<()> {
    let request = ExportRequest { after: options.after.into(), file: options.out.clone() };
    let report = company::export(call, &options.database.desk(call)?, &request)?;
    let text = format!("{}: {} event(s), the last is {}", report.file, report.events, report.last);
    answer(call, &text, &report);
    Ok(())
}
