//! Findings: what is not as it should be, and its end.

use super::approvals;
use super::asking::ask_for;
use super::frame::Frame;
use super::html::{Html, digits, when};
use super::visit::{Answer, Told, Visit};
use askama::Template;
use parties::{Result, Trouble};
use serde_json::json;

struct FindingLine {
    id: i64,
    at: String,
    kind: Html,
    what: String,
    meter: Html,
    cleared: String,
    note: String,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    f: Frame,
    findings: Vec<FindingLine>,
}

/// All findings there ever were, newest first.
///
/// # Errors
/// The books cannot be read.
pub fn all(visit: &mut Visit<'_>) -> Result<Answer> {
    let mut findings = visit.books().findings(true)?;
    findings.reverse();
    let line = |finding: server::Finding| {
        let (cleared, note) = match finding.cleared {
            Some(cleared) => {
                let both = cleared
                    .second
                    .map_or_else(|| cleared.by.clone(), |second| format!("{}, {second}", cleared.by));
                (format!("{} {both}", when(cleared.at, true)), cleared.note)
            }
            None => Default::default(),
        };
        FindingLine {
            id: finding.id,
            at: when(finding.at, true),
            kind: approvals::kind(visit.lang, finding.kind),
            what: finding.detail,
            meter: finding.meter.map_or_else(Html::default, |meter| digits(&meter.to_string(), false)),
            cleared,
            note,
        }
    };
    let findings = findings.into_iter().map(line).collect();
    visit.page(&FindingsPage { f: visit.frame("approvals")?, findings })
}

/// Asks for a finding to be cleared; a second person decides.
///
/// # Errors
/// There is no such finding; the books or the log cannot be written.
pub fn clear(visit: &mut Visit<'_>) -> Result<Answer> {
    let id: i64 = visit.place("finding")?;
    let finding = visit.books().finding(id)?.ok_or(server::ClearError::Unknown(id))?;
    if finding.kind.is_difference() {
        return approvals::page(visit, Some(Told::of(&Trouble::new(server::ClearError::Difference(id)))));
    }
    let asked =
        json!({ "named": { "finding": id.to_string() }, "fields": { "note": visit.form.get("reason") } });
    match ask_for(visit, "clear", &asked, None)? {
        Ok(()) => Ok(Answer::See("/console/approvals?said=asked".to_owned())),
        Err(told) => approvals::page(visit, Some(told)),
    }
}
