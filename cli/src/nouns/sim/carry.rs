//! `gridcard sim write` and `sim collect`: the phone's part of a purchase.

use super::one::One;
use crate::prelude::*;
use parties::sims::{self, CarryRequest};

/// A SIM and a record file.
#[derive(Debug, Args)]
pub struct Carry {
    #[command(flatten)]
    pub sim: One,
    /// The record file.
    #[arg(value_name = "RECORD.sms")]
    pub record: PathBuf,
}

/// Options of `sim write`.
#[derive(Debug, Args)]
pub struct Write {
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
pub fn write(call: &Call, options: &Write) -> Result<()> {
    reply(call, sims::write(call, &options.carry.get(), options.other_sim), |report| {
        format!("the order is in record {} of {}", report.record, options.carry.sim.card)
    })
}

/// Takes a receipt.
pub fn collect(call: &Call, options: &Carry) -> Result<()> {
    let report = sims::collect(call, &options.get())?;
    let text = format!("the receipt of record {} is in {}", report.record, report.file.display());
    answer(call, &text, &report);
    if report.more > 0 {
        say(format!("{} more receipt(s) wait on the SIM: collect again", report.more));
    }
    Ok(())
}
