//! Who acts: operators of a party's home by their login, or the user of the operating system
//! [docs/specs/operators.md].
//!
//! [`one`] is the person of an act; [`two`] are the persons of an act that wants two people. Both ask at most once
//! a run and party. No name is taken on trust: a login asks a password, a user comes from the system.

mod login;
pub mod request;
mod user;

pub use login::new as new_password;

use crate::args::Global;
use crate::fail::{Failure, refused, security};
use crate::home;
use crate::nouns::Deed;
use kdc::operators::{FILE, Operators, Role};
use parties::trouble::{Context, Result};
use scheme::profile::State;
use std::fmt;
use std::io::IsTerminal;
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
pub fn one(global: &Global, folder: &Path) -> Result<Person> {
    let person = match (global.people.approved(), global.people.of(folder)) {
        (Some(two), _) => two.first,
        (None, Some(person)) => person,
        (None, None) => enter(global, folder)?,
    };
    if person.role == Some(Role::Auditor) && global.deed != Deed::Look {
        let words = format!("{person} is an auditor, who reads and verifies and does no other act");
        return Err(security(words).hint("let a clerk or a supervisor act").into());
    }
    global.people.keep(folder, &person);
    Ok(person)
}

/// Who stands in the log for a failure: who was asked already, else the system's user; nobody is asked now.
pub fn whoever(global: &Global, folder: &Path) -> Person {
    global.people.of(folder).unwrap_or_else(system_user)
}

fn system_user() -> Person {
    Person { name: user::name(), role: None, logged_in: false }
}

fn enter(global: &Global, folder: &Path) -> Result<Person> {
    let operators = operators(folder)?;
    if let Some(name) = &global.operator {
        must_be_some(&operators, folder)?;
        return login::login(&operators, name, global.operator_password_file.as_deref());
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
pub fn two(global: &Global, folder: &Path, act: &str, state: State) -> Result<Option<Two>> {
    if let Some(two) = global.people.approved() {
        return Ok(Some(two));
    }
    let operators = operators(folder)?;
    if operators.is_empty() {
        if global.second_operator.is_some() || global.request {
            must_be_some(&operators, folder)?;
        }
        return match state {
            State::Test => Ok(Some(Two { first: one(global, folder)?, second: None })),
            State::Formal | State::Retired => Err(security(format!(
                "{act} wants two people, and no operators are registered in {}",
                folder.display()
            ))
            .hint("register them with `gridcard operator add NAME --role ROLE`, a supervisor among them")
            .into()),
        };
    }
    if global.operator.is_none() {
        let fault = security(format!("{act} wants two people, each by his own login"));
        return Err(fault.hint("log in with --operator NAME, and let another --second-operator").into());
    }
    let first = one(global, folder)?;
    if global.request {
        request::write(global, folder, act, &first)?;
        return Ok(None);
    }
    let second = second(global, &operators, act, &first)?;
    must_be_two(act, &first, &second)?;
    Ok(Some(Two { first, second: Some(second) }))
}

fn second(global: &Global, operators: &Operators, act: &str, first: &Person) -> Result<Person> {
    let name = match &global.second_operator {
        Some(name) => name.clone(),
        None if std::io::stdin().is_terminal() => crate::secret::ask_openly("second operator")?,
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
    login::login(operators, &name, global.second_password_file.as_deref())
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
pub fn both(global: &Global, folder: &Path, act: &str, state: State) -> Result<bool> {
    let Some(two) = two(global, folder, act, state)? else { return Ok(false) };
    crate::audit::fact(global, "second", two.second());
    Ok(true)
}

/// A flag of two-person acts on a command that is none would be left unheeded.
pub fn must_fit(global: &Global) -> Result<()> {
    let asked = global.request || global.second_operator.is_some();
    if asked && !matches!(global.deed, Deed::Two(_)) {
        return Err(Failure::new(crate::fail::Kind::Usage, "this command is no act of two people")
            .hint("leave --request and --second-operator out")
            .into());
    }
    if global.request && global.second_operator.is_some() {
        return Err(Failure::new(
            crate::fail::Kind::Usage,
            "--request is for a second operator who comes later, --second-operator for one who is here",
        )
        .into());
    }
    Ok(())
}

/// Refuses `--request` where an act can be done by one person yet.
pub fn no_request(global: &Global) -> Result<()> {
    if global.request {
        return Err(refused("one person does this as long as there are no two operators")
            .hint("leave --request out")
            .into());
    }
    Ok(())
}
