//! Reading a table row by row.

use super::cells;
use super::decode::Decoded;
use super::error::{RowFault, TableError};
use super::lines::Lines;
use std::io::{self, BufReader, Read};

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
