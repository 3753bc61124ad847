//! `gridcard issue`: batches of cards.

mod batch;
mod options;
mod progress;
mod take;

use crate::global::Global;
use crate::output::answer;
use crate::screen::table;
use clap::{Args, Subcommand};
use options::{Batch, Office, reconciliation};
use parties::batches::{self, BatchReport};
use parties::{Deed, Result};
use scheme::profile::CardKind;
use std::path::PathBuf;

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
    Result(ResultOf),
    /// Take virtual cards out of the pack as card files, with their pairing files.
    Take(take::Take),
}

/// A batch of an office.
#[derive(Debug, Args)]
pub struct One {
    /// Number of the batch.
    pub id: i64,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

/// Options of `issue result`.
#[derive(Debug, Args)]
pub struct ResultOf {
    /// The batch.
    #[command(flatten)]
    pub one: One,
    /// The file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Esam(_) => Deed::One("issue esam"),
            Verb::Psam(_) => Deed::One("issue psam"),
            Verb::Sim(_) => Deed::One("issue sim"),
            // The cards were made, and noted, before they were packed.
            Verb::Take(_) | Verb::Result(_) | Verb::List(_) | Verb::Show(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Esam(options) => batch::run(global, CardKind::Esam, &options),
        Verb::Psam(options) => batch::run(global, CardKind::Psam, &options),
        Verb::Sim(options) => batch::run(global, CardKind::Sim, &options),
        Verb::List(office) => list(global, &office),
        Verb::Show(one) => show(global, &one),
        Verb::Result(ResultOf { one, out }) => {
            let report = batches::result(global, one.office.get(), one.id, &out)?;
            let text = format!("the result of batch {} is in {}", report.batch, report.result.display());
            answer(global, &text, &report);
            Ok(())
        }
        Verb::Take(options) => take::take(global, &options),
    }
}

fn list(global: &Global, office: &Office) -> Result<()> {
    let report = batches::list(global, office.get())?;
    let row = |batch: &BatchReport| {
        let mut row = vec![batch.batch.to_string(), batch.kind.to_owned(), batch.begun.clone()];
        row.extend([batch.asked, batch.good, batch.spoiled, batch.left].map(|n| n.to_string()));
        row.push(batch.request.clone());
        row
    };
    let text = table(
        &["batch", "kind", "begun", "asked", "good", "spoiled", "left", "request"],
        report.batches.iter().map(row).collect(),
    );
    answer(global, &text, &report);
    Ok(())
}

fn show(global: &Global, one: &One) -> Result<()> {
    let report = batches::show(global, one.office.get(), one.id)?;
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
            vec![
                chip.line.to_string(),
                chip.number.clone(),
                chip.serial.clone().unwrap_or_default(),
                chip.outcome.to_owned(),
                chip.why.clone().unwrap_or_default(),
            ]
        });
        text.push('\n');
        text.push_str(&table(&["line", "number", "serial", "outcome", "why"], rows.collect()));
    }
    answer(global, &text, &report);
    Ok(())
}
