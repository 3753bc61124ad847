//! `gridcard issue`: batches of cards.

mod batch;
mod options;
mod progress;
mod take;

use crate::prelude::*;
use options::{Batch, Office, reconciliation};
use parties::batches;

/// Verbs of batches.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue ESAMs with their pairing files, one for each line of a request (columns number, serial, ceiling).
    Esam(Batch),
    /// Issue PSAMs, one for each line of a request (columns number, serial).
    Psam(Batch),
    /// Make virtual SIMs, one for each line of a request (columns iccid, imsi, msisdn).
    Sim(Batch),
    /// List the batches of an office.
    List(Office),
    /// Show a batch: its figures, and what was spoiled.
    Show(One),
    /// Write the result file of a batch again.
    Result {
        #[command(flatten)]
        one: One,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take virtual cards out of the pack as card files, with their pairing files.
    Take(take::Take),
}

/// A batch of an office.
#[derive(Debug, Args)]
pub struct One {
    /// Number of the batch.
    pub id: i64,
    #[command(flatten)]
    pub office: Office,
}

impl Verb {
    /// What each verb is, and what does it. Cards were made, and noted, before they were packed: to take them out is no act.
    pub fn task(self) -> Task {
        match self {
            Verb::Esam(options) => one("issue esam", (CardKind::Esam, options), batch::run),
            Verb::Psam(options) => one("issue psam", (CardKind::Psam, options), batch::run),
            Verb::Sim(options) => one("issue sim", (CardKind::Sim, options), batch::run),
            Verb::List(office) => look(office, list),
            Verb::Show(one) => look(one, show),
            Verb::Result { one, out } => look((one, out), result),
            Verb::Take(options) => look(options, take::take),
        }
    }
}

fn result(call: &Call, (one, out): &(One, PathBuf)) -> Result<()> {
    reply(call, batches::result(call, one.office.get(), one.id, out), |report| {
        format!("the result of batch {} is in {}", report.batch, report.result.display())
    })
}

fn list(call: &Call, office: &Office) -> Result<()> {
    reply(call, batches::list(call, office.get()), |report| {
        let rows = report.batches.iter().map(|batch| {
            let (id, kind, begun, request) = (batch.batch, batch.kind, &batch.begun, &batch.request);
            row![id, kind, begun, batch.asked, batch.good, batch.spoiled, batch.left, request]
        });
        let heading = ["batch", "kind", "begun", "asked", "good", "spoiled", "left", "request"];
        table(&heading, rows.collect())
    })
}

fn show(call: &Call, one: &One) -> Result<()> {
    reply(call, batches::show(call, one.office.get(), one.id), |report| {
        let batch = &report.batch;
        let mut text = format!(
            "batch {}: {} by {}, SHA-256 {}\n{}",
            batch.batch,
            batch.kind,
            batch.request,
            batch.sha256,
            reconciliation(batch)
        );
        if !report.spoiled_chips.is_empty() {
            let rows = report.spoiled_chips.iter().map(|chip| {
                let [serial, why] = [&chip.serial, &chip.why].map(|text| text.as_deref().unwrap_or_default());
                row![chip.line, chip.number, serial, chip.outcome, why]
            });
            text.push('\n');
            text.push_str(&table(&["line", "number", "serial", "outcome", "why"], rows.collect()));
        }
        text
    })
}
