//! A batch in figures.

use crate::trouble::Result;
use office::batch::{BatchError, Counts, Summary};
use office::store::Store;
use serde::Serialize;

/// What became of the chips of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChipsReport {
    /// They are cards.
    pub good: i64,
    /// They were not begun.
    pub refused: i64,
    /// They were begun and cannot be finished.
    pub scrapped: i64,
}

/// A batch: `asked = good + spoiled + left`, and the chips used are good, refused or scrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchReport {
    /// Its number in its office.
    pub batch: i64,
    /// Kind of its cards.
    pub kind: &'static str,
    /// Their city.
    pub region: String,
    /// Name of the request file.
    pub request: String,
    /// Its SHA-256.
    pub sha256: String,
    /// When it began.
    pub begun: String,
    /// When its last line was done.
    pub ended: Option<String>,
    /// Lines of the request.
    pub asked: i64,
    /// Lines that have their card.
    pub good: i64,
    /// Lines that will never have one.
    pub spoiled: i64,
    /// Lines that still wait.
    pub left: i64,
    /// What became of the chips.
    pub chips: ChipsReport,
    /// Whether the figures add up.
    pub reconciled: bool,
    /// Lowest number.
    pub first: Option<String>,
    /// Highest number.
    pub last: Option<String>,
}

impl From<&Summary> for BatchReport {
    fn from(batch: &Summary) -> Self {
        let Counts { asked, good, failed, open, refused, scrapped } = batch.counts;
        BatchReport {
            batch: batch.id,
            kind: batch.kind.name(),
            region: batch.region.clone(),
            request: batch.file.clone(),
            sha256: batch.sha256.clone(),
            begun: batch.begun_at.clone(),
            ended: batch.ended_at.clone(),
            asked,
            good,
            spoiled: failed,
            left: open,
            chips: ChipsReport { good, refused, scrapped },
            reconciled: batch.counts.reconciled(),
            first: batch.first.clone(),
            last: batch.last.clone(),
        }
    }
}

/// A batch of a store.
pub(super) fn summary(store: &Store, id: i64) -> Result<Summary> {
    Ok(store.batch(id)?.ok_or(BatchError::NoBatch { id })?)
}
