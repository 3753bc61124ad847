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
use std::io::Read;
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
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportReport {
    /// Messages that were not known before.
    pub new: usize,
    /// Messages that were, word for word.
    pub again: usize,
    /// Lines that were not taken, in words.
    pub rejected: Vec<String>,
}

impl ImportReport {
    /// Notes what became of a line: whether its message was new, or why it was not taken.
    pub fn note(&mut self, line: u64, taken: Result<bool>) {
        match taken {
            Ok(true) => self.new += 1,
            Ok(false) => self.again += 1,
            Err(error) => self.rejected.push(format!("line {line}: {error}")),
        }
    }

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

    /// What it says, in a table that holds this.
    fn message(&self, list: List) -> Result<Message> {
        Ok(match list {
            List::Contracts => Message::Contract(Contract {
                contract: self.must("contract")?,
                meter: self.must("meter")?,
                customer: self.maybe("customer")?,
                tariff: self.maybe("tariff")?,
                begins: self.must("begins")?,
                ends: self.maybe("ends")?,
            }),
            List::Tariffs => Message::Tariff(Tariff {
                tariff: self.must("tariff")?,
                price: self.must("price_e4")?,
                begins: self.must("begins")?,
            }),
            List::Blocks => {
                let whom = match (self.maybe("customer")?, self.maybe("meter")?) {
                    (Some(customer), None) => Blocked::Customer(customer),
                    (None, Some(meter)) => Blocked::Meter(meter),
                    _ => return Err(malformed("a block names either a customer or a meter")),
                };
                let reason = self.maybe("reason")?.unwrap_or_default();
                Message::Block(Block { whom, blocked: self.must("blocked")?, reason })
            }
        })
    }
}

/// What a line of a table says.
#[derive(Debug, Clone)]
pub enum Message {
    /// What a contract is.
    Contract(Contract),
    /// What energy costs.
    Tariff(Tariff),
    /// Whom nothing is sold to.
    Block(Block),
}

/// A table under way: its columns are known, its messages come one by one.
pub struct Messages<R: Read> {
    table: Table<R>,
    header: Vec<String>,
    list: List,
    source: String,
}

/// A message with its id and the 1-based number of its line, or why the line is none.
pub type Numbered = (u64, Result<(MessageId, Message)>);

impl<R: Read> Messages<R> {
    /// Begins to read a table that `source` wrote.
    ///
    /// # Errors
    /// It cannot be read, or has not the columns.
    pub fn read(table: R, list: List, source: &str) -> Result<Self> {
        let table = Table::new(table)?;
        let header: Vec<String> = table.header().iter().map(|name| name.to_ascii_lowercase()).collect();
        must_fit(list, &header)?;
        Ok(Messages { table, header, list, source: source.to_owned() })
    }

    /// The next one; `None` behind the last. A line that is none does not stop the others.
    ///
    /// # Errors
    /// The table cannot be read on.
    pub fn message(&mut self) -> Result<Option<Numbered>> {
        let Some((number, row)) = self.table.row()? else { return Ok(None) };
        let said = row.map_err(|fault| refused(fault.to_string()).into()).and_then(|cells| {
            let names = self.header.iter().map(String::as_str);
            let line = Line(names.zip(cells.iter().map(String::as_str)).collect());
            let id = MessageId { source: self.source.clone(), id: line.must("id")? };
            Ok((id, line.message(self.list)?))
        });
        Ok(Some((number, said)))
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
    let messages = Messages::read(file, request.list, &request.source);
    let mut messages = messages.with_context(|| path.display().to_string())?;
    let people = if request.list == List::Tariffs {
        let Some(two) = two_people(session, &folder, desk.books(), "taking a tariff in")? else {
            return Ok(None);
        };
        log::second(session, two.second());
        Some([two.first.to_string(), two.second()])
    } else {
        None
    };
    let mut report = ImportReport::default();
    desk.together(|desk| {
        while let Some((number, said)) = messages.message()? {
            let taken =
                said.and_then(|(id, message)| take_message(session, desk, &id, message, people.as_ref()));
            match taken {
                // What the books themselves cannot do concerns all lines.
                Err(error) if error.code().starts_with("books-") => return Err(error),
                taken => report.note(number, taken),
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

/// Takes a message in; whether it was new.
fn take_message(
    session: &Session,
    desk: &mut Desk,
    id: &MessageId,
    message: Message,
    people: Option<&[String; 2]>,
) -> Result<bool> {
    let report = match (message, people) {
        (Message::Contract(new), _) => contract(session, desk, id, new)?,
        (Message::Tariff(new), Some(people)) => {
            must_be_tariff(id, &new)?;
            take(session, desk, id, &Said::Tariff(new, people.clone()))?
        }
        (Message::Tariff(_), None) => return Err(refused("a tariff wants two people").into()),
        (Message::Block(new), _) => block(session, desk, id, new)?,
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
const COLUMNS: [&str; 15] = [
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
    "former_customer",
];

/// Writes what the company is told into a table.
///
/// # Errors
/// The file cannot be written; the books cannot be read.
pub fn export(session: &Session, desk: &Desk, request: &ExportRequest) -> Result<ExportReport> {
    export_from(request, |last| Ok(events(session, desk, last, super::EVENTS_MAX)?.events))
}

/// As [`export`], of events that come from elsewhere: `more` gives some of those after an event, and none behind the last.
///
/// # Errors
/// Those of `more`; the file cannot be written.
pub fn export_from(
    request: &ExportRequest,
    mut more: impl FnMut(i64) -> Result<Vec<EventLine>>,
) -> Result<ExportReport> {
    let (mut last, mut count) = (request.after, 0);
    let mut table = TableWriter::new(Vec::new());
    table.row(COLUMNS)?;
    loop {
        let found = more(last)?;
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
        event.kind.to_string(),
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
        text(event.former_customer),
    ]
}
