//! One person of an act: an operator by his login, or the user of the system.

use super::operators::{FILE, Operators, Role};
use super::who::Person;
use super::{login, user};
use crate::home::files;
use crate::session::Session;
use crate::trouble::{Context, Result, security};
use std::path::Path;

/// The operators of a party's folder; none where nobody was registered.
///
/// # Errors
/// The list is damaged.
pub fn operators(folder: &Path) -> Result<Operators> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(Operators::default());
    }
    Operators::parse(&files::read_text(&path)?).with_context(|| path.display().to_string())
}

/// The person of an act in a party's folder: the operator who logs in, the operator the system's user is, or, where no
/// operators are registered, the system's user himself. An auditor does no act.
///
/// # Errors
/// Nobody logs in; an auditor, in an act.
pub fn one(session: &Session, folder: &Path) -> Result<Person> {
    let person = match (session.course.people.approved(), session.course.people.of(folder)) {
        (Some(two), _) => two.first,
        (None, Some(person)) => person,
        (None, None) => enter(session, folder)?,
    };
    if person.role == Some(Role::Auditor) && !session.deed.only_looks() {
        let words = format!("{person} is an auditor, who reads and verifies and does no other act");
        return Err(security(words).hint("let a clerk or a supervisor act").into());
    }
    session.course.people.keep(folder, &person);
    Ok(person)
}

/// Who stands in the log for a failure: who was asked already, else the system's user; nobody is asked now.
pub fn whoever(session: &Session, folder: &Path) -> Person {
    session.course.people.of(folder).unwrap_or_else(system_user)
}

fn system_user() -> Person {
    Person { name: user::name(), role: None, logged_in: false, by_key: false }
}

fn enter(session: &Session, folder: &Path) -> Result<Person> {
    let operators = operators(folder)?;
    if let Some(name) = &session.actors.operator {
        must_be_some(&operators, folder)?;
        return login::login(session, &operators, name, session.actors.password_file.as_deref());
    }
    let person = system_user();
    if operators.is_empty() {
        return Ok(person);
    }
    match operators.of_user(&person.name) {
        Some(operator) => Ok(Person {
            name: operator.name.clone(),
            role: Some(operator.role),
            logged_in: false,
            by_key: false,
        }),
        None => Err(security(format!(
            "the user {} of this machine is no operator of {}",
            person.name,
            folder.display()
        ))
        .hint("log in with --operator NAME")
        .into()),
    }
}

pub(super) fn must_be_some(operators: &Operators, folder: &Path) -> Result<()> {
    if !operators.is_empty() {
        return Ok(());
    }
    Err(security(format!("no operators are registered in {}", folder.display()))
        .hint("register them with `gridcard operator add`; without any the user of the machine stands in the log")
        .into())
}
