//! Reading a registration file: CSV, one subscription a line.

use crate::registration::{Registration, Sim};
use crate::rules::MAX_AMOUNT;
use core::str::FromStr;
use scheme::money::{Fen, MoneyError};
use scheme::subscription::{Iccid, Imei, Imsi, Msisdn, NumberFault, twelve_digits};
use std::collections::VecDeque;
use std::io::{Cursor, Read};

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Customer number, 12 digits.
    Customer,
    /// Meter number, 12 digits.
    Meter,
    /// Telephone number, `+86...`.
    Msisdn,
    /// Subscriber's identity, 15 digits.
    Imsi,
    /// Identity of the telephone, 15 digits.
    Imei,
    /// Number of the SIM card, 19 or 20 digits.
    Iccid,
    /// Name of the customer; the column may be missing.
    Name,
    /// Amount of the first purchase in yuan; the column may be missing.
    FirstPurchase,
}

impl Column {
    /// All columns, the optional ones last.
    pub const ALL: [Column; 8] = [
        Column::Customer,
        Column::Meter,
        Column::Msisdn,
        Column::Imsi,
        Column::Imei,
        Column::Iccid,
        Column::Name,
        Column::FirstPurchase,
    ];

    /// The name in the header line.
    pub const fn name(self) -> &'static str {
        match self {
            Column::Customer => "customer",
            Column::Meter => "meter",
            Column::Msisdn => "msisdn",
            Column::Imsi => "imsi",
            Column::Imei => "imei",
            Column::Iccid => "iccid",
            Column::Name => "name",
            Column::FirstPurchase => "first_purchase",
        }
    }

    const fn optional(self) -> bool {
        matches!(self, Column::Name | Column::FirstPurchase)
    }
}

/// Why a whole file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The header line lacks columns.
    #[error("the first line must name the columns; missing: {0}")]
    Missing(String),
    /// The header line names a column twice.
    #[error("the column {0} is named twice")]
    Twice(&'static str),
    /// The file could not be read to its end.
    #[error("the file cannot be read: {0}")]
    Read(std::io::Error),
    /// The file is no CSV.
    #[error("the file is not a table of comma-separated values: {0}")]
    Csv(csv::Error),
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// A number is not well formed.
    #[error("{0}")]
    Number(#[from] NumberFault),
    /// The amount is not one.
    #[error("{0}")]
    Money(MoneyError),
    /// The amount is nothing, or more than an order can carry.
    #[error("is {0}; an order carries 0.01 to 999999.99 yuan")]
    Amount(Fen),
    /// More or fewer fields than the header has columns.
    #[error("has {found} fields, the first line names {wanted}")]
    Fields {
        /// Fields there.
        found: usize,
        /// Columns of the header.
        wanted: usize,
    },
    /// Not UTF-8.
    #[error("is not UTF-8 text; save the file as UTF-8")]
    Encoding,
    /// An earlier line of the file has it.
    #[error("stands already in line {line}")]
    InFile {
        /// That line.
        line: u64,
    },
    /// Another customer has it.
    #[error("belongs to customer {customer} already")]
    Taken {
        /// The customer.
        customer: String,
    },
    /// The customer is registered with something else.
    #[error("is registered as {registered:?}; a new SIM is a replacement, not a registration")]
    Differs {
        /// What is registered.
        registered: String,
    },
}

/// A line that was not taken, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {fault}", .column.map(|c| format!(", {}", c.name())).unwrap_or_default())]
pub struct LineError {
    /// 1-based line of the file.
    pub line: u64,
    /// The column at fault; `None` when it is the line as a whole.
    pub column: Option<Column>,
    /// What is wrong.
    pub fault: LineFault,
}

/// A file under way: its columns are known, its lines come one by one, each with its 1-based number in the file.
///
/// Of the file it holds as much as the CSV reader looks ahead, whatever its length.
pub struct Roster<'r> {
    reader: csv::Reader<Counted<Box<dyn Read + 'r>>>,
    record: csv::ByteRecord,
    width: usize,
    places: Places,
    /// Columns that are skipped because nobody knows them.
    pub unknown_columns: Vec<String>,
}

/// A line of the file and its number.
pub type Line = (u64, Result<Registration, LineError>);

impl<'r> Roster<'r> {
    /// Begins to read a file. The first line names the columns, in any order; `name` and `first_purchase` may be
    /// missing. A bad line does not stop the others.
    ///
    /// # Errors
    /// It cannot be read, or has not the columns.
    pub fn read(mut source: impl Read + 'r) -> Result<Self, RosterError> {
        // Spreadsheets put a byte order mark in front.
        let mut head = Vec::new();
        source.by_ref().take(MARK.len() as u64).read_to_end(&mut head).map_err(RosterError::Read)?;
        if head == MARK {
            head.clear();
        }
        let source: Box<dyn Read + 'r> = Box::new(Cursor::new(head).chain(source));
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(Counted {
            source,
            ahead: VecDeque::new(),
            at: 0,
            line: 1,
            after_cr: false,
        });
        let header = reader.byte_headers().map_err(fault_of)?;
        let (width, (places, unknown_columns)) = (header.len(), columns(header)?);
        Ok(Roster { reader, record: csv::ByteRecord::new(), width, places, unknown_columns })
    }
}

impl Iterator for Roster<'_> {
    type Item = Result<Line, RosterError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(fault_of(error))),
        }
        let place = self.record.position().map_or(0, csv::Position::byte);
        let line = self.reader.get_mut().line_of(place);
        let parsed = parse(&self.record, self.width, &self.places);
        Some(Ok((line, parsed.map_err(|(column, fault)| LineError { line, column, fault }))))
    }
}

impl std::fmt::Debug for Roster<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roster").field("unknown_columns", &self.unknown_columns).finish_non_exhaustive()
    }
}

/// UTF-8's byte order mark.
const MARK: &[u8] = b"\xEF\xBB\xBF";

fn fault_of(error: csv::Error) -> RosterError {
    match error.kind() {
        csv::ErrorKind::Io(io) => RosterError::Read(std::io::Error::new(io.kind(), io.to_string())),
        _ => RosterError::Csv(error),
    }
}

/// Counts the lines that pass as an editor shows them; the CSV reader gives the place where it began to look for a
/// record, which may be some empty lines before it.
struct Counted<R> {
    source: R,
    /// What the CSV reader has and nobody has counted yet.
    ahead: VecDeque<u8>,
    /// Place of the first byte ahead.
    at: u64,
    /// Its line.
    line: u64,
    /// Whether the byte before it was a CR: an LF after it ends no other line.
    after_cr: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.source.read(buf)?;
        self.ahead.extend(&buf[..n]);
        Ok(n)
    }
}

impl<R> Counted<R> {
    /// The line of the record the reader began to look for at `byte`; bytes must not go backwards.
    fn line_of(&mut self, byte: u64) -> u64 {
        while let Some(c) = self.ahead.front() {
            let ends_line = *c == b'\r' || (*c == b'\n' && !self.after_cr);
            if self.at >= byte && !matches!(c, b'\r' | b'\n') {
                break;
            }
            self.after_cr = *c == b'\r';
            self.line += u64::from(ends_line);
            self.at += 1;
            self.ahead.pop_front();
        }
        self.line
    }
}

/// Where each known column stands, and the names of the others.
type Places = [Option<usize>; Column::ALL.len()];

fn columns(header: &csv::ByteRecord) -> Result<(Places, Vec<String>), RosterError> {
    let mut places: Places = [None; Column::ALL.len()];
    let mut unknown = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
        match Column::ALL.into_iter().find(|column| column.name() == name) {
            Some(column) if places[column as usize].is_some() => {
                return Err(RosterError::Twice(column.name()));
            }
            Some(column) => places[column as usize] = Some(i),
            None => unknown.push(name),
        }
    }
    let missing: Vec<&str> = Column::ALL
        .into_iter()
        .filter(|column| !column.optional() && places[*column as usize].is_none())
        .map(Column::name)
        .collect();
    if missing.is_empty() { Ok((places, unknown)) } else { Err(RosterError::Missing(missing.join(", "))) }
}

type Fault = (Option<Column>, LineFault);

fn parse(record: &csv::ByteRecord, width: usize, places: &Places) -> Result<Registration, Fault> {
    if record.len() != width {
        return Err((None, LineFault::Fields { found: record.len(), wanted: width }));
    }
    if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
        return Err((None, LineFault::Encoding));
    }
    let text = |column: Column| {
        let field = places[column as usize].and_then(|i| record.get(i));
        field.and_then(|field| std::str::from_utf8(field).ok()).unwrap_or_default()
    };
    Ok(Registration {
        customer: twelve_digits(text(Column::Customer)).map_err(|fault| at(Column::Customer, fault))?,
        meter: twelve_digits(text(Column::Meter)).map_err(|fault| at(Column::Meter, fault))?,
        sim: Sim {
            msisdn: number::<Msisdn>(Column::Msisdn, text(Column::Msisdn))?,
            imsi: number::<Imsi>(Column::Imsi, text(Column::Imsi))?,
            iccid: number::<Iccid>(Column::Iccid, text(Column::Iccid))?,
        },
        imei: number::<Imei>(Column::Imei, text(Column::Imei))?,
        name: Some(text(Column::Name)).filter(|name| !name.is_empty()).map(str::to_owned),
        first_purchase: amount(text(Column::FirstPurchase))
            .map_err(|fault| (Some(Column::FirstPurchase), fault))?,
    })
}

fn at(column: Column, fault: NumberFault) -> Fault {
    (Some(column), LineFault::Number(fault))
}

fn number<T: FromStr<Err = NumberFault>>(column: Column, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|fault| at(column, fault))
}

fn amount(text: &str) -> Result<Option<Fen>, LineFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let fen: Fen = text.parse().map_err(LineFault::Money)?;
    if fen.0 == 0 || fen > MAX_AMOUNT {
        return Err(LineFault::Amount(fen));
    }
    Ok(Some(fen))
}

impl scheme::Fault for RosterError {
    fn code(&self) -> &str {
        match self {
            RosterError::Missing(_) => "roster-missing",
            RosterError::Twice(_) => "roster-twice",
            RosterError::Read(_) => "roster-read",
            RosterError::Csv(_) => "roster-csv",
        }
    }
}

impl scheme::Fault for LineFault {
    fn code(&self) -> &str {
        match self {
            LineFault::Number(_) => "roster-line-number",
            LineFault::Money(_) => "roster-line-money",
            LineFault::Amount(_) => "roster-line-amount",
            LineFault::Fields { .. } => "roster-line-fields",
            LineFault::Encoding => "roster-line-encoding",
            LineFault::InFile { .. } => "roster-line-in-file",
            LineFault::Taken { .. } => "roster-line-taken",
            LineFault::Differs { .. } => "roster-line-differs",
        }
    }
}

impl scheme::Fault for LineError {
    fn code(&self) -> &str {
        self.fault.code()
    }
}
