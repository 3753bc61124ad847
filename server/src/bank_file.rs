//! The bank's file of a day: what it moved for us, an entry a line (docs/specs/bank.md 4).

use crate::bank::Booked;
use disk::table::{RowFault, Table, TableError};
use scheme::Fault;
use scheme::moment::Day;
use scheme::money::Fen;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What the bank did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// It took money of a customer for us.
    Debit,
    /// It gave a debit back.
    Reversal,
}

impl EntryKind {
    /// The name in the file, in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Debit => "debit",
            EntryKind::Reversal => "reversal",
        }
    }
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// What the bank did.
    pub kind: EntryKind,
    /// Under which reference.
    pub reference: String,
    /// Its number, day and amount.
    pub booked: Booked,
}

/// A file of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankFile {
    /// The day it is of.
    pub day: Day,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Its lines, in their order.
    pub entries: Vec<FileEntry>,
}

/// Why a file of the bank is not taken. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankFileError {
    /// It is no table.
    #[error("this is no file of a bank: {0}")]
    Table(#[from] TableError),
    /// A column is missing.
    #[error("the first line must name the columns day, entry, reference, kind, amount_fen; missing: {0}")]
    Missing(&'static str),
    /// A line cannot be read.
    #[error("line {line} {fault}")]
    Row {
        /// Its number.
        line: u64,
        /// Why.
        fault: RowFault,
    },
    /// A line says something else than it may.
    #[error("line {line}, {column}: {what}")]
    Line {
        /// Its number.
        line: u64,
        /// The column.
        column: &'static str,
        /// What is wrong.
        what: String,
    },
}

impl Fault for BankFileError {
    fn code(&self) -> &str {
        match self {
            BankFileError::Table(_) => "bank-file-table",
            BankFileError::Missing(_) => "bank-file-missing",
            BankFileError::Row { .. } => "bank-file-row",
            BankFileError::Line { .. } => "bank-file-line",
        }
    }
}

const COLUMNS: [&str; 5] = ["day", "entry", "reference", "kind", "amount_fen"];

impl BankFile {
    /// Reads the file of a day, all of it or nothing.
    ///
    /// # Errors
    /// It is no table, lacks a column, or has a line that says something else than one may.
    pub fn read(day: Day, bytes: &[u8]) -> Result<Self, BankFileError> {
        let mut table = Table::new(bytes)?;
        let mut places = [0; COLUMNS.len()];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let found = table.header().iter().position(|column| column.eq_ignore_ascii_case(name));
            *place = found.ok_or(BankFileError::Missing(name))?;
        }
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some((line, row)) = table.row().map_err(TableError::Read)? {
            let cells = row.map_err(|fault| BankFileError::Row { line, fault })?;
            let cell = |n: usize| cells.get(places[n]).map_or("", String::as_str);
            let wrong = |n: usize, what: String| BankFileError::Line { line, column: COLUMNS[n], what };
            let said: Day = cell(0).parse().map_err(|error| wrong(0, format!("{error}")))?;
            if said != day {
                return Err(wrong(0, format!("is {said}, and the file is of {day}")));
            }
            for n in [1, 2] {
                let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'|';
                if !(1..=64).contains(&cell(n).len()) || !cell(n).bytes().all(plain) {
                    return Err(wrong(n, "has not 1 to 64 plain characters".into()));
                }
            }
            if !seen.insert(cell(1).to_owned()) {
                return Err(wrong(1, format!("{} stands in the file twice", cell(1))));
            }
            let kind = match cell(3) {
                "debit" => EntryKind::Debit,
                "reversal" => EntryKind::Reversal,
                other => return Err(wrong(3, format!("{other:?} is neither debit nor reversal"))),
            };
            let amount = cell(4).parse().ok().filter(|fen| *fen > 0).map(Fen);
            let amount = amount.ok_or_else(|| wrong(4, format!("{:?} is no amount in fen", cell(4))))?;
            let booked = Booked { entry: cell(1).to_owned(), day, amount };
            entries.push(FileEntry { kind, reference: cell(2).to_owned(), booked });
        }
        Ok(BankFile { day, hash: Sha256::digest(bytes).into(), entries })
    }
}
