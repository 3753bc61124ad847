//! A customer's papers: registration, agreement, statement; and receipts that somebody brings.

use super::frame::Frame;
use super::html::{Html, day, digits, when, yuan};
use super::meters::{self, Which};
use super::money::amount;
use super::visit::{Answer, Told, Visit, rendered};
use crate::asked::Asked;
use askama::Template;
use parties::bank::statement;
use parties::{Result, Trouble};
use serde_json::{Map, Value};

/// What a registration says, in the order of its form: name of the field, its word, a hint, how it is typed.
const FIELDS: [(&str, &str, &str, &str); 7] = [
    ("customer", "col.custno", "reg.customer.h", "numeric"),
    ("name", "reg.name", "reg.name.h", "text"),
    ("meter", "col.meter", "reg.meter.h", "numeric"),
    ("msisdn", "col.phone", "reg.msisdn.h", "tel"),
    ("iccid", "reg.iccid", "reg.iccid.h", "numeric"),
    ("imsi", "reg.imsi", "reg.imsi.h", "numeric"),
    ("imei", "reg.imei", "reg.imei.h", "numeric"),
];

struct Field {
    name: &'static str,
    key: &'static str,
    hint: &'static str,
    mode: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    f: Frame,
    told: Option<Told>,
    request: String,
    fields: Vec<Field>,
    first: String,
}

#[derive(Template)]
#[template(path = "agreement.html")]
struct AgreementPage {
    f: Frame,
    name: String,
    customer: String,
    at: String,
    number: Html,
    meter: Html,
    phone: String,
    sim: Html,
    imsi: Html,
    imei: Html,
    ceiling: Html,
}

struct BookedRow {
    at: String,
    what: &'static str,
    meter: Html,
    count: u32,
    paid: String,
    credited: String,
    back: String,
    open: String,
}

#[derive(Template)]
#[template(path = "statement.html")]
struct StatementPage {
    f: Frame,
    name: String,
    customer: String,
    sub: Html,
    several: bool,
    at: String,
    rows: Vec<BookedRow>,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    f: Frame,
    told: Option<Told>,
    done: Option<Html>,
    customer: String,
    request: String,
    record: String,
    phone: String,
}

fn register_page(visit: &Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let status = told.as_ref().map_or(200, |told| told.status);
    let field = |(name, key, hint, mode): (&'static str, _, _, _)| Field {
        name,
        key,
        hint,
        mode,
        value: visit.form.get(name).to_owned(),
    };
    rendered(
        status,
        &RegisterPage {
            f: visit.frame("customers")?,
            told,
            request: visit.new_request(),
            fields: FIELDS.map(field).into(),
            first: visit.form.get("first").to_owned(),
        },
    )
}

/// The form of a registration.
///
/// # Errors
/// The books cannot be read.
pub fn form(visit: &mut Visit<'_>) -> Result<Answer> {
    register_page(visit, None)
}

/// Registers a customer.
///
/// # Errors
/// The books cannot be written.
pub fn register(visit: &mut Visit<'_>) -> Result<Answer> {
    let mut fields = Map::new();
    for (name, ..) in FIELDS {
        let typed: String = visit.form.get(name).to_owned();
        let value = if name == "name" { typed } else { typed.split_whitespace().collect() };
        if !value.is_empty() {
            fields.insert(name.into(), value.into());
        }
    }
    match visit.form.get("first") {
        "" => {}
        text => match amount(text) {
            Ok(fen) => {
                fields.insert("first_purchase_fen".into(), fen.0.into());
            }
            Err(error) => return register_page(visit, Some(Told::of(&Trouble::new(error)))),
        },
    }
    let customer = fields.get("customer").and_then(Value::as_str).unwrap_or_default().to_owned();
    let request = visit.form.get("request").to_owned();
    match visit.act("register", Asked { fields, ..Asked::default() }, &request)? {
        Ok(_) => Ok(Answer::See(format!("/console/customers/{customer}?said=registered"))),
        Err(told) => register_page(visit, Some(told)),
    }
}

/// The agreement, to be printed and signed.
///
/// # Errors
/// Nobody has this number; the books cannot be read.
pub fn agreement(visit: &mut Visit<'_>) -> Result<Answer> {
    let chosen = match meters::which(visit)? {
        Which::One(chosen) => chosen,
        Which::Open(found) => return meters::ask(visit, &found, "customers", "/agreement"),
    };
    let known = &chosen.known;
    visit.note_look("console agreement", &known.customer.to_string())?;
    let ceiling = visit.books().chip_in(known.meter)?.and_then(|chip| chip.ceiling);
    visit.page(&AgreementPage {
        f: visit.frame("customers")?,
        name: visit.name_of(known),
        customer: known.customer.to_string(),
        at: day(visit.now()?),
        number: digits(&known.customer.to_string(), false),
        meter: digits(&known.meter.to_string(), false),
        phone: known.sim.msisdn.to_string(),
        sim: digits(known.sim.iccid.as_str(), false),
        imsi: digits(known.sim.imsi.as_str(), false),
        imei: digits(known.imei.as_str(), false),
        ceiling: ceiling.map_or_else(Html::default, |fen| visit.lang.money(fen.0.into())),
    })
}

fn booked_key(kind: &str) -> &'static str {
    match kind {
        "sale" => "booked.sale",
        "correction" => "booked.correction",
        "cancelled" => "booked.cancelled",
        "delivery" => "booked.delivery",
        "refund-due" => "booked.refund-due",
        "refund" => "booked.refund",
        "loss" => "booked.loss",
        _ => "booked.moved",
    }
}

/// The statement, to be printed.
///
/// # Errors
/// As [`agreement`].
pub fn statement_page(visit: &mut Visit<'_>) -> Result<Answer> {
    let known = meters::customer(visit)?;
    visit.note_look("console statement", &known.customer.to_string())?;
    let lines = statement(&visit.session, visit.desk(), known.customer)?.lines;
    let row = |line: &parties::bank::BookedLine| {
        let in_column = |kinds: &[&str], sign: i64| {
            if kinds.contains(&&*line.kind) { yuan(sign * line.amount_fen) } else { String::new() }
        };
        BookedRow {
            at: when(line.at, true),
            what: booked_key(&line.kind),
            count: line.count,
            meter: digits(&line.meter.to_string(), false),
            paid: match &*line.kind {
                "cancelled" => in_column(&["cancelled"], -1),
                _ => in_column(&["sale", "correction"], 1),
            },
            credited: in_column(&["delivery"], 1),
            back: in_column(&["refund"], 1),
            open: yuan(line.not_confirmed_fen + line.due_fen),
        }
    };
    let number = digits(&known.customer.to_string(), false);
    visit.page(&StatementPage {
        f: visit.frame("customers")?,
        name: visit.name_of(&known),
        customer: known.customer.to_string(),
        sub: match &known.meters[..] {
            [only] => visit.lang.say("cust.no", &[number, digits(&only.meter.to_string(), false)]),
            _ => visit.lang.say("which.no", &[number]),
        },
        several: known.meters.len() > 1,
        at: visit.now()?.to_string(),
        rows: lines.iter().map(row).collect(),
    })
}

fn receipt_page(visit: &Visit<'_>, told: Option<Told>, done: Option<(Html, String)>) -> Result<Answer> {
    let status = told.as_ref().map_or(200, |told| told.status);
    let kept = told.is_some();
    let (done, customer) = done.map_or((None, String::new()), |(done, customer)| (Some(done), customer));
    rendered(
        status,
        &ReceiptPage {
            f: visit.frame("home")?,
            told,
            done,
            customer,
            request: visit.new_request(),
            record: if kept { visit.form.get("record").to_owned() } else { String::new() },
            phone: if kept { visit.form.get("phone").to_owned() } else { String::new() },
        },
    )
}

/// The form of a receipt.
///
/// # Errors
/// The books cannot be read.
pub fn receipt_form(visit: &mut Visit<'_>) -> Result<Answer> {
    receipt_page(visit, None, None)
}

/// Takes a receipt that somebody brought.
///
/// # Errors
/// The books cannot be written.
pub fn receipt(visit: &mut Visit<'_>) -> Result<Answer> {
    // A record file has the record in its first line, and may say on which SIM it was in the others.
    let text = visit.form.get("record").to_owned();
    let mut fields = Map::new();
    fields.insert("record".into(), text.lines().next().unwrap_or_default().trim().into());
    let named = text.lines().skip(1).find_map(|line| line.trim().strip_prefix("iccid ").map(str::trim));
    let phone: String = visit.form.get("phone").split_whitespace().collect();
    match (phone.as_str(), named) {
        ("", Some(iccid)) => {
            fields.insert("iccid".into(), iccid.into());
        }
        ("", None) => {}
        (phone, _) => {
            fields.insert("msisdn".into(), phone.into());
        }
    }
    let request = visit.form.get("request").to_owned();
    match visit.act("settle", Asked { fields, ..Asked::default() }, &request)? {
        Ok(said) => {
            let lang = visit.lang;
            let more = &said["more"];
            let meter = more["meter"].as_str().and_then(|meter| meter.parse().ok());
            let owner = match meter {
                Some(meter) => visit.books().of_meter(meter)?,
                None => None,
            };
            let name = owner.as_ref().map_or_else(String::new, |known| visit.name_of(known));
            let fen = |name: &str| lang.money(more[name].as_i64().unwrap_or(0));
            let words = match said["result"].as_str() {
                Some("settled") => {
                    lang.say("rec.settled", &[Html::text(&name), fen("credited_fen"), fen("balance_fen")])
                }
                Some("held") => {
                    lang.say("rec.held", &[Html::text(more["finding"].as_i64().unwrap_or_default())])
                }
                _ => Html::text(lang.t("rec.again")),
            };
            let customer = owner.map_or_else(String::new, |known| known.customer.to_string());
            receipt_page(visit, None, Some((words, customer)))
        }
        Err(told) => receipt_page(visit, Some(told), None),
    }
}
