//! `gridcard sim erase`.

use super::one::One;
use crate::prelude::*;
use parties::sims::{self, EraseRequest};

/// Options of `sim erase`.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    pub sim: One,
    /// Numbers of the records, from 1.
    #[arg(required = true, value_parser = clap::value_parser!(u8).range(1..))]
    pub records: Vec<u8>,
    /// Erase messages of the user's too.
    #[arg(long)]
    pub user: bool,
    /// Erase orders not yet in their meter and receipts not yet sent too.
    #[arg(long)]
    pub pending: bool,
    /// Only say what would be erased.
    #[arg(long)]
    pub dry_run: bool,
}

/// Erases records: all of them, or none when one of them may not be.
pub fn run(call: &Call, options: &Erase) -> Result<()> {
    let request = EraseRequest {
        sim: options.sim.get(),
        records: options.records.clone(),
        user: options.user,
        pending: options.pending,
        dry_run: options.dry_run,
    };
    reply(call, sims::erase(call, &request), |report| {
        let done = if report.dry_run { "would be erased" } else { "erased" };
        let names: Vec<String> = report.erased.iter().map(u8::to_string).collect();
        match names.is_empty() {
            true => "nothing to erase".to_owned(),
            false => format!("record(s) {} {done}", names.join(", ")),
        }
    })
}
