//! How a batch ended.

use super::report::{BatchReport, summary};
use super::request::BatchRequest;
use super::result_file;
use crate::session::out;
use crate::stock::visit;
use crate::trouble::{Failure, Result, refused};
use office::batch::Ended;
use scheme::Kind;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How a batch ended: its figures, and where the result file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchEnd {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchReport,
    /// The result file.
    pub result: PathBuf,
    /// How the run ended, in a word.
    pub outcome: &'static str,
    /// The same for whoever wants to know all of it.
    #[serde(skip)]
    pub ended: Ended,
}

/// Writes the result file and reads the figures.
pub(super) fn finish(folder: &Path, request: &BatchRequest, id: i64, ended: Ended) -> Result<BatchEnd> {
    let store = visit(folder)?;
    let batch = summary(&store, id)?;
    let result = match &request.result {
        Some(path) => path.clone(),
        None => out(folder)?.join(format!("batch-{id}-result.csv")),
    };
    result_file::write(&store, &batch, &result)?;
    Ok(BatchEnd { batch: (&batch).into(), result, outcome: outcome(&ended), ended })
}

const fn outcome(ended: &Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Stopped => "stopped",
        Ended::NoCards => "no-more-blanks",
        Ended::Failures { .. } => "too-many-failures",
        Ended::Lost { gone: true, .. } => "lost",
        Ended::Lost { gone: false, .. } => "refused",
    }
}

impl BatchEnd {
    /// What a batch is that did not give every line its card: a failure.
    ///
    /// # Errors
    /// That one, with how to go on.
    pub fn must_be_whole(&self) -> Result<()> {
        let BatchReport { left, spoiled, reconciled, .. } = self.batch;
        if !reconciled {
            let words = "the figures of the batch do not add up: the store was changed by another hand";
            return Err(refused(words).into());
        }
        let again = "the same command with --resume goes on";
        Err(match &self.ended {
            Ended::Done if left > 0 => refused(format!(
                "{left} line(s) wait for a chip that was begun and not finished"
            ))
            .hint(
                "feed that chip again, or give it up with `gridcard stock scrap`; then go on with --resume",
            ),
            Ended::Done if spoiled == 0 => return Ok(()),
            Ended::Done => refused(format!("{spoiled} line(s) have no card"))
                .hint("the result file says why; ask for these numbers in another request"),
            Ended::Stopped => {
                Failure::new(Kind::Interrupted, format!("stopped; {left} card(s) are left to make"))
                    .hint(again)
            }
            Ended::NoCards => {
                Failure::new(Kind::Absent, format!("no more blanks; {left} card(s) are left to make"))
                    .hint(again)
            }
            Ended::Failures { count, last } => {
                refused(format!("{count} chip(s) were spoiled one after another; the last: {last}"))
                    .hint("look for the reason first; then the same command with --resume goes on")
            }
            Ended::Lost { why, gone } => {
                let kind = if *gone { Kind::Absent } else { Kind::Refused };
                Failure::new(kind, why.clone()).hint(again)
            }
        }
        .into())
    }
}
