//! A visit: somebody who is logged in asks for a page, at the counter.

use super::form::{Form, FormError};
use super::frame::Frame;
use super::html::Html;
use super::menu;
use super::right::{HOUSE, Right};
use super::words::{Language, word_of};
use crate::asked::Asked;
use crate::counter::Counter;
use crate::denied::Denied;
use crate::gate::{Asker, Askers};
use crate::job::Wanted;
use crate::reply::{Judged, Reply};
use crate::rights;
use askama::Template;
use parties::bank::Desk;
use parties::bank::logins::{LoggedIn, noted};
use parties::bank::payment::{self, AskBank};
use parties::people::Person;
use parties::people::operators::{Operator, Role};
use parties::{Deed, Result, Session, Trouble};
use scheme::chance::random;
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use serde_json::{Map, Value};
use server::{Books, Customer, Registration};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// A page, or what a form of one does.
pub struct Page {
    /// Whether it is a form that is sent.
    pub posts: bool,
    /// Its path, with the places of what is named in it.
    pub path: &'static str,
    /// Who may.
    pub right: Right,
    /// It may carry a file.
    pub takes_file: bool,
    /// It asks password and code again.
    pub shows_again: bool,
    /// What is done.
    pub work: fn(&mut Visit<'_>) -> Result<Answer>,
}

/// What a browser gets.
pub enum Answer {
    /// A page.
    Page(u16, String),
    /// Another page to look at.
    See(String),
    /// A file to keep.
    File {
        /// Its media type.
        media: &'static str,
        /// Its name, of letters, digits, dots and dashes.
        name: String,
        /// Its text.
        text: String,
    },
}

/// Somebody who shows again who he is, with a password that was compared.
pub struct Again {
    /// Where he is.
    pub address: String,
    /// Whose password it is, if it is anybody's.
    pub found: Option<Operator>,
}

/// One visit.
pub struct Visit<'c> {
    /// The counter.
    pub counter: &'c mut Counter,
    /// A session to look with.
    pub session: Session,
    /// Who it is.
    pub who: LoggedIn,
    /// His language.
    pub lang: Language,
    /// What stands in the places of the path.
    pub named: BTreeMap<String, String>,
    /// The query.
    pub query: Form,
    /// The form.
    pub form: Form,
    /// Path and query, to come back to.
    pub here: String,
    /// What a form of his has to carry.
    pub token: String,
    /// Who showed again that it is he.
    pub again: Option<Again>,
    /// The file that came with the form.
    pub file: Vec<u8>,
    /// He comes again: the bank was asked for him.
    pub bank_was_asked: bool,
}

/// What an act said that was not done, or of which it is not known.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its stable name.
    pub code: String,
    /// What was wrong.
    pub words: String,
    /// What to do.
    pub hint: Option<String>,
    /// It is not known whether it was done.
    pub unknown: bool,
    /// Its status.
    pub status: u16,
}

impl Told {
    /// Of an error.
    pub fn of(error: &Trouble) -> Self {
        Told::judged(error, false)
    }

    /// Of an error; `begun`: part of what was asked may have been done.
    fn judged(error: &Trouble, begun: bool) -> Self {
        let reply = Reply::failed(error, &Judged::of(error, begun), None);
        Told::read(reply.status, &reply.body)
    }

    /// Of an answer that says no.
    pub fn read(status: u16, body: &str) -> Self {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Told {
            code: text("code").unwrap_or_default(),
            words: text("detail").unwrap_or_default(),
            hint: text("hint"),
            unknown: value["outcome"] == "unknown",
            status,
        }
    }

    /// In words of a language; where it has none of its own, as the server said it.
    pub fn say(&self, lang: Language) -> Html {
        match word_of(lang, &format!("error.{}", self.code)) {
            Some(words) => Html::text(words),
            None => Html::text(&self.words),
        }
    }

    /// What to do, where the language has no words that say it already.
    pub fn what_to_do(&self, lang: Language) -> Html {
        match (&self.hint, word_of(lang, &format!("error.{}", self.code))) {
            (Some(hint), None) => Html::text(hint),
            _ => Html::default(),
        }
    }
}

impl Visit<'_> {
    /// The desk.
    pub fn desk(&self) -> &Desk {
        &self.counter.desk
    }

    /// The books.
    pub fn books(&self) -> &dyn Books {
        self.counter.desk.books()
    }

    /// The time.
    ///
    /// # Errors
    /// The clock tells none.
    pub fn now(&self) -> Result<Moment> {
        self.session.now()
    }

    /// Whether he has a right.
    pub fn may(&self, right: Right) -> bool {
        right.is_of(self.who.role)
    }

    /// Whether he may ask for an act of the server.
    pub fn can(&self, route: &'static str) -> bool {
        self.may(Right::To(route))
    }

    /// Something named in the path.
    ///
    /// # Errors
    /// It has not its form: nothing has that name.
    pub fn place<T: FromStr>(&self, name: &str) -> Result<T>
    where
        T::Err: Display,
    {
        let text = self.named.get(name).map_or("", String::as_str);
        text.parse().map_err(|_| Trouble::new(Denied::NoRoute))
    }

    /// The name by which a customer is known here: his own, else his number.
    pub fn name_of(&self, known: &impl Known) -> String {
        known.name().map_or_else(|| known.number().to_string(), str::to_owned)
    }

    /// A new id for what a form will ask.
    pub fn new_request(&self) -> String {
        hex::encode(random::<16>(&mut *self.session.chance("form")))
    }

    /// The id of what a form of this page will ask, shown with what came of it before: what is not known of a request, the same request
    /// finds out.
    pub fn next_request(&self, told: Option<&Told>) -> String {
        if told.is_some_and(|told| told.unknown) {
            self.form.get("request").to_owned()
        } else {
            self.new_request()
        }
    }

    /// The frame of a page of a part of the console.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn frame(&self, part: &'static str) -> Result<Frame> {
        let mine = |one: &&server::Approval| self.may(HOUSE) || one.what.by == self.who.name;
        let waiting = self.books().open_approvals()?.iter().filter(mine).count();
        let findings = self.books().findings(false)?.len();
        Ok(Frame {
            lang: self.lang,
            menu: menu::of(part, self.who.role, waiting + findings),
            name: self.who.name.clone(),
            role: role_key(self.who.role),
            token: self.token.clone(),
            here: super::form::encoded(&self.here),
            now: self.now()?.to_string(),
            training: self.books().is_training()?,
        })
    }

    /// A page.
    ///
    /// # Errors
    /// It cannot be written, which no page of ours does.
    pub fn page(&self, page: &impl Template) -> Result<Answer> {
        rendered(200, page)
    }

    /// Notes in the bank's log that he looked at a customer.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn note_look(&mut self, act: &'static str, customer: &str) -> Result<()> {
        noted(&self.session, &mut self.counter.desk, &self.who, act, |session, _| {
            parties::log::fact(session, "customer", customer);
            Ok(())
        })
    }

    /// He as one who asks.
    pub fn asker(&self) -> Asker {
        Asker::at_the_counter(self.who.principal.clone(), self.who.person(), &self.who.name)
    }

    /// Does an act for him.
    ///
    /// # Errors
    /// What was not done; the outcome may be unknown.
    pub fn act(&mut self, route: &str, asked: Asked, id: &str) -> Result<Result<Value, Told>> {
        if !is_of_a_form(id) {
            return Err(Trouble::new(FormError::Foreign));
        }
        let askers = Askers { first: self.asker(), second: None };
        let done = act(self.counter, route, asked, id, &askers, self.who.role);
        match done {
            // The bank said nothing that is final: it is not asked a second time while he waits.
            Err(error) if self.bank_was_asked => match error.find::<AskBank>() {
                Some(AskBank(call)) => Ok(Err(self.not_paid(call.reference())?)),
                None => Err(error),
            },
            done => done,
        }
    }

    /// What is not known of a payment that the bank said nothing to.
    fn not_paid(&self, id: OrderId) -> Result<Told> {
        let line = payment::show(&self.session, self.desk(), id)?.line;
        let error = payment::unknown(&line).map_or_else(|| Trouble::new(Denied::Busy), Trouble::new);
        Ok(Told::judged(&error, true))
    }

    /// The answer that he was given to a request of his; `None`: there is none.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn answered(&self, request: &str) -> Result<Option<Value>> {
        let answer = self.books().answered(&self.who.principal, request)?;
        let good = answer.filter(|answer| answer.status < 400);
        Ok(good.map(|answer| serde_json::from_str(&answer.body)).transpose()?)
    }
}

/// Does an act for whoever asks, under the id of his request. `role`: of the one who answers for it, because he asks alone or because
/// he has approved what another asked for.
///
/// # Errors
/// Nothing is called so; the role may not; the bank has to be asked first ([`AskBank`]). The inner one: what was not done.
pub fn act(
    counter: &mut Counter,
    route: &str,
    asked: Asked,
    id: &str,
    askers: &Askers,
    role: Role,
) -> Result<Result<Value, Told>> {
    let route = rights::route(route).ok_or_else(|| Trouble::new(FormError::Act))?;
    rights::must(route, rights::of_person(role)).map_err(Trouble::new)?;
    let body = asked.hash(route.name);
    let reply = counter
        .ask(&Wanted { route, asked, id: Some(id.to_owned()), body, order: None }, askers)
        .map_err(|call| Trouble::new(AskBank(call)))?;
    counter.figures.answered(route.name, reply.status);
    Ok(if reply.status < 400 {
        Ok(serde_json::from_str(&reply.body)?)
    } else {
        Err(Told::read(reply.status, &reply.body))
    })
}

/// Somebody who is registered, with or without one of his meters.
pub trait Known {
    /// His name.
    fn name(&self) -> Option<&str>;
    /// His number.
    fn number(&self) -> CustomerNumber;
}

impl Known for Registration {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn number(&self) -> CustomerNumber {
        self.customer
    }
}

impl Known for Customer {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn number(&self) -> CustomerNumber {
        self.customer
    }
}

/// Ids of forms are 32 hexadecimal digits, so that nobody takes an approval's id, which has a name before it, for a form of his.
pub fn is_of_a_form(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is asked of an act about a customer.
pub fn of_customer(customer: &str, more: &[(&str, Value)]) -> Asked {
    let mut fields = Map::new();
    fields.insert("customer".into(), customer.into());
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Asked { fields, ..Asked::default() }
}

/// A page with a status.
///
/// # Errors
/// It cannot be written, which no page of ours does.
pub fn rendered(status: u16, page: &impl Template) -> Result<Answer> {
    let text =
        page.render().map_err(|error| parties::Failure::new(scheme::Kind::Absent, error.to_string()))?;
    Ok(Answer::Page(status, text))
}

/// The word for a role.
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Clerk => "role.clerk",
        Role::Supervisor => "role.supervisor",
        Role::Auditor => "role.auditor",
    }
}

/// A session to look with.
pub fn looking(counter: &Counter) -> Session {
    counter.session.anew(Deed::Look)
}

/// Somebody of whom only the name is known any more, as the second or the first person of an act that was decided.
pub fn named(name: &str, role: Role) -> Person {
    Person::by_login(name, role)
}
