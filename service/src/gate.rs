//! Who asks, and whether he may: keys and certificates, roles, offices, how often.

use crate::bucket::Buckets;
use crate::denied::Denied;
use crate::job::Job;
use crate::key::Shown;
use crate::offices;
use crate::rights;
use crate::tries::Tries;
use parties::Trouble;
use parties::bank::Desk;
use parties::bank::phones::{self, Caller, Entered};
use parties::people::{Person, operators};
use scheme::moment::Moment;
use server::{Act, Actor, Books, Channel, Principal, Role};
use std::time::Duration;

/// One who asks.
pub struct Asker {
    /// The id under which his requests are kept.
    pub principal: String,
    /// As the bank's log knows him.
    pub person: Person,
    /// Where he acts.
    pub actor: Actor,
    /// The one office whose customers are there for him; `None`: all are.
    pub office: Option<String>,
    /// He is the power company.
    pub is_company: bool,
}

impl Asker {
    fn by_key(principal: &Principal) -> Self {
        Asker {
            principal: principal.id.clone(),
            person: person(principal),
            actor: actor(principal),
            office: offices::apart(principal).map(str::to_owned),
            is_company: principal.role == Role::Company,
        }
    }

    /// A line of this server's own: what comes over it is settled as if it had come by telephone.
    fn service(principal: &str) -> Self {
        let actor = Actor { office: String::new(), channel: Channel::Phone, clerk: None };
        let (principal, person) = (principal.to_owned(), Person::service());
        Asker { principal, person, actor, office: None, is_company: false }
    }

    /// An operator who logged in: all customers are there for him, and his cash goes into his own drawer.
    pub fn at_the_counter(principal: String, person: Person, name: &str) -> Self {
        let actor = Actor { office: String::new(), channel: Channel::Counter, clerk: Some(name.to_owned()) };
        Asker { principal, person, actor, office: None, is_company: false }
    }
}

impl Asker {
    /// A phone whose session has proved it: it buys for its own customer, by telephone.
    fn by_phone(entered: &Entered) -> Self {
        let name = hex::encode(entered.phone.name);
        let actor = Actor { office: entered.office.clone(), channel: Channel::Phone, clerk: None };
        Asker {
            principal: entered.phone.principal.clone(),
            person: Person::by_key(&format!("phone:{name}"), operators::Role::Clerk),
            actor,
            office: None,
            is_company: false,
        }
    }
}

/// Who asks, and the second person of an act that wants two.
pub struct Askers {
    /// Who asks.
    pub first: Asker,
    /// The other one.
    pub second: Option<Person>,
}

impl Askers {
    /// The one office whose customers are there for them; `None`: all are.
    pub fn office(&self) -> Option<&str> {
        self.first.office.as_deref()
    }
}

fn actor(principal: &Principal) -> Actor {
    let channel = match principal.role {
        Role::Clerk | Role::Supervisor | Role::Auditor => Channel::Counter,
        Role::Bank if principal.by_phone => Channel::Phone,
        Role::Bank => Channel::Bank,
        Role::Company => Channel::Company,
    };
    Actor { office: principal.office.clone(), channel, clerk: None }
}

/// A principal as the bank's log knows people.
fn person(principal: &Principal) -> Person {
    let role = match principal.role {
        Role::Supervisor => operators::Role::Supervisor,
        Role::Auditor => operators::Role::Auditor,
        Role::Clerk | Role::Bank | Role::Company => operators::Role::Clerk,
    };
    Person::by_key(&principal.id, role)
}

/// What keeps somebody out, and whether that is worth a line in the log.
pub struct Kept {
    /// What it is.
    pub denied: Denied,
    /// It is noted.
    pub noted: bool,
}

impl From<Denied> for Kept {
    fn from(denied: Denied) -> Self {
        Kept { denied, noted: false }
    }
}

/// How often each key may ask, and each address show one that is none.
pub struct Gate {
    buckets: Buckets<String>,
    tries: Tries,
}

impl Gate {
    /// An open one; each key may ask so many times a minute.
    pub fn new(rate: u32) -> Self {
        Gate { buckets: Buckets::new(rate), tries: Tries::new() }
    }

    /// Whether one more request of this principal may be done now; it is counted.
    pub fn may_ask(&mut self, principal: &str, now: Duration) -> bool {
        self.buckets.take(&principal.to_owned(), now)
    }

    /// A phone, if it may: what it said of itself is compared with the books as they are now.
    ///
    /// # Errors
    /// It may not; the books cannot be read; it asks too often.
    pub fn phone(
        &mut self,
        desk: &Desk,
        (caller, act): (&Caller, Act),
        now: Duration,
        again: bool,
    ) -> Result<Askers, Trouble> {
        let entered = phones::let_in(desk, caller, act)?;
        if !again && !self.buckets.take(&entered.phone.principal, now) {
            return Err(Trouble::new(Denied::Rate));
        }
        Ok(Askers { first: Asker::by_phone(&entered), second: None })
    }

    /// Who asks, if he may. `now` is any time that only rises; a request that goes on `again` was counted before.
    ///
    /// # Errors
    /// The books cannot be read; the inner one: he may not.
    pub fn askers(
        &mut self,
        books: &dyn Books,
        job: &Job,
        at: Moment,
        now: Duration,
        again: bool,
    ) -> Result<Result<Askers, Kept>, Trouble> {
        if let Shown::Service(principal) = &job.shown {
            return Ok(Ok(Askers { first: Asker::service(principal), second: None }));
        }
        let (peer, shown) = (job.peer.address, job.shown.hash());
        if !self.tries.may(peer, shown, now) {
            return Ok(Err(Denied::Tries.into()));
        }
        let first = match job.shown.whose(books, at)? {
            Ok(first) => first,
            Err(denied) => return Ok(Err(Kept { denied, noted: self.tries.bad(peer, now) })),
        };
        self.tries.good(peer, shown);
        if !again && !self.buckets.take(&first.id, now) {
            return Ok(Err(Denied::Rate.into()));
        }
        if let Err(denied) = rights::must(job.what.route, first.role) {
            return Ok(Err(denied.into()));
        }
        if offices::apart(&first).is_some() && offices::is_of_the_house(job.what.route) {
            return Ok(Err(Denied::Office.into()));
        }
        let second = match &job.second {
            None => None,
            Some(key) => match key.whose(books, at)? {
                Ok(second)
                    if second.id == first.id || !is_a_person(&second) || !are_together(&first, &second) =>
                {
                    return Ok(Err(Denied::SecondKey.into()));
                }
                Ok(second) => Some(person(&second)),
                Err(_) => {
                    return Ok(Err(Kept { denied: Denied::SecondKey, noted: self.tries.bad(peer, now) }));
                }
            },
        };
        Ok(Ok(Askers { first: Asker::by_key(&first), second }))
    }
}

/// Whether somebody stands behind the key who can be the second of an act: the key of a program is no second person.
const fn is_a_person(principal: &Principal) -> bool {
    matches!(principal.role, Role::Clerk | Role::Supervisor)
}

/// Whether two are of one office, or one of them of the head office.
fn are_together(first: &Principal, second: &Principal) -> bool {
    match (offices::apart(first), offices::apart(second)) {
        (Some(first), Some(second)) => first == second,
        _ => true,
    }
}
