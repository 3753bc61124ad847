//! `gridcard server findings`, `clear`, `verify`: what is not as it should be.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use clap::Args;
use parties::bank::{self, ClearReport, ClearRequest, Desk, FindingLine, FindingsReport, VerifyReport};
use parties::trouble::Result;
use std::path::PathBuf;

/// Options of `server findings`.
#[derive(Debug, Args)]
pub struct Findings {
    /// Those that were cleared as well.
    #[arg(long)]
    pub all: bool,
}

/// Options of `server clear`.
#[derive(Debug, Args)]
pub struct Clear {
    /// Number of the finding.
    pub finding: i64,
    /// What was found out about it.
    #[arg(long)]
    pub note: String,
}

/// Options of `server verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Taken from whoever still says it, and not read: what is compared is free to read.
    #[arg(long, value_name = "FILE", hide = true)]
    pub pin_file: Option<PathBuf>,
}

/// Runs `server findings`.
pub fn findings(call: &Call, options: &Findings) -> Result<()> {
    tell_findings(call, &bank::findings(call, &Desk::open(call)?, options.all)?);
    Ok(())
}

/// Tells of findings.
pub fn tell_findings(call: &Call, report: &FindingsReport) {
    if report.findings.is_empty() {
        answer(call, "nothing to clear", report);
        return;
    }
    let heading = ["finding", "kind", "about", "found", "stops sales", "cleared by", "what"];
    answer(call, &table(&heading, report.findings.iter().map(row).collect()), report);
}

fn row(finding: &FindingLine) -> Vec<String> {
    let about = finding.meter.map(|meter| meter.to_string()).or_else(|| finding.psam.clone());
    let cleared = finding.cleared.as_ref().map(|cleared| match &cleared.second {
        Some(second) => format!("{} and {second}", cleared.by),
        None => cleared.by.clone(),
    });
    vec![
        finding.finding.to_string(),
        finding.kind.to_string(),
        about.unwrap_or_default(),
        finding.found.to_string(),
        (if finding.stops_sales { "yes" } else { "" }).to_owned(),
        cleared.unwrap_or_default(),
        finding.what.clone(),
    ]
}

/// Runs `server clear`.
pub fn clear(call: &Call, options: &Clear) -> Result<()> {
    let request = ClearRequest { finding: options.finding, note: options.note.clone() };
    if let Some(report) = bank::clear(call, &mut Desk::open(call)?, &request)? {
        tell_cleared(call, &report);
    }
    Ok(())
}

/// Tells of a finding that was cleared.
pub fn tell_cleared(call: &Call, report: &ClearReport) {
    answer(call, &format!("finding {} ({}) is cleared", report.finding, report.kind), report);
}

/// Runs `server verify`.
pub fn verify(call: &Call, _: &Verify) -> Result<()> {
    tell_verified(call, &bank::verify(call, &mut Desk::open(call)?)?)
}

/// Tells whether books and PSAMs agree.
pub fn tell_verified(call: &Call, report: &VerifyReport) -> Result<()> {
    let sealed = report.psams.iter().map(|psam| {
        let sealed = psam.sealed.map_or_else(|| "unknown".into(), |sealed| sealed.to_string());
        (format!("orders sealed by PSAM {}", psam.psam), sealed)
    });
    let sealed: Vec<(String, String)> = sealed.collect();
    let mut lines: Vec<(&str, String)> =
        sealed.iter().map(|(name, sealed)| (name.as_str(), sealed.clone())).collect();
    let ledger: Vec<(String, String)> = report
        .ledger
        .iter()
        .map(|chain| {
            (format!("transfers of server {}", chain.server), format!("{}, {}", chain.transfers, chain.head))
        })
        .collect();
    lines.extend(ledger.iter().map(|(name, stands)| (name.as_str(), stands.clone())));
    lines.extend([
        ("books and PSAM", if report.agree { "agree".into() } else { "do not agree".into() }),
        ("findings to clear", report.findings.to_string()),
    ]);
    answer(call, &facts(&lines), report);
    report.verdict()
}
