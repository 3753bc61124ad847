//! `gridcard bank`: payments through customers' banks, and the bank's day.

use crate::call::Call;
#[cfg(feature = "service")]
use crate::far::{Far, Remote, verb_is_near};
#[cfg(feature = "service")]
use crate::files;
use crate::output::answer;
use crate::screen::{facts, table};
use crate::shared::BankHostOptions;
use crate::task::Task;
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::payment::{self, PaymentLine, PaymentReport, PaymentsReport};
use parties::bank::{
    self, ClearDifferenceReport, ClearRequest, Desk, DifferenceLine, EndSuspenseReport, EndSuspenseRequest,
    ReconcileReport, RestLine, SuspenseReport,
};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::moment::Day;
use scheme::order::OrderId;
#[cfg(feature = "service")]
use serde_json::json;
use server::{RestId, Way};
#[cfg(feature = "service")]
use service::client::Request;
use std::path::PathBuf;

/// Verbs of the bank leg.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Payments that wait for something: for the bank's word, or for an order to be sealed.
    Payments(Payments),
    /// A payment, and what it went through.
    Show(One),
    /// Ask the bank about payments whose time has come, and tell it again of those that were given up.
    Ask(Ask),
    /// The customer leaves: give the order up; the bank is told until it confirms, and gives back what it may have taken.
    Leave(One),
    /// Compare the bank's file of a day with the books. Nothing is adjusted; each difference is a finding.
    Reconcile(Reconcile),
    /// Two people clear a difference with the bank.
    Clear(Clear),
    /// What stands in suspense: for which payment or difference, how much, since when, why.
    Suspense,
    /// Two people end what stands in suspense: it is paid back, goes to the bank, is income, or is a difference.
    SuspenseEnd(SuspenseEnd),
}

/// Which payments.
#[derive(Debug, Args)]
pub struct Payments {
    /// Those that wait for nothing as well.
    #[arg(long)]
    pub all: bool,
}

/// A payment.
#[derive(Debug, Args)]
pub struct One {
    /// Its id: that of its order, 16 hexadecimal digits.
    pub payment: OrderId,
}

/// Options of `bank ask`.
#[derive(Debug, Args)]
pub struct Ask {
    /// Whatever the bank has not answered, though its time has not come.
    #[arg(long)]
    pub all: bool,
    /// The bank.
    #[command(flatten)]
    pub bank: BankHostOptions,
}

/// Options of `bank reconcile`.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// The bank's file: CSV with the columns day, entry, reference, kind, amount_fen.
    pub file: PathBuf,
    /// The day it is of, YYYY-MM-DD.
    #[arg(long)]
    pub day: Day,
}

/// Options of `bank clear`.
#[derive(Debug, Args)]
pub struct Clear {
    /// Number of the finding.
    pub finding: i64,
    /// Book it: the books are made to say what the bank has.
    #[arg(long, conflicts_with = "no_entry", required_unless_present = "no_entry")]
    pub book: bool,
    /// Book nothing: the difference is none any more, or another entry has made it good.
    #[arg(long)]
    pub no_entry: bool,
    /// What was found out about it.
    #[arg(long)]
    pub note: String,
}

/// Options of `bank suspense-end`.
#[derive(Debug, Args)]
pub struct SuspenseEnd {
    /// What it stands there for: a payment, 16 hexadecimal digits, or finding:NUMBER.
    pub rest: RestId,
    /// Where it goes: `refund` over the counter to the customer, `bank` which took it back, `income` where it is nobody's,
    /// `difference` of what the bank gave back too much.
    #[arg(long, value_name = "WAY", value_parser = way)]
    pub to: Way,
    /// What was found out about it.
    #[arg(long)]
    pub note: String,
}

fn way(text: &str) -> std::result::Result<Way, String> {
    Way::from_name(text).ok_or_else(|| "a way is refund, bank, income or difference".to_owned())
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Payments(_) | Verb::Show(_) | Verb::Suspense => Deed::Look,
            Verb::Ask(_) => Deed::One("bank ask"),
            Verb::Leave(_) => Deed::One("bank leave"),
            Verb::Reconcile(_) => Deed::One("bank reconcile"),
            Verb::Clear(_) => Deed::Two("bank clear"),
            Verb::SuspenseEnd(_) => Deed::Two("bank suspense-end"),
        }
    }
}

/// Payments, in the bank's own folder or at a running server.
#[derive(Debug, Args)]
pub struct Bank {
    /// The running server, where one is asked.
    #[cfg(feature = "service")]
    #[command(flatten)]
    pub remote: Remote,
    /// What is done.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Bank {
    /// What it is, and what does it. What a running server does stands in its own log.
    pub fn task(self) -> Task {
        #[cfg(feature = "service")]
        if self.remote.is_named() {
            return Task::new(Deed::Look, self, |call, bank| run_far(|| bank.remote.line(call), &bank.verb));
        }
        Task::new(self.verb.deed(), self, |call, bank| {
            #[cfg(feature = "service")]
            bank.remote.must_be_unnamed()?;
            run(call, &bank.verb)
        })
    }
}

/// Runs a verb in the bank's folder.
fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Payments(options) => tell_waiting(call, &payment::list(call, &Desk::open(call)?, options.all)?),
        Verb::Show(options) => tell_payment(call, &payment::show(call, &Desk::open(call)?, options.payment)?),
        Verb::Ask(options) => {
            let host = options.bank.open()?;
            let report = bank::ask_bank(call, &mut Desk::open(call)?, &host, options.all)?;
            answer(call, &lines(&report.payments, "the bank is to be asked nothing"), &report);
        }
        Verb::Leave(options) => {
            let report = payment::leave(call, &mut Desk::open(call)?, options.payment)?;
            answer(call, &one(&report), &report);
        }
        Verb::Reconcile(options) => {
            let report = bank::reconcile_file(call, &mut Desk::open(call)?, options.day, &options.file)?;
            tell_reconciled(call, &report);
        }
        Verb::Clear(options) => {
            let request = ClearRequest { finding: options.finding, note: options.note.clone() };
            let report = bank::clear_difference(call, &mut Desk::open(call)?, &request, options.book)?;
            if let Some(report) = report {
                tell_cleared(call, &report);
            }
        }
        Verb::Suspense => tell_suspense(call, &bank::suspense(call, &Desk::open(call)?)?),
        Verb::SuspenseEnd(options) => {
            let SuspenseEnd { rest, to, note } = options;
            let request = EndSuspenseRequest { rest: *rest, way: *to, note: note.clone() };
            if let Some(report) = bank::end_suspense(call, &mut Desk::open(call)?, &request)? {
                tell_ended(call, &report);
            }
        }
    }
    Ok(())
}

/// Asks a running server for a verb; `far` opens the line to it.
#[cfg(feature = "service")]
fn run_far<'c>(far: impl FnOnce() -> Result<Far<'c>>, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Ask(_) => return Err(verb_is_near("bank ask")),
        Verb::Payments(options) => {
            let far = far()?;
            let request = Request::to("payments")?.query("all", options.all.then_some(true));
            tell_waiting(far.call, &far.look(&request)?);
        }
        Verb::Show(options) => {
            let far = far()?;
            tell_payment(far.call, &far.look(&Request::to("payment")?.place("payment", options.payment))?);
        }
        Verb::Leave(options) => {
            let far = far()?;
            let request = Request::to("leave")?.place("payment", options.payment).fields(json!({}));
            let report: PaymentLine = far.change(&request)?;
            answer(far.call, &one(&report), &report);
        }
        Verb::Reconcile(options) => {
            let far = far()?;
            let request = Request::to("bank-file")?.query("day", Some(options.day));
            let request = request.text(files::whole(&options.file)?);
            tell_reconciled(far.call, &far.take_in(&request, &options.file)?);
        }
        Verb::Clear(options) => {
            let far = far()?;
            let entry = if options.book { "book" } else { "none" };
            let request = Request::to("clear-difference")?.place("finding", options.finding);
            let fields = json!({ "note": options.note, "entry": entry });
            tell_cleared(far.call, &far.change(&request.fields(fields))?);
        }
        Verb::Suspense => {
            let far = far()?;
            tell_suspense(far.call, &far.look(&Request::to("suspense")?)?);
        }
        Verb::SuspenseEnd(options) => {
            let far = far()?;
            let request = Request::to("end-suspense")?.place("rest", options.rest);
            let fields = json!({ "to": options.to.name(), "note": options.note });
            tell_ended(far.call, &far.change(&request.fields(fields))?);
        }
    }
    Ok(())
}

fn tell_waiting(call: &Call, report: &PaymentsReport) {
    answer(call, &lines(&report.payments, "no payment waits for anything"), report);
}

fn tell_payment(call: &Call, report: &PaymentReport) {
    let steps =
        report.steps.iter().map(|step| vec![step.at.to_string(), step.state.clone(), step.what.clone()]);
    let text = format!("{}\n{}", one(&report.line), table(&["time", "state", "what"], steps.collect()));
    answer(call, &text, report);
}

fn lines(payments: &[PaymentLine], none: &str) -> String {
    if payments.is_empty() {
        return none.to_owned();
    }
    let row = |line: &PaymentLine| {
        vec![
            line.payment.to_string(),
            line.customer.to_string(),
            line.amount_fen.to_string(),
            line.state.to_string(),
            line.since.to_string(),
            line.next.map(|next| next.to_string()).unwrap_or_default(),
            line.reason.clone().unwrap_or_default(),
        ]
    };
    let heading = ["payment", "customer", "amount", "state", "since", "asked again", "reason"];
    table(&heading, payments.iter().map(row).collect())
}

fn one(line: &PaymentLine) -> String {
    facts(&[
        ("payment", line.payment.to_string()),
        ("customer", format!("{}, meter {}", line.customer, line.meter)),
        ("amount", line.amount_fen.to_string()),
        ("state", format!("{} since {}", line.state, line.since)),
        ("to do", line.advice.to_string()),
        ("in suspense", yuan(line.suspense_fen)),
    ])
}

fn tell_reconciled(call: &Call, report: &ReconcileReport) {
    let mut text = facts(&[
        ("day", report.day.to_string()),
        ("file", format!("{}{}", report.hash, if report.again { ", taken before" } else { "" })),
        ("entries", report.entries.to_string()),
        ("equal", format!("{}, and {} decided what was not known", report.equal, report.decided)),
        ("ours only", report.ours_only.to_string()),
        ("theirs only", report.theirs_only.to_string()),
        ("other amount", report.other_amount.to_string()),
    ]);
    if !report.differences.is_empty() {
        let row = |line: &DifferenceLine| {
            vec![
                line.finding.to_string(),
                line.heap.to_string(),
                line.kind.to_string(),
                line.reference.clone(),
                yuan(line.fen),
            ]
        };
        let heading = ["finding", "heap", "kind", "reference", "the bank has more"];
        text = format!("{text}\n{}", table(&heading, report.differences.iter().map(row).collect()));
    }
    answer(call, &text, report);
}

fn tell_cleared(call: &Call, report: &ClearDifferenceReport) {
    let booked = if report.booked_fen == 0 {
        "nothing is booked".to_owned()
    } else {
        format!("{} are booked", yuan(report.booked_fen))
    };
    let text = format!("finding {} ({}) is cleared; {booked}", report.cleared.finding, report.cleared.kind);
    answer(call, &text, report);
}

fn tell_suspense(call: &Call, report: &SuspenseReport) {
    if report.rests.is_empty() {
        answer(call, "nothing stands in suspense", report);
        return;
    }
    let row = |line: &RestLine| {
        let customer = line.customer.map(|customer| customer.to_string()).unwrap_or_default();
        let (since, why) = (line.since.to_string(), line.why.to_string());
        vec![line.rest.clone(), customer, yuan(line.fen), since, why, line.advice.to_string()]
    };
    let heading = ["for", "customer", "amount", "since", "why", "to do"];
    let text = table(&heading, report.rests.iter().map(row).collect());
    answer(call, &format!("{text}\n{}", facts(&[("in suspense", yuan(report.suspense_fen))])), report);
}

fn tell_ended(call: &Call, report: &EndSuspenseReport) {
    let cleared: Vec<String> = report.cleared.iter().map(i64::to_string).collect();
    let mut lines = vec![
        ("for", report.rest.clone()),
        ("amount", yuan(report.fen)),
        ("to", report.to.to_string()),
        ("by", format!("{} and {}", report.by, report.second)),
    ];
    if !cleared.is_empty() {
        lines.push(("findings cleared", cleared.join(", ")));
    }
    answer(call, &facts(&lines), report);
}
