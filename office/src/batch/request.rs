//! Request files: CSV whose first line names its columns, one card a line, read line by line so that a million
//! lines take no more memory than a thousand.
//!
//! | kind | column that must be there | columns that may be there |
//! |---|---|---|
//! | esam | `number` (or `meter`), 12 digits | `serial` (16 hexadecimal digits), `ceiling` (yuan) |
//! | psam | `number`, 12 digits | `serial` |
//! | sim | `iccid` (or `number`), `imsi` | `msisdn` |
//!
//! Columns stand in any order; blank lines, blanks around fields and a byte order mark are passed over.

use super::error::{BatchError, RequestFault};
use issue::plan::CEILING_MAX;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, NumberError, Serial};
use scheme::profile::CardKind;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead};

/// Longest line of a request.
const LONGEST: usize = 4096;

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
    width: usize,
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
            let name = name.trim_start_matches('\u{FEFF}').trim().to_ascii_lowercase();
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
            width: header.len(),
        })
    }

    fn row(&self, line: u64, fields: &[String]) -> Result<Row, RequestFault> {
        if fields.len() != self.width {
            return Err(RequestFault::Fields { expected: self.width, found: fields.len() });
        }
        let field = |place: Option<usize>| {
            place.and_then(|place| fields.get(place)).map(|text| text.trim()).filter(|text| !text.is_empty())
        };
        let number = field(Some(self.number));
        let mut details = Details::default();
        let number = if self.kind == CardKind::Sim {
            let number = number.ok_or(RequestFault::Missing { column: "iccid" })?;
            let digits = |column, what: String| RequestFault::Digits { column, what };
            scheme::sim::iccid_file(number).map_err(|error| digits("iccid", error.to_string()))?;
            let imsi = field(self.imsi).ok_or(RequestFault::Missing { column: "imsi" })?;
            scheme::sim::imsi_file(imsi).map_err(|error| digits("imsi", error.to_string()))?;
            details.imsi = Some(imsi.to_owned());
            details.msisdn = field(self.msisdn).map(str::to_owned);
            if let Some(msisdn) = &details.msisdn {
                scheme::sim::msisdn_record(msisdn, MSISDN_RECORD)
                    .map_err(|error| digits("msisdn", error.to_string()))?;
            }
            number.to_owned()
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

/// Shortest record of EF_MSISDN, which takes every number.
const MSISDN_RECORD: usize = 28;

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
pub fn read<R: BufRead>(
    kind: CardKind,
    input: R,
    mut each: impl FnMut(u64, Result<Row, RequestFault>) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let io = |source: io::Error| BatchError::Read { path: std::path::PathBuf::new(), source };
    let mut lines = Lines { input, number: 0, after_cr: false };
    let mut line = Vec::new();
    let mut columns: Option<Columns> = None;
    while lines.next(&mut line).map_err(io)? {
        let text = std::str::from_utf8(&line).ok().filter(|_| line.len() < LONGEST);
        let Some(text) = text else {
            if columns.is_none() {
                return Err(BatchError::Header { what: "not a line of text".into() });
            }
            each(lines.number, Err(RequestFault::NotText))?;
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let fields = fields(text);
        match &columns {
            None => columns = Some(Columns::of(kind, &fields)?),
            Some(columns) => each(lines.number, columns.row(lines.number, &fields))?,
        }
    }
    if columns.is_some() { Ok(()) } else { Err(BatchError::Empty) }
}

/// Fields of a line; quotes as in CSV, which no field of a request needs.
fn fields(line: &str) -> Vec<String> {
    if !line.contains('"') {
        return line.split(',').map(|field| field.trim().to_owned()).collect();
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    let first = reader.records().next();
    first.and_then(Result::ok).map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// Physical lines, ended by LF, CR LF or CR, with their numbers.
struct Lines<R> {
    input: R,
    /// Number of the line read last, from 1.
    number: u64,
    after_cr: bool,
}

impl<R: BufRead> Lines<R> {
    /// Reads the next line without its end; of a line longer than any, only the beginning. False at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let mut any = false;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                self.number += u64::from(any);
                return Ok(any);
            }
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                self.input.consume(1);
                continue;
            }
            any = true;
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LONGEST.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.after_cr = end.is_some_and(|end| bytes[end] == b'\r');
            self.input.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(true);
            }
        }
    }
}
