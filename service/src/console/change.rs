//! Change of a meter: the customer gets another one, and what is his in the old one goes to it [docs/specs/books.md 14]. One person
//! does it where the old purse was read; what is estimated two people say.

use super::asking::{REASON_MAX, ask_for};
use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, digits, moment, when, yuan};
use super::matters::{asked, basis_key};
use super::meters::{self, Which};
use super::money::amount;
use super::visit::{Answer, Told, Visit, of_customer as about, rendered};
use crate::denied::Denied;
use askama::Template;
use parties::{Result, Trouble};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use serde_json::{Value, json};
use server::{Basis, Change, ChangeRequest, FinalRequest, KeyState, Word};

/// One case of a change, with its form.
struct CaseView {
    basis: &'static str,
    title: &'static str,
    when: &'static str,
    said: &'static str,
    two: bool,
    open: bool,
    counts: bool,
    count_wanted: bool,
    then: Vec<(&'static str, Html)>,
    go: &'static str,
    off: Option<Html>,
    asked: Option<Html>,
    request: String,
    meter: String,
    balance: String,
    count: String,
    note: String,
}

#[derive(Template)]
#[template(path = "change-form.html")]
struct FormPage {
    f: Frame,
    told: Option<Told>,
    customer: String,
    which: String,
    name: String,
    sub: Html,
    meter: Html,
    chip_out: bool,
    balance: Html,
    balance_at: Html,
    outstanding: Html,
    most: String,
    cases: Vec<CaseView>,
}

/// A change of a meter in a list.
pub struct ChangeLine {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub customer: String,
    /// His name.
    pub name: String,
    /// When.
    pub at: String,
    /// The meter before.
    pub old: Html,
    /// The meter since.
    pub new: Html,
    /// The word for what was known of the old purse.
    pub basis: &'static str,
    /// What went to the new meter.
    pub carried: String,
    /// Nobody has confirmed or corrected the estimate.
    pub provisional: bool,
}

/// How a provisional change was corrected.
struct Corrected {
    due: String,
    missing: String,
    order: String,
    by: String,
    note: String,
}

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage {
    f: Frame,
    said: Option<Html>,
    told: Option<Told>,
    change: ChangeLine,
    number: Html,
    read: String,
    ended: Html,
    outstanding: String,
    order: String,
    order_digits: Html,
    by: String,
    note: String,
    was_read: bool,
    counts: bool,
    asks: bool,
    asked: Option<Html>,
    request: String,
    corrected: Option<Corrected>,
    /// What was typed into the form.
    balance: String,
    count: String,
    reason: String,
}

/// What a form says of a purse.
struct Typed {
    meter: String,
    balance: Fen,
    count: Option<u32>,
    note: String,
}

impl Typed {
    /// Reads the fields of a form.
    fn read(visit: &Visit<'_>) -> Result<Self, FormError> {
        let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let count = match plain(visit.form.get("count")).as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| FormError::Number)?),
        };
        let note: String = visit.form.get("reason").chars().take(REASON_MAX).collect();
        if note.is_empty() {
            return Err(FormError::Reason);
        }
        Ok(Typed {
            meter: plain(visit.form.get("meter")),
            balance: amount(visit.form.get("balance"))?,
            count,
            note,
        })
    }

    /// As fields of the act, beside those that it has.
    fn fields(&self, mut fields: Value) -> Value {
        fields["balance_fen"] = self.balance.0.into();
        fields["note"] = self.note.clone().into();
        if let Some(count) = self.count {
            fields["count"] = count.into();
        }
        fields
    }
}

/// Two people whose names stand for nobody yet: with them the books say beforehand whether an estimate could be booked.
fn planned(visit: &Visit<'_>, note: &str) -> Result<Word> {
    let (by, second) = (visit.who.name.clone(), Some(String::new()));
    Ok(Word { at: visit.now()?, by, second, note: note.to_owned() })
}

/// The page: the cases, each with what follows from it.
///
/// # Errors
/// Nobody has this number; the books cannot be read.
pub fn form(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

fn page(visit: &mut Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let chosen = match meters::which(visit)? {
        Which::One(chosen) => chosen,
        Which::Open(found) => return meters::ask(visit, &found, "customers", "/meter"),
    };
    let known = &chosen.known;
    let number = known.customer.to_string();
    visit.note_look("console customer", &number)?;
    let (lang, books) = (visit.lang, visit.books());
    let chip = books.chip_in(known.meter)?;
    let last = books.last_credit(known.meter)?;
    let outstanding = books.outstanding(known.meter)?;
    let waits = waiting(visit, |one| {
        one.what.act == "change-meter" && one.what.customer.as_deref() == Some(&*number)
    })?;
    let chip_out = chip.is_none_or(|chip| chip.state == KeyState::Retired);
    let balance = last.map_or(0, |said| i64::from(said.balance.0));
    let open = outstanding.as_ref().map_or(0, |placed| i64::from(placed.order.amount.0));
    let typed = visit.form.get("basis").to_owned();
    let count_before = outstanding.as_ref().map(|placed| placed.order.count.saturating_sub(1));
    let cases = [Basis::Read, Basis::Workshop, Basis::Burnt].map(|basis| {
        let mine = typed == basis.name();
        let field = |name: &str| if mine { visit.form.get(name).to_owned() } else { String::new() };
        let two = basis.is_estimate();
        let (title, when, said) = match basis {
            Basis::Read => ("chg.b.read", "chg.w.read", "chg.f.read"),
            Basis::Workshop => ("chg.b.workshop", "chg.w.workshop", "chg.f.estimate"),
            Basis::Burnt => ("chg.b.burnt", "chg.w.burnt", "chg.f.estimate"),
        };
        let text = |key| Html::text(lang.t(key));
        let mut then = vec![("meter", text("chg.then.1"))];
        match (basis, count_before) {
            (Basis::Read, Some(before)) => {
                then.push(("money", lang.say("chg.read.order", &[lang.money(open), Html::text(before)])));
            }
            (Basis::Read, None) => then.push(("money", text("chg.read.1"))),
            (Basis::Workshop, _) => then.push(("clock", text("chg.workshop.1"))),
            (Basis::Burnt, _) => then.push(("clock", text("chg.burnt.1"))),
        }
        then.push(("sim", text("chg.then.4")));
        if two {
            then.push(("two", text("deed.corr.4")));
        }
        // The same request again finds out what is not known of it.
        let kept = told.as_ref().is_some_and(|told| told.unknown) && mine;
        CaseView {
            basis: basis.name(),
            title,
            when,
            said,
            two,
            open: if typed.is_empty() { basis == Basis::Read } else { mine },
            counts: !two,
            count_wanted: !two && outstanding.is_some(),
            then,
            go: if two { "chg.ask" } else { "chg.go" },
            off: (!two && !chip_out).then(|| text("chg.off")),
            asked: waits.clone().filter(|_| two),
            request: if kept { visit.form.get("request").to_owned() } else { visit.new_request() },
            meter: field("meter"),
            balance: field("balance"),
            count: field("count"),
            note: field("reason"),
        }
    });
    let status = told.as_ref().map_or(200, |told| told.status);
    let digits_of = digits(&number, false);
    rendered(
        status,
        &FormPage {
            f: visit.frame("customers")?,
            told,
            sub: lang.say("cust.no", &[digits_of, digits(&known.meter.to_string(), false)]),
            name: visit.name_of(known),
            customer: number,
            which: chosen.query(),
            meter: digits(&known.meter.to_string(), false),
            chip_out,
            balance: last.map_or_else(Html::default, |said| lang.money(said.balance.0.into())),
            balance_at: last
                .map_or_else(Html::default, |said| lang.say("cust.asof", &[moment(said.at_meter, true)])),
            outstanding: outstanding.map_or_else(Html::default, |placed| {
                let count = Html::text(placed.order.count);
                lang.say("chg.order", &[lang.money(open), count])
            }),
            most: yuan(balance + open),
            cases: cases.into(),
        },
    )
}

/// What waits for a second person, and who asked for it.
fn waiting(visit: &Visit<'_>, is_it: impl Fn(&server::Approval) -> bool) -> Result<Option<Html>> {
    let open = visit.books().open_approvals()?;
    let found = open.iter().find(|one| is_it(one));
    Ok(found.map(|one| visit.lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)])))
}

/// Changes a meter that was read, or asks a second person for a change by estimate.
///
/// # Errors
/// Nobody has this number; the books or the log cannot be written.
pub fn change(visit: &mut Visit<'_>) -> Result<Answer> {
    match changed(visit)? {
        Ok(seen) => Ok(Answer::See(seen)),
        Err(told) => page(visit, Some(told)),
    }
}

fn changed(visit: &mut Visit<'_>) -> Result<Result<String, Told>> {
    let chosen = meters::must_be_one(visit)?;
    let customer = chosen.known.customer;
    let told = |error: Trouble| Ok(Err(Told::of(&error)));
    let Some(basis) = Basis::from_name(visit.form.get("basis")) else {
        return told(Trouble::new(FormError::Act));
    };
    let typed = match Typed::read(visit) {
        Ok(typed) => typed,
        Err(error) => return told(Trouble::new(error)),
    };
    let Ok(meter) = typed.meter.parse::<MeterNumber>() else { return told(Trouble::new(FormError::Number)) };
    let mut given =
        json!({ "customer": customer.to_string(), "meter": meter.to_string(), "basis": basis.name() });
    if let Some((name, old)) = chosen.field("old_meter") {
        given[name] = old;
    }
    let fields = typed.fields(given);
    if !basis.is_estimate() {
        let request = visit.form.get("request").to_owned();
        let asked = about(&customer.to_string(), &pairs(&fields));
        let done = visit.act("change-meter", asked, &request)?;
        return Ok(done.map(|done| format!("/console/changes/{}?said=changed", done["change"])));
    }
    let word = planned(visit, &typed.note)?;
    let (balance, count) = (typed.balance, typed.count);
    let old = chosen.named();
    let plan = ChangeRequest { customer, old, meter, basis, balance, count, word, id: OrderId([0; 8]) };
    if let Err(error) = visit.books().plan_change(&plan) {
        return told(error.into());
    }
    let asked = json!({ "named": {}, "fields": fields });
    let done = ask_for(visit, "change-meter", &asked, Some(customer.to_string()))?;
    Ok(done.map(|()| chosen.page("asked")))
}

/// The fields of an object, by name.
fn pairs(fields: &Value) -> Vec<(&str, Value)> {
    let all = fields.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.as_str(), value.clone())).collect()
}

/// The changes of a customer's meters, the newest first.
///
/// # Errors
/// The books cannot be read.
pub fn of_customer(visit: &Visit<'_>, customer: CustomerNumber) -> Result<Vec<ChangeLine>> {
    let all = visit.books().changes(Some(customer), false)?;
    all.iter().rev().map(|change| line(visit, change)).collect()
}

/// The changes that nobody has confirmed or corrected, the oldest first.
///
/// # Errors
/// The books cannot be read.
pub fn provisional(visit: &Visit<'_>) -> Result<Vec<ChangeLine>> {
    visit.books().changes(None, true)?.iter().map(|change| line(visit, change)).collect()
}

fn line(visit: &Visit<'_>, change: &Change) -> Result<ChangeLine> {
    let known = visit.books().customer(change.customer)?;
    Ok(ChangeLine {
        id: change.id,
        customer: change.customer.to_string(),
        name: known.map_or_else(|| change.customer.to_string(), |known| visit.name_of(&known)),
        at: when(change.word.at, true),
        old: digits(&change.old.to_string(), false),
        new: digits(&change.new.to_string(), false),
        basis: basis_key(change.basis),
        carried: yuan(change.carried_fen),
        provisional: change.is_provisional(),
    })
}

fn both(word: &Word) -> String {
    match &word.second {
        Some(second) => format!("{}, {second}", word.by),
        None => word.by.clone(),
    }
}

fn named(visit: &Visit<'_>) -> Result<Change> {
    let id: i64 = visit.place("change")?;
    let found = visit.books().changes(None, false)?.into_iter().find(|change| change.id == id);
    found.ok_or_else(|| Trouble::new(Denied::NoRoute))
}

/// A change, as it is kept with the papers.
///
/// # Errors
/// There is none of this number; the books cannot be read.
pub fn show(visit: &mut Visit<'_>) -> Result<Answer> {
    let change = named(visit)?;
    shown(visit, &change, None)
}

fn shown(visit: &mut Visit<'_>, change: &Change, told: Option<Told>) -> Result<Answer> {
    visit.note_look("console customer", &change.customer.to_string())?;
    let lang = visit.lang;
    let number = change.id.to_string();
    let waits =
        waiting(visit, |one| one.what.act == "finish-change" && asked(one)["named"]["change"] == *number)?;
    let said = match visit.query.get("said") {
        "changed" => Some(Html::text(lang.t("chg.said.changed"))),
        "asked" => Some(Html::text(lang.t("cust.said.asked"))),
        _ => None,
    };
    let order = change.order.map_or_else(String::new, |id| id.to_string());
    let corrected = change.last.as_ref().map(|(due, word, order)| Corrected {
        due: yuan(*due),
        missing: yuan(due - change.carried_fen),
        order: order.map_or_else(String::new, |id| id.to_string()),
        by: format!("{} {}", when(word.at, true), both(word)),
        note: word.note.clone(),
    });
    let typed = |name: &str| visit.form.get(name).to_owned();
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &ChangePage {
            f: visit.frame("customers")?,
            said,
            told,
            number: digits(&change.customer.to_string(), false),
            read: yuan(change.balance.0.into()),
            ended: change.ended.map_or_else(Html::default, |id| digits(&id.to_string(), false)),
            outstanding: yuan(change.outstanding_fen),
            order_digits: digits(&order, false),
            order,
            by: both(&change.word),
            note: change.word.note.clone(),
            was_read: change.basis == Basis::Workshop,
            counts: change.basis == Basis::Workshop && change.ended.is_some(),
            asks: change.is_provisional() && visit.may(super::right::Right::ToAsk),
            asked: waits,
            request: visit.new_request(),
            corrected,
            balance: typed("balance"),
            count: typed("count"),
            reason: typed("reason"),
            change: line(visit, change)?,
        },
    )
}

/// Asks a second person for the correction of a provisional change.
///
/// # Errors
/// There is none of this number; the books or the log cannot be written.
pub fn finish(visit: &mut Visit<'_>) -> Result<Answer> {
    let change = named(visit)?;
    let typed = match Typed::read(visit) {
        Ok(typed) => typed,
        Err(error) => return shown(visit, &change, Some(Told::of(&Trouble::new(error)))),
    };
    let word = planned(visit, &typed.note)?;
    let (balance, count) = (typed.balance, typed.count);
    let plan = FinalRequest { change: change.id, balance, count, word, id: OrderId([0; 8]) };
    if let Err(error) = visit.books().plan_final(&plan) {
        return shown(visit, &change, Some(Told::of(&error.into())));
    }
    let asked = json!({ "named": { "change": change.id.to_string() }, "fields": typed.fields(json!({})) });
    match ask_for(visit, "finish-change", &asked, Some(change.customer.to_string()))? {
        Ok(()) => Ok(Answer::See(format!("/console/changes/{}?said=asked", change.id))),
        Err(told) => shown(visit, &change, Some(told)),
    }
}
