//! Who acts: operators of a party's home by their login, or the user of the operating system
//! [docs/specs/operators.md].
//!
//! [`one`] is the person of an act; [`two`] are the persons of an act that wants two people. Both ask at most once
//! a run and party. No name is taken on trust: a login asks a password, a user comes from the system.

mod login;
pub mod operators;
pub mod register;
pub mod request;
mod user;

pub use login::new as new_password;

use crate::session::Session;
use crate::trouble::{Failure, refused, security};
use crate::home;
use crate::session::Deed;
use operators::{FILE, Operators, Role};
use crate::trouble::{Context, Result};
use scheme::profile::State;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Somebody who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name of the operator, or of the user of the system.
    name: String,
    /// What he is for; `None` for a user of the system in a home without operators.
    role: Option<Role>,
    /// Whether he gave his password in this run.
    logged_in: bool,
}

impl fmt::Display for Person {
    /// As the log writes it: an operator's name, or `user:NAME`, which no operator can be called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(_) => f.write_str(&self.name),
            None => write!(f, "user:{}", self.name),
        }
    }
}

/// The persons of an act that wants two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Two {
    /// Who began it.
    pub first: Person,
    /// The other one; nobody in a home of test state without operators.
    pub second: Option<Person>,
}

impl Two {
    /// The second person, for the log.
    pub fn second(&self) -> String {
        self.second.as_ref().map_or_else(|| "nobody: test state, no operators".to_owned(), Person::to_string)
    }
}

/// The people of a run, asked once.
#[derive(Debug, Default)]
pub struct People {
    known: Mutex<Vec<(PathBuf, Person)>>,
    /// The two persons of a request that is approved.
    approved: Mutex<Option<Two>>,
}

impl People {
    fn of(&self, folder: &Path) -> Option<Person> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(of, _)| of == folder).map(|(_, person)| person.clone())
    }

    fn keep(&self, folder: &Path, person: &Person) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, _)| of != folder);
        known.push((folder.to_owned(), person.clone()));
    }

    fn approve(&self, two: Two) {
        *self.approved.lock().unwrap_or_else(PoisonError::into_inner) = Some(two);
    }

    fn approved(&self) -> Option<Two> {
        self.approved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The operators of a party's folder; none where nobody was registered.
pub fn operators(folder: &Path) -> Result<Operators> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(Operators::default());
    }
    Operators::parse(&home::read_text(&path)?).with_context(|| path.display().to_string())
}

/// The person of an act in a party's folder: the operator who logs in, the operator the system's user is, or, where no
/// operators are registered, the system's user himself. An auditor does no act.
pub fn one(session: &Session, folder: &Path) -> Result<Person> {
    let person = match (session.course.people.approved(), session.course.people.of(folder)) {
        (Some(two), _) => two.first,
        (None, Some(person)) => person,
        (None, None) => enter(session, folder)?,
    };
    if person.role == Some(Role::Auditor) && session.deed != Deed::Look {
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
    Person { name: user::name(), role: None, logged_in: false }
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
        Some(operator) => {
            Ok(Person { name: operator.name.clone(), role: Some(operator.role), logged_in: false })
        }
        None => Err(security(format!(
            "the user {} of this machine is no operator of {}",
            person.name,
            folder.display()
        ))
        .hint("log in with --operator NAME")
        .into()),
    }
}

fn must_be_some(operators: &Operators, folder: &Path) -> Result<()> {
    if !operators.is_empty() {
        return Ok(());
    }
    Err(security(format!("no operators are registered in {}", folder.display()))
        .hint("register them with `gridcard operator add`; without any the user of the machine stands in the log")
        .into())
}

/// The persons of an act that wants two people, each by his own login; `act` is what they do, `state` that of the keys
/// or the money it is about. `None`: a request was written (`--request`), and the act waits for `gridcard approve`.
///
/// In a home without operators one person suffices in test state, and the log says so; in formal state nobody does.
pub fn two(session: &Session, folder: &Path, act: &str, state: State) -> Result<Option<Two>> {
    if let Some(two) = session.course.people.approved() {
        return Ok(Some(two));
    }
    let operators = operators(folder)?;
    if operators.is_empty() {
        if session.actors.second.is_some() || session.actors.request {
            must_be_some(&operators, folder)?;
        }
        return match state {
            State::Test => Ok(Some(Two { first: one(session, folder)?, second: None })),
            State::Formal | State::Retired => Err(security(format!(
                "{act} wants two people, and no operators are registered in {}",
                folder.display()
            ))
            .hint("register them with `gridcard operator add NAME --role ROLE`, a supervisor among them")
            .into()),
        };
    }
    if session.actors.operator.is_none() {
        let fault = security(format!("{act} wants two people, each by his own login"));
        return Err(fault.hint("log in with --operator NAME, and let another --second-operator").into());
    }
    let first = one(session, folder)?;
    if session.actors.request {
        request::write(session, folder, act, &first)?;
        return Ok(None);
    }
    let second = second(session, &operators, act, &first)?;
    must_be_two(act, &first, &second)?;
    Ok(Some(Two { first, second: Some(second) }))
}

fn second(session: &Session, operators: &Operators, act: &str, first: &Person) -> Result<Person> {
    let name = match &session.actors.second {
        Some(name) => name.clone(),
        None if session.secrets.is_person() => session.secrets.ask_openly("second operator")?,
        None => {
            let fault = security(format!("{act} wants two people; {first} alone is one"));
            return Err(fault
                .hint("name the second with --second-operator, or write a --request for him to approve")
                .into());
        }
    };
    if name == first.name {
        return Err(same(act, first).into());
    }
    login::login(session, operators, &name, session.actors.second_password_file.as_deref())
}

fn same(act: &str, person: &Person) -> Failure {
    security(format!("{act} wants two people, and {person} is one"))
        .hint("let another operator be the second, by his own login")
}

/// Two different people, none an auditor, a supervisor among them.
fn must_be_two(act: &str, first: &Person, second: &Person) -> Result<()> {
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

/// As [`two`], with the second person named in the act's line of the log; false when a request was written and nothing is done.
pub fn both(session: &Session, folder: &Path, act: &str, state: State) -> Result<bool> {
    let Some(two) = two(session, folder, act, state)? else { return Ok(false) };
    crate::log::fact(session, "second", two.second());
    Ok(true)
}

/// A flag of two-person acts on a command that is none would be left unheeded.
pub fn must_fit(session: &Session) -> Result<()> {
    let asked = session.actors.request || session.actors.second.is_some();
    if asked && !matches!(session.deed, Deed::Two(_)) {
        return Err(Failure::new(scheme::Kind::Usage, "this command is no act of two people")
            .hint("leave --request and --second-operator out")
            .into());
    }
    if session.actors.request && session.actors.second.is_some() {
        return Err(Failure::new(
            scheme::Kind::Usage,
            "--request is for a second operator who comes later, --second-operator for one who is here",
        )
        .into());
    }
    Ok(())
}

/// Refuses `--request` where an act can be done by one person yet.
pub fn no_request(session: &Session) -> Result<()> {
    if session.actors.request {
        return Err(refused("one person does this as long as there are no two operators")
            .hint("leave --request out")
            .into());
    }
    Ok(())
}
