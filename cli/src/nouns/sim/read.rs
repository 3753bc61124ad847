//! `gridcard sim read`.

use super::message::{self, Inbox};
use super::{One, open, with_hint};
use crate::args::Global;
use crate::fail::refused;
use crate::output::answer;
use clap::Args;
use lens::facts::facts;
use parties::trouble::Result;
use reader::driver::sim::Sim;
use serde_json::{Map, Value, json};
use wire::sms::outside::Outside;
use wire::sms::record::{Ours, SmsRecord};
use wire::sms::text;
use wire::sms::tpdu::{Tpdu, UserData};

/// Options of `sim read`.
#[derive(Debug, Args)]
pub struct Read {
    /// The SIM.
    #[command(flatten)]
    pub sim: One,
    /// Number of a record the message stands in, from 1.
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    pub record: u8,
}

/// Shows one message in full.
pub fn run(global: &Global, options: &Read) -> Result<()> {
    let mut bay = open(global, &options.sim)?;
    let mut sim = Sim::new(&mut bay);
    let records = sim.sms_file().map_err(with_hint)?.records;
    let stored = sim.sms_list().map_err(with_hint)?;
    bay.close()?;
    let number = options.record;
    if number > records {
        return Err(refused(format!("the SIM has {records} message records, no record {number}")).into());
    }
    let inbox = Inbox::of(&stored);
    if let Some((_, error)) = inbox.damaged.iter().find(|(found, _)| *found == number) {
        return Err(refused(format!("record {number} holds no message this program can read: {error}"))
            .hint("`gridcard sim export` has its bytes")
            .into());
    }
    let message = inbox.messages.iter().find(|message| message.records.contains(&number));
    let record = inbox.records.iter().find(|(found, _)| *found == number).map(|(_, record)| record);
    let (Some(message), Some(record)) = (message, record) else {
        return Err(refused(format!("record {number} is free"))
            .hint("`gridcard sim list` names the records in use")
            .into());
    };
    let mut lines = vec![("record", message::numbers(&message.records))];
    lines.extend(envelope(record));
    if message.total > 1 {
        let missing: Vec<String> = message.missing().map(|part| part.to_string()).collect();
        let missing =
            if missing.is_empty() { String::new() } else { format!(", missing {}", missing.join(", ")) };
        lines.push(("parts", format!("{} of {}{missing}", message.records.len(), message.total)));
    }
    let first = inbox.first(message).unwrap_or(record);
    let packet = Outside::of(first.tpdu.user_data());
    lines.push(("what", what(message.ours, packet.is_some()).to_owned()));
    if let Some(packet) = &packet {
        lines.extend(message::outside(packet));
    }
    let says = message::pieces(&message.pieces, message.total);
    lines.push((if packet.is_some() { "data" } else { "text" }, message::shown(&says, true)));
    let mut object = message::object(record, message);
    object.insert("record".into(), number.into());
    object.insert("text".into(), says.into());
    object.extend(extra(record, packet.as_ref()));
    answer(global, &facts(&lines), Value::Object(object));
    Ok(())
}

const fn what(ours: Option<Ours>, is_packet: bool) -> &'static str {
    match (ours, is_packet) {
        (Some(Ours::Order), _) => "an order for electricity",
        (Some(Ours::Receipt), _) => "a receipt of a meter",
        (None, true) => "a secured packet of another application",
        (None, false) => "a message of the user's",
    }
}

/// Status, addresses, time and coding.
fn envelope(record: &SmsRecord) -> Vec<(&'static str, String)> {
    let tpdu = &record.tpdu;
    let (side, pid) = match tpdu {
        Tpdu::Deliver(deliver) => ("from", deliver.pid),
        Tpdu::Submit(submit) => ("to", submit.pid),
    };
    let mut lines = vec![
        ("status", format!("{:02X} ({})", record.status.byte(), message::status(record.status))),
        (side, message::shown(&text::address(tpdu.address()), false)),
    ];
    if let Some(centre) = &record.service_centre {
        lines.push(("service centre", message::shown(&text::address(centre), false)));
    }
    if let Some(time) = message::time(tpdu) {
        lines.push(("time", time));
    }
    lines.push(("PID", format!("{pid:02X}")));
    lines.push(("DCS", format!("{:02X}", tpdu.dcs())));
    let header = header(tpdu.user_data());
    if !header.is_empty() {
        lines.push(("header", header));
    }
    lines
}

/// Elements of the user data header, `id data` each.
fn header(user_data: &UserData) -> String {
    let element = |e: &wire::sms::tpdu::InformationElement| {
        format!("{:02X} {}", e.id, hex::encode_upper(&e.data)).trim_end().to_owned()
    };
    user_data.elements().iter().map(element).collect::<Vec<_>>().join(", ")
}

/// What only one message in full has, for programs.
fn extra(record: &SmsRecord, packet: Option<&Outside>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("status_byte".into(), record.status.byte().into());
    object.insert("service_centre".into(), record.service_centre.as_ref().map(text::address).into());
    object.insert("dcs".into(), record.tpdu.dcs().into());
    object.insert("header".into(), header(record.tpdu.user_data()).into());
    let packet = packet.map(|packet| match packet {
        Outside::Command { length, spi, kic, kid, tar } => json!({
            "form": "command", "length": length, "spi": hex::encode_upper(spi), "kic": kic, "kid": kid,
            "tar": hex::encode_upper(tar),
        }),
        Outside::Response { length, tar } => {
            json!({ "form": "response", "length": length, "tar": hex::encode_upper(tar) })
        }
    });
    object.insert("packet".into(), packet.into());
    object
}
