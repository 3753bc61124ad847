//! `gridcard server hand-over`: a meter changes hands.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use clap::Args;
use parties::bank::{self, Desk, HandOverReport, HandOversReport};
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

/// Options of `server hand-overs`.
#[derive(Debug, Args)]
pub struct HandOvers {
    /// Those from this customer and to him alone.
    #[arg(long)]
    pub customer: Option<CustomerNumber>,
}

/// Runs `server hand-overs`.
pub fn list(call: &Call, options: &HandOvers) -> Result<()> {
    tell_list(call, &bank::hand_overs(call, &Desk::open(call)?, options.customer)?);
    Ok(())
}

/// Tells of meters that changed hands.
pub fn tell_list(call: &Call, report: &HandOversReport) {
    let rows = report.hand_overs.iter().map(|one| {
        vec![
            one.at.day().to_string(),
            one.meter.to_string(),
            one.former_customer.to_string(),
            one.customer.to_string(),
            one.balance_fen.map_or_else(|| "unknown".to_owned(), |fen| yuan(fen.into())),
            one.note.clone(),
        ]
    });
    let heading = ["day", "meter", "from", "to", "purse", "note"];
    let text = if report.hand_overs.is_empty() {
        "no meter has changed hands".to_owned()
    } else {
        table(&heading, rows.collect())
    };
    answer(call, &text, report);
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
