//! `kdc init`, `kdc ceremony` and `kdc component`: the founding of a province, with or without the steps that people do.

use super::options::Options;
use crate::prelude::*;
use parties::province::ceremony;
use parties::province::component::{self, ComponentRequest};
use parties::province::founding::FoundReport;

/// Options of `kdc init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub ceremony: Options,
    /// Show the steps and the APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `kdc component`.
#[derive(Debug, Args)]
pub struct Draw {
    /// Cipher suite of the ceremony.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Write it, with its check value, into a new file for its owner's eyes alone, and show the check value only: a transport
    /// root that a card maker gives.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Verbs of a ceremony.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print the run-sheet: roles, steps, and blanks for times, envelopes, check values and signatures.
    Plan(Options),
    /// Walk the script of the run-sheet step by step, make the province, and fill in the protocol.
    Run(Options),
}

/// Holds the ceremony and makes the province.
pub fn init(call: &Call, options: &Init) -> Result<()> {
    if options.dry_run { dry_run(call, &options.ceremony) } else { hold(call, &options.ceremony, false) }
}

/// What would be done; nothing is asked for and nothing written.
fn dry_run(call: &Call, options: &Options) -> Result<()> {
    let report = ceremony::dry_run(call, &options.get())?;
    let mut text = String::new();
    for (number, (title, role)) in (1..).zip(report.steps.iter().zip(&report.roles)) {
        text.push_str(&format!("{number:>3}. {title} ({role})\n"));
    }
    if !report.plan.is_empty() {
        text.push_str(&format!("\nthe main control card:\n{}", report.plan));
    }
    answer(call, text.trim_end(), &report);
    Ok(())
}

/// Holds a ceremony, with or without the steps that people do.
pub fn hold(call: &Call, options: &Options, attended: bool) -> Result<()> {
    reply(call, ceremony::hold(call, &options.get(), attended), |report| {
        format!("{}\n\n{}", facts(&shown(report)), report.check_values.table())
    })
}

fn shown(report: &FoundReport) -> Vec<(&'static str, String)> {
    let rehearsal = if report.rehearsal { ", a rehearsal" } else { "" };
    let mut lines = vec![("root", format!("{} ({}){rehearsal}", report.state, report.suite))];
    lines.extend(report.card.clone().map(|card| ("main control card", card)));
    if let (Some((threshold, total)), Some(path)) = (report.custodians, &report.keystore) {
        lines.push(("key store", format!("{path}, {threshold} of {total} custodians")));
    }
    if let Some((set, threshold, count)) = &report.backup {
        lines.push(("backup", format!("set {set}, {threshold} of {count} shares")));
    }
    lines.push(("check value of the whole", report.check_value.clone().unwrap_or_else(|| "-".into())));
    lines.push(("audit log, head", report.audit_head.clone()));
    lines.extend(report.protocol.as_ref().map(|path| ("protocol", path.display().to_string())));
    lines
}

/// Prints the run-sheet.
pub fn sheet(call: &Call, options: &Options) -> Result<()> {
    reply(call, ceremony::sheet(call, &options.get()), |report| report.sheet.trim_end().to_owned())
}

/// Draws a component for a custodian.
pub fn component(call: &Call, options: &Draw) -> Result<()> {
    let request = ComponentRequest { suite: options.suite, out: options.out.clone() };
    let report = component::draw(call, &request)?;
    let check_value = &report.check_value;
    match (&report.component, &report.file) {
        (Some(component), _) => {
            answer(call, &format!("{}\n{check_value}", component.0.as_str()), &report);
            say("the first line is secret: on paper, into the custodian's envelope, nowhere else");
        }
        (None, file) => {
            let file = file.as_deref().unwrap_or_default();
            answer(call, &format!("{file}: check value {check_value}"), &report);
        }
    }
    Ok(())
}
