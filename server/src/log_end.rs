//! The end of the bank's audit log, kept with the books so that neither can go without the other telling.

use crate::error::StoreError;
use crate::store::{Transaction, View};
use rusqlite::OptionalExtension;

impl View<'_> {
    /// Number and hash (64 hexadecimal digits) of the log's last line when an act was last noted; `None` before the first.
    pub fn log_end(&self) -> Result<Option<(u64, String)>, StoreError> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
        let kept: Option<(i64, String)> =
            self.conn.query_row("SELECT lines, hash FROM log_end", [], row).optional()?;
        Ok(kept.map(|(lines, hash)| (lines.unsigned_abs(), hash)))
    }
}

impl Transaction<'_> {
    /// Keeps the end of the log; it only grows.
    pub fn keep_log_end(&self, lines: u64, hash: &str) -> Result<(), StoreError> {
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        self.conn.execute(
            "INSERT INTO log_end (one, lines, hash) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE \
             SET lines = excluded.lines, hash = excluded.hash WHERE excluded.lines > lines",
            rusqlite::params![lines, hash],
        )?;
        Ok(())
    }
}
