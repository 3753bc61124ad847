//! `gridcard server office`: which office a customer belongs to.

use crate::call::Call;
use crate::output::answer;
use clap::Args;
use parties::bank::Desk;
use parties::bank::offices::{self, MoveReport};
use parties::trouble::Result;
use scheme::numbers::CustomerNumber;

/// Options of `server office`.
#[derive(Debug, Args)]
pub struct Office {
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Name of the office, as its keys have it; empty: the head office.
    #[arg(long)]
    pub office: String,
}

/// Runs `server office`.
pub fn run(call: &Call, options: &Office) -> Result<()> {
    tell(call, &offices::give(call, &mut Desk::open(call)?, options.customer, &options.office)?);
    Ok(())
}

/// Tells whose a customer is now.
pub fn tell(call: &Call, report: &MoveReport) {
    let text = match report.office.as_str() {
        "" => format!("customer {} belongs to the head office", report.customer),
        office => format!("customer {} belongs to {office}", report.customer),
    };
    answer(call, &text, report);
}
