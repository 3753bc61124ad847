//! Messages that are stored: listed, read, deleted, sent.

use super::messages::{coded, leave, reading};
use crate::reply::{Outcome, Reply, cms, done, line};
use crate::settings::Memory;
use crate::state::State;
use crate::store::{Messages, Stored, number};
use reader::driver::sim::{StoredMessage, second_of};
use wire::Channel;
use wire::at::{Cms, Form, Parameter, Refusal, parameters};
use wire::sms::content::Content;
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::text;
use wire::sms::tpdu::{Submit, Timestamp, Tpdu};

/// The states by their names in text mode, in the order of their numbers; then all.
const STATES: [&str; 5] = ["REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL"];
const ALL: u8 = 4;

/// Which state is asked for.
fn wanted(state: &State, form: &Form) -> Result<u8, Refusal> {
    let text = match form {
        Form::Execute => return Ok(0),
        Form::Set(text) => text,
        _ => return cms(Cms::PDU_PARAMETER),
    };
    let given = parameters(text);
    if state.settings.text {
        let name = given.first().and_then(Parameter::text).unwrap_or_default();
        let place = STATES.iter().position(|state| state.eq_ignore_ascii_case(name));
        return place.map(|place| place as u8).ok_or(Refusal::Cms(Cms::TEXT_PARAMETER)); // at most 4
    }
    match given.first().and_then(Parameter::number) {
        Some(number @ 0..=4) => Ok(number as u8), // a digit
        _ => cms(Cms::PDU_PARAMETER),
    }
}

pub fn list(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    if *form == Form::Test {
        return line(if state.settings.text {
            format!("+CMGL: (\"{}\")", STATES.join("\",\""))
        } else {
            "+CMGL: (0-4)".to_owned()
        });
    }
    let wanted = wanted(state, form)?;
    let memory = reading(state);
    let stored = Messages::open(memory, &mut state.own, card)?.all()?;
    let stored = stored.into_iter().filter(|stored| wanted == ALL || number(stored.status()) == wanted);
    let mut lines = Vec::new();
    let mut unread = Vec::new();
    for stored in stored {
        lines.extend(shown(state, &format!("+CMGL: {},", stored.index), &stored));
        unread.extend((stored.status() == RecordStatus::Unread).then_some(stored));
    }
    let mut messages = Messages::open(memory, &mut state.own, card)?;
    for stored in unread {
        mark(&mut messages, &stored, RecordStatus::Read)?;
    }
    Ok(Reply::Done(lines))
}

pub fn read(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let index = match form {
        Form::Test => return done(),
        form => index(form)?,
    };
    let mut messages = Messages::open(reading(state), &mut state.own, card)?;
    // Nothing stands there: OK alone is what every program takes for that.
    let Some(stored) = messages.read(index)? else { return done() };
    if stored.status() == RecordStatus::Unread {
        mark(&mut messages, &stored, RecordStatus::Read)?;
    }
    Ok(Reply::Done(shown(state, "+CMGR: ", &stored)))
}

/// The place that a command names first.
fn index(form: &Form) -> Result<u8, Refusal> {
    let Form::Set(text) = form else { return cms(Cms::INDEX) };
    let first = parameters(text).first().and_then(Parameter::number);
    first.and_then(|index| u8::try_from(index).ok()).ok_or(Refusal::Cms(Cms::INDEX))
}

/// Writes another state over a message's; bits that mean nothing stay.
fn mark(messages: &mut Messages<'_>, stored: &Stored, status: RecordStatus) -> Result<(), Refusal> {
    let mut record = stored.record;
    record[0] = status.over(record[0]);
    messages.write(stored.index, &record)
}

/// The lines of one message.
fn shown(state: &State, begin: &str, stored: &Stored) -> Vec<String> {
    let status = number(stored.status());
    let (pdu, length) = stored.pdu();
    let parsed = SmsRecord::parse(&stored.record).ok().flatten();
    let (true, Some(record)) = (state.settings.text, parsed) else {
        return vec![format!("{begin}{status},,{length}"), hex::encode_upper(pdu)];
    };
    let name = STATES[usize::from(status)];
    let tpdu = &record.tpdu;
    let address = tpdu.address();
    let whose = coded(state, &text::address(address));
    let said = text::text(tpdu.user_data(), tpdu.dcs());
    let said =
        if state.settings.alphabet == "UCS2" { coded(state, &said) } else { said.replace('\n', "\r\n") };
    if let Tpdu::Report(report) = tpdu {
        let (sent, given) = (time(report.timestamp), time(report.discharge));
        let reference = report.reference;
        let kind = address.ton_npi();
        return vec![format!(
            "{begin}\"{name}\",{},{reference},\"{whose}\",{kind},\"{sent}\",\"{given}\",{}",
            report.first, report.status
        )];
    }
    let when = tpdu.timestamp().map_or_else(String::new, |at| format!("\"{}\"", time(at)));
    let more = if state.settings.verbose {
        format!(",{},{}", address.ton_npi(), said.chars().count())
    } else {
        String::new()
    };
    vec![format!("{begin}\"{name}\",\"{whose}\",,{when}{more}"), said]
}

/// `yy/MM/dd,hh:mm:ss+zz`, the zone in quarters of an hour.
fn time(stamp: Timestamp) -> String {
    let Ok(at) = stamp.parts() else { return String::new() };
    let (y, m, d) = (at.year, at.month, at.day);
    format!("{y:02}/{m:02}/{d:02},{:02}:{:02}:{:02}{:+03}", at.hour, at.minute, at.second, at.quarters)
}

/// +CMGD=index[,flag]: one message, or all of some states. An order that no meter has taken, and a receipt that was not sent, are
/// money: they stay while the guard is on.
pub fn delete(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let memory = reading(state);
    let guard = state.guard && memory == Memory::Sim;
    let mut messages = Messages::open(memory, &mut state.own, card)?;
    if *form == Form::Test {
        let places: Vec<String> = messages.all()?.iter().map(|stored| stored.index.to_string()).collect();
        return line(format!("+CMGD: ({}),(0-4)", places.join(",")));
    }
    let Form::Set(text) = form else { return cms(Cms::INDEX) };
    let flag = match parameters(text).get(1) {
        None | Some(Parameter::Missing) => 0,
        Some(parameter) => parameter.number().filter(|flag| *flag <= 4).ok_or(Refusal::Cms(Cms::INDEX))?,
    };
    let named: Vec<Stored> = match flag {
        0 => messages.read(index(form)?)?.into_iter().collect(),
        flag => {
            let goes = |stored: &Stored| match number(stored.status()) {
                0 => flag == 4,
                1 => true,
                2 => flag >= 3,
                _ => flag >= 2,
            };
            messages.all()?.into_iter().filter(goes).collect()
        }
    };
    let money = if guard { money_among(&messages.all()?) } else { Vec::new() };
    let mut kept = false;
    for stored in named {
        if money.contains(&stored.index) {
            kept = true;
        } else {
            messages.free(stored.index)?;
        }
    }
    state.written = true;
    if kept { cms(Cms::NOT_ALLOWED) } else { done() }
}

/// The places of orders that no meter has taken and of receipts that were not sent, both parts of those that have two.
fn money_among(all: &[Stored]) -> Vec<u8> {
    let waits = |record: &[u8]| matches!(Content::of(record), Content::Order(_) | Content::Receipt(_));
    let records: Vec<StoredMessage> = all
        .iter()
        .map(|stored| StoredMessage { number: stored.index, bytes: stored.record.to_vec() })
        .collect();
    let is_money = |message: &&StoredMessage| {
        waits(&message.bytes) || second_of(&records, message).is_some_and(|first| waits(&first.bytes))
    };
    records.iter().filter(is_money).map(|message| message.number).collect()
}

/// +CMSS=index: sends a message that is stored.
pub fn send(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    if *form == Form::Test {
        return done();
    }
    let index = index(form)?;
    let memory = reading(state);
    let stored = Messages::open(memory, &mut state.own, card)?.read(index)?;
    let stored = stored.ok_or(Refusal::Cms(Cms::INDEX))?;
    let record = SmsRecord::parse(&stored.record).ok().flatten();
    let Some(SmsRecord { service_centre, tpdu: Tpdu::Submit(submit), .. }) = record else {
        return cms(Cms::NOT_ALLOWED);
    };
    // Whether a report comes is kept in the state: none asked for, or not received yet.
    let sent = if submit.flags & Submit::STATUS_REPORT == 0 { 0x05 } else { 0x0D };
    let reference = leave(state, card, service_centre, submit)?;
    mark(&mut Messages::open(memory, &mut state.own, card)?, &stored, RecordStatus::Sent(sent))?;
    line(format!("+CMSS: {reference}"))
}
