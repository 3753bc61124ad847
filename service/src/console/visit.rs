//! A visit: somebody who is logged in asks for a page, at the counter.

use super::form::{Form, FormError};
use super::frame::{Frame, Menu};
use super::html::Html;
use super::words::{Language, word_of};
use crate::asked::Asked;
use crate::counter::Counter;
use crate::gate::{Asker, Askers};
use crate::job::Wanted;
use crate::reply::{Judged, Reply};
use crate::routes::{ROUTES, Route};
use askama::Template;
use parties::bank::Desk;
use parties::bank::logins::{LoggedIn, noted};
use parties::people::Person;
use parties::people::operators::{Operator, Role};
use parties::{Deed, Result, Session, Trouble};
use scheme::chance::random;
use scheme::moment::Moment;
use serde_json::{Map, Value};
use server::{Books, Registration};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Whoever may sell and register.
pub const OFFICE: &[Role] = &[Role::Clerk, Role::Supervisor];
/// Whoever looks at the whole house.
pub const HOUSE: &[Role] = &[Role::Supervisor, Role::Auditor];
/// Everybody.
pub const ALL: &[Role] = &[Role::Clerk, Role::Supervisor, Role::Auditor];
/// Whoever decides.
pub const HEAD: &[Role] = &[Role::Supervisor];

/// A page, or what a form of one does.
pub struct Page {
    /// Whether it is a form that is sent.
    pub posts: bool,
    /// Its path, with the places of what is named in it.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
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
        let reply = Reply::failed(error, &Judged::of(error, false), None);
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

    /// Whether he may do what these may.
    pub fn may(&self, roles: &[Role]) -> bool {
        roles.contains(&self.who.role)
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
        text.parse().map_err(|_| Trouble::new(crate::denied::Denied::NoRoute))
    }

    /// The name by which a customer is known here: his own, else his number.
    pub fn name_of(&self, registration: &Registration) -> String {
        registration.name.clone().unwrap_or_else(|| registration.customer.to_string())
    }

    /// A new id for what a form will ask.
    pub fn new_request(&self) -> String {
        hex::encode(random::<16>(&mut *self.session.chance("form")))
    }

    /// The frame of a page of a part of the console.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn frame(&self, part: &'static str) -> Result<Frame> {
        let mine = |one: &&server::Approval| self.may(HOUSE) || one.what.by == self.who.name;
        let waiting = self.books().open_approvals()?.iter().filter(mine).count();
        let findings = self.books().findings(false)?.len();
        let all: [(&'static str, &'static str, &'static str, &[Role], usize); 8] = [
            ("home", "/console", "nav.home", ALL, 0),
            ("sell", "/console/sell", "nav.sell", OFFICE, 0),
            ("customers", "/console/customers", "nav.customers", ALL, 0),
            ("ageing", "/console/ageing", "nav.ageing", ALL, 0),
            ("approvals", "/console/approvals", "nav.approvals", ALL, waiting + findings),
            ("statistics", "/console/statistics", "nav.statistics", HOUSE, 0),
            ("audit", "/console/audit", "nav.audit", HOUSE, 0),
            ("operators", "/console/operators", "nav.operators", HOUSE, 0),
        ];
        let menu = all.into_iter().filter(|(.., roles, _)| self.may(roles));
        let menu = menu.map(|(name, path, key, _, count)| Menu { here: name == part, path, key, count });
        Ok(Frame {
            lang: self.lang,
            menu: menu.collect(),
            name: self.who.name.clone(),
            role: role_key(self.who.role),
            token: self.token.clone(),
            here: super::form::encoded(&self.here),
            now: self.now()?.to_string(),
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
        act(self.counter, route, asked, id, &askers)
    }
}

/// Does an act for whoever asks, under the id of his request.
///
/// # Errors
/// Nothing is called so. The inner one: what was not done.
pub fn act(
    counter: &mut Counter,
    route: &str,
    asked: Asked,
    id: &str,
    askers: &Askers,
) -> Result<Result<Value, Told>> {
    let route: &'static Route =
        ROUTES.iter().find(|known| known.name == route).ok_or_else(|| Trouble::new(FormError::Act))?;
    let body = asked.hash(route.name);
    let reply = counter.ask(&Wanted { route, asked, id: Some(id.to_owned()), body }, askers);
    counter.figures.answered(route.name, reply.status);
    Ok(if reply.status < 400 {
        Ok(serde_json::from_str(&reply.body)?)
    } else {
        Err(Told::read(reply.status, &reply.body))
    })
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
