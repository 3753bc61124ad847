//! `gridcard server settle`: receipts that came back.

use super::{Pin, bank, store, with_psam};
use crate::args::Global;
use crate::audit;
use crate::clock::now;
use crate::nouns::meter::energy;
use crate::output::{answer, table};
use crate::records;
use ::server::{Incoming, Origin, Settlement, Terms};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::bcd::MeterNumber;

/// Options of `server settle`.
#[derive(Debug, Args)]
pub struct Settle {
    /// Record files with receipts.
    #[arg(required = true)]
    pub receipts: Vec<PathBuf>,
    /// The meter they come from, when it is known; else every meter that owes a receipt is tried.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Runs `server settle`.
pub fn settle(global: &Global, options: &Settle) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let origin = options.meter.map_or(Origin::Outstanding, Origin::Meter);
    let at = now(global)?;
    let mut rows = Vec::new();
    let mut failed = None;
    with_psam(global, &folder, &options.pin, |psam| {
        for path in &options.receipts {
            let settled = records::read(path).and_then(|record| {
                let incoming = Incoming::Record(&record);
                Ok(store.settle(psam, incoming, &origin, at, &Terms::default())?)
            });
            match settled {
                Ok(settlement) => {
                    let row = settlement_row(path, &settlement);
                    audit::fact(global, "settled", &row[2]);
                    rows.push(row);
                }
                Err(error) => {
                    rows.push(vec![
                        path.display().to_string(),
                        "refused".into(),
                        String::new(),
                        format!("{error:#}"),
                    ]);
                    failed = Some(error);
                }
            }
        }
        Ok(())
    })?;
    let object = json!({ "receipts": rows.iter().map(|row| json!({ "file": row[0], "result": row[1], "order": row[2], "detail": row[3] })).collect::<Vec<_>>() });
    answer(global, &table(&["receipt", "result", "order", "detail"], rows), object);
    failed.map_or(Ok(()), Err)
}

fn settlement_row(path: &Path, settlement: &Settlement) -> Vec<String> {
    let file = path.display().to_string();
    match settlement {
        Settlement::AlreadySettled(order) => {
            vec![file, "already settled".into(), order.to_string(), "nothing changed".into()]
        }
        Settlement::Settled(settled) => {
            let receipt = &settled.receipt;
            let detail = format!(
                "{} credited by meter {} at {}, balance {}, register {}",
                settled.amount,
                receipt.meter,
                receipt.time,
                receipt.balance,
                energy(receipt.register),
            );
            vec![file, "settled".into(), settled.order.to_string(), detail]
        }
    }
}
