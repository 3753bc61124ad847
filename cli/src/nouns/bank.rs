//! `gridcard bank`: payments through customers' banks, and the bank's day.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use crate::shared::BankHostOptions;
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::payment::{self, PaymentLine};
use parties::bank::{self, ClearRequest, Desk, DifferenceLine};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::moment::Day;
use scheme::order::OrderId;
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

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Payments(_) | Verb::Show(_) => Deed::Look,
            Verb::Ask(_) => Deed::One("bank ask"),
            Verb::Leave(_) => Deed::One("bank leave"),
            Verb::Reconcile(_) => Deed::One("bank reconcile"),
            Verb::Clear(_) => Deed::Two("bank clear"),
        }
    }
}

/// Runs a verb.
pub fn run(call: &Call, verb: Verb) -> Result<()> {
    match verb {
        Verb::Payments(options) => {
            let report = payment::list(call, &Desk::open(call)?, options.all)?;
            answer(call, &lines(&report.payments, "no payment waits for anything"), &report);
        }
        Verb::Show(options) => {
            let report = payment::show(call, &Desk::open(call)?, options.payment)?;
            let steps = report
                .steps
                .iter()
                .map(|step| vec![step.at.to_string(), step.state.clone(), step.what.clone()]);
            let text =
                format!("{}\n{}", one(&report.line), table(&["time", "state", "what"], steps.collect()));
            answer(call, &text, &report);
        }
        Verb::Ask(options) => {
            let host = options.bank.open()?;
            let report = bank::ask_bank(call, &mut Desk::open(call)?, &host, options.all)?;
            answer(call, &lines(&report.payments, "the bank is to be asked nothing"), &report);
        }
        Verb::Leave(options) => {
            let report = payment::leave(call, &mut Desk::open(call)?, options.payment)?;
            answer(call, &one(&report), &report);
        }
        Verb::Reconcile(options) => reconcile(call, &options)?,
        Verb::Clear(options) => clear(call, &options)?,
    }
    Ok(())
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
            line.state.to_owned(),
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
        ("to do", line.advice.to_owned()),
        ("in suspense", yuan(line.suspense_fen)),
    ])
}

fn reconcile(call: &Call, options: &Reconcile) -> Result<()> {
    let report = bank::reconcile_file(call, &mut Desk::open(call)?, options.day, &options.file)?;
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
                line.heap.to_owned(),
                line.kind.to_owned(),
                line.reference.clone(),
                yuan(line.fen),
            ]
        };
        let heading = ["finding", "heap", "kind", "reference", "the bank has more"];
        text = format!("{text}\n{}", table(&heading, report.differences.iter().map(row).collect()));
    }
    answer(call, &text, &report);
    Ok(())
}

fn clear(call: &Call, options: &Clear) -> Result<()> {
    let request = ClearRequest { finding: options.finding, note: options.note.clone() };
    let done = bank::clear_difference(call, &mut Desk::open(call)?, &request, options.book)?;
    let Some(report) = done else { return Ok(()) };
    let booked = if report.booked_fen == 0 {
        "nothing is booked".to_owned()
    } else {
        format!("{} are booked", yuan(report.booked_fen))
    };
    let text = format!("finding {} ({}) is cleared; {booked}", report.cleared.finding, report.cleared.kind);
    answer(call, &text, &report);
    Ok(())
}
