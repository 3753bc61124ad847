//! `kdc init`: a ceremony held, and the province it founds.

use super::options::Options;
use super::walk::Walk;
use super::words::checks_table;
use crate::global::Global;
use crate::output::answer;
use crate::screen::facts;
use ::kdc::ceremony::script;
use clap::Args;
use parties::Result;
use parties::issuing::CheckValues;
use parties::province::founding::{self, Beginning, FoundReport, FoundRequest};
use serde_json::json;
use std::path::Path;

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
    let shape = options.shape(global)?;
    let steps = script::script(&shape);
    let steps: Vec<_> = steps.iter().filter(|step| step.is_the_programs()).collect();
    let mut text = String::new();
    for (i, step) in steps.iter().enumerate() {
        text.push_str(&format!("{:>3}. {} ({})\n", i + 1, step.title, step.role));
    }
    let mut plan = String::new();
    if shape.main_card {
        plan = founding::plan_main_card(global, options.suite, options.number)?;
        text.push_str(&format!("\nthe main control card:\n{plan}"));
    }
    let titles: Vec<_> = steps.iter().map(|step| step.title.as_str()).collect();
    answer(global, text.trim_end(), json!({ "steps": titles, "plan": plan }));
    Ok(())
}

/// Holds a ceremony, with or without the steps that people do.
pub fn hold(global: &Global, options: &Options, attended: bool) -> Result<()> {
    let mut walk = Walk::new(global, options, attended)?;
    options.must_have_a_place_for_shares(global.json)?;
    let folder = founding::place(global)?;
    let request = walk.gather()?;
    // Only now: a ceremony that failed leaves nothing behind.
    let report = found(global, &folder, &mut walk, &request);
    if report.is_err() {
        walk.abandon();
    }
    let report = report?;
    let text = format!("{}\n\n{}", facts(&shown(&walk, &report)), checks_table(&report.check_values));
    answer(global, &text, &report);
    Ok(())
}

/// Founds the province, while the people do the last steps of the script.
fn found(global: &Global, folder: &Path, walk: &mut Walk<'_>, request: &FoundRequest) -> Result<FoundReport> {
    let beginning = Beginning::begin(global, folder)?;
    let mut filled = beginning.fill(request)?;
    let mut entries = Vec::new();
    if let Some(set) = &filled.keystore_set {
        entries.push(("key store, set".to_owned(), set.clone()));
    }
    if let Some(serial) = &filled.main_serial {
        entries.push(("main control card, serial".to_owned(), serial.to_string()));
    }
    walk.wrote(entries)?;
    walk.conclude(&CheckValues::of_roots(&filled.record.roots), &filled.head)?;
    (filled.record.people, filled.record.notes) = walk.record();
    let protocol = (!filled.record.notes.is_empty())
        .then(|| script::sheet(walk.shape(), filled.record.suite.name(), Some(&filled.record)));
    beginning.end(&filled, protocol.as_deref())
}

fn shown(walk: &Walk<'_>, report: &FoundReport) -> Vec<(&'static str, String)> {
    let rehearsal = if report.rehearsal { ", a rehearsal" } else { "" };
    let mut lines = vec![("root", format!("{} ({}){rehearsal}", report.state, report.suite))];
    lines.extend(report.card.clone().map(|card| ("main control card", card)));
    if let (Some((threshold, total)), Some(path)) = (walk.shape().custodians, &report.keystore) {
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
