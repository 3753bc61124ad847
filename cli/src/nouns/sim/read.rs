//! `gridcard sim read`.

use super::message;
use super::one::One;
use crate::prelude::*;
use lens::packet;
use parties::sims::{self, ReadReport};
use wire::sms::content::Ours;
use wire::sms::tpdu::Direction;

/// Shows one message in full.
pub fn run(call: &Call, (sim, record): &(One, u8)) -> Result<()> {
    let report = sims::read(call, &sim.get(), *record)?;
    let message = &report.message;
    let mut lines = vec![("record", message::numbers(&message.records))];
    lines.extend(envelope(&report));
    if let Some(parts) = message.parts {
        let missing: Vec<String> = message.missing.iter().flatten().map(u8::to_string).collect();
        let missing =
            if missing.is_empty() { String::new() } else { format!(", missing {}", missing.join(", ")) };
        lines.push(("parts", format!("{} of {parts}{missing}", message.records.len())));
    }
    lines.push(("what", what(report.ours, message.kind).to_owned()));
    if let Some(outside) = &report.outside {
        lines.extend(packet::outside(outside));
    }
    let name = if report.outside.is_some() { "data" } else { "text" };
    lines.push((name, message::in_lines(&report.text)));
    lines.extend(message.notes.iter().map(|note| ("note", note.clone())));
    answer(call, &facts(&lines), &report);
    Ok(())
}

fn what(ours: Option<Ours>, kind: &str) -> &'static str {
    match (ours, kind) {
        (Some(Ours::Order), _) => "an order for electricity",
        (Some(Ours::Receipt), _) => "a receipt of a meter",
        (None, "packet") => "a secured packet of another application",
        (None, "report") => "what became of a message the user sent",
        (None, _) => "a message of the user's",
    }
}

/// Status, addresses, time and coding.
fn envelope(report: &ReadReport) -> Vec<(&'static str, String)> {
    let message = &report.message;
    let side = match report.direction {
        Direction::FromNetwork => "from",
        Direction::ToNetwork => "to",
    };
    let mut lines = vec![
        ("status", format!("{:02X} ({})", report.status_byte, message.status)),
        (side, message::in_a_line(&message.from_or_to)),
    ];
    if let Some(centre) = &report.service_centre {
        lines.push(("service centre", message::in_a_line(centre)));
    }
    if let Some(time) = &message.time {
        lines.push(("time", time.clone()));
    }
    lines.push(("PID", format!("{:02X}", report.pid)));
    lines.push(("DCS", format!("{:02X}", report.dcs)));
    if let Some(validity) = &report.validity {
        lines.push(("valid for", validity.clone()));
    }
    if !report.header.is_empty() {
        lines.push(("header", report.header.clone()));
    }
    lines
}
