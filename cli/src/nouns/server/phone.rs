//! `gridcard server phone`: customers' phones that are known to the server.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{row, table};
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::Desk;
use parties::bank::phones::{self, PhoneChange, PhoneChangeReport, PhonesReport};
use parties::trouble::Result;
use scheme::numbers::CustomerNumber;

/// Verbs of customers' phones.
#[derive(Debug, Subcommand)]
pub enum Phone {
    /// The phones of a customer that are known, or were.
    List(List),
    /// Freeze a phone: it may do nothing until it is let again.
    Freeze(Which),
    /// Let a phone buy again.
    Thaw(Which),
    /// Forget a phone: its keys go at once, and it enrols anew or never.
    Forget(Which),
}

/// Options of `phone list`.
#[derive(Debug, Args)]
pub struct List {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

/// Which phone, and why.
#[derive(Debug, Args)]
pub struct Which {
    /// The phone, 16 hexadecimal digits, as `server phone list` has it.
    pub phone: String,
    /// Why; the log keeps it.
    #[arg(long)]
    pub reason: String,
}

impl Phone {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Phone::List(_) => Deed::Look,
            Phone::Freeze(_) => Deed::One("server phone freeze"),
            Phone::Thaw(_) => Deed::One("server phone thaw"),
            Phone::Forget(_) => Deed::One("server phone forget"),
        }
    }

    /// What is done with which phone; `None`: they are listed.
    pub const fn change(&self) -> Option<(&Which, PhoneChange)> {
        match self {
            Phone::List(_) => None,
            Phone::Freeze(which) => Some((which, PhoneChange::Freeze)),
            Phone::Thaw(which) => Some((which, PhoneChange::Thaw)),
            Phone::Forget(which) => Some((which, PhoneChange::Forget)),
        }
    }
}

/// Runs a verb of phones.
pub fn run(call: &Call, verb: &Phone) -> Result<()> {
    let mut desk = Desk::open(call)?;
    if let Phone::List(options) = verb {
        tell_list(call, &phones::list(call, &desk, options.customer)?);
    }
    if let Some((which, change)) = verb.change() {
        tell(call, &phones::change(call, &mut desk, &which.phone, change, &which.reason)?);
    }
    Ok(())
}

/// Tells of a customer's phones.
pub fn tell_list(call: &Call, report: &PhonesReport) {
    let rows = report.phones.iter().map(|phone| {
        let state = match (&phone.why, phone.frozen) {
            (Some(why), _) => why.clone(),
            (None, Some(_)) => "frozen".to_owned(),
            (None, None) => "good".to_owned(),
        };
        let seen = phone.seen.map_or_else(|| "-".to_owned(), |at| at.to_string());
        row![phone.phone, phone.mode, phone.enrolled, seen, phone.sessions, state]
    });
    let text = table(&["phone", "how", "enrolled", "seen", "sessions", "state"], rows.collect());
    answer(call, &text, report);
}

/// Tells what was done with a phone.
pub fn tell(call: &Call, report: &PhoneChangeReport) {
    let line = &report.line;
    let state = match (&line.why, line.frozen) {
        (Some(why), _) => format!("is known no more ({why})"),
        (None, Some(at)) => format!("is frozen since {at}"),
        (None, None) => "is let".to_owned(),
    };
    let was = if report.changed { "" } else { ", as before" };
    answer(call, &format!("phone {} of customer {} {state}{was}", line.phone, line.customer), report);
}
