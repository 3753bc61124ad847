//! `audit` of each party: what its audit log says, and whether it was touched.

use crate::prelude::*;
use ::office::audit::{Ending, Entry, Hash};
use parties::log::reading::{self, VerifyReport, VerifyRequest, Which};

/// Verbs of an audit log.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find any change, removal or reordering of lines, and an end that was cut off.
    Verify(Verify),
    /// Show the last acts.
    Show {
        /// The log. Default: the office's own.
        file: Option<PathBuf>,
        /// How many acts.
        #[arg(long, default_value_t = 20)]
        last: usize,
    },
    /// Copy the log and print its head hash, to be written down and countersigned.
    Export {
        /// Where the copy goes. Default: none is made, the head alone is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
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

impl Verb {
    /// Whether the office's own log is needed.
    pub const fn needs_folder(&self) -> bool {
        !matches!(self, Verb::Verify(Verify { file: Some(_), .. }) | Verb::Show { file: Some(_), .. })
    }
}

/// Runs a verb; `folder` gives the party's, if one is needed.
pub fn run(call: &Call, verb: &Verb, folder: impl FnOnce() -> Result<PathBuf>) -> Result<()> {
    let folder = verb.needs_folder().then(folder).transpose()?;
    let own = || folder.as_deref().context("no audit log was named");
    let which = |file: &Option<PathBuf>| {
        Ok::<_, Trouble>(match file {
            Some(file) => Which::Copy(file.clone()),
            None => Which::Own(own()?.to_path_buf()),
        })
    };
    match verb {
        Verb::Verify(options) => check(call, which(&options.file)?, options),
        Verb::Head => head(call, own()?),
        Verb::Show { file, last } => show(call, &which(file)?, *last),
        Verb::Export { out } => export(call, own()?, out.as_deref()),
    }
}

fn check(call: &Call, which: Which, options: &Verify) -> Result<()> {
    let request = VerifyRequest { which, head: options.head, against: options.against.clone() };
    let report = reading::check(call, &request)?;
    answer(call, &facts(&said(&report, options.head)), &report);
    report.must_be_sound()
}

fn head(call: &Call, folder: &Path) -> Result<()> {
    reply(call, reading::head(call, folder), |report| {
        facts(&[
            ("party", report.party.clone()),
            ("time", report.at.clone()),
            ("lines", report.lines.to_string()),
            ("head", report.head.to_string()),
        ])
    })
}

fn said(report: &VerifyReport, head: Option<Hash>) -> Vec<(&'static str, String)> {
    let head_file = match report.behind_head_file {
        Some(0) => "the last line".into(),
        Some(behind) => format!("{behind} line(s) before the end: a run broke off, or they were added"),
        None => "none that fits".into(),
    };
    let asked = match (head, report.behind_head) {
        (None, _) => {
            "none: an end that was cut off together with the head file is not found without one".into()
        }
        (Some(_), Some(behind)) => format!("found, {behind} line(s) before the end"),
        (Some(_), None) => "not found".into(),
    };
    let torn = format!("{} stretch(es), {} byte(s) at the end", report.torn, report.torn_end_bytes);
    let is_torn = report.torn > 0 || report.torn_end_bytes > 0;
    let lines = [
        Some(("audit log", report.file.display().to_string())),
        Some(("lines", report.lines.to_string())),
        Some(("head", report.head.clone())),
        Some(("anchors", format!("{} line(s) kept elsewhere", report.anchors))),
        is_torn.then_some(("torn by a crash", torn)),
        Some(("head file", head_file)),
        Some(("asked head", asked)),
        Some(("findings", report.findings.len().to_string())),
        (!report.absent.is_empty()).then(|| ("cards not looked at", report.absent.join(", "))),
    ];
    lines.into_iter().flatten().collect()
}

fn show(call: &Call, which: &Which, last: usize) -> Result<()> {
    let report = reading::show(which, last)?;
    let rows = report.entries.iter().map(row).collect();
    answer(call, &table(&["no", "time", "who", "act", "card", "outcome"], rows), &report);
    report.must_be_sound()
}

fn row(entry: &Entry) -> Vec<String> {
    let act = serde_json::to_value(&entry.act).ok();
    let act = act.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let card = entry.card.as_ref().map_or_else(String::new, |card| {
        format!("{} {}", card.kind, card.number.as_deref().unwrap_or_default())
    });
    let outcome = match &entry.outcome {
        Ending::Done => "done".to_owned(),
        Ending::Refused { why } => format!("refused: {why}"),
    };
    row![entry.no, entry.at, entry.who, act, card, outcome]
}

fn export(call: &Call, folder: &Path, out: Option<&Path>) -> Result<()> {
    reply(call, reading::export(call, folder, out), |report| {
        facts(&[
            ("audit log", report.file.display().to_string()),
            ("copy", report.copy.clone().unwrap_or_else(|| "none".into())),
            ("lines", report.lines.to_string()),
            ("head", report.head.clone()),
        ])
    })?;
    say("write the head down, with date and signatures: it proves later that nothing before it was changed");
    Ok(())
}
