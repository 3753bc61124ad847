//! Which of a customer's meters a page is about: the one that its address names, else the only one he has.

use super::frame::Frame;
use super::html::{Html, State, digits, moment, phone, yuan};
use super::visit::{Answer, Visit};
use crate::denied::Denied;
use askama::Template;
use parties::bank::look::{self, Whose};
use parties::{Result, Trouble};
use scheme::numbers::{CustomerNumber, MeterNumber};
use serde_json::Value;
use server::{Customer, FoundMeter, OrderState, PlacedOrder, Registration, WhichMeter};

/// A customer with the meter that is meant.
pub struct Chosen {
    /// He with that meter.
    pub known: Registration,
    /// All his meters.
    pub all: Vec<MeterNumber>,
}

/// What a page is about.
pub enum Which {
    /// One meter.
    One(Chosen),
    /// He has several and none was named, or he has none.
    Open(Customer),
}

struct MeterLine {
    number: Html,
    href: String,
    balance: String,
    state: Option<State>,
    open: Html,
}

#[derive(Template)]
#[template(path = "meters.html")]
struct MetersPage {
    f: Frame,
    customer: String,
    name: String,
    sub: Html,
    sim: Html,
    phone: Html,
    said: Option<Html>,
    meters: Vec<MeterLine>,
}

impl Chosen {
    /// What an address of a page about the meter has behind its path; nothing where he has no other.
    pub fn query(&self) -> String {
        self.named().map_or_else(String::new, |meter| format!("?meter={meter}"))
    }

    /// The meter, where it has to be named.
    pub fn named(&self) -> Option<MeterNumber> {
        (self.all.len() > 1).then_some(self.known.meter)
    }

    /// The meter as a field of what is asked, where it has to be named.
    pub fn field(&self, name: &'static str) -> Option<(&'static str, Value)> {
        self.named().map(|meter| (name, meter.to_string().into()))
    }

    /// The address of his page, with what is said there.
    pub fn page(&self, said: &str) -> String {
        let which = self.named().map_or_else(String::new, |meter| format!("&meter={meter}"));
        format!("/console/customers/{}?said={said}{which}", self.known.customer)
    }
}

/// The customer whom a path names.
///
/// # Errors
/// Nobody has this number.
pub fn customer(visit: &Visit<'_>) -> Result<Customer> {
    let number: CustomerNumber = visit.place("customer")?;
    look::customer(&visit.session, visit.desk(), &Whose::Customer(number), None)?;
    visit.books().customer(number)?.ok_or_else(|| Trouble::new(Denied::NoRoute))
}

/// The customer whom a path names, and the meter that its address does.
///
/// # Errors
/// Nobody has this number, or he has not this meter.
pub fn which(visit: &Visit<'_>) -> Result<Which> {
    let found = customer(visit)?;
    let named = match visit.query.get("meter") {
        "" => None,
        text => Some(text.parse().map_err(|_| Trouble::new(Denied::NoRoute))?),
    };
    match found.with_meter(named) {
        Ok(known) => {
            Ok(Which::One(Chosen { known, all: found.meters.iter().map(|held| held.meter).collect() }))
        }
        Err(error @ WhichMeter::NotHis { .. }) => Err(error.into()),
        Err(WhichMeter::None(_) | WhichMeter::Several { .. }) => Ok(Which::Open(found)),
    }
}

/// As [`which`], for what is sent by a form, which names the meter where it has to be named.
///
/// # Errors
/// As [`which`]; it is not known which.
pub fn must_be_one(visit: &Visit<'_>) -> Result<Chosen> {
    match which(visit)? {
        Which::One(chosen) => Ok(chosen),
        Which::Open(found) => match found.with_meter(None) {
            Ok(known) => Ok(Chosen { known, all: Vec::new() }),
            Err(error) => Err(error.into()),
        },
    }
}

/// Where an order stands, as people say it.
pub fn state_of(placed: &PlacedOrder) -> State {
    match placed.state {
        OrderState::Prepared => State::Sold,
        OrderState::Sealed => State::Transit,
        OrderState::Settled => State::Settled,
        OrderState::Superseded | OrderState::Void => State::Off,
    }
}

/// Where a meter stands: what stops sales, or what is on its way.
pub fn stands(visit: &Visit<'_>, one: &FoundMeter) -> (Option<State>, Html) {
    let lang = visit.lang;
    match (&one.frozen, &one.outstanding) {
        (Some(finding), _) => (Some(State::Frozen), lang.say("open.finding", &[Html::text(finding.id)])),
        (None, Some(placed)) => {
            let order = &placed.order;
            let text = [lang.money(order.amount.0.into()), moment(order.issued, false)];
            (Some(state_of(placed)), lang.say("open.order", &text))
        }
        (None, None) => (None, Html::default()),
    }
}

/// The page that asks which meter is meant. `path`: of the page that wants to know, behind the customer's number.
///
/// # Errors
/// The books or the log cannot be read or written.
pub fn ask(visit: &mut Visit<'_>, found: &Customer, before: &str, behind: &str) -> Result<Answer> {
    let number = found.customer.to_string();
    visit.note_look("console customer", &number)?;
    let lang = visit.lang;
    let known = visit.books().find(&number, 1)?;
    let meters = known.iter().filter(|one| one.customer.customer == found.customer);
    let line = |one: &FoundMeter| {
        let (state, open) = stands(visit, one);
        MeterLine {
            number: digits(&one.meter.to_string(), false),
            href: format!("/console/{before}/{number}{behind}?meter={}", one.meter),
            balance: one.last.map_or_else(|| "\u{2013}".to_owned(), |said| yuan(said.balance.0.into())),
            state,
            open,
        }
    };
    let said = (visit.query.get("said") == "registered").then(|| Html::text(lang.t("cust.said.registered")));
    visit.page(&MetersPage {
        f: visit.frame("customers")?,
        name: visit.name_of(found),
        sub: lang.say("which.no", &[digits(&number, false)]),
        customer: number.clone(),
        sim: digits(found.sim.iccid.as_str(), true),
        phone: phone(found.sim.msisdn.as_str()),
        said,
        meters: meters.flat_map(|one| &one.meters).map(line).collect(),
    })
}
