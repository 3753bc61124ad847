//! The power company: its messages in, what it is told out.

mod table;

pub use table::{
    ExportReport, ExportRequest, ImportReport, ImportRequest, List, Message, Messages, Numbered, export,
    export_from, import,
};

use super::desk::Desk;
use super::offices::no_contract;
use super::selling::two_people;
use super::text;
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use serde::{Deserialize, Serialize};
use server::company::Contract;
use server::{Block, Blocked, Event, MessageId, Said, Taken, Tariff};
use std::borrow::Cow;

/// What became of a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageReport {
    /// Who said it.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// `contract`, `tariff` or `block`.
    pub kind: Cow<'static, str>,
    /// It was not known before.
    pub new: bool,
}

/// A contract.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContractReport {
    /// Its number.
    pub contract: String,
    /// The meter it is about.
    pub meter: MeterNumber,
    /// The customer, where the company knows his number.
    pub customer: Option<CustomerNumber>,
    /// The tariff.
    pub tariff: Option<String>,
    /// Its first moment.
    #[serde(with = "names::text")]
    pub begins: Moment,
    /// Its last.
    #[serde(with = "text::maybe")]
    pub ends: Option<Moment>,
}

/// Prices.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TariffsReport {
    /// Each, by name and first moment.
    pub tariffs: Vec<TariffLine>,
}

/// A price.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TariffLine {
    /// Name of the tariff.
    pub tariff: String,
    /// Ten-thousandths of a yuan for a kilowatt-hour.
    pub price_e4: u32,
    /// Its first moment.
    #[serde(with = "names::text")]
    pub begins: Moment,
}

/// What the company is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventsReport {
    /// Each, by number.
    pub events: Vec<EventLine>,
    /// The number of the last one there is, in this answer or not.
    pub last: i64,
}

/// One thing that the company is told; what it does not have is null.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventLine {
    /// Its number: 1, 2, 3 and so on without a gap.
    pub number: i64,
    /// What it is.
    pub kind: Cow<'static, str>,
    /// When it was booked.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// The office of the customer as it was then; empty: the head office.
    pub office: String,
    /// The customer.
    pub customer: Option<CustomerNumber>,
    /// The meter.
    pub meter: Option<MeterNumber>,
    /// The ESAM.
    pub serial: Option<String>,
    /// The order.
    #[serde(with = "text::maybe")]
    pub order: Option<OrderId>,
    /// The purchase count.
    pub count: Option<u32>,
    /// What it is about; of a settlement what was credited.
    pub amount_fen: Option<i64>,
    /// The balance after the credit.
    pub balance_fen: Option<u32>,
    /// The register, in hundredths of a kilowatt-hour.
    pub register: Option<u32>,
    /// The time of the meter.
    #[serde(with = "text::maybe")]
    pub at_meter: Option<Moment>,
    /// The meter before.
    pub former_meter: Option<MeterNumber>,
    /// Of a meter that was handed over, whose it was.
    #[serde(default)]
    pub former_customer: Option<CustomerNumber>,
}

impl EventLine {
    fn of(event: Event) -> Self {
        EventLine {
            number: event.number,
            kind: event.kind.name().into(),
            at: event.at,
            office: event.office,
            customer: event.customer,
            meter: event.meter,
            serial: event.serial,
            order: event.order,
            count: event.count,
            amount_fen: event.amount_fen,
            balance_fen: event.balance_fen,
            register: event.register,
            at_meter: event.at_meter,
            former_meter: event.former,
            former_customer: event.former_customer,
        }
    }
}

/// Text of the company has a form: so many characters, none that controls anything.
fn must_be_text(what: &str, text: &str, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(malformed(format!("{what} has {least} to {most} characters, and no control characters")))
}

/// A message has not its form.
fn malformed(words: impl Into<String>) -> Trouble {
    refused(words).code("company-malformed").into()
}

fn must_be_id(id: &MessageId) -> Result<()> {
    must_be_text("the source of a message", &id.source, 1, 32)?;
    must_be_text("the id of a message", &id.id, 1, 64)
}

fn take(session: &Session, desk: &mut Desk, id: &MessageId, said: &Said) -> Result<MessageReport> {
    let now = session.now()?;
    let taken = desk.books_mut().take_message(id, said, now)?;
    log::fact(session, "message", format!("{} {}", id.source, id.id));
    let MessageId { source, id } = id.clone();
    Ok(MessageReport { source, id, kind: said.kind().into(), new: taken == Taken::New })
}

/// Takes a contract in.
///
/// # Errors
/// Text without its form; an end before the beginning; an id that was used.
pub fn contract(session: &Session, desk: &mut Desk, id: &MessageId, new: Contract) -> Result<MessageReport> {
    desk.folder(session)?;
    must_be_id(id)?;
    must_be_text("the number of a contract", &new.contract, 1, 32)?;
    if let Some(tariff) = &new.tariff {
        must_be_text("the name of a tariff", tariff, 1, 32)?;
    }
    if new.ends.is_some_and(|ends| ends < new.begins) {
        return Err(malformed("the contract ends before it begins"));
    }
    take(session, desk, id, &Said::Contract(new))
}

/// Takes a tariff in; two people do. `None`: a request for the second was written in its place.
///
/// # Errors
/// One person; text without its form; an id that was used.
pub fn tariff(
    session: &Session,
    desk: &mut Desk,
    id: &MessageId,
    new: Tariff,
) -> Result<Option<MessageReport>> {
    let folder = desk.folder(session)?;
    must_be_tariff(id, &new)?;
    let Some(two) = two_people(session, &folder, desk.books(), "taking a tariff in")? else {
        return Ok(None);
    };
    log::second(session, two.second());
    let people = [two.first.to_string(), two.second()];
    take(session, desk, id, &Said::Tariff(new, people)).map(Some)
}

fn must_be_tariff(id: &MessageId, new: &Tariff) -> Result<()> {
    must_be_id(id)?;
    must_be_text("the name of a tariff", &new.tariff, 1, 32)?;
    if new.price == 0 {
        return Err(malformed("a price is above nothing"));
    }
    Ok(())
}

/// Takes a block in, or its end.
///
/// # Errors
/// Text without its form; an id that was used.
pub fn block(session: &Session, desk: &mut Desk, id: &MessageId, new: Block) -> Result<MessageReport> {
    desk.folder(session)?;
    must_be_id(id)?;
    must_be_text("a reason", &new.reason, 0, 200)?;
    let (name, whom) = match new.whom {
        Blocked::Customer(customer) => ("customer", customer.to_string()),
        Blocked::Meter(meter) => ("meter", meter.to_string()),
    };
    log::fact(session, name, whom);
    take(session, desk, id, &Said::Block(new))
}

/// A contract as the last message has it.
///
/// # Errors
/// Nobody said anything of it.
pub fn show_contract(session: &Session, desk: &Desk, number: &str) -> Result<ContractReport> {
    desk.folder(session)?;
    let found = desk.books().contract(number)?.ok_or_else(|| no_contract(number))?;
    let Contract { contract, meter, customer, tariff, begins, ends } = found;
    Ok(ContractReport { contract, meter, customer, tariff, begins, ends })
}

/// The prices there are and will be.
///
/// # Errors
/// The books cannot be read.
pub fn tariffs(session: &Session, desk: &Desk) -> Result<TariffsReport> {
    desk.folder(session)?;
    let line = |Tariff { tariff, price, begins }| TariffLine { tariff, price_e4: price, begins };
    Ok(TariffsReport { tariffs: desk.books().tariffs()?.into_iter().map(line).collect() })
}

/// The most events of one answer.
pub const EVENTS_MAX: u32 = 1000;

/// What the company is told after the event of a number.
///
/// # Errors
/// The books cannot be read, or are to learn with.
pub fn events(session: &Session, desk: &Desk, after: i64, limit: u32) -> Result<EventsReport> {
    desk.folder(session)?;
    let last = desk.books().last_event()?;
    let events = desk.books().events(after, limit.min(EVENTS_MAX))?;
    Ok(EventsReport { events: events.into_iter().map(EventLine::of).collect(), last })
}
