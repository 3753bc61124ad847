//! `gridcard meter pair`: the pairing of an ESAM whose keys change.

use crate::global::Global;
use crate::output::answer;
use crate::shared::Transport;
use clap::Args;
use parties::Result;
use parties::meters::{self, PairRequest};
use scheme::numbers::MeterNumber;
use std::path::PathBuf;

/// Options of `meter pair`.
#[derive(Debug, Args)]
pub struct Pair {
    /// Number of the meter.
    pub number: MeterNumber,
    /// Pairing file that came with the key change.
    #[arg(long, value_name = "FILE")]
    pub pairing: PathBuf,
    /// Allow formal pairing keys, which the emulated flash then holds in clear.
    #[arg(long)]
    pub formal: bool,
    /// Of the meter's MCU.
    #[command(flatten)]
    pub transport: Transport,
}

/// Gives a meter a pairing beside the one it has.
pub fn run(global: &Global, options: &Pair) -> Result<()> {
    let request = PairRequest {
        number: options.number,
        pairing: options.pairing.clone(),
        formal: options.formal,
        transport: options.transport.get(),
    };
    let report = meters::pair(global, &request)?;
    let text = if report.waits {
        format!(
            "meter {} holds the {} pairing beside the one it has; which of them is right shows when it meets its ESAM",
            report.meter, report.state
        )
    } else {
        format!("meter {} has this pairing already", report.meter)
    };
    answer(global, &text, &report);
    Ok(())
}
