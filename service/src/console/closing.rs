//! The end of a day: what would be frozen, the closing, and the days that are closed [docs/specs/books.md 17].

use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, day as day_of, when, with_dashes, yuan};
use super::visit::{Answer, Told, Visit, rendered};
use crate::asked::Asked;
use crate::denied::Denied;
use askama::Template;
use parties::bank;
use parties::{Result, Trouble};
use scheme::moment::Day;
use serde_json::json;
use server::{DayClose, DayFigures};

/// Closed days that the page shows.
const SHOWN: u32 = 100;

/// A figure with its word; those that are nothing and rarely anything are left out.
struct Figure {
    sign: &'static str,
    key: &'static str,
    yuan: String,
}

struct DayLine {
    day: String,
    closed: String,
    by: String,
    sold: String,
    settled: String,
    outstanding: String,
    head: String,
}

struct OpenDrawer {
    clerk: String,
    since: String,
    expected: String,
}

#[derive(Template)]
#[template(path = "days.html")]
struct DaysPage {
    f: Frame,
    told: Option<Told>,
    checked: Option<Vec<String>>,
    closes: bool,
    today: String,
    day: String,
    last: String,
    figures: Vec<Figure>,
    adds_up: bool,
    transfers: i64,
    drawers: Vec<OpenDrawer>,
    request: String,
    days: Vec<DayLine>,
}

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage {
    f: Frame,
    said: Option<Html>,
    day: String,
    closed: String,
    by: String,
    figures: Vec<Figure>,
    adds_up: bool,
    transfers: i64,
    heads: Vec<String>,
    head: String,
}

/// Figures as a sum that a person can check: what came in and the house's loss, and what it all became.
fn figures(all: &DayFigures) -> Vec<Figure> {
    let lines = [
        ("", "day.sold", all.sold, true),
        ("+", "day.loss", all.loss, all.loss != 0),
        ("=", "day.settled", all.settled, true),
        ("+", "day.outstanding", all.outstanding, true),
        ("+", "day.transferred", all.transferred, all.transferred != 0),
        ("+", "day.due", all.refund_due, true),
        ("+", "day.refunded", all.refunded, true),
        ("+", "day.other", all.other, all.other != 0),
    ];
    let shown = lines.into_iter().filter(|(.., shown)| *shown);
    shown.map(|(sign, key, fen, _)| Figure { sign, key, yuan: yuan(fen) }).collect()
}

fn line(close: &DayClose) -> DayLine {
    DayLine {
        day: with_dashes(&close.day),
        closed: when(close.at, true),
        by: close.by.clone(),
        sold: yuan(close.figures.sold),
        settled: yuan(close.figures.settled),
        outstanding: yuan(close.figures.outstanding),
        head: hex::encode(close.digest).chars().take(16).collect(),
    }
}

/// What would be frozen, and the closed days. `?verify=1`: all of them are recomputed from the ledger.
///
/// # Errors
/// The books cannot be read.
pub fn days(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

fn page(visit: &Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let today = day_of(visit.now()?);
    let typed = match visit.form.get("day") {
        "" => visit.query.get("day").to_owned(),
        day => day.to_owned(),
    };
    // A day that is none is said when it is to be closed; what is shown is today's then.
    let day = typed.parse::<Day>().map_or_else(|_| today.clone(), |day| day.to_string());
    let all = visit.books().would_freeze(&day.replace('-', ""))?;
    let checked = match visit.query.get("verify") {
        "1" if visit.can("recompute") => Some(bank::recompute(&visit.session, visit.desk())?.wrong),
        _ => None,
    };
    let drawers = visit.books().shifts(true, u32::MAX)?.into_iter();
    let drawers = drawers.map(|shift| OpenDrawer {
        since: when(shift.opened, true),
        expected: yuan(shift.expected_fen),
        clerk: shift.clerk,
    });
    let closed = visit.books().closings(SHOWN)?;
    let status = told.as_ref().map_or(200, |told| told.status);
    let request = visit.next_request(told.as_ref());
    rendered(
        status,
        &DaysPage {
            f: visit.frame("days")?,
            told,
            checked,
            closes: visit.can("close-day"),
            today,
            day,
            last: closed.first().map_or_else(String::new, |last| with_dashes(&last.day)),
            figures: figures(&all),
            adds_up: all.unaccounted() == 0,
            transfers: all.transfers,
            drawers: drawers.collect(),
            request,
            days: closed.iter().map(line).collect(),
        },
    )
}

/// Closes a day, and the open ones before it.
///
/// # Errors
/// The books cannot be read.
pub fn close(visit: &mut Visit<'_>) -> Result<Answer> {
    let Ok(day) = visit.form.get("day").parse::<Day>() else {
        return page(visit, Some(Told::of(&Trouble::new(FormError::Day))));
    };
    let fields = json!({ "day": day.to_string() }).as_object().cloned().unwrap_or_default();
    let request = visit.form.get("request").to_owned();
    match visit.act("close-day", Asked { fields, ..Asked::default() }, &request)? {
        Ok(_) => Ok(Answer::See(format!("/console/days/{day}?said=closed"))),
        Err(told) => page(visit, Some(told)),
    }
}

/// A closed day, as it is printed and kept: its head is what another printed one is compared with.
///
/// # Errors
/// It is not closed; the books cannot be read.
pub fn show(visit: &mut Visit<'_>) -> Result<Answer> {
    let day: Day = visit.place("day")?;
    let plain = hex::encode(day.bytes());
    let close = visit.books().closings(u32::MAX)?.into_iter().find(|close| close.day == plain);
    let close = close.ok_or_else(|| Trouble::new(Denied::NoRoute))?;
    let said = (visit.query.get("said") == "closed").then(|| Html::text(visit.lang.t("day.said.closed")));
    visit.page(&DayPage {
        f: visit.frame("days")?,
        said,
        day: day.to_string(),
        closed: when(close.at, true),
        by: close.by.clone(),
        figures: figures(&close.figures),
        adds_up: close.figures.unaccounted() == 0,
        transfers: close.figures.transfers,
        heads: close.heads.lines().map(str::to_owned).collect(),
        head: hex::encode(close.digest),
    })
}
