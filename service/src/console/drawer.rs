//! Drawers: opened with what was counted, closed with what is counted then, and what it differs by [docs/specs/books.md 16].

use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, when, yuan};
use super::money::amount;
use super::right::HOUSE;
use super::visit::{Answer, Told, Visit, rendered};
use crate::asked::Asked;
use crate::denied::Denied;
use askama::Template;
use parties::{Result, Trouble};
use scheme::money::Fen;
use serde_json::json;
use server::Shift;

/// Drawers that the page shows.
const SHOWN: u32 = 100;

/// A drawer.
struct DrawerLine {
    id: i64,
    clerk: String,
    opened: String,
    closed: String,
    opening: String,
    /// Taken in less paid back.
    moved: String,
    expected: String,
    counted: String,
    difference: String,
    differs: bool,
    note: String,
}

impl DrawerLine {
    fn of(shift: Shift) -> Self {
        let difference = shift.difference_fen();
        let (closed, counted, note) = match &shift.closed {
            Some(counted) => {
                (when(counted.at, true), yuan(counted.fen), counted.note.clone().unwrap_or_default())
            }
            None => Default::default(),
        };
        DrawerLine {
            id: shift.id,
            opened: when(shift.opened, true),
            closed,
            opening: yuan(shift.opening_fen),
            moved: yuan(shift.expected_fen - shift.opening_fen),
            expected: yuan(shift.expected_fen),
            counted,
            difference: difference.map_or_else(String::new, yuan),
            differs: difference.is_some_and(|fen| fen != 0),
            note,
            clerk: shift.clerk,
        }
    }
}

#[derive(Template)]
#[template(path = "drawer.html")]
struct DrawersPage {
    f: Frame,
    told: Option<Told>,
    works: bool,
    sees_all: bool,
    mine: Option<DrawerLine>,
    request: String,
    counted: String,
    note: String,
    /// What was counted differs from what the books have by so much.
    differs: Html,
    drawers: Vec<DrawerLine>,
}

#[derive(Template)]
#[template(path = "drawer-paper.html")]
struct PaperPage {
    f: Frame,
    said: Option<Html>,
    drawer: DrawerLine,
}

/// His own drawer, and those of the house or of his days before.
///
/// # Errors
/// The books cannot be read.
pub fn drawers(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None, Html::default())
}

fn own(visit: &Visit<'_>) -> Result<Option<Shift>> {
    let open = visit.books().shifts(true, u32::MAX)?;
    Ok(open.into_iter().find(|shift| shift.clerk == visit.who.name))
}

fn page(visit: &Visit<'_>, told: Option<Told>, differs: Html) -> Result<Answer> {
    let sees_all = visit.may(HOUSE);
    let drawers = visit.books().shifts(false, SHOWN)?.into_iter();
    let theirs = drawers.filter(|shift| sees_all || shift.clerk == visit.who.name);
    let status = told.as_ref().map_or(200, |told| told.status);
    let request = visit.next_request(told.as_ref());
    rendered(
        status,
        &DrawersPage {
            f: visit.frame("drawer")?,
            told,
            works: visit.can("open-drawer"),
            sees_all,
            mine: own(visit)?.map(DrawerLine::of),
            request,
            counted: visit.form.get("counted").to_owned(),
            note: visit.form.get("reason").to_owned(),
            differs,
            drawers: theirs.map(DrawerLine::of).collect(),
        },
    )
}

/// What was counted, as an act is asked it.
fn counted(fen: Fen, note: &str) -> Asked {
    let mut fields = json!({ "counted_fen": fen.0 });
    if !note.is_empty() {
        fields["note"] = note.into();
    }
    Asked { fields: fields.as_object().cloned().unwrap_or_default(), ..Asked::default() }
}

/// Opens his drawer.
///
/// # Errors
/// The books cannot be read.
pub fn open(visit: &mut Visit<'_>) -> Result<Answer> {
    let fen = match amount(visit.form.get("counted")) {
        Ok(fen) => fen,
        Err(error) => return page(visit, Some(Told::of(&Trouble::new(error))), Html::default()),
    };
    let request = visit.form.get("request").to_owned();
    match visit.act("open-drawer", counted(fen, ""), &request)? {
        Ok(_) => Ok(Answer::See("/console/drawer".into())),
        Err(told) => page(visit, Some(told), Html::default()),
    }
}

/// Closes his drawer. What differs from the books wants a word about it.
///
/// # Errors
/// The books cannot be read.
pub fn close(visit: &mut Visit<'_>) -> Result<Answer> {
    let fen = match amount(visit.form.get("counted")) {
        Ok(fen) => fen,
        Err(error) => return page(visit, Some(Told::of(&Trouble::new(error))), Html::default()),
    };
    let note: String = visit.form.get("reason").chars().take(super::asking::REASON_MAX).collect();
    let missing = own(visit)?.map_or(0, |shift| i64::from(fen.0) - shift.expected_fen);
    if missing != 0 && note.is_empty() {
        let key = if missing < 0 { "drw.lacks" } else { "drw.over" };
        let differs = visit.lang.say(key, &[visit.lang.money(missing.abs())]);
        return page(visit, Some(Told::of(&Trouble::new(FormError::Difference))), differs);
    }
    let request = visit.form.get("request").to_owned();
    match visit.act("close-drawer", counted(fen, &note), &request)? {
        Ok(done) => Ok(Answer::See(format!("/console/drawers/{}?said=closed", done["shift"]))),
        Err(told) => page(visit, Some(told), Html::default()),
    }
}

/// A drawer, as it is printed and signed.
///
/// # Errors
/// There is none of this number, or it is another clerk's; the books cannot be read.
pub fn show(visit: &mut Visit<'_>) -> Result<Answer> {
    let id: i64 = visit.place("drawer")?;
    let theirs = |shift: &Shift| visit.may(HOUSE) || shift.clerk == visit.who.name;
    let found = visit.books().drawer(id)?.filter(theirs).ok_or_else(|| Trouble::new(Denied::NoRoute))?;
    let said = (visit.query.get("said") == "closed").then(|| Html::text(visit.lang.t("drw.said.closed")));
    visit.page(&PaperPage { f: visit.frame("drawer")?, said, drawer: DrawerLine::of(found) })
}
