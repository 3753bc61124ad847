//! Who acts: operators of a party's home by their login, or the user of the operating system
//! [docs/specs/operators.md].
//!
//! [`one`] is the person of an act; [`two`] are the persons of an act that wants two people. Both ask at most once
//! a run and party. No name is taken on trust: a login asks a password, a user comes from the system.

pub(crate) mod enter;
mod login;
pub mod operators;
mod pair;
pub mod register;
pub mod request;
pub(crate) mod requested;
mod user;
pub(crate) mod who;

pub use enter::{one, operators, whoever};
pub use login::{by_password, new as new_password};
pub use who::{People, Person, Two};

use crate::session::Deed;
use crate::session::Session;
use crate::trouble::Result;
use crate::trouble::{Failure, refused, security};
use enter::must_be_some;
use operators::Operators;
use pair::{must_be_two, same};
use scheme::profile::State;
use std::path::Path;

/// The persons of an act that wants two people, each by his own login; `act` is what they do, `state` that of the keys
/// or the money it is about. `None`: a request was written (`--request`), and the act waits for `gridcard approve`.
///
/// In a home without operators one person suffices in test state, and the log says so; in formal state nobody does.
///
/// # Errors
/// Nobody logs in, one person is both, or none is a supervisor.
pub fn two(session: &Session, folder: &Path, act: &str, state: State) -> Result<Option<Two>> {
    if let Some(two) = session.course.people.approved() {
        return Ok(Some(two));
    }
    let served = |first: &Person| first.by_key || (first.logged_in && session.actors.operator.is_none());
    if let Some(first) = session.course.people.of(folder).filter(served) {
        let fault = security(format!("{act} wants two people; {first} alone is one"));
        return Err(if first.by_key {
            fault.hint("send the key of a second principal beside the first")
        } else {
            fault.hint("ask for it, and let another operator approve it")
        }
        .into());
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

/// Says who acts in a party's folder, where a service knows its people by their keys or logins; `second` is the other one of an act that
/// wants two.
///
/// # Errors
/// Two who are no two people, or none of them a supervisor.
pub fn acts_by_key(session: &Session, folder: &Path, first: Person, second: Option<Person>) -> Result<()> {
    if let Some(second) = second {
        must_be_two("this act", &first, &second)?;
        session.course.people.approve(Two { first, second: Some(second) });
    } else {
        session.course.people.keep(folder, &first);
    }
    Ok(())
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

/// As [`two`], with the second person named in the act's line of the log; false when a request was written and nothing is done.
///
/// # Errors
/// As [`two`].
pub fn both(session: &Session, folder: &Path, act: &str, state: State) -> Result<bool> {
    let Some(two) = two(session, folder, act, state)? else { return Ok(false) };
    crate::log::second(session, two.second());
    Ok(true)
}

/// A flag of two-person acts on a command that is none would be left unheeded.
///
/// # Errors
/// That one.
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
///
/// # Errors
/// That one.
pub fn no_request(session: &Session) -> Result<()> {
    if session.actors.request {
        return Err(refused("one person does this as long as there are no two operators")
            .hint("leave --request out")
            .into());
    }
    Ok(())
}
