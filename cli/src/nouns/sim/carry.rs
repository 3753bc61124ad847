//! `gridcard sim write` and `sim collect`: the phone's part of a purchase.

use super::one::One;
use crate::global::Global;
use crate::output::answer;
use crate::screen::say;
use clap::Args;
use parties::Result;
use parties::sims::{self, CarryRequest};
use std::path::PathBuf;

/// A SIM and a record file.
#[derive(Debug, Args)]
pub struct Carry {
    /// The SIM.
    #[command(flatten)]
    pub sim: One,
    /// The record file.
    #[arg(value_name = "RECORD.sms")]
    pub record: PathBuf,
}

/// Options of `sim write`.
#[derive(Debug, Args)]
pub struct Write {
    /// SIM and record file.
    #[command(flatten)]
    pub carry: Carry,
    /// Write the order to a SIM it was not made for. A meter refuses it there, unless it knows better.
    #[arg(long)]
    pub other_sim: bool,
}

impl Carry {
    /// As acts take it.
    fn get(&self) -> CarryRequest {
        CarryRequest { sim: self.sim.get(), record: self.record.clone() }
    }
}

/// Writes an order.
pub fn write(global: &Global, options: &Write) -> Result<()> {
    let report = sims::write(global, &options.carry.get(), options.other_sim)?;
    let text = format!("the order is in record {} of {}", report.record, options.carry.sim.card);
    answer(global, &text, report);
    Ok(())
}

/// Takes a receipt.
pub fn collect(global: &Global, options: &Carry) -> Result<()> {
    let report = sims::collect(global, &options.get())?;
    let text = format!("the receipt of record {} is in {}", report.record, report.file.display());
    answer(global, &text, &report);
    if report.more > 0 {
        say(format!("{} more receipt(s) wait on the SIM: collect again", report.more));
    }
    Ok(())
}
