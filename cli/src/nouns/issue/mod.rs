//! `gridcard issue`: batches of cards.

mod batch;
mod fed;
mod feeders;
mod packed;
mod plan;
mod progress;
mod result;
mod take;

use super::Deed;
use crate::args::Global;
use crate::card_ref::CardRef;
use crate::home::{Home, Party};
use crate::output::{answer, table};
use ::office::batch::Summary;
use ::office::store::{FILE, Store};
use clap::{Args, Subcommand};
use parties::trouble::{Result, Trouble};
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
    pub allowed: crate::issue::Allowed,
    /// Of virtual cards in the pack.
    #[command(flatten)]
    pub transport: crate::transport::Transport,
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
        Verb::Result(options) => {
            let store = office_store(global, &options.one.office)?;
            let summary = summary(&store, options.one.id)?;
            result::write(&store, &summary, &options.out)?;
            let object = json!({ "batch": summary.id, "result": options.out.display().to_string() });
            answer(
                global,
                &format!("the result of batch {} is in {}", summary.id, options.out.display()),
                object,
            );
            Ok(())
        }
        Verb::Take(options) => take::take(global, &options),
    }
}

/// The folder of an office.
fn office_folder(global: &Global, office: &Office) -> Result<PathBuf> {
    let home = Home::new(global)?;
    if office.sims {
        return home.party(Party::Sims, "looking at batches");
    }
    Ok(home.city(office.city, "looking at batches")?.1)
}

fn office_store(global: &Global, office: &Office) -> Result<Store> {
    visit(&office_folder(global, office)?)
}

/// The store of a folder, to look at and to move things in.
pub fn visit(folder: &Path) -> Result<Store> {
    Ok(Store::visit(&folder.join(FILE))?)
}

fn summary(store: &Store, id: i64) -> Result<Summary> {
    Ok(store.batch(id)?.ok_or(::office::batch::BatchError::NoBatch { id })?)
}

fn list(global: &Global, office: &Office) -> Result<()> {
    let batches = office_store(global, office)?.batches()?;
    let row = |batch: &Summary| {
        let counts = &batch.counts;
        let mut row = vec![batch.id.to_string(), batch.kind.name().to_owned(), batch.begun_at.clone()];
        row.extend([counts.asked, counts.good, counts.failed, counts.open].map(|n| n.to_string()));
        row.push(batch.file.clone());
        row
    };
    let text = table(
        &["batch", "kind", "begun", "asked", "good", "spoiled", "left", "request"],
        batches.iter().map(row).collect(),
    );
    answer(global, &text, json!({ "batches": batches.iter().map(batch_json).collect::<Vec<_>>() }));
    Ok(())
}

/// A batch as JSON: `asked = good + spoiled + left`; chips used are good, refused or scrapped.
fn batch_json(batch: &Summary) -> Value {
    let counts = &batch.counts;
    json!({
        "batch": batch.id, "kind": batch.kind.name(), "region": batch.region, "request": batch.file,
        "sha256": batch.sha256, "begun": batch.begun_at, "ended": batch.ended_at,
        "asked": counts.asked, "good": counts.good, "spoiled": counts.failed, "left": counts.open,
        "chips": { "good": counts.good, "refused": counts.refused, "scrapped": counts.scrapped },
        "reconciled": counts.reconciled(), "first": batch.first, "last": batch.last,
    })
}

fn show(global: &Global, one: &One) -> Result<()> {
    let store = office_store(global, &one.office)?;
    let batch = summary(&store, one.id)?;
    let mut rows = Vec::new();
    store.results(batch.id, |line| {
        if matches!(line.outcome, "refused" | "scrapped" | "failed") && rows.len() < SHOWN {
            rows.push(vec![
                line.line.to_string(),
                line.number.clone(),
                line.serial.clone().unwrap_or_default(),
                line.outcome.to_owned(),
                line.why.clone().unwrap_or_default(),
            ]);
        }
        Ok::<(), Trouble>(())
    })?;
    let mut text = result::reconciliation(&batch.counts);
    text.insert_str(
        0,
        &format!("batch {}: {} by {}, SHA-256 {}\n", batch.id, batch.kind.name(), batch.file, batch.sha256),
    );
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(&["line", "number", "serial", "outcome", "why"], rows.clone()));
    }
    let mut object = batch_json(&batch);
    object["spoiled_chips"] = rows.into();
    answer(global, &text, object);
    Ok(())
}

/// Spoiled chips that are shown; the result file has all.
const SHOWN: usize = 100;
