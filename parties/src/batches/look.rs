//! A look at the batches of an office, and their result files.

use super::report::{BatchReport, summary};
use super::result_file;
use crate::home::{Home, Party};
use crate::session::Session;
use crate::stock::visit;
use crate::trouble::{Result, Trouble};
use office::store::Store;
use scheme::numbers::RegionCode;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Whose batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// A city's; the only one of the home where none is named.
    City(Option<RegionCode>),
    /// The SIMs' makers'.
    Sims,
}

impl Office {
    pub(super) fn folder(self, session: &Session) -> Result<PathBuf> {
        let home = Home::new(session);
        match self {
            Office::Sims => home.party(Party::Sims, "looking at batches"),
            Office::City(city) => Ok(home.city(city, "looking at batches")?.1),
        }
    }

    fn store(self, session: &Session) -> Result<Store> {
        visit(&self.folder(session)?)
    }
}

/// The batches of an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchList {
    /// All of them.
    pub batches: Vec<BatchReport>,
}

/// Lists the batches of an office.
///
/// # Errors
/// The store cannot be read.
pub fn list(session: &Session, office: Office) -> Result<BatchList> {
    let batches = office.store(session)?.batches()?;
    Ok(BatchList { batches: batches.iter().map(BatchReport::from).collect() })
}

/// Spoiled chips that are shown; the result file has all.
const SHOWN: usize = 100;

/// A batch and the first of its spoiled chips.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchDetail {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchReport,
    /// Spoiled chips.
    pub spoiled_chips: Vec<SpoiledChip>,
}

/// A chip that a batch spoiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpoiledChip {
    /// Line of the request.
    pub line: i64,
    /// Number it was to have.
    pub number: String,
    /// Serial of the chip, where it told one.
    pub serial: Option<String>,
    /// `refused`, `scrapped` or `failed`.
    pub outcome: &'static str,
    /// Why, where that was noted.
    pub why: Option<String>,
}

/// Shows a batch: its figures, and what was spoiled.
///
/// # Errors
/// There is no such batch.
pub fn show(session: &Session, office: Office, id: i64) -> Result<BatchDetail> {
    let store = office.store(session)?;
    let batch = summary(&store, id)?;
    let mut spoiled_chips = Vec::new();
    store.results(batch.id, |line| {
        if matches!(line.outcome, "refused" | "scrapped" | "failed") && spoiled_chips.len() < SHOWN {
            spoiled_chips.push(SpoiledChip {
                line: line.line,
                number: line.number.clone(),
                serial: line.serial.clone(),
                outcome: line.outcome,
                why: line.why.clone(),
            });
        }
        Ok::<(), Trouble>(())
    })?;
    Ok(BatchDetail { batch: (&batch).into(), spoiled_chips })
}

/// A result file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultReport {
    /// The batch.
    pub batch: i64,
    /// The file.
    pub result: PathBuf,
}

/// Writes the result file of a batch again.
///
/// # Errors
/// There is no such batch; the file cannot be written.
pub fn result(session: &Session, office: Office, id: i64, out: &Path) -> Result<ResultReport> {
    let store = office.store(session)?;
    let batch = summary(&store, id)?;
    result_file::write(&store, &batch, out)?;
    Ok(ResultReport { batch: batch.id, result: out.to_owned() })
}
