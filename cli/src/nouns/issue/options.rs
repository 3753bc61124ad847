//! Options of batches, and how their figures are said.

use crate::prelude::*;
use parties::batches::{self, BatchReport};

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
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub transport: Transport,
}

impl Office {
    /// As acts take it.
    pub fn get(&self) -> batches::Office {
        if self.sims { batches::Office::Sims } else { batches::Office::City(self.city) }
    }
}

/// The figures of a batch in two lines.
pub fn reconciliation(batch: &BatchReport) -> String {
    let BatchReport { asked, good, spoiled, left, chips, .. } = batch;
    format!(
        "asked {asked} = good {good} + spoiled {spoiled} + left {left}{}\nchips used {} = good {good} + scrapped {} + refused {}",
        if batch.reconciled { "" } else { "   DOES NOT ADD UP" },
        chips.good + chips.refused + chips.scrapped,
        chips.scrapped,
        chips.refused,
    )
}
