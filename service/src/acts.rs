//! What can be asked, each an act of the bank: fields in, its report out.

use crate::asked::{Asked, Means, message};
use crate::denied::Denied;
use crate::payments;
use disk::table::TableWriter;
use parties::bank::{
    self, ClearRequest, CorrectRequest, Desk, Destination, Look, OrderReport, ReissueReason, ReissueRequest,
    SellRequest, SettingsRequest, SettleRequest, look,
};
use parties::carrier::Carrier;
use parties::{Result, Session, Trouble};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::record_file::{Message, SimNote};
use scheme::subscription::{Iccid, Msisdn};
use serde_json::{Value, json};
use server::roster::NO_METER;
use server::{Named, Origin, SimKey};
use wire::sms::record::Records;
use wire::typed;

pub(crate) fn malformed(words: impl Into<String>) -> Trouble {
    Trouble::new(Denied::Malformed(words.into()))
}

/// The columns of a registration that a body may have.
const COLUMNS: [&str; 7] = ["customer", "meter", "msisdn", "imsi", "imei", "iccid", "name"];

/// Registers a customer.
pub fn register(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let mut names: Vec<&str> = Vec::new();
    let mut values: Vec<String> = Vec::new();
    if asked.words("meter").is_none() {
        names.push("meter");
        values.push(NO_METER.to_owned());
    }
    for name in COLUMNS {
        if let Some(value) = asked.words(name) {
            names.push(name);
            values.push(value.to_owned());
        }
    }
    if let Some(fen) = asked.fen("first_purchase_fen") {
        names.push("first_purchase");
        values.push(format!("{}.{:02}", fen.0 / 100, fen.0 % 100));
    }
    let mut text = Vec::new();
    let mut table = TableWriter::new(&mut text);
    table.row(&names)?;
    table.row(&values)?;
    table.finish()?;
    let office = asked.office.as_deref().unwrap_or_default();
    let report = bank::register_from(session, desk, &text[..], office)?;
    report.must_be_taken()?;
    let customer: CustomerNumber = asked.field("customer")?;
    let now = look::customer(session, desk, &look::Whose::Customer(customer), None)?;
    Ok(json!({ "new": report.registered == 1, "doubtful": report.doubtful, "registration": now }))
}

/// A customer by number.
pub fn customer(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let whose = look::Whose::Customer(asked.place("customer")?);
    Ok(serde_json::to_value(look::customer(session, desk, &whose, asked.maybe_place("meter")?)?)?)
}

/// A customer by meter or telephone number.
pub fn find_customer(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let (meter, phone) = (asked.maybe_place::<MeterNumber>("meter")?, asked.maybe_place::<Msisdn>("msisdn")?);
    let bill: Option<String> = asked.maybe_place("bill")?;
    let whose = match (meter, phone, bill) {
        (Some(meter), None, None) => look::Whose::Meter(meter),
        (None, Some(phone), None) => look::Whose::Phone(phone),
        (None, None, Some(bill)) => look::Whose::Bill(bill),
        _ => return Err(malformed("name one of a meter, an msisdn and a bill")),
    };
    Ok(serde_json::to_value(look::customer(session, desk, &whose, None)?)?)
}

/// Takes a city's delivery list.
pub fn meters(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(bank::take_list(session, desk, &asked.text)?)?)
}

pub(crate) fn to(asked: &Asked, means: &Means) -> Result<Destination> {
    Ok(Destination {
        customer: asked.field("customer")?,
        meter: asked.maybe_field("meter")?,
        out: Some(message()),
        pin: means.pin.clone(),
        id: means.order,
    })
}

/// An order with its record in place of a file's name.
pub(crate) fn handed_out(report: &OrderReport, means: &Means) -> Result<Value> {
    let mut value = serde_json::to_value(report)?;
    value["record"] = hex::encode_upper(means.mailbox.fetch(&message())?.record).into();
    Ok(value)
}

/// Sells.
pub fn sell(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let pay = payments::account(asked, means)?;
    let request = SellRequest { amount: asked.fen("amount_fen"), pay, to: to(asked, means)? };
    handed_out(&bank::sell(session, desk, &request)?, means)
}

/// Makes the outstanding order of another amount.
pub fn correct(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let amount = asked.fen("amount_fen").unwrap_or(Fen(0));
    let request = CorrectRequest { amount, to: to(asked, means)? };
    match bank::correct(session, desk, &request)? {
        Some(report) => handed_out(&report, means),
        None => Ok(Value::Null),
    }
}

/// Takes the outstanding order back.
pub fn reverse(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    match bank::reverse(session, desk, &to(asked, means)?)? {
        Some(report) => handed_out(&report, means),
        None => Ok(Value::Null),
    }
}

/// Makes the outstanding order anew.
pub fn reissue(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let reason = match asked.words("reason") {
        None => None,
        Some("key-change") => Some(ReissueReason::KeyChange),
        Some("chip-replaced") => Some(ReissueReason::ChipReplaced),
        Some(_) => return Err(malformed("a reason is key-change or chip-replaced")),
    };
    let request = ReissueRequest { reason, to: to(asked, means)? };
    match bank::reissue(session, desk, &request)? {
        Some(report) => handed_out(&report, means),
        None => Ok(Value::Null),
    }
}

/// Finishes the outstanding order.
pub fn resume(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let customer = Some(asked.field("customer")?);
    let request = bank::ResumeRequest {
        customer,
        meter: asked.maybe_field("meter")?,
        pin: means.pin.clone(),
        bank: means.bank,
    };
    let report = bank::resume(session, desk, &request)?;
    // The records are those of the orders; files have none of them here.
    Ok(json!({ "resumed": report.resumed, "copies": report.copies }))
}

/// Gives the outstanding order up.
pub fn void(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(bank::void(
        session,
        desk,
        asked.field("customer")?,
        asked.maybe_field("meter")?,
    )?)?)
}

/// One order.
pub fn order(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(look::order(session, desk, asked.place("order")?)?)?)
}

/// The record of an order, as a record file has it.
pub fn record(session: &Session, desk: &Desk, asked: &Asked) -> Result<String> {
    Ok(look::record(session, desk, asked.place("order")?)?.to_text())
}

/// The orders of a customer.
pub fn orders(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let orders = look::orders_of(session, desk, asked.place("customer")?)?;
    Ok(json!({ "orders": orders }))
}

/// The orders of all customers, a page of them.
pub fn all_orders(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(look::orders_after(session, desk, asked.maybe_place("order")?)?)?)
}

/// Settles a receipt.
pub fn settle(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let record = typed::bytes(asked.words("record").unwrap_or_default());
    let record = record.map_err(|error| malformed(format!("record: {error}")))?;
    let found = record.len();
    let record = Records::parse(&record)
        .ok_or_else(|| malformed(format!("record: a message record has 176 bytes, not {found}")))?;
    let (phone, iccid) = (asked.maybe_field::<Msisdn>("msisdn")?, asked.maybe_field::<Iccid>("iccid")?);
    let origin = match (phone, iccid, asked.maybe_field::<MeterNumber>("meter")?) {
        (Some(phone), None, None) => Some(Origin::Sim(SimKey::Msisdn(phone))),
        (None, Some(iccid), None) => Some(Origin::Sim(SimKey::Iccid(iccid))),
        (None, None, Some(meter)) => Some(Origin::Meter(meter)),
        (None, None, None) => None,
        _ => return Err(malformed("name one of an msisdn, an iccid and a meter")),
    };
    means.mailbox.send(&message(), &Message { record, sim: SimNote::default() })?;
    let request = SettleRequest { receipts: vec![message()], origin, pin: means.pin.clone() };
    let report = bank::settle(session, desk, &request)?;
    let mut value = serde_json::to_value(report.receipts.first())?;
    if value["result"] == "refused" {
        return report.verdict().map(|()| Value::Null);
    }
    if let Some(line) = value.as_object_mut() {
        line.remove("file");
        line.insert("log".to_owned(), serde_json::to_value(&report.log)?);
    }
    Ok(value)
}

/// A customer's statement.
pub fn statement(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::statement(session, desk, asked.place("customer")?)?)?)
}

/// Pays back what is due.
pub fn refund(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(bank::refund(session, desk, asked.field("customer")?)?)?)
}

/// What waits for somebody.
pub fn findings(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let all = asked.maybe_place::<bool>("all")?.unwrap_or(false);
    let mut report = bank::findings(session, desk, all)?;
    if let Some(office) = &asked.office {
        let mut theirs = Vec::new();
        for finding in report.findings {
            if desk.books().office_of(&Named::Finding(finding.finding))?.as_ref() == Some(office) {
                theirs.push(finding);
            }
        }
        report.findings = theirs;
    }
    Ok(serde_json::to_value(report)?)
}

/// Clears a finding.
pub fn clear(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let note = asked.words("note").unwrap_or_default().to_owned();
    let request = ClearRequest { finding: asked.place("finding")?, note };
    Ok(serde_json::to_value(bank::clear(session, desk, &request)?)?)
}

/// The house in figures.
pub fn report(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::report(session, desk, Look::Books)?)?)
}

/// Books and PSAMs, compared.
pub fn verify(session: &Session, desk: &mut Desk, _: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(bank::verify(session, desk)?)?)
}

/// The bank's numbers and times.
pub fn terms(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let days = asked.number("validity_days").map(u16::try_from).transpose();
    let request = SettingsRequest {
        server_number: asked.words("server_number").map(str::to_owned),
        service_centre: asked.words("service_centre").map(str::to_owned),
        validity_days: days.map_err(|_| malformed("validity_days is more than 65535"))?,
        clock_tolerance_s: asked.number("clock_tolerance_s"),
        office: None,
        training: false,
    };
    Ok(serde_json::to_value(bank::settings(session, desk, &request)?)?)
}

/// The same, to look at.
pub fn show_terms(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::settings_now(session, desk)?)?)
}
