//! Who may act, and who can log in.

use super::frame::Frame;
use super::visit::{Answer, Visit, role_key};
use askama::Template;
use parties::Result;
use parties::people::operators;

struct Line {
    name: String,
    role: &'static str,
    since: String,
    has_codes: bool,
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "operators.html")]
struct OperatorsPage {
    f: Frame,
    lines: Vec<Line>,
}

/// The page.
///
/// # Errors
/// The list or the books cannot be read.
pub fn operators_page(visit: &mut Visit<'_>) -> Result<Answer> {
    let known = operators(visit.desk().place())?;
    let mut lines = Vec::new();
    for operator in known.all() {
        lines.push(Line {
            name: operator.name.clone(),
            role: role_key(operator.role),
            since: operator.since.get(..10).unwrap_or_default().to_owned(),
            has_codes: visit.books().code_secret(&operator.name)?.is_some(),
            out: operator.disabled.as_ref().map(|at| at.get(..10).unwrap_or_default().to_owned()),
        });
    }
    visit.page(&OperatorsPage { f: visit.frame("operators")?, lines })
}
