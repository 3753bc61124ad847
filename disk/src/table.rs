//! Tables as people send them, and as spreadsheets may open them: one reader and one writer for every list.
//!
//! A table is text, UTF-8 or UTF-16, whose first line names the columns. What spreadsheets put around it is taken away: a byte
//! order mark, a line `sep=;`, semicolons or tabs for commas, empty columns and lines, blanks, the wrapping `="0012"`, the
//! apostrophe before a text. What they did to a value is not mended here. Lines are counted as an editor counts them. Memory is
//! that of one row.

mod cells;
mod decode;
mod lines;
mod write;

pub use write::{TableWriter, to_text};

use decode::Decoded;
use lines::Lines;
use std::io::{self, BufReader, Read};

/// Most bytes of a row.
const LONGEST: usize = 64 * 1024;

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// It could not be read to its end.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is a spreadsheet's own file.
    #[error("it is a workbook of a spreadsheet, not a table; save it there as \u{201C}CSV UTF-8\u{201D}")]
    Workbook,
    /// The line that should name the columns cannot be read.
    #[error("line {line}, which should name the columns, {fault}")]
    Header {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// Nothing stands in it.
    #[error("it is empty")]
    Empty,
}

/// Why one row cannot be read; the others can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// Not UTF-8.
    #[error(
        "is not UTF-8 text at its byte {byte} (spreadsheets of Chinese systems save GBK); save the file as \u{201C}CSV UTF-8\u{201D}"
    )]
    NotText {
        /// The place in the line, from 1.
        byte: usize,
    },
    /// A zero byte, behind which other programs see nothing.
    #[error("has a zero byte (NUL), which no text has")]
    Nul,
    /// A quotation mark that nothing closes.
    #[error("opens a quotation mark that is not closed")]
    Unclosed,
    /// Longer than any row.
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
    /// More or fewer cells than the first line names columns.
    #[error("has {found} fields, the first line names {expected}")]
    Fields {
        /// Columns of the first line.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
}

/// A row: the line it begins in, from 1, and its cells, as many as the header has.
pub type Row = (u64, Result<Vec<String>, RowFault>);

/// A table that is read row by row.
pub struct Table<R: Read> {
    lines: Lines<BufReader<Decoded<R>>>,
    separator: char,
    header: Vec<String>,
}

impl<R: Read> Table<R> {
    /// Reads up to the names of the columns.
    ///
    /// # Errors
    /// It cannot be read, is no text, or is empty.
    pub fn new(input: R) -> Result<Self, TableError> {
        let mut lines = Lines::new(BufReader::new(Decoded::new(input)?));
        let mut separator = None;
        loop {
            let Some((line, text)) = lines.record(separator)? else { return Err(TableError::Empty) };
            let text = text.map_err(|fault| TableError::Header { line, fault })?;
            if let Some(named) = cells::named_separator(&text) {
                separator = Some(named);
                continue;
            }
            let separator = separator.unwrap_or_else(|| cells::likely_separator(&text));
            let mut header = cells::split(&text, separator);
            header.truncate(cells::used(&header));
            if !header.is_empty() {
                return Ok(Table { lines, separator, header });
            }
        }
    }

    /// Names of the columns as they stand there, without blanks around them.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row that is not empty; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read on. A row that cannot be read is in the answer.
    pub fn row(&mut self) -> io::Result<Option<Row>> {
        while let Some((line, text)) = self.lines.record(Some(self.separator))? {
            let mut cells = match text {
                Ok(text) => cells::split(&text, self.separator),
                Err(fault) => return Ok(Some((line, Err(fault)))),
            };
            let (expected, used) = (self.header.len(), cells::used(&cells));
            if used == 0 {
                continue;
            }
            // Empty cells beyond the last column are a spreadsheet's habit.
            cells.truncate(used.max(expected.min(cells.len())));
            let found = cells.len();
            return Ok(Some((
                line,
                if found == expected { Ok(cells) } else { Err(RowFault::Fields { expected, found }) },
            )));
        }
        Ok(None)
    }
}
