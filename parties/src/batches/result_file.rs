//! The result file of a batch.

use crate::home;
use crate::trouble::{Result, Trouble};
use disk::table::TableWriter;
use office::batch::{LineResult, Summary};
use office::store::Store;
use scheme::moment::iso;
use std::path::Path;

/// Columns of a result file.
const COLUMNS: [&str; 8] = ["line", "number", "serial", "outcome", "reason", "check_values", "at", "millis"];

/// Writes the result of a batch: one line for each card asked for and for each spoiled chip, in the order of the
/// request. Written beside and renamed, line by line, whatever the length of the batch.
pub(super) fn write(store: &Store, batch: &Summary, path: &Path) -> Result<()> {
    home::write_with(path, |file| {
        let mut table = TableWriter::new(std::io::BufWriter::new(file));
        table.row(COLUMNS)?;
        store.results(batch.id, |line| Ok::<(), Trouble>(table.row(record(line))?))?;
        table.finish()?;
        Ok(())
    })
}

fn record(line: &LineResult) -> [String; 8] {
    let checks: Vec<String> =
        line.checks.iter().map(|key| format!("{}={}", key.role.name(), key.check_value)).collect();
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    [
        line.line.to_string(),
        line.number.clone(),
        text(&line.serial),
        line.outcome.to_owned(),
        text(&line.why),
        checks.join(" "),
        line.at.as_deref().map(iso).unwrap_or_default(),
        line.millis.map(|millis| millis.to_string()).unwrap_or_default(),
    ]
}
