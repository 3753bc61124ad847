//! Somebody on his way to the counter: who he is and whether he may is looked at there, each time he comes.

use super::form::Form;
use super::gate;
use super::visit::{Again, Answer, Page, Visit, looking};
use super::words::Language;
use crate::counter::Counter;
use crate::denied::Denied;
use keys::Zeroizing;
use parties::bank::logins::{self, LoggedIn};
use parties::people::operators;
use parties::{Result, Session, Trouble};
use std::collections::BTreeMap;

/// Who is logged in with what a browser keeps, if he may open a page.
///
/// # Errors
/// Nobody is; he may not; the books cannot be read.
pub fn let_in(counter: &mut Counter, page: &Page, token: &[u8; 32]) -> Result<(Session, LoggedIn)> {
    let known = operators(counter.desk.place())?;
    let session = looking(counter);
    let who = logins::whose(&session, &mut counter.desk, &known, token)?;
    if !page.right.is_of(who.role) {
        let allowed = page.right.roles().join(", ");
        return Err(Trouble::new(Denied::Role { role: who.role.name(), allowed }));
    }
    Ok((session, who))
}

/// Somebody on his way to the counter.
#[derive(Clone)]
pub struct Caller {
    /// The page he wants.
    pub page: &'static Page,
    /// His language.
    pub lang: Language,
    /// What his cookie holds.
    pub token: Zeroizing<[u8; 32]>,
    /// What stands in the places of the path.
    pub named: BTreeMap<String, String>,
    /// The query.
    pub query: Form,
    /// The form.
    pub form: Form,
    /// Path and query, to come back to.
    pub here: String,
    /// The file that came with the form.
    pub file: Vec<u8>,
}

impl Caller {
    /// Does what he came for. `bank_was_asked`: he comes a second time, and was counted before.
    ///
    /// # Errors
    /// Nobody is logged in so; he may not; the bank has to be asked first; those of the page.
    pub fn visits(self, counter: &mut Counter, again: Option<Again>, bank_was_asked: bool) -> Result<Answer> {
        let Caller { page, lang, token, named, query, form, here, file } = self;
        let (session, who) = let_in(counter, page, &token)?;
        if !bank_was_asked && !counter.gate.may_ask(&who.principal, counter.opened.elapsed()) {
            return Err(Trouble::new(Denied::Rate));
        }
        let token = gate::form_token(&token);
        let mut visit = Visit {
            counter,
            session,
            who,
            lang,
            named,
            query,
            form,
            here,
            token,
            again,
            file,
            bank_was_asked,
        };
        (page.work)(&mut visit)
    }
}
