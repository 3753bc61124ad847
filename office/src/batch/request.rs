//! Request files: tables whose first line names the columns, one card a line, read line by line so that a million
//! lines take no more memory than a thousand.
//!
//! | kind | column that must be there | columns that may be there |
//! |---|---|---|
//! | esam | `number` (or `meter`), 12 digits | `serial` (16 hexadecimal digits), `ceiling` (yuan) |
//! | psam | `number`, 12 digits | `serial` |
//! | sim | `iccid` (or `number`), `imsi` | `msisdn` |
//!
//! Columns stand in any order; what spreadsheets put around a table is passed over (`disk::table`).

use super::error::{BatchError, RequestFault};
use disk::table::{Table, TableError};
use issue::plan::CEILING_MAX;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, NumberError, Serial};
use scheme::profile::CardKind;
use scheme::subscription::{Iccid, Imsi, NumberFault, PhoneNumber};
use serde::{Deserialize, Serialize};
use std::io::Read;

/// What a line says beside number and serial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Ceiling of an ESAM's purse in fen; `None` for the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling_fen: Option<u32>,
    /// IMSI of a SIM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// Telephone number of a SIM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
}

impl Details {
    pub(crate) fn to_text(&self) -> String {
        if *self == Details::default() {
            return String::new();
        }
        serde_json::to_string(self).unwrap_or_default() // plain texts and a number always have a JSON form
    }

    /// What [`Details::to_text`] wrote; nothing for text that is none of it.
    pub(crate) fn from_text(text: &str) -> Self {
        if text.is_empty() { Details::default() } else { serde_json::from_str(text).unwrap_or_default() }
    }
}

/// One line of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// Number of the card: device number, or ICCID.
    pub number: String,
    /// The chip it must be.
    pub serial: Option<Serial>,
    /// What else the line says.
    pub details: Details,
}

/// Places of the columns.
struct Columns {
    kind: CardKind,
    number: usize,
    serial: Option<usize>,
    ceiling: Option<usize>,
    imsi: Option<usize>,
    msisdn: Option<usize>,
}

impl Columns {
    fn of(kind: CardKind, header: &[String]) -> Result<Self, BatchError> {
        let bad = |what: String| BatchError::Header { what };
        let known: &[&[&str]] = match kind {
            CardKind::Sim => &[&["iccid", "number"], &["imsi"], &["msisdn"]],
            CardKind::Esam => &[&["number", "meter"], &["serial"], &["ceiling"]],
            _ => &[&["number"], &["serial"]],
        };
        let mut places = [None; 3];
        for (place, name) in header.iter().enumerate() {
            let name = name.to_ascii_lowercase();
            let column = known.iter().position(|names| names.contains(&name.as_str())).ok_or_else(|| {
                let all: Vec<&str> = known.iter().flat_map(|names| names.iter().copied()).collect();
                bad(format!("column {} is named {name:?}; known are {}", place + 1, all.join(", ")))
            })?;
            if places[column].replace(place).is_some() {
                return Err(bad(format!("column {name:?} stands there twice")));
            }
        }
        let [number, second, third] = places;
        let number = number.ok_or_else(|| bad(format!("there is no column {:?}", known[0][0])))?;
        if kind == CardKind::Sim && second.is_none() {
            return Err(bad("there is no column \"imsi\"".into()));
        }
        let sim = kind == CardKind::Sim;
        Ok(Columns {
            kind,
            number,
            serial: if sim { None } else { second },
            ceiling: if sim { None } else { third },
            imsi: if sim { second } else { None },
            msisdn: if sim { third } else { None },
        })
    }

    fn row(&self, line: u64, fields: &[String]) -> Result<Row, RequestFault> {
        let field = |place: Option<usize>| {
            place.and_then(|place| fields.get(place)).map(String::as_str).filter(|text| !text.is_empty())
        };
        let number = field(Some(self.number));
        let mut details = Details::default();
        let number = if self.kind == CardKind::Sim {
            let digits = |column| move |source: NumberFault| RequestFault::Digits { column, source };
            let iccid: Iccid =
                number.ok_or(RequestFault::Missing { column: "iccid" })?.parse().map_err(digits("iccid"))?;
            let imsi = field(self.imsi).ok_or(RequestFault::Missing { column: "imsi" })?;
            let imsi: Imsi = imsi.parse().map_err(digits("imsi"))?;
            let msisdn: Option<PhoneNumber> =
                field(self.msisdn).map(str::parse).transpose().map_err(digits("msisdn"))?;
            details.imsi = Some(imsi.to_string());
            details.msisdn = msisdn.map(|msisdn| msisdn.to_string());
            iccid.to_string()
        } else {
            let number = number.ok_or(RequestFault::Missing { column: "number" })?;
            let id = |source: NumberError| RequestFault::Id { column: "number", source };
            number.parse::<DeviceNumber>().map_err(id)?.to_string()
        };
        let serial = field(self.serial)
            .map(|text| text.parse().map_err(|source| RequestFault::Id { column: "serial", source }))
            .transpose()?;
        details.ceiling_fen = field(self.ceiling).map(ceiling).transpose()?;
        Ok(Row { line, number, serial, details })
    }
}

fn ceiling(text: &str) -> Result<u32, RequestFault> {
    let amount: Fen = text.parse().map_err(|source| RequestFault::Ceiling { source })?;
    if amount > Fen(0) && amount <= CEILING_MAX {
        Ok(amount.0)
    } else {
        Err(RequestFault::CeilingRange { amount })
    }
}

/// Reads a request and hands out its lines one by one, good or not.
///
/// # Errors
/// What concerns the whole file (it cannot be read, its header is wrong), and what `each` fails on.
pub fn read(
    kind: CardKind,
    input: impl Read,
    mut each: impl FnMut(u64, Result<Row, RequestFault>) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let mut table = match Table::new(input) {
        Err(TableError::Empty) => return Err(BatchError::Empty),
        table => table?,
    };
    let columns = Columns::of(kind, table.header())?;
    while let Some((line, row)) = table.row().map_err(TableError::Read)? {
        each(line, row.map_err(RequestFault::Row).and_then(|cells| columns.row(line, &cells)))?;
    }
    Ok(())
}
