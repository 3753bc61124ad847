//! `gridcard server settle` and `refund`: receipts that came back, and what follows for the money.

use crate::call::Call;
use crate::output::answer;
use crate::screen::table;
use crate::shared::Pin;
use clap::Args;
use parties::bank::{self, Desk, ReceiptLine, RefundReport, SettleReport, SettleRequest};
use parties::trouble::{Context, Result};
use parties::words::yuan;
use scheme::numbers::{CustomerNumber, MeterNumber};
use server::{Origin, SimKey};
use std::path::PathBuf;

/// Options of `server settle`.
#[derive(Debug, Args)]
pub struct Settle {
    /// Record files with receipts. One that `sim collect` wrote says which SIM it is from.
    #[arg(required = true)]
    pub receipts: Vec<PathBuf>,
    /// The meter they come from.
    #[arg(long, conflicts_with_all = ["from", "search"])]
    pub meter: Option<MeterNumber>,
    /// The telephone number they were sent from, as +8613800138000.
    #[arg(long, value_name = "MSISDN", conflicts_with = "search")]
    pub from: Option<String>,
    /// Try every meter that owes a receipt: one opening by the PSAM for each.
    #[arg(long)]
    pub search: bool,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server refund`.
#[derive(Debug, Args)]
pub struct Refund {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

impl Settle {
    /// As the act takes it.
    fn get(&self) -> Result<SettleRequest> {
        let origin = match (self.meter, &self.from) {
            (Some(meter), _) => Some(Origin::Meter(meter)),
            (None, Some(msisdn)) => Some(Origin::Sim(SimKey::Msisdn(msisdn.parse().context("--from")?))),
            (None, None) => self.search.then_some(Origin::Outstanding),
        };
        Ok(SettleRequest { receipts: self.receipts.clone(), origin, pin: self.pin.get() })
    }
}

/// Runs `server settle`.
pub fn settle(call: &Call, options: &Settle) -> Result<()> {
    tell_settled(call, bank::settle(call, &mut Desk::open(call)?, &options.get()?)?)
}

/// Tells what became of receipts.
pub fn tell_settled(call: &Call, report: SettleReport) -> Result<()> {
    let row = |line: &ReceiptLine| {
        vec![
            line.file.clone(),
            line.result.to_string(),
            line.order.clone().unwrap_or_default(),
            line.detail.clone(),
        ]
    };
    let rows = report.receipts.iter().map(row).collect();
    answer(call, &table(&["receipt", "result", "order", "detail"], rows), &report);
    report.verdict()
}

/// Runs `server refund`.
pub fn refund(call: &Call, options: &Refund) -> Result<()> {
    if let Some(report) = bank::refund(call, &mut Desk::open(call)?, options.customer)? {
        tell_refunded(call, &report);
    }
    Ok(())
}

/// Tells what was paid back.
pub fn tell_refunded(call: &Call, report: &RefundReport) {
    let text = format!("{} are paid back to customer {}", yuan(report.refunded_fen), report.customer);
    answer(call, &text, report);
}
