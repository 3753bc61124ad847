//! `gridcard server hand-over`: a meter changes hands.

use crate::call::Call;
use crate::output::answer;
use crate::screen::facts;
use clap::Args;
use parties::bank::{self, Desk, HandOverReport};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::numbers::{CustomerNumber, MeterNumber};

/// Options of `server hand-over`.
#[derive(Debug, Args)]
pub struct HandOver {
    /// The meter. What stands in its purse stays there.
    #[arg(long)]
    pub meter: MeterNumber,
    /// The customer who gets it; he is registered before.
    #[arg(long, value_name = "CUSTOMER")]
    pub to: CustomerNumber,
    /// What there is to say about it; the books keep it.
    #[arg(long)]
    pub note: String,
}

/// Runs `server hand-over`.
pub fn run(call: &Call, options: &HandOver) -> Result<()> {
    let HandOver { meter, to, note } = options;
    if let Some(report) = bank::hand_over(call, &mut Desk::open(call)?, *meter, *to, note)? {
        tell(call, &report);
    }
    Ok(())
}

/// Tells of a meter that was handed over.
pub fn tell(call: &Call, report: &HandOverReport) {
    let purse = report.balance_fen.map_or_else(
        || "the meter has never said what is in it".to_owned(),
        |fen| format!("{} when it last said so; it stays in the meter", yuan(fen.into())),
    );
    let text = facts(&[
        ("hand-over", report.hand_over.to_string()),
        ("meter", report.meter.to_string()),
        ("customer", format!("{} instead of {}", report.customer, report.former_customer)),
        ("purse", purse),
    ]);
    answer(call, &text, report);
}
