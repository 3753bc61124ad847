//! What became of a batch, line by line.

use super::base::Store;
use super::error::StoreError;
use crate::batch::LineResult;
use crate::journal::KeyRecord;

impl Store {
    /// Hands out what became of each line and of each spoiled chip, by line; spoiled chips before the line's end.
    pub fn results<E: From<StoreError>>(
        &self,
        batch: i64,
        mut each: impl FnMut(&LineResult) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |error: rusqlite::Error| E::from(StoreError::of(self.path(), error));
        // Two cursors side by side, both in the order of an index: a sorted join would hold all lines at once.
        let mut spoiled = self.conn().prepare(SPOILED).map_err(sql)?;
        let mut spoiled = spoiled.query_map([batch], spoiled_row).map_err(sql)?;
        let mut waiting = spoiled.next().transpose().map_err(sql)?;
        let mut lines = self.conn().prepare(LINES).map_err(sql)?;
        let mut lines = lines.query([batch]).map_err(sql)?;
        while let Some(row) = lines.next().map_err(sql)? {
            let line = line_row(row).map_err(sql)?;
            while let Some(chip) = waiting.take_if(|chip| chip.line <= line.line) {
                each(&LineResult { number: line.number.clone(), ..chip })?;
                waiting = spoiled.next().transpose().map_err(sql)?;
            }
            each(&line)?;
        }
        Ok(())
    }
}

const SPOILED: &str = "SELECT line, serial, outcome, why, at FROM spoiled WHERE batch = ?1 ORDER BY line, id";
const LINES: &str = "SELECT r.line, r.number, item.serial, r.state, r.why, r.at, r.millis, item.checks \
    FROM request AS r LEFT JOIN item ON item.id = r.item WHERE r.batch = ?1 ORDER BY r.line";

fn spoiled_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<LineResult> {
    let outcome: i64 = row.get(2)?;
    Ok(LineResult {
        line: row.get(0)?,
        number: String::new(),
        serial: row.get(1)?,
        outcome: if outcome == 1 { "refused" } else { "scrapped" },
        why: row.get(3)?,
        at: row.get(4)?,
        millis: None,
        checks: Vec::new(),
    })
}

fn line_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<LineResult> {
    let (state, checks): (i64, Option<String>) = (row.get(3)?, row.get(7)?);
    Ok(LineResult {
        line: row.get(0)?,
        number: row.get(1)?,
        serial: row.get(2)?,
        outcome: match state {
            0 => "left",
            1 => "done",
            _ => "failed",
        },
        why: row.get(4)?,
        at: row.get(5)?,
        millis: row.get(6)?,
        checks: checks
            .and_then(|text| serde_json::from_str::<Vec<KeyRecord>>(&text).ok())
            .unwrap_or_default(),
    })
}
