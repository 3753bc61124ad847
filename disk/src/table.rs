//! Tables as people send them, and as spreadsheets may open them: one reader and one writer for every list.
//!
//! A table is text, UTF-8 or UTF-16, whose first line names the columns. What spreadsheets put around it is taken away: a byte
//! order mark, a line `sep=;`, semicolons or tabs for commas, empty columns and lines, blanks, the wrapping `="0012"`, the
//! apostrophe before a text. What they did to a value is not mended here. Lines are counted as an editor counts them. Memory is
//! that of one row.

mod cells;
mod decode;
mod error;
mod lines;
mod read;
mod write;

pub use error::{RowFault, TableError};
pub use read::{Row, Table};
pub use write::{TableWriter, to_text};
