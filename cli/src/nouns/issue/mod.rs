//! `gridcard issue`: batches of cards.

mod batch;
mod progress;
mod take;

use crate::args::Global;
use crate::output::{answer, table};
use clap::{Args, Subcommand};
use parties::batches::{self, BatchReport};
use parties::{Deed, Result};
use scheme::CardRef;
use scheme::numbers::RegionCode;
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

/// Whose batches.
#[derive(Debug, Clone, Args)]
pub struct Office {
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// The makers of SIMs instead of a city.
    #[arg(long, conflicts_with = "city")]
    pub sims: bool,
}

/// Options of a batch.
#[derive(Debug, Args)]
pub struct Batch {
    /// Request file: CSV, the first line names the columns.
    #[arg(long, value_name = "FILE")]
    pub batch: PathBuf,
    /// Go on with the batch of this request, whatever interrupted it.
    #[arg(long)]
    pub resume: bool,
    /// Do not ask before it begins.
    #[arg(long)]
    pub yes: bool,
    /// Show the plan and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// End after so many chips spoiled one after another.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub stop_after: u32,
    /// Where the result file goes. Default: the office's out, batch-ID-result.csv.
    #[arg(long, value_name = "FILE")]
    pub result: Option<PathBuf>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// Cards come one by one into a reader (pcsc:READER). Default: virtual cards, kept in the office's pack.
    #[arg(long, value_name = "READER", conflicts_with = "blanks")]
    pub reader: Option<CardRef>,
    /// Cards are the blank card files of this folder, one after another, and stay there.
    #[arg(long, value_name = "DIR")]
    pub blanks: Option<PathBuf>,
    /// Makers of virtual cards side by side. Default: one a processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub workers: Option<u8>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// PSAM: file with the PIN all cards of the batch will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// Allow keys of a formal root in the images of virtual cards, where they stand in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// SIM: records for messages, 10 to 50.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(10..=50))]
    pub sms_records: u8,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: crate::shared::Allowed,
    /// Of virtual cards in the pack.
    #[command(flatten)]
    pub transport: crate::shared::Transport,
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

impl Office {
    /// As acts take it.
    const fn get(&self) -> batches::Office {
        if self.sims { batches::Office::Sims } else { batches::Office::City(self.city) }
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
        let rows = report.spoiled_chips.iter().map(|row| row.to_vec());
        text.push('\n');
        text.push_str(&table(&["line", "number", "serial", "outcome", "why"], rows.collect()));
    }
    answer(global, &text, &report);
    Ok(())
}

/// The figures of a batch in two lines.
fn reconciliation(batch: &BatchReport) -> String {
    let BatchReport { asked, good, spoiled, left, chips, .. } = batch;
    format!(
        "asked {asked} = good {good} + spoiled {spoiled} + left {left}{}\nchips used {} = good {good} + scrapped {} + refused {}",
        if batch.reconciled { "" } else { "   DOES NOT ADD UP" },
        chips.good + chips.refused + chips.scrapped,
        chips.scrapped,
        chips.refused,
    )
}
