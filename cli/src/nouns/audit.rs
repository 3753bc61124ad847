//! `audit` of each party: what its audit log says, and whether it was touched.

use crate::args::Global;
use crate::audit::{self as log, Noted};
use crate::fail::{Failure, Kind, refused};
use crate::output::{answer, table};
use crate::{home, vouch};
use ::office::audit::{
    Act, AuditFinding, Entry, Hash, LOG, Outcome, Report, head_of, verify, verify_against,
};
use clap::{Args, Subcommand};
use lens::facts::facts;
use parties::trouble::{Context, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verbs of an audit log.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find any change, removal or reordering of lines, and an end that was cut off.
    Verify(Verify),
    /// Show the last acts.
    Show(Show),
    /// Copy the log and print its head hash, to be written down and countersigned.
    Export(Export),
    /// Print where the log ends, at the day's close; nothing is noted.
    Head,
}

/// Options of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The log. Default: the office's own.
    pub file: Option<PathBuf>,
    /// A head hash that was written down: the log must still have the line with it.
    #[arg(long, value_name = "HASH")]
    pub head: Option<Hash>,
    /// Files that came from this party, or logs of parties that took something from it: the lines they keep must be there.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub against: Vec<PathBuf>,
}

/// Options of `audit show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The log. Default: the office's own.
    pub file: Option<PathBuf>,
    /// How many acts.
    #[arg(long, default_value_t = 20)]
    pub last: usize,
}

/// Options of `audit export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Where the copy goes. Default: none is made, the head alone is printed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Verb {
    /// Whether the office's own log is needed.
    pub const fn needs_folder(&self) -> bool {
        !matches!(self, Verb::Verify(Verify { file: Some(_), .. }) | Verb::Show(Show { file: Some(_), .. }))
    }
}

/// Runs a verb; `folder` gives the party's, if one is needed.
pub fn run(global: &Global, verb: &Verb, folder: impl FnOnce() -> Result<PathBuf>) -> Result<()> {
    let folder = verb.needs_folder().then(folder).transpose()?;
    let folder = folder.as_deref();
    let own = folder.map(|folder| folder.join(LOG));
    let which =
        |file: &Option<PathBuf>| file.clone().or_else(|| own.clone()).context("no audit log was named");
    match verb {
        Verb::Verify(options) => {
            let folder = folder.filter(|_| options.file.is_none());
            check(global, &which(&options.file)?, folder, options)
        }
        Verb::Head => head(global, folder.context("no office")?),
        Verb::Show(options) => show(global, &which(&options.file)?, options.last),
        Verb::Export(options) => export(global, folder.context("no office")?, options.out.as_deref()),
    }
}

/// Reads a log with suspicion; of an office's own also what its store, its cards and its operators say.
fn check(global: &Global, path: &Path, folder: Option<&Path>, options: &Verify) -> Result<()> {
    let mut anchors = folder.map_or_else(|| Ok(Vec::new()), vouch::kept)?;
    if let Some(party) = folder.map(home::owner).transpose()?.flatten() {
        anchors.extend(vouch::files(party, &options.against)?);
    } else if !options.against.is_empty() {
        return Err(Failure::new(Kind::Usage, "--against is for a party's own log, not for a copy").into());
    }
    let mut operators = None;
    let each = |entry: &Entry| operators = vouch::operators_line(entry).or(operators.take());
    // An office whose log is gone altogether has its cards left to speak.
    let gone = folder.is_some() && !path.exists() && anchors.is_empty();
    let mut report =
        if gone { Report::default() } else { verify_against(path, options.head, &anchors, each)? };
    let mut absent = Vec::new();
    if let Some(folder) = folder {
        // A copy has no head file; a party's own log has.
        if report.head.lines > 0 && head_of(path)?.is_none() {
            report.findings.insert(0, AuditFinding::HeadGone { found: report.head.lines });
        }
        report.findings.extend(vouch::operators(folder, operators)?);
        let (findings, not_there) = vouch::cards(global, folder)?;
        report.findings.extend(findings);
        absent = not_there;
    }
    let mut lines = said(path, &report, options.head);
    lines.insert(3, ("anchors", format!("{} line(s) kept elsewhere", anchors.len())));
    if !absent.is_empty() {
        lines.push(("cards not looked at", absent.join(", ")));
    }
    let words: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    answer(global, &facts(&lines), object(&report, &words));
    if report.is_sound() {
        return Ok(());
    }
    let fault = refused(format!("{} was touched: {}", path.display(), words.join("; ")));
    Err(fault.hint("the last countersigned export says what stood there").into())
}

/// Where the log ends.
fn head(global: &Global, folder: &Path) -> Result<()> {
    let origin = vouch::Origin::of(folder)?;
    let text = facts(&[
        ("party", origin.party.clone()),
        ("time", crate::clock::now(global)?.to_string()),
        ("lines", origin.lines.to_string()),
        ("head", origin.hash.to_string()),
    ]);
    let at = crate::clock::now(global)?.to_string();
    answer(
        global,
        &text,
        json!({ "party": origin.party, "at": at, "lines": origin.lines, "head": origin.hash }),
    );
    Ok(())
}

fn object(report: &Report, findings: &[String]) -> serde_json::Value {
    let codes: Vec<&str> = report.findings.iter().map(AuditFinding::code).collect();
    json!({
        "lines": report.head.lines, "head": report.head.hash.to_string(), "torn": report.torn,
        "torn_end_bytes": report.torn_end, "behind_head_file": report.behind_head_file,
        "behind_head": report.behind_head, "findings": findings, "codes": codes,
    })
}

fn said(path: &Path, report: &Report, head: Option<Hash>) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("audit log", path.display().to_string()),
        ("lines", report.head.lines.to_string()),
        ("head", report.head.hash.to_string()),
    ];
    if report.torn > 0 || report.torn_end > 0 {
        lines.push((
            "torn by a crash",
            format!("{} stretch(es), {} byte(s) at the end", report.torn, report.torn_end),
        ));
    }
    lines.push((
        "head file",
        match report.behind_head_file {
            Some(0) => "the last line".into(),
            Some(more) => format!("{more} line(s) before the end: a run broke off, or they were added"),
            None => "none that fits".into(),
        },
    ));
    lines.push((
        "asked head",
        match (head, report.behind_head) {
            (None, _) => {
                "none: an end that was cut off together with the head file is not found without one".into()
            }
            (Some(_), Some(more)) => format!("found, {more} line(s) before the end"),
            (Some(_), None) => "not found".into(),
        },
    ));
    lines.push(("findings", report.findings.len().to_string()));
    lines
}

fn show(global: &Global, path: &Path, last: usize) -> Result<()> {
    let mut kept = std::collections::VecDeque::new();
    let report = verify(path, None, |entry| {
        kept.push_back(entry.clone());
        if kept.len() > last {
            kept.pop_front();
        }
    })?;
    let rows: Vec<Vec<String>> = kept.iter().map(row).collect();
    let text = table(&["no", "time", "who", "act", "card", "outcome"], rows);
    answer(global, &text, json!({ "entries": kept, "lines": report.head.lines }));
    if report.is_sound() {
        return Ok(());
    }
    Err(refused(format!("{} was touched", path.display())).hint("see `audit verify`").into())
}

fn row(entry: &Entry) -> Vec<String> {
    let act = serde_json::to_value(&entry.act).ok();
    let act = act.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let card = entry.card.as_ref().map_or_else(String::new, |card| {
        format!("{} {}", card.kind, card.number.as_deref().unwrap_or_default())
    });
    let outcome = match &entry.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Refused { why } => format!("refused: {why}"),
    };
    vec![entry.no.to_string(), entry.at.clone(), entry.who.clone(), act, card, outcome]
}

fn export(global: &Global, folder: &Path, out: Option<&Path>) -> Result<()> {
    let path = folder.join(LOG);
    let report = verify(&path, None, |_| {})?;
    if !report.is_sound() {
        return Err(refused(format!("{} was touched; it is not exported", path.display()))
            .hint("see `audit verify`")
            .into());
    }
    // The export stands in the log itself, so that the copies can be counted.
    let facts_of = [("lines", report.head.lines.to_string()), ("head", report.head.hash.to_string())];
    log::note(global, folder, Noted { facts: &facts_of, ..Noted::of(Act::Export) })?;
    let report = verify(&path, None, |_| {})?;
    if let Some(out) = out {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        crate::home::write(out, &bytes)?;
    }
    let text = facts(&[
        ("audit log", path.display().to_string()),
        ("copy", out.map_or("none".into(), |out| out.display().to_string())),
        ("lines", report.head.lines.to_string()),
        ("head", report.head.hash.to_string()),
    ]);
    let object = json!({
        "lines": report.head.lines, "head": report.head.hash.to_string(),
        "copy": out.map(|out| out.display().to_string()),
    });
    answer(global, &text, object);
    crate::output::say(
        "write the head down, with date and signatures: it proves later that nothing before it was changed",
    );
    Ok(())
}
