//! What makes two persons two.

use super::operators::Role;
use super::who::Person;
use crate::trouble::{Failure, Result, security};

pub(super) fn same(act: &str, person: &Person) -> Failure {
    security(format!("{act} wants two people, and {person} is one"))
        .hint("let another operator be the second, by his own login")
}

/// Two different people, none an auditor, a supervisor among them.
pub(super) fn must_be_two(act: &str, first: &Person, second: &Person) -> Result<()> {
    if first.name == second.name {
        return Err(same(act, first).into());
    }
    let roles = [first.role, second.role];
    if roles.contains(&Some(Role::Auditor)) || !roles.contains(&Some(Role::Supervisor)) {
        let words = format!("{act} wants a supervisor and a clerk, or two supervisors");
        return Err(security(words).hint("`gridcard operator list` shows who is what").into());
    }
    Ok(())
}
