//! `gridcard company`: what the power company says to the bank and is told, by tables.

use crate::call::Call;
use crate::far::{Far, Remote, is_about_all, option_is_near};
use crate::files;
use crate::output::answer;
use crate::screen::{facts, say};
use crate::shared::Database;
use crate::task::Task;
use clap::{Args, Subcommand, ValueEnum};
use parties::Deed;
use parties::bank::company::{
    self, EventsReport, ExportReport, ExportRequest, ImportReport, ImportRequest, Message, Messages,
};
use parties::trouble::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use server::{Blocked, MessageId};
use service::client::Request;
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

/// What the power company says, to the bank's own folder or to a running server.
#[derive(Debug, Args)]
pub struct Company {
    /// The running server, where one is asked.
    #[command(flatten)]
    pub remote: Remote,
    /// What is done.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Company {
    /// What it is, and what does it. What a running server does stands in its own log.
    pub fn task(self) -> Task {
        if self.remote.is_named() {
            return Task::new(Deed::Look, self, |call, company| {
                let far = company.remote.line(call)?;
                match &company.verb {
                    Verb::Import(options) => import_far(&far, options),
                    Verb::Export(options) => export_far(&far, options),
                }
            });
        }
        Task::new(self.verb.deed(), self, |call, company| {
            company.remote.must_be_unnamed()?;
            match &company.verb {
                Verb::Import(options) => import(call, options),
                Verb::Export(options) => export(call, options),
            }
        })
    }
}

impl From<List> for company::List {
    fn from(list: List) -> Self {
        match list {
            List::Contracts => company::List::Contracts,
            List::Tariffs => company::List::Tariffs,
            List::Blocks => company::List::Blocks,
        }
    }
}

fn import(call: &Call, options: &Import) -> Result<()> {
    let (list, source) = (options.list.into(), options.source.clone());
    let request = ImportRequest { file: options.csv.clone(), list, source };
    let mut desk = options.database.desk(call)?;
    match company::import(call, &mut desk, &request)? {
        Some(report) => tell_imported(call, &report),
        None => Ok(()),
    }
}

/// Whether a server was not told this before.
#[derive(Deserialize)]
struct Taken {
    new: bool,
}

/// Sends each line of a table, a message under an id of its own.
fn import_far(far: &Far<'_>, options: &Import) -> Result<()> {
    no_database(&options.database)?;
    let text = files::whole(&options.csv)?;
    let messages = Messages::read(&text[..], options.list.into(), &options.source);
    let mut messages = messages.with_context(|| options.csv.display().to_string())?;
    let ticket = far.ticket(&[options.source.as_bytes(), b"\n", &text].concat())?;
    let (mut report, mut row) = (ImportReport::default(), 0);
    while let Some((line, said)) = messages.message()? {
        let taken = said.and_then(|(id, message)| {
            row += 1;
            Ok(far.send_row::<Taken>(&request(&id, &message)?, &ticket, row)?.new)
        });
        match taken {
            Err(error) if is_about_all(&error) => return Err(error),
            taken => report.note(line, taken),
        }
    }
    ticket.forget()?;
    tell_imported(far.call, &report)
}

fn request(id: &MessageId, message: &Message) -> Result<Request> {
    let MessageId { source, id } = id;
    Ok(match message {
        Message::Contract(new) => Request::to("contract-said")?.fields(json!({
            "source": source, "id": id, "contract": new.contract, "meter": new.meter, "customer": new.customer,
            "tariff": new.tariff, "begins": new.begins.to_string(), "ends": new.ends.map(|ends| ends.to_string()),
        })),
        Message::Tariff(new) => Request::to("tariff-said")?.fields(json!({
            "source": source, "id": id, "tariff": new.tariff, "price_e4": new.price, "begins": new.begins.to_string(),
        })),
        Message::Block(new) => {
            let (customer, meter) = match new.whom {
                Blocked::Customer(customer) => (Some(customer), None),
                Blocked::Meter(meter) => (None, Some(meter)),
            };
            Request::to("block-said")?.fields(json!({
                "source": source, "id": id, "customer": customer, "meter": meter, "blocked": new.blocked,
                "reason": new.reason,
            }))
        }
    })
}

fn tell_imported(call: &Call, report: &ImportReport) -> Result<()> {
    let text = facts(&[
        ("new", report.new.to_string()),
        ("known before", report.again.to_string()),
        ("rejected", report.rejected.len().to_string()),
    ]);
    answer(call, &text, report);
    for line in &report.rejected {
        say(format!("rejected: {line}"));
    }
    report.verdict()
}

fn export(call: &Call, options: &Export) -> Result<()> {
    let report = company::export(call, &options.database.desk(call)?, &options.request())?;
    tell_exported(call, &report);
    Ok(())
}

fn export_far(far: &Far<'_>, options: &Export) -> Result<()> {
    no_database(&options.database)?;
    let report = company::export_from(&options.request(), |last| {
        let request =
            Request::to("events")?.query("after", Some(last)).query("limit", Some(company::EVENTS_MAX));
        Ok(far.look::<EventsReport>(&request)?.events)
    })?;
    tell_exported(far.call, &report);
    Ok(())
}

impl Export {
    /// As the act takes it.
    fn request(&self) -> ExportRequest {
        ExportRequest { after: self.after.into(), file: self.out.clone() }
    }
}

fn tell_exported(call: &Call, report: &ExportReport) {
    let text = format!("{}: {} event(s), the last is {}", report.file, report.events, report.last);
    answer(call, &text, report);
}

fn no_database(database: &Database) -> Result<()> {
    match database.database {
        Some(_) => Err(option_is_near("--database", "a running server has its books")),
        None => Ok(()),
    }
}
