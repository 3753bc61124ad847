//! What can be asked beside a purchase: changes of meters, what waits, drawers and days, applications and codes, limits.

use crate::acts::{handed_out, malformed, to};
use crate::asked::{Asked, Means, message};
use parties::bank::phones::{self, PhoneChange};
use parties::bank::{
    self, ApplyRequest, ChangeMeterRequest, Desk, FinishChangeRequest, Person, ReplaceSimRequest,
    StatisticsRequest, look,
};
use parties::carrier::Carrier;
use parties::{Result, Session};
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use scheme::record_file::{Message, SimNote};
use serde_json::{Value, json};
use server::roster::NO_METER;
use server::{Basis, Period, Scope, Sim};
use wire::sms::record::Records;
use wire::typed;

/// A report with the record of the order that was sealed for it.
fn changed(report: Option<bank::ChangeReport>, means: &Means) -> Result<Value> {
    let Some(report) = report else { return Ok(Value::Null) };
    let mut value = serde_json::to_value(&report)?;
    if let Some(sealed) = &report.sealed {
        value["sealed"] = handed_out(sealed, means)?;
    }
    Ok(value)
}

/// Changes a customer's meter.
pub fn change_meter(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let basis = asked.words("basis").unwrap_or("read");
    let request = ChangeMeterRequest {
        meter: asked.field("meter")?,
        basis: Basis::from_name(basis).ok_or_else(|| malformed("a basis is read, workshop or burnt"))?,
        balance: asked.fen("balance_fen").unwrap_or(Fen(0)),
        count: asked.number("count"),
        note: asked.words("note").unwrap_or_default().to_owned(),
        to: bank::Destination { meter: asked.maybe_field("old_meter")?, ..to(asked, means)? },
    };
    changed(bank::change_meter(session, desk, &request)?, means)
}

/// Corrects a provisional change.
pub fn finish_change(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let request = FinishChangeRequest {
        change: asked.place("change")?,
        balance: asked.fen("balance_fen").unwrap_or(Fen(0)),
        count: asked.number("count"),
        note: asked.words("note").unwrap_or_default().to_owned(),
        to: bank::Destination {
            customer: CustomerNumber([0; 6]),
            meter: None,
            out: Some(message()),
            pin: means.pin.clone(),
            id: means.order,
        },
    };
    changed(bank::finish_change(session, desk, &request)?, means)
}

/// Gives a meter to another customer.
pub fn hand_over(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let note = asked.words("note").unwrap_or_default();
    let (meter, to) = (asked.field("meter")?, asked.field("customer")?);
    Ok(serde_json::to_value(bank::hand_over(session, desk, meter, to, note)?)?)
}

/// Changes of meters.
pub fn changes(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let customer = asked.maybe_place("customer")?;
    let provisional = asked.maybe_place("provisional")?.unwrap_or(false);
    Ok(serde_json::to_value(bank::changes(session, desk, customer, provisional)?)?)
}

/// What waits.
pub fn ageing(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let office: Option<String> = asked.maybe_place("office")?;
    // A key of an office sees what waits there, whatever it names.
    let office = asked.office.clone().or(office);
    Ok(serde_json::to_value(bank::ageing(session, desk, office.as_deref())?)?)
}

/// Hands out an order's record once more.
pub fn reprint(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let id: OrderId = asked.place("order")?;
    let (record, copy) = bank::reprint(session, desk, id)?;
    Ok(json!({ "order": id.to_string(), "copy": copy, "record": hex::encode_upper(record.record) }))
}

/// Gives a customer another SIM.
pub fn replace_sim(session: &Session, desk: &mut Desk, asked: &Asked, means: &Means) -> Result<Value> {
    let receipt = match asked.words("old_sim_record") {
        None => None,
        Some(text) => {
            let record = typed::bytes(text).map_err(|error| malformed(format!("old_sim_record: {error}")))?;
            let record = Records::parse(&record)
                .ok_or_else(|| malformed("old_sim_record: a message record has 176 bytes"))?;
            means.mailbox.send(&message(), &Message { record, sim: SimNote::default() })?;
            Some(message())
        }
    };
    let request = ReplaceSimRequest {
        customer: asked.field("customer")?,
        sim: Sim { msisdn: asked.field("msisdn")?, imsi: asked.field("imsi")?, iccid: asked.field("iccid")? },
        receipt,
        pin: means.pin.clone(),
    };
    Ok(serde_json::to_value(bank::replace_sim(session, desk, &request)?)?)
}

/// Opens the drawer of whoever asks.
pub fn open_drawer(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let counted = asked.fen("counted_fen").unwrap_or(Fen(0));
    Ok(serde_json::to_value(bank::open_drawer(session, desk, counted)?)?)
}

/// Closes it.
pub fn close_drawer(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let counted = asked.fen("counted_fen").unwrap_or(Fen(0));
    Ok(serde_json::to_value(bank::close_drawer(session, desk, counted, asked.words("note"))?)?)
}

/// Drawers.
pub fn drawers(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let all = asked.maybe_place("all")?.unwrap_or(false);
    Ok(serde_json::to_value(bank::drawers(session, desk, !all, asked.office.as_deref())?)?)
}

/// Closes a day.
pub fn close_day(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(bank::close_day(session, desk, asked.words("day"))?)?)
}

/// Closed days.
pub fn closings(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::closings(session, desk)?)?)
}

/// Recomputes sums and closings.
pub fn recompute(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::recompute(session, desk)?)?)
}

fn statistics_request(asked: &Asked) -> Result<StatisticsRequest> {
    let period: Option<String> = asked.maybe_place("period")?;
    Ok(StatisticsRequest {
        from: asked.maybe_place("from")?,
        to: asked.maybe_place("to")?,
        period: match period.as_deref() {
            None => Period::default(),
            Some(name) => {
                Period::from_name(name).ok_or_else(|| malformed("a period is day, month, year or whole"))?
            }
        },
        by_office: asked.maybe_place("by_office")?.unwrap_or(false),
        by_channel: asked.maybe_place("by_channel")?.unwrap_or(false),
        by_tariff: asked.maybe_place("by_tariff")?.unwrap_or(false),
    })
}

/// Statistics.
pub fn statistics(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::statistics(session, desk, &statistics_request(asked)?)?)?)
}

/// The same as CSV.
pub fn statistics_csv(session: &Session, desk: &Desk, asked: &Asked) -> Result<String> {
    Ok(bank::statistics_csv(session, desk, &statistics_request(asked)?)?.0)
}

/// The fields of an application that are those of a registration.
const REGISTRATION: [&str; 7] = ["customer", "meter", "msisdn", "imsi", "imei", "iccid", "name"];

/// Registers a customer by his application.
pub fn apply(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let words = |name: &str| asked.words(name).map(str::to_owned);
    let request = ApplyRequest {
        registration: REGISTRATION
            .into_iter()
            .filter_map(|name| {
                let none = || (name == "meter").then(|| NO_METER.to_owned());
                words(name).or_else(none).map(|value| (name, value))
            })
            .collect(),
        first_purchase: asked.fen("first_purchase_fen"),
        person: Person {
            paper: words("paper"),
            paper_number: words("paper_number"),
            address: words("address"),
        },
        bill: words("bill"),
        bank: words("bank"),
        scan: words("scan_sha256"),
    };
    Ok(serde_json::to_value(bank::apply(session, desk, &request)?)?)
}

/// All that is known of a customer.
pub fn contract(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let whose = look::Whose::Customer(asked.place("customer")?);
    Ok(serde_json::to_value(bank::contract(session, desk, &whose)?)?)
}

/// Gives a customer an authorisation code.
pub fn give_code(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let reason = asked.words("reason").unwrap_or("registration");
    Ok(serde_json::to_value(bank::give_code(session, desk, asked.field("customer")?, reason)?)?)
}

/// Uses one up.
pub fn use_code(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let (slip, code) =
        (asked.words("slip").unwrap_or_default(), asked.words("authorisation_code").unwrap_or_default());
    Ok(serde_json::to_value(bank::use_code(session, desk, slip, code)?)?)
}

/// A customer's phones.
pub fn phones(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(phones::list(session, desk, asked.place("customer")?)?)?)
}

fn change_phone(session: &Session, desk: &mut Desk, asked: &Asked, change: PhoneChange) -> Result<Value> {
    let (phone, reason): (String, _) = (asked.place("phone")?, asked.words("reason").unwrap_or_default());
    Ok(serde_json::to_value(phones::change(session, desk, &phone, change, reason)?)?)
}

/// Freezes a phone.
pub fn freeze_phone(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    change_phone(session, desk, asked, PhoneChange::Freeze)
}

/// Lets it again.
pub fn thaw_phone(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    change_phone(session, desk, asked, PhoneChange::Thaw)
}

/// Forgets it.
pub fn forget_phone(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    change_phone(session, desk, asked, PhoneChange::Forget)
}

/// The limits.
pub fn limits(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::limits(session, desk)?)?)
}

/// Sets a limit, or takes it away.
pub fn set_limit(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let scope = asked.words("scope").unwrap_or_default();
    let scope =
        Scope::from_name(scope).ok_or_else(|| malformed("a scope is order, customer-day or office-day"))?;
    let office = asked.words("office").unwrap_or_default();
    Ok(serde_json::to_value(bank::set_limit(session, desk, scope, office, asked.fen("limit_fen"))?)?)
}

/// The bank's PSAMs.
pub fn psams(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::serving(session, desk)?)?)
}
