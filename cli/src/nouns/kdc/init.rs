//! `kdc init`: a ceremony held, and the province it founds.

use super::options::Options;
use crate::global::Global;
use crate::output::answer;
use crate::screen::facts;
use clap::Args;
use parties::Result;
use parties::province::ceremony;
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

/// Holds the ceremony and makes the province.
pub fn init(global: &Global, options: &Init) -> Result<()> {
    if options.dry_run { dry_run(global, &options.ceremony) } else { hold(global, &options.ceremony, false) }
}

/// What would be done; nothing is asked for and nothing written.
fn dry_run(global: &Global, options: &Options) -> Result<()> {
    let report = ceremony::dry_run(global, &options.get())?;
    let mut text = String::new();
    for (number, (title, role)) in (1..).zip(report.steps.iter().zip(&report.roles)) {
        text.push_str(&format!("{number:>3}. {title} ({role})\n"));
    }
    if !report.plan.is_empty() {
        text.push_str(&format!("\nthe main control card:\n{}", report.plan));
    }
    answer(global, text.trim_end(), &report);
    Ok(())
}

/// Holds a ceremony, with or without the steps that people do.
pub fn hold(global: &Global, options: &Options, attended: bool) -> Result<()> {
    let report = ceremony::hold(global, &options.get(), attended)?;
    answer(global, &format!("{}\n\n{}", facts(&shown(&report)), report.check_values.table()), &report);
    Ok(())
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
