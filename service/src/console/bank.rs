//! The customers' bank: payments that wait for its word, its files of each day, and what they and the books say otherwise
//! [docs/specs/bank.md 4].

use super::asking::ask_for;
use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, digits, moment, when, yuan};
use super::matters::asked;
use super::payments::{badge, state_keys};
use super::right::Right;
use super::visit::{Answer, Told, Visit, rendered};
use crate::asked::Asked;
use crate::denied::Denied;
use askama::Template;
use parties::{Result, Trouble};
use scheme::moment::Day;
use scheme::order::OrderId;
use serde_json::json;
use server::{ClearError, Difference, TakenFile, Which};

/// Files that the page shows.
const SHOWN: u32 = 100;

/// A payment that waits.
struct WaitingLine {
    customer: String,
    name: String,
    reference: Html,
    amount: String,
    asked: String,
    state: &'static str,
    advice: &'static str,
    badge: Html,
    next: String,
}

/// A file of the bank.
struct FileLine {
    id: i64,
    day: String,
    at: String,
    equal: u32,
    decided: u32,
    ours: u32,
    theirs: u32,
    other: u32,
    open: u32,
    hash: Html,
}

impl FileLine {
    fn of(file: &TakenFile) -> Self {
        FileLine {
            id: file.id,
            day: file.day.to_string(),
            at: when(file.at, true),
            equal: file.equal,
            decided: file.decided,
            ours: file.ours_only,
            theirs: file.theirs_only,
            other: file.other_amount,
            open: file.open,
            hash: digits(&hex::encode(file.hash), true),
        }
    }
}

/// A difference, with what can be done about it.
struct DifferenceView {
    finding: i64,
    title: &'static str,
    does: &'static str,
    books: &'static str,
    what: String,
    reference: Html,
    fen: Html,
    more: bool,
    customer: String,
    name: String,
    cleared: Html,
    note: String,
    asked: Option<Html>,
    request: String,
}

#[derive(Template)]
#[template(path = "bank.html")]
struct FilesPage {
    f: Frame,
    told: Option<Told>,
    takes: bool,
    has_bank: bool,
    suspense: Option<Html>,
    day: String,
    request: String,
    waiting: Vec<WaitingLine>,
    files: Vec<FileLine>,
}

#[derive(Template)]
#[template(path = "bank-day.html")]
struct FilePage {
    f: Frame,
    said: Option<Html>,
    told: Option<Told>,
    file: FileLine,
    differences: Vec<DifferenceView>,
    asks: bool,
}

/// What waits for the bank's word, and the files that were taken.
///
/// # Errors
/// The books cannot be read.
pub fn files(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

fn page(visit: &Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let mut waiting = Vec::new();
    for payment in visit.books().payments(Which::Open)? {
        let known = visit.books().customer(payment.customer)?;
        let (state, advice) = state_keys(payment.state);
        waiting.push(WaitingLine {
            name: known.map_or_else(|| payment.customer.to_string(), |known| visit.name_of(&known)),
            customer: payment.customer.to_string(),
            reference: digits(&payment.reference(), false),
            amount: yuan(payment.amount.0.into()),
            asked: when(payment.asked, true),
            state,
            advice,
            badge: badge(visit.lang, payment.state),
            next: payment.next.map_or_else(String::new, |next| when(next, false)),
        });
    }
    let files = visit.books().bank_files(SHOWN)?;
    let suspense = visit.books().suspense()?.iter().map(|rest| rest.fen).sum();
    let status = told.as_ref().map_or(200, |told| told.status);
    let request = visit.next_request(told.as_ref());
    rendered(
        status,
        &FilesPage {
            f: visit.frame("bank")?,
            told,
            takes: visit.can("bank-file"),
            has_bank: visit.counter.has_bank(),
            suspense: visit.can("suspense").then(|| visit.lang.money(suspense)),
            day: visit.form.get("day").to_owned(),
            request,
            waiting,
            files: files.iter().map(FileLine::of).collect(),
        },
    )
}

/// Lays the bank's file of a day beside the books.
///
/// # Errors
/// The books cannot be read.
pub fn take(visit: &mut Visit<'_>) -> Result<Answer> {
    let Ok(day) = visit.form.get("day").parse::<Day>() else {
        return page(visit, Some(Told::of(&Trouble::new(FormError::Day))));
    };
    let text = std::mem::take(&mut visit.file);
    if text.is_empty() {
        return page(visit, Some(Told::of(&Trouble::new(FormError::File))));
    }
    let named = [("day".to_owned(), day.to_string())].into_iter().collect();
    let request = visit.form.get("request").to_owned();
    match visit.act("bank-file", Asked { named, text, ..Asked::default() }, &request)? {
        Ok(done) => {
            let files = visit.books().bank_files(u32::MAX)?;
            let hash = done["hash"].as_str().unwrap_or_default();
            let taken = files.iter().find(|file| hex::encode(file.hash) == hash);
            let said = if done["again"] == true { "again" } else { "taken" };
            Ok(Answer::See(match taken {
                Some(file) => format!("/console/bank/{}?said={said}", file.id),
                None => "/console/bank".to_owned(),
            }))
        }
        Err(told) => page(visit, Some(told)),
    }
}

fn named(visit: &Visit<'_>) -> Result<(TakenFile, Vec<Difference>)> {
    let id: i64 = visit.place("file")?;
    visit.books().bank_file(id)?.ok_or_else(|| Trouble::new(Denied::NoRoute))
}

/// A file with its four heaps, and each difference with what can be done about it.
///
/// # Errors
/// There is none of this number; the books cannot be read.
pub fn show(visit: &mut Visit<'_>) -> Result<Answer> {
    shown(visit, None)
}

fn shown(visit: &mut Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let (file, differences) = named(visit)?;
    let open = visit.books().open_approvals()?;
    let mut views = Vec::new();
    for difference in &differences {
        views.push(view(visit, difference, &open)?);
    }
    // What nobody has cleared stands first.
    views.sort_by_key(|view| !view.cleared.is_empty());
    let said = match visit.query.get("said") {
        "taken" => Some("bank.said.taken"),
        "again" => Some("bank.said.again"),
        "asked" => Some("cust.said.asked"),
        _ => None,
    };
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &FilePage {
            f: visit.frame("bank")?,
            said: said.map(|key| Html::text(visit.lang.t(key))),
            told,
            file: FileLine::of(&file),
            differences: views,
            asks: visit.may(Right::ToAsk),
        },
    )
}

fn view(visit: &Visit<'_>, difference: &Difference, open: &[server::Approval]) -> Result<DifferenceView> {
    let (lang, id) = (visit.lang, difference.finding);
    let finding = visit.books().finding(id)?.ok_or(ClearError::Unknown(id))?;
    let payment = match difference.reference.parse::<OrderId>() {
        Ok(order) => visit.books().payment(order)?,
        Err(_) => None,
    };
    let known = match &payment {
        Some(payment) => visit.books().customer(payment.customer)?,
        None => None,
    };
    let (title, does) = match difference.heap {
        "ours-only" => ("bank.h.ours", "bank.do.ours"),
        "theirs-only" => ("bank.h.theirs", "bank.do.theirs"),
        _ => ("bank.h.other", "bank.do.other"),
    };
    let number = id.to_string();
    let waits = open
        .iter()
        .find(|one| one.what.act == "clear-difference" && asked(one)["named"]["finding"] == *number)
        .map(|one| lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]));
    let (cleared, note) = match finding.cleared {
        Some(cleared) => {
            let second = cleared.second.map_or_else(String::new, |second| format!(", {second}"));
            let by = Html::text(format!("{}{second}", cleared.by));
            (lang.say("bank.cleared", &[by, moment(cleared.at, true)]), cleared.note)
        }
        None => Default::default(),
    };
    Ok(DifferenceView {
        finding: id,
        title,
        does,
        books: if difference.fen > 0 { "bank.book.more" } else { "bank.book.less" },
        what: finding.detail,
        reference: digits(&difference.reference, true),
        fen: lang.money(difference.fen.abs()),
        more: difference.fen > 0,
        customer: payment.map_or_else(String::new, |payment| payment.customer.to_string()),
        name: known.map_or_else(String::new, |known| visit.name_of(&known)),
        cleared,
        note,
        asked: waits,
        request: visit.new_request(),
    })
}

/// Asks a second person to clear a difference, with an entry in the books or without.
///
/// # Errors
/// There is no such file; the books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let (file, differences) = named(visit)?;
    let finding: Option<i64> = visit.form.get("finding").parse().ok();
    let found = differences.iter().find(|difference| Some(difference.finding) == finding);
    let entry = ["book", "none"].into_iter().find(|known| *known == visit.form.get("entry"));
    let (Some(found), Some(entry)) = (found, entry) else {
        return shown(visit, Some(Told::of(&Trouble::new(FormError::Act))));
    };
    let id = found.finding;
    let finding = visit.books().finding(id)?.ok_or(ClearError::Unknown(id))?;
    if let Some(cleared) = finding.cleared {
        let error = ClearError::Cleared { id, at: cleared.at, by: cleared.by };
        return shown(visit, Some(Told::of(&Trouble::new(error))));
    }
    let asked = json!({
        "named": { "finding": id.to_string() },
        "fields": { "note": visit.form.get("reason"), "entry": entry },
    });
    match ask_for(visit, "clear-difference", &asked, None)? {
        Ok(()) => Ok(Answer::See(format!("/console/bank/{}?said=asked", file.id))),
        Err(told) => shown(visit, Some(told)),
    }
}
