//! The acts of a ceremony: its run-sheet, what it would do, and the ceremony itself.

use super::request::CeremonyRequest;
use super::walk::Walk;
use crate::issuing::CheckValues;
use crate::province::founding::{self, Beginning, FoundReport, FoundRequest};
use crate::session::Session;
use crate::trouble::Result;
use ::kdc::ceremony::script;
use serde::Serialize;
use std::path::Path;

/// The run-sheet of a ceremony.
#[derive(Debug, Clone, Serialize)]
pub struct SheetReport {
    /// The roles that need a person.
    pub people: Vec<String>,
    /// The steps.
    pub steps: Vec<StepReport>,
    /// All of it as it is printed.
    #[serde(skip)]
    pub sheet: String,
}

/// A step of a run-sheet.
#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    /// Who does it.
    pub role: String,
    /// Headline.
    pub title: String,
    /// What is done.
    pub text: &'static str,
}

/// What a ceremony without its people would do.
#[derive(Debug, Clone, Serialize)]
pub struct DryRunReport {
    /// Headlines of the steps that a program does.
    pub steps: Vec<String>,
    /// What the main control card would be sent, secrets hidden; empty where none is made.
    pub plan: String,
    /// Who does each step.
    #[serde(skip)]
    pub roles: Vec<String>,
}

/// The run-sheet of a ceremony: roles, steps, and blanks for what people write down.
///
/// # Errors
/// No such ceremony can be.
pub fn sheet(session: &Session, request: &CeremonyRequest) -> Result<SheetReport> {
    let shape = request.shape(session)?;
    let steps = script::script(&shape).into_iter();
    Ok(SheetReport {
        people: script::people_of(&shape),
        steps: steps.map(|step| StepReport { role: step.role, title: step.title, text: step.text }).collect(),
        sheet: script::sheet(&shape, request.suite.name(), None),
    })
}

/// What would be done; nobody is asked and nothing is written.
///
/// # Errors
/// No such ceremony can be.
pub fn dry_run(session: &Session, request: &CeremonyRequest) -> Result<DryRunReport> {
    let shape = request.shape(session)?;
    let steps = script::script(&shape).into_iter().filter(script::Step::is_the_programs);
    let (steps, roles) = steps.map(|step| (step.title, step.role)).unzip();
    let plan = match shape.main_card {
        true => founding::plan_main_card(session, request.suite, request.number)?,
        false => String::new(),
    };
    Ok(DryRunReport { steps, plan, roles })
}

/// Holds a ceremony and founds the province; `attended` with the steps that people do, each of them noted.
///
/// # Errors
/// No such ceremony can be; somebody gave what is not right; those of the founding. Nothing is left behind then.
pub fn hold(session: &Session, request: &CeremonyRequest, attended: bool) -> Result<FoundReport> {
    let mut walk = Walk::new(session, request, attended)?;
    request.must_have_a_place_for_shares(session)?;
    let folder = founding::place(session)?;
    let gathered = walk.gather()?;
    // Only now: a ceremony that failed leaves nothing behind.
    let report = found(session, &folder, &mut walk, &gathered);
    if report.is_err() {
        walk.abandon();
    }
    report
}

/// Founds the province, while the people do the last steps of the script.
fn found(
    session: &Session,
    folder: &Path,
    walk: &mut Walk<'_>,
    gathered: &FoundRequest,
) -> Result<FoundReport> {
    let beginning = Beginning::begin(session, folder)?;
    let mut filled = beginning.fill(gathered)?;
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
