//! The bank's log, as it is read.

use super::frame::Frame;
use super::html::{Html, digits};
use super::visit::{Answer, Visit};
use askama::Template;
use office::audit::{Ending, Entry};
use parties::Result;
use parties::log::reading::{Which, show};

/// Lines that are shown.
const SHOWN: usize = 200;

struct Line {
    no: u64,
    at: String,
    who: String,
    act: String,
    is_refused: bool,
    why: String,
    facts: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    sub: Html,
    sound: bool,
    head: Html,
    only: String,
    lines: Vec<Line>,
}

/// The page.
///
/// # Errors
/// The log cannot be read.
pub fn audit(visit: &mut Visit<'_>) -> Result<Answer> {
    let only = visit.query.get("who").to_owned();
    // Whoever looks for one name looks through more lines.
    let most = if only.is_empty() { SHOWN } else { SHOWN * 50 };
    let report = show(&Which::Own(visit.desk().place().to_owned()), most)?;
    let wanted = |entry: &&Entry| only.is_empty() || entry.who == only;
    let head = parties::log::reading::head(&visit.session, visit.desk().place())?;
    let lines: Vec<Line> = report.entries.iter().rev().filter(wanted).take(SHOWN).map(line).collect();
    visit.page(&AuditPage {
        f: visit.frame("audit")?,
        sub: visit.lang.say("audit.sub", &[Html::text(lines.len()), Html::text(report.lines)]),
        sound: report.sound,
        head: visit.lang.say("audit.head", &[Html::text(head.lines), digits(&head.head.to_string(), true)]),
        only,
        lines,
    })
}

fn line(entry: &Entry) -> Line {
    let act = serde_json::to_value(&entry.act).ok().and_then(|act| Some(act.as_str()?.to_owned()));
    let why = match &entry.outcome {
        Ending::Done => String::new(),
        Ending::Refused { why } => why.clone(),
    };
    let shown = |(name, value): (&String, &String)| {
        (!value.is_empty() && name != "ledger").then(|| format!("{name} {value}"))
    };
    let facts: Vec<String> = entry.facts.iter().filter_map(shown).collect();
    Line {
        no: entry.no,
        at: entry.at.clone(),
        who: entry.who.clone(),
        act: act.unwrap_or_default(),
        is_refused: !why.is_empty(),
        why,
        facts: facts.join(", "),
    }
}
