//! `gridcard server change-meter` and `ageing`: another meter for a customer, and what waits.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use crate::shared::Pin;
use clap::{Args, ValueEnum};
use parties::bank::{
    self, AgeingReport, ChangeLine, ChangeMeterRequest, ChangeReport, Desk, Destination, FinishChangeRequest,
    WaitingLine,
};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use std::path::PathBuf;

/// Options of `server change-meter`.
#[derive(Debug, Args)]
pub struct ChangeMeter {
    /// Customer number, 12 digits.
    #[arg(long, required_unless_present = "finish")]
    pub customer: Option<CustomerNumber>,
    /// The meter before, where he has several.
    #[arg(long, value_name = "METER", requires = "customer")]
    pub old_meter: Option<MeterNumber>,
    /// The new meter, which the city's list names.
    #[arg(long, required_unless_present = "finish")]
    pub meter: Option<MeterNumber>,
    /// What is known of the old meter's purse; what is not read wants two people.
    #[arg(long, value_enum, default_value = "read")]
    pub basis: Basis,
    /// Correct this provisional change: what the workshop read, or two people found in the end.
    #[arg(long, value_name = "CHANGE", conflicts_with_all = ["customer", "old_meter", "meter", "basis"])]
    pub finish: Option<i64>,
    /// What was read in the old purse, in yuan; of an estimate all that is to go to the new meter.
    #[arg(long)]
    pub balance: Fen,
    /// The purchase count that the old ESAM shows.
    #[arg(long)]
    pub count: Option<u32>,
    /// What there is to say about it; the books keep it.
    #[arg(long)]
    pub note: String,
    /// Record file for the SIM. Default: CUSTOMER-COUNT.sms in the bank's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM's PIN, not asked for when nothing goes to the new meter.
    #[command(flatten)]
    pub pin: Pin,
}

/// What is known of the old meter's purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Basis {
    /// The ESAM was read, and its city has ended it.
    Read,
    /// The meter is dead; a workshop will read its ESAM.
    Workshop,
    /// The ESAM is destroyed: the last receipt is all there is.
    Burnt,
}

impl From<Basis> for server::Basis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Read => server::Basis::Read,
            Basis::Workshop => server::Basis::Workshop,
            Basis::Burnt => server::Basis::Burnt,
        }
    }
}

/// Options of `server ageing`.
#[derive(Debug, Args)]
pub struct Ageing {
    /// What this office sold. Default: all of them.
    #[arg(long)]
    pub office: Option<String>,
}

/// Runs `server change-meter`.
pub fn change_meter(call: &Call, options: &ChangeMeter) -> Result<()> {
    let (note, balance, count) = (options.note.clone(), options.balance, options.count);
    let to = |customer, meter| Destination {
        customer,
        meter,
        out: options.out.clone(),
        pin: options.pin.get(),
        id: None,
    };
    let mut desk = Desk::open(call)?;
    let report = match (options.finish, options.customer, options.meter) {
        (Some(change), ..) => {
            // Whose it is says the change.
            let to = to(CustomerNumber([0; 6]), None);
            bank::finish_change(call, &mut desk, &FinishChangeRequest { change, balance, count, note, to })?
        }
        (None, Some(customer), Some(meter)) => {
            let basis = options.basis.into();
            let to = to(customer, options.old_meter);
            let request = ChangeMeterRequest { meter, basis, balance, count, note, to };
            bank::change_meter(call, &mut desk, &request)?
        }
        (None, ..) => None,
    };
    if let Some(report) = report {
        tell_change(call, &report);
    }
    Ok(())
}

/// Tells of a meter that was changed.
pub fn tell_change(call: &Call, report: &ChangeReport) {
    let change = &report.change;
    let mut lines = vec![
        ("change", format!("{}, customer {}", change.change, change.customer)),
        ("meter", format!("{} instead of {}", change.new_meter, change.old_meter)),
        ("carried", format!("{} ({})", yuan(change.carried_fen), stands(change))),
    ];
    if let Some(corrected) = &change.corrected {
        lines.push(("corrected to", yuan(corrected.due_fen)));
    }
    if let Some(sealed) = &report.sealed {
        lines.push(("order", format!("{}, {}", sealed.order, sealed.amount_fen)));
        lines.push(("record", sealed.record.clone()));
    }
    answer(call, &facts(&lines), report);
}

fn stands(change: &ChangeLine) -> &'static str {
    match (change.provisional, &change.corrected) {
        (true, _) => "an estimate, provisional",
        (false, Some(_)) => "an estimate, corrected",
        (false, None) => "as read",
    }
}

/// Runs `server ageing`.
pub fn ageing(call: &Call, options: &Ageing) -> Result<()> {
    tell_ageing(call, &bank::ageing(call, &Desk::open(call)?, options.office.as_deref())?);
    Ok(())
}

/// Tells what waits.
pub fn tell_ageing(call: &Call, report: &AgeingReport) {
    let ages = report
        .ages
        .iter()
        .map(|line| vec![line.age.to_string(), line.purchases.to_string(), yuan(line.paid_fen)]);
    let mut text = table(&["age", "purchases", "paid"], ages.collect());
    if !report.waiting.is_empty() {
        let heading = ["order", "customer", "meter", "paid", "days", "valid until", "office", "what to do"];
        text.push_str("\n\n");
        text.push_str(&table(&heading, report.waiting.iter().map(waiting_row).collect()));
    }
    if !report.provisional.is_empty() {
        let heading = ["provisional change", "customer", "old meter", "new meter", "carried", "since"];
        text.push_str("\n\n");
        text.push_str(&table(&heading, report.provisional.iter().map(change_row).collect()));
    }
    answer(call, &text, report);
}

fn waiting_row(line: &WaitingLine) -> Vec<String> {
    vec![
        line.order.to_string(),
        line.customer.to_string(),
        line.meter.to_string(),
        yuan(line.paid_fen),
        line.days.to_string(),
        line.valid_until.to_string(),
        line.office.clone(),
        line.what.to_string(),
    ]
}

fn change_row(change: &ChangeLine) -> Vec<String> {
    vec![
        change.change.to_string(),
        change.customer.to_string(),
        change.old_meter.to_string(),
        change.new_meter.to_string(),
        yuan(change.carried_fen),
        change.at.to_string(),
    ]
}
