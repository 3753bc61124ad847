//! A meter changes hands [docs/specs/books.md 20]: one person asks, a second decides.

use super::asking::{REASON_MAX, ask_for};
use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, digits, moment};
use super::meters::{self, Chosen, Which};
use super::visit::{Answer, Told, Visit, rendered};
use askama::Template;
use parties::{Result, Trouble};
use scheme::numbers::CustomerNumber;
use serde_json::json;
use server::{HandOverRequest, Word};

#[derive(Template)]
#[template(path = "hand-over.html")]
struct HandOverPage {
    f: Frame,
    told: Option<Told>,
    customer: String,
    which: String,
    name: String,
    sub: Html,
    balance: Html,
    balance_at: Html,
    outstanding: Html,
    asked: Option<Html>,
    request: String,
    to: String,
    reason: String,
}

/// The form.
///
/// # Errors
/// Nobody has this number; the books cannot be read.
pub fn form(visit: &mut Visit<'_>) -> Result<Answer> {
    match meters::which(visit)? {
        Which::One(chosen) => page(visit, &chosen, None),
        Which::Open(found) => meters::ask(visit, &found, "customers", "/hand-over"),
    }
}

fn page(visit: &mut Visit<'_>, chosen: &Chosen, told: Option<Told>) -> Result<Answer> {
    let known = &chosen.known;
    let (number, meter) = (known.customer.to_string(), known.meter.to_string());
    visit.note_look("console customer", &number)?;
    let (lang, books) = (visit.lang, visit.books());
    let last = books.last_credit(known.meter)?;
    let outstanding = books.outstanding(known.meter)?;
    let waits = books
        .open_approvals()?
        .into_iter()
        .find(|one| one.what.act == "hand-over" && super::matters::asked(one)["fields"]["meter"] == *meter);
    let status = told.as_ref().map_or(200, |told| told.status);
    let typed = |name: &str| visit.form.get(name).to_owned();
    rendered(
        status,
        &HandOverPage {
            f: visit.frame("customers")?,
            told,
            name: visit.name_of(known),
            sub: lang.say("cust.no", &[digits(&number, false), digits(&meter, false)]),
            customer: number,
            which: chosen.query(),
            balance: last.map_or_else(Html::default, |said| lang.money(said.balance.0.into())),
            balance_at: last
                .map_or_else(Html::default, |said| lang.say("cust.asof", &[moment(said.at_meter, true)])),
            outstanding: outstanding.map_or_else(Html::default, |placed| {
                lang.say(
                    "chg.order",
                    &[lang.money(placed.order.amount.0.into()), Html::text(placed.order.count)],
                )
            }),
            asked: waits
                .map(|one| lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)])),
            request: visit.new_request(),
            to: typed("to"),
            reason: typed("reason"),
        },
    )
}

/// Asks a second person for it.
///
/// # Errors
/// Nobody has this number; the books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let chosen = meters::must_be_one(visit)?;
    match asked(visit, &chosen)? {
        Ok(()) => Ok(Answer::See(chosen.page("asked"))),
        Err(told) => page(visit, &chosen, Some(told)),
    }
}

fn asked(visit: &mut Visit<'_>, chosen: &Chosen) -> Result<Result<(), Told>> {
    let told = |error: Trouble| Ok(Err(Told::of(&error)));
    let plain: String = visit.form.get("to").chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(to) = plain.parse::<CustomerNumber>() else { return told(Trouble::new(FormError::Number)) };
    let note: String = visit.form.get("reason").chars().take(REASON_MAX).collect();
    let (meter, former) = (chosen.known.meter, chosen.known.customer.to_string());
    // A second person who is nobody yet: with him the books say beforehand whether it could be done.
    let word = Word {
        at: visit.now()?,
        by: visit.who.name.clone(),
        second: Some(String::new()),
        note: note.clone(),
    };
    if let Err(error) = visit.books().plan_hand_over(&HandOverRequest { meter, to, word }) {
        return told(error.into());
    }
    let fields = json!({ "meter": meter.to_string(), "customer": to.to_string(), "note": note });
    ask_for(visit, "hand-over", &json!({ "named": {}, "fields": fields }), Some(former))
}
