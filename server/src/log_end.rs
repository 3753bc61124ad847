//! The end of the bank's audit log, kept with the books so that neither can go without the other telling.

use crate::engine::params;
use crate::error::StoreError;
use crate::store::{Transaction, View};

impl View<'_> {
    /// Number and hash (64 hexadecimal digits) of the log's last line when an act was last noted; `None` before the first.
    pub fn log_end(&self) -> Result<Option<(u64, String)>, StoreError> {
        let kept: Option<(i64, String)> =
            self.conn.first("SELECT lines, hash FROM log_end", params![], |row| {
                Ok((row.column("lines")?, row.column("hash")?))
            })?;
        Ok(kept.map(|(lines, hash)| (lines.unsigned_abs(), hash)))
    }
}

impl Transaction<'_> {
    /// Keeps the end of the log; it only grows.
    pub fn keep_log_end(&self, lines: u64, hash: &str) -> Result<(), StoreError> {
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        self.conn.write(
            "INSERT INTO log_end (one, lines, hash) VALUES (1, ?1, ?2) \
             ON CONFLICT (one) DO UPDATE SET lines = excluded.lines, hash = excluded.hash \
             WHERE excluded.lines > log_end.lines",
            params![lines, hash],
        )?;
        Ok(())
    }
}
