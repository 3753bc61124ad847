//! The same by tables: what a company's program writes and reads that does not speak HTTP.

use super::{EventLine, block, contract, events, malformed, must_be_tariff, take};
use crate::bank::desk::Desk;
use crate::bank::selling::two_people;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use crate::{home, log};
use disk::table::{Table, TableWriter};
use scheme::moment::iso;
use serde::Serialize;
use server::company::Contract;
use server::{Block, Blocked, MessageId, Said, Tariff};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Contracts: `id`, `contract`, `meter`, `begins`, and perhaps `customer`, `tariff`, `ends`.
    Contracts,
    /// Tariffs: `id`, `tariff`, `price_e4`, `begins`.
    Tariffs,
    /// Blocks: `id`, `blocked`, `customer` or `meter`, and perhaps `reason`.
    Blocks,
}

impl List {
    /// The columns it may have; the first so many it must.
    const fn columns(self) -> (&'static [&'static str], usize) {
        match self {
            List::Contracts => (&["id", "contract", "meter", "begins", "customer", "tariff", "ends"], 4),
            List::Tariffs => (&["id", "tariff", "price_e4", "begins"], 4),
            List::Blocks => (&["id", "blocked", "customer", "meter", "reason"], 2),
        }
    }
}

/// A table of the company.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The file.
    pub file: PathBuf,
    /// What it holds.
    pub list: List,
    /// Who wrote it.
    pub source: String,
}

/// What became of a table.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// Messages that were not known before.
    pub new: usize,
    /// Messages that were, word for word.
    pub again: usize,
    /// Lines that were not taken, in words.
    pub rejected: Vec<String>,
}

impl ImportReport {
    /// Whether every line was taken.
    ///
    /// # Errors
    /// How many were not.
    pub fn verdict(&self) -> Result<()> {
        if self.rejected.is_empty() {
            Ok(())
        } else {
            Err(refused(format!("{} line(s) were rejected", self.rejected.len())).into())
        }
    }
}

/// The cells of a line, by the names of their columns.
struct Line<'a>(BTreeMap<&'a str, &'a str>);

impl Line<'_> {
    fn maybe<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<Option<T>> {
        match self.0.get(column) {
            None | Some(&"") => Ok(None),
            Some(text) => match text.parse() {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(malformed(format!("{column}: {error}"))),
            },
        }
    }

    fn must<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T> {
        self.maybe(column)?.ok_or_else(|| malformed(format!("{column} is missing")))
    }
}

/// Takes a table in, all lines in one transaction; a line that is not taken does not stop the others. Tariffs want two people.
/// `None`: a request for the second was written in its place.
///
/// # Errors
/// The file cannot be read, or has not the columns; one person where two are wanted.
pub fn import(session: &Session, desk: &mut Desk, request: &ImportRequest) -> Result<Option<ImportReport>> {
    let folder = desk.folder(session)?;
    let path = &request.file;
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut table = Table::new(file).with_context(|| path.display().to_string())?;
    let header: Vec<String> = table.header().iter().map(|name| name.to_ascii_lowercase()).collect();
    must_fit(request.list, &header).with_context(|| path.display().to_string())?;
    let people = if request.list == List::Tariffs {
        let Some(two) = two_people(session, &folder, desk.books(), "taking a tariff in")? else {
            return Ok(None);
        };
        log::fact(session, "second", two.second());
        Some([two.first.to_string(), two.second()])
    } else {
        None
    };
    let mut report = ImportReport { new: 0, again: 0, rejected: Vec::new() };
    desk.together(|desk| {
        while let Some((number, row)) = table.row()? {
            let taken = row.map_err(|fault| refused(fault.to_string()).into()).and_then(|cells| {
                let line =
                    Line(header.iter().map(String::as_str).zip(cells.iter().map(String::as_str)).collect());
                take_line(session, desk, request, &line, people.as_ref())
            });
            match taken {
                Ok(true) => report.new += 1,
                Ok(false) => report.again += 1,
                // What the books themselves cannot do concerns all lines.
                Err(error) if error.code().starts_with("books-") => return Err(error),
                Err(error) => report.rejected.push(format!("line {number}: {error}")),
            }
        }
        Ok(())
    })?;
    log::fact(session, "new", report.new);
    Ok(Some(report))
}

fn must_fit(list: List, header: &[String]) -> Result<()> {
    let (known, must) = list.columns();
    let wrong = |words: String| Err(refused(words).code("company-columns").into());
    if let Some(missing) = known[..must].iter().find(|name| header.iter().all(|column| column != *name)) {
        return wrong(format!("the column {missing} is missing"));
    }
    match header.iter().find(|column| !known.contains(&column.as_str())) {
        Some(other) => {
            wrong(format!("the column {other} is not known here; these are: {}", known.join(", ")))
        }
        None => Ok(()),
    }
}

/// Takes a line in; whether it was new.
fn take_line(
    session: &Session,
    desk: &mut Desk,
    request: &ImportRequest,
    line: &Line<'_>,
    people: Option<&[String; 2]>,
) -> Result<bool> {
    let id = MessageId { source: request.source.clone(), id: line.must("id")? };
    let report = match (request.list, people) {
        (List::Contracts, _) => {
            let new = Contract {
                contract: line.must("contract")?,
                meter: line.must("meter")?,
                customer: line.maybe("customer")?,
                tariff: line.maybe("tariff")?,
                begins: line.must("begins")?,
                ends: line.maybe("ends")?,
            };
            contract(session, desk, &id, new)?
        }
        (List::Tariffs, Some(people)) => {
            let new = Tariff {
                tariff: line.must("tariff")?,
                price: line.must("price_e4")?,
                begins: line.must("begins")?,
            };
            must_be_tariff(&id, &new)?;
            take(session, desk, &id, &Said::Tariff(new, people.clone()))?
        }
        (List::Tariffs, None) => return Err(refused("a tariff wants two people").into()),
        (List::Blocks, _) => {
            let whom = match (line.maybe("customer")?, line.maybe("meter")?) {
                (Some(customer), None) => Blocked::Customer(customer),
                (None, Some(meter)) => Blocked::Meter(meter),
                _ => {
                    return Err(malformed("a block names either a customer or a meter"));
                }
            };
            let reason = line.maybe("reason")?.unwrap_or_default();
            block(session, desk, &id, Block { whom, blocked: line.must("blocked")?, reason })?
        }
    };
    Ok(report.new)
}

/// Events for a table.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// Those after the event of this number.
    pub after: i64,
    /// The table; what stands there before is replaced.
    pub file: PathBuf,
}

/// A table that was written.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// Where.
    pub file: String,
    /// Events in it.
    pub events: usize,
    /// The number of the last one; the next table goes on after it.
    pub last: i64,
}

/// The columns of a table of events.
const COLUMNS: [&str; 14] = [
    "number",
    "kind",
    "at",
    "office",
    "customer",
    "meter",
    "serial",
    "order",
    "count",
    "amount_fen",
    "balance_fen",
    "register",
    "at_meter",
    "former_meter",
];

/// Writes what the company is told into a table.
///
/// # Errors
/// The file cannot be written; the books cannot be read.
pub fn export(session: &Session, desk: &Desk, request: &ExportRequest) -> Result<ExportReport> {
    let (mut last, mut count) = (request.after, 0);
    let mut table = TableWriter::new(Vec::new());
    table.row(COLUMNS)?;
    loop {
        let found = events(session, desk, last, super::EVENTS_MAX)?.events;
        let Some(end) = found.last() else { break };
        last = end.number;
        count += found.len();
        for event in &found {
            table.row(row(event))?;
        }
    }
    let bytes = table.finish()?;
    home::write(&request.file, &bytes)?;
    Ok(ExportReport { file: request.file.display().to_string(), events: count, last })
}

fn row(event: &EventLine) -> [String; COLUMNS.len()] {
    fn text(value: Option<impl Display>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    [
        event.number.to_string(),
        event.kind.to_owned(),
        iso(&event.at.to_string()),
        event.office.clone(),
        text(event.customer),
        text(event.meter),
        text(event.serial.as_ref()),
        text(event.order),
        text(event.count),
        text(event.amount_fen),
        text(event.balance_fen),
        text(event.register),
        event.at_meter.map(|time| iso(&time.to_string())).unwrap_or_default(),
        text(event.former_meter),
    ]
}
