//! What stands in suspense, and where two people have it go [docs/specs/bank.md 7].

use super::asking::ask_for;
use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, digits, moment, when};
use super::matters::{asked, way_key};
use super::right::Right;
use super::visit::{Answer, Told, Visit, rendered};
use askama::Template;
use parties::{Result, Trouble};
use serde_json::json;
use server::{Rest, RestId, RestWhy, Way};

/// What stands there for one subject, with what can be done about it.
struct RestView {
    id: String,
    name_of_rest: Html,
    title: &'static str,
    does: &'static str,
    at_rest: bool,
    fen: Html,
    since: String,
    customer: String,
    name: String,
    /// The ways that are open to it, each with its words and what follows.
    ways: Vec<(&'static str, &'static str, &'static str)>,
    asked: Option<Html>,
    request: String,
}

#[derive(Template)]
#[template(path = "suspense.html")]
struct SuspensePage {
    f: Frame,
    said: Option<Html>,
    told: Option<Told>,
    sum: Html,
    rests: Vec<RestView>,
    asks: bool,
}

/// What stands in suspense, what waits for two people first.
///
/// # Errors
/// The books cannot be read.
pub fn suspense(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

fn page(visit: &Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let open = visit.books().open_approvals()?;
    let mut rests = visit.books().suspense()?;
    let sum = rests.iter().map(|rest| rest.fen).sum();
    rests.sort_by_key(|rest| !rest.why.is_at_rest());
    let views = rests.iter().map(|rest| view(visit, rest, &open)).collect::<Result<_>>()?;
    let said = (visit.query.get("said") == "asked").then(|| Html::text(visit.lang.t("cust.said.asked")));
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &SuspensePage {
            f: visit.frame("bank")?,
            said,
            told,
            sum: visit.lang.money(sum),
            rests: views,
            asks: visit.may(Right::ToAsk),
        },
    )
}

fn view(visit: &Visit<'_>, rest: &Rest, open: &[server::Approval]) -> Result<RestView> {
    let known = match rest.customer {
        Some(customer) => visit.books().customer(customer)?,
        None => None,
    };
    let id = rest.id.to_string();
    let waits = open
        .iter()
        .find(|one| one.what.act == "end-suspense" && asked(one)["named"]["rest"] == *id)
        .map(|one| visit.lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]));
    let (title, does) = match rest.why {
        RestWhy::NotSealed => ("susp.not-sealed", "susp.do.not-sealed"),
        RestWhy::Leaving => ("susp.leaving", "susp.do.leaving"),
        RestWhy::NotReturned => ("susp.not-returned", "susp.do.not-returned"),
        RestWhy::Difference => ("susp.difference", "susp.do.difference"),
    };
    let ways = Way::ALL.into_iter().filter(|way| rest.may_go(*way));
    Ok(RestView {
        name_of_rest: match rest.id {
            RestId::Payment(order) => digits(&order.to_string(), true),
            RestId::Finding(finding) => Html::text(format!("F-{finding}")),
        },
        title,
        does,
        at_rest: rest.why.is_at_rest(),
        fen: visit.lang.money(rest.fen),
        since: when(rest.since, true),
        customer: rest.customer.map_or_else(String::new, |customer| customer.to_string()),
        name: known.map_or_else(String::new, |known| visit.name_of(&known)),
        ways: ways.map(|way| (way.name(), way_key(way), then_key(way))).collect(),
        asked: waits,
        request: visit.new_request(),
        id,
    })
}

/// The word for what follows from a way.
const fn then_key(way: Way) -> &'static str {
    match way {
        Way::Refund => "susp.then.refund",
        Way::Bank => "susp.then.bank",
        Way::Income => "susp.then.income",
        Way::Difference => "susp.then.difference",
    }
}

/// Asks a second person to end what stands there.
///
/// # Errors
/// The books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let no_act = |visit: &Visit<'_>| page(visit, Some(Told::of(&Trouble::new(FormError::Act))));
    let Ok(id) = visit.form.get("rest").parse::<RestId>() else { return no_act(visit) };
    let rests = visit.books().suspense()?;
    let Some(rest) = rests.iter().find(|rest| rest.id == id) else {
        return page(visit, Some(Told::of(&Trouble::new(server::SuspenseError::Nothing(id)))));
    };
    let way = Way::from_name(visit.form.get("to")).filter(|way| rest.may_go(*way));
    let Some(way) = way else { return no_act(visit) };
    let asked = json!({
        "named": { "rest": id.to_string() },
        "fields": { "note": visit.form.get("reason"), "to": way.name() },
    });
    let customer = rest.customer.map(|customer| customer.to_string());
    match ask_for(visit, "end-suspense", &asked, customer)? {
        Ok(()) => Ok(Answer::See("/console/suspense?said=asked".to_owned())),
        Err(told) => page(visit, Some(told)),
    }
}
