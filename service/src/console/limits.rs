//! Limits of what is sold: shown to everybody, set by two people [docs/specs/books.md 18].

use super::asking::ask_for;
use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, moment, when, yuan};
use super::matters::{asked, facts, scope_key};
use super::money::amount;
use super::right::Right;
use super::visit::{Answer, Told, Visit, rendered};
use askama::Template;
use parties::{Result, Trouble};
use scheme::money::Fen;
use serde_json::json;
use server::{Limit, Scope};

struct LimitLine {
    key: &'static str,
    office: String,
    limit: String,
    set: String,
    by: String,
}

struct WaitingLine {
    by: Html,
    facts: Vec<(&'static str, Html)>,
}

#[derive(Template)]
#[template(path = "limits.html")]
struct LimitsPage {
    f: Frame,
    said: Option<Html>,
    told: Option<Told>,
    limits: Vec<LimitLine>,
    waiting: Vec<WaitingLine>,
    scopes: Vec<(&'static str, &'static str)>,
    asks: bool,
    request: String,
    scope: String,
    office: String,
    amount: String,
    reason: String,
}

/// The limits that hold.
///
/// # Errors
/// The books cannot be read.
pub fn limits(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

fn page(visit: &Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let lang = visit.lang;
    let line = |limit: Limit| LimitLine {
        key: scope_key(limit.scope),
        office: limit.office,
        limit: yuan(limit.fen.0.into()),
        set: when(limit.at, true),
        by: format!("{}, {}", limit.by, limit.second),
    };
    let open = visit.books().open_approvals()?;
    let waiting = open.iter().filter(|one| one.what.act == "limit").map(|one| WaitingLine {
        by: lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]),
        facts: facts(lang, &asked(one)),
    });
    let typed = |name: &str| visit.form.get(name).to_owned();
    let said = (visit.query.get("said") == "asked").then(|| Html::text(lang.t("cust.said.asked")));
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &LimitsPage {
            f: visit.frame("days")?,
            said,
            told,
            limits: visit.books().limits()?.into_iter().map(line).collect(),
            waiting: waiting.collect(),
            scopes: Scope::ALL.map(|scope| (scope.name(), scope_key(scope))).into(),
            asks: visit.may(Right::ToAsk),
            request: visit.new_request(),
            scope: typed("scope"),
            office: typed("office"),
            amount: typed("amount"),
            reason: typed("reason"),
        },
    )
}

/// Asks a second person to set a limit, or to take one away.
///
/// # Errors
/// The books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let told = |visit: &Visit<'_>, error: FormError| page(visit, Some(Told::of(&Trouble::new(error))));
    let Some(scope) = Scope::from_name(visit.form.get("scope")) else {
        return told(visit, FormError::Act);
    };
    let mut fields = json!({ "scope": scope.name(), "office": visit.form.get("office") });
    match (visit.form.get("do"), amount(visit.form.get("amount"))) {
        ("away", _) => {}
        ("set", Ok(fen)) if fen > Fen(0) => fields["limit_fen"] = fen.0.into(),
        ("set", _) => return told(visit, FormError::Amount),
        _ => return told(visit, FormError::Act),
    }
    match ask_for(visit, "limit", &json!({ "named": {}, "fields": fields }), None)? {
        Ok(()) => Ok(Answer::See("/console/limits?said=asked".into())),
        Err(told) => page(visit, Some(told)),
    }
}
