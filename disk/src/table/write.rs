//! Writing tables: comma-separated values that a spreadsheet opens without running anything in them.

use super::cells::guarded;
use std::io::{self, Write};

/// Writes a table row by row. Cells that a spreadsheet would take for a formula get an apostrophe, which [`Table`](crate::table::Table)
/// takes away again.
pub struct TableWriter<W: Write>(csv::Writer<W>);

impl<W: Write> TableWriter<W> {
    /// An empty table.
    pub fn new(out: W) -> Self {
        TableWriter(csv::Writer::from_writer(out))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// It cannot be written, or is not as long as the one before.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(guarded(cell.as_ref()).as_ref()).map_err(io::Error::from)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(io::Error::from)
    }

    /// Ends the table; what is written has left for `W`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self
            .0
            .into_inner()
            .map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))?;
        out.flush()?;
        Ok(out)
    }
}

/// A table as text, without an end of line behind the last row.
pub fn to_text(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = TableWriter::new(Vec::new());
    // Memory takes all that is written to it, and rows may have any length here.
    let _ = table.row(heading);
    for row in rows {
        let _ = table.row(row);
    }
    let text = table.finish().unwrap_or_default();
    String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned()
}
