//! Reading a registration file: a table, one subscription a line.

use crate::registration::{Customer, Held, Sim};
use crate::rules::MAX_AMOUNT;
use core::str::FromStr;
use disk::table::{RowFault, Table, TableError};
use scheme::fault::{Hint, told};
use scheme::moment::Moment;
use scheme::money::{Fen, MoneyError};
use scheme::numbers::NumberError;
use scheme::subscription::{Doubt, NumberFault};
use std::io::Read;

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Customer number, 12 digits.
    Customer,
    /// Meter number, 12 digits; `-` of a customer who has none yet.
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
    /// The file is no table.
    #[error("this is no table of customers: {0}")]
    Table(#[from] TableError),
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// A number is not well formed.
    #[error("{0}")]
    Number(#[from] NumberFault),
    /// A customer's or meter's number is none.
    #[error("{0}")]
    Device(#[from] NumberError),
    /// The amount is not one.
    #[error("{0}")]
    Money(MoneyError),
    /// The amount is nothing, or more than an order can carry.
    #[error("is {0}; an order carries 0.01 to 999999.99 yuan")]
    Amount(Fen),
    /// The line cannot be read.
    #[error("{0}")]
    Row(#[from] RowFault),
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
    /// Another office has it: what is registered there is not told.
    #[error("is registered already, at another office")]
    Elsewhere,
    /// It was his, and is not any more.
    #[error(
        "was a meter of this customer until {until}: a hand-over or a change of meter gives it back to him"
    )]
    Had {
        /// Until when.
        until: Moment,
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
#[error("line {line}{}: {}", .column.map(|c| format!(", {}", c.name())).unwrap_or_default(), told(.fault))]
pub struct LineError {
    /// 1-based line of the file.
    pub line: u64,
    /// The column at fault; `None` when it is the line as a whole.
    pub column: Option<Column>,
    /// What is wrong.
    pub fault: LineFault,
}

/// A line that was taken although something speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {}: {doubt}", Column::Iccid.name())]
pub struct LineDoubt {
    /// 1-based line of the file.
    pub line: u64,
    /// What speaks against its ICCID.
    pub doubt: Doubt,
}

/// A file under way: its columns are known, its lines come one by one, each with its 1-based number in the file.
///
/// Of the file it holds as much as the reader looks ahead, whatever its length.
pub struct Roster<'r> {
    table: Table<Box<dyn Read + 'r>>,
    places: Places,
    /// The office that registers; the head office, `""`, sees all customers.
    pub office: String,
    /// Columns that are skipped because nobody knows them.
    pub unknown_columns: Vec<String>,
    /// When what it says is written down.
    pub at: Option<Moment>,
}

/// What the cell of a meter has when there is none.
pub const NO_METER: &str = "-";

/// A line of the file and its number: a customer with one meter, or with none.
pub type Line = (u64, Result<Customer, LineError>);

impl<'r> Roster<'r> {
    /// Begins to read a file. The first line names the columns, in any order; `name` and `first_purchase` may be
    /// missing. A bad line does not stop the others.
    ///
    /// # Errors
    /// It cannot be read, or has not the columns.
    pub fn read(source: impl Read + 'r) -> Result<Self, RosterError> {
        let table = Table::new(Box::new(source) as Box<dyn Read + 'r>)?;
        let (places, unknown_columns) = columns(table.header())?;
        Ok(Roster { table, places, office: String::new(), unknown_columns, at: None })
    }

    /// The same, written down at this moment.
    pub fn dated(self, at: Moment) -> Self {
        Roster { at: Some(at), ..self }
    }
}

impl Iterator for Roster<'_> {
    type Item = Result<Line, RosterError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, row) = match self.table.row() {
            Ok(row) => row?,
            Err(error) => return Some(Err(TableError::Read(error).into())),
        };
        let parsed = match row {
            Ok(cells) => parse(&cells, &self.places),
            Err(fault) => Err((None, fault.into())),
        };
        Some(Ok((line, parsed.map_err(|(column, fault)| LineError { line, column, fault }))))
    }
}

impl core::fmt::Debug for Roster<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Roster").field("unknown_columns", &self.unknown_columns).finish_non_exhaustive()
    }
}

/// Where each known column stands, and the names of the others.
type Places = [Option<usize>; Column::ALL.len()];

fn columns(header: &[String]) -> Result<(Places, Vec<String>), RosterError> {
    let mut places: Places = [None; Column::ALL.len()];
    let mut unknown = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let name = name.to_ascii_lowercase();
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

fn parse(cells: &[String], places: &Places) -> Result<Customer, Fault> {
    let text = |column: Column| places[column as usize].and_then(|i| cells.get(i)).map_or("", String::as_str);
    let meter = match text(Column::Meter) {
        NO_METER => None,
        meter => Some(number(Column::Meter, meter)?),
    };
    let customer = Customer {
        customer: number(Column::Customer, text(Column::Customer))?,
        sim: Sim {
            msisdn: number(Column::Msisdn, text(Column::Msisdn))?,
            imsi: number(Column::Imsi, text(Column::Imsi))?,
            iccid: number(Column::Iccid, text(Column::Iccid))?,
        },
        imei: number(Column::Imei, text(Column::Imei))?,
        name: Some(text(Column::Name)).filter(|name| !name.is_empty()).map(str::to_owned),
        meters: Vec::new(),
    };
    let first_purchase =
        amount(text(Column::FirstPurchase)).map_err(|fault| (Some(Column::FirstPurchase), fault))?;
    let meters = meter.map(|meter| Held { meter, first_purchase }).into_iter().collect();
    Ok(Customer { meters, ..customer })
}

fn number<T: FromStr<Err: Into<LineFault>>>(column: Column, text: &str) -> Result<T, Fault> {
    if text.is_empty() {
        return Err((Some(column), NumberFault::Empty.into()));
    }
    text.parse().map_err(|fault: T::Err| (Some(column), fault.into()))
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
            RosterError::Table(_) => "roster-table",
        }
    }
}

impl scheme::Fault for LineFault {
    fn code(&self) -> &str {
        match self {
            LineFault::Number(_) => "roster-line-number",
            LineFault::Device(_) => "roster-line-device",
            LineFault::Money(_) => "roster-line-money",
            LineFault::Amount(_) => "roster-line-amount",
            LineFault::Row(_) => "roster-line-row",
            LineFault::InFile { .. } => "roster-line-in-file",
            LineFault::Taken { .. } => "roster-line-taken",
            LineFault::Elsewhere => "roster-line-elsewhere",
            LineFault::Had { .. } => "roster-line-had",
            LineFault::Differs { .. } => "roster-line-differs",
        }
    }

    fn hint(&self) -> Hint {
        match self {
            LineFault::Number(fault) => fault.hint(),
            LineFault::Device(fault) => fault.hint(),
            _ => None,
        }
    }
}

impl scheme::Fault for LineError {
    fn code(&self) -> &str {
        self.fault.code()
    }
}
