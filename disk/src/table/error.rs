//! Why a file is no table, and a row no row.

use std::io;

/// Most bytes of a row.
pub(super) const LONGEST: usize = 64 * 1024;

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
