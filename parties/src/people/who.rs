//! The persons of an act, and those of a run.

use super::operators::Role;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Somebody who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name of the operator, or of the user of the system.
    pub(super) name: String,
    /// What he is for; `None` for a user of the system in a home without operators.
    pub(super) role: Option<Role>,
    /// Whether he gave his password in this run.
    pub(super) logged_in: bool,
    /// Whether he is a program: one that showed its key to a service, or the service itself.
    pub(super) by_key: bool,
}

/// What the log calls a service that acts of itself.
const SERVICE: &str = "service";

impl Person {
    /// A program that showed a service the key of this id; the service has compared it.
    pub fn by_key(id: &str, role: Role) -> Self {
        Person { name: id.to_owned(), role: Some(role), logged_in: true, by_key: true }
    }

    /// A service that goes on with what others began, because its time has come.
    pub fn service() -> Self {
        Person { name: SERVICE.to_owned(), role: None, logged_in: true, by_key: true }
    }

    /// An operator who logged in to a service; the service has compared his password and his code.
    pub fn by_login(name: &str, role: Role) -> Self {
        Person { name: name.to_owned(), role: Some(role), logged_in: true, by_key: false }
    }
}

impl fmt::Display for Person {
    /// As the log writes it: an operator's name, `user:NAME`, `key:ID`, which no operator can be called, or `key:service`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            _ if self.by_key => write!(f, "key:{}", self.name),
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
    pub(super) fn of(&self, folder: &Path) -> Option<Person> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(of, _)| of == folder).map(|(_, person)| person.clone())
    }

    pub(super) fn keep(&self, folder: &Path, person: &Person) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, _)| of != folder);
        known.push((folder.to_owned(), person.clone()));
    }

    pub(super) fn approve(&self, two: Two) {
        *self.approved.lock().unwrap_or_else(PoisonError::into_inner) = Some(two);
    }

    pub(super) fn approved(&self) -> Option<Two> {
        self.approved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
