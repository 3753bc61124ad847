//! Who asks, and whether he may: keys and certificates, roles, offices, how often.

use crate::bucket::Buckets;
use crate::denied::Denied;
use crate::job::Job;
use crate::offices;
use crate::tries::Tries;
use parties::Trouble;
use scheme::moment::Moment;
use server::{Books, Principal};
use std::time::Duration;

/// Who asks, and the second person of an act that wants two.
pub struct Askers {
    /// Who asks.
    pub first: Principal,
    /// The second person.
    pub second: Option<Principal>,
}

impl Askers {
    /// The one office whose customers are there for them; `None`: all are.
    pub fn office(&self) -> Option<&str> {
        offices::apart(&self.first)
    }
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

    /// Who asks, if he may. `now` is any time that only rises.
    ///
    /// # Errors
    /// The books cannot be read; the inner one: he may not.
    pub fn askers(
        &mut self,
        books: &dyn Books,
        job: &Job,
        at: Moment,
        now: Duration,
    ) -> Result<Result<Askers, Kept>, Trouble> {
        let (peer, shown) = (job.peer.address, job.shown.hash());
        if !self.tries.may(peer, shown, now) {
            return Ok(Err(Denied::Tries.into()));
        }
        let first = match job.shown.whose(books, at)? {
            Ok(first) => first,
            Err(denied) => return Ok(Err(Kept { denied, noted: self.tries.bad(peer, now) })),
        };
        self.tries.good(peer, shown);
        if !self.buckets.take(&first.id, now) {
            return Ok(Err(Denied::Rate.into()));
        }
        if !job.route.roles.contains(&first.role) {
            let allowed: Vec<&str> = job.route.roles.iter().map(|role| role.name()).collect();
            return Ok(Err(Denied::Role { role: first.role.name(), allowed: allowed.join(", ") }.into()));
        }
        if offices::apart(&first).is_some() && offices::is_of_the_house(job.route) {
            return Ok(Err(Denied::Office.into()));
        }
        let second = match &job.second {
            None => None,
            Some(key) => match key.whose(books, at)? {
                Ok(second) if second.id == first.id || !are_together(&first, &second) => {
                    return Ok(Err(Denied::SecondKey.into()));
                }
                Ok(second) => Some(second),
                Err(_) => {
                    return Ok(Err(Kept { denied: Denied::SecondKey, noted: self.tries.bad(peer, now) }));
                }
            },
        };
        Ok(Ok(Askers { first, second }))
    }
}

/// Whether two are of one office, or one of them of the head office.
fn are_together(first: &Principal, second: &Principal) -> bool {
    match (offices::apart(first), offices::apart(second)) {
        (Some(first), Some(second)) => first == second,
        _ => true,
    }
}
