//! How long the cards' lines would take at 9600 bit/s [docs/specs/trace.md 2].

use crate::screen::table;
use ::meter::{InsertionReport, Side, StepTime};
use parties::cards::Traffic;
use reader::count::{Etu, Tally};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Speed of a meter's slots, in bit/s.
const BAUD: u32 = 9600;

/// Milliseconds with one digit behind the point.
fn millis(etu: Etu) -> String {
    let tenths = etu.micros(BAUD) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Everything a command exchanged, in one line.
pub fn summary(traffic: &Traffic) -> String {
    let [apdus, resets, bytes, etu] =
        [&traffic.apdus, &traffic.resets, &traffic.bytes, &traffic.etu].map(|n| n.load(Ordering::Relaxed));
    if apdus + resets == 0 {
        return "line time: no card was used".into();
    }
    let millis = millis(Etu(etu));
    format!(
        "line time: {apdus} APDUs, {resets} resets, {bytes} bytes: {etu} etu, {millis} ms at {BAUD} bit/s"
    )
}

/// The same as a JSON object.
pub fn summary_json(traffic: &Traffic) -> Value {
    let [apdus, resets, bytes, etu] =
        [&traffic.apdus, &traffic.resets, &traffic.bytes, &traffic.etu].map(|n| n.load(Ordering::Relaxed));
    json!({ "apdus": apdus, "resets": resets, "bytes": bytes, "etu": etu, "us_9600": Etu(etu).micros(BAUD) })
}

/// Sums of a table's rows: what was used, and what of it is the least.
fn sums<'t>(times: impl Iterator<Item = &'t StepTime>) -> [Tally; 2] {
    times.fold([Tally::default(); 2], |[mut used, mut least], time| {
        used.add(time.tally);
        least.add(time.least);
        [used, least]
    })
}

fn row(card: &str, step: &str, act: &str, [used, least]: [Tally; 2]) -> Vec<String> {
    vec![
        card.into(),
        step.into(),
        act.into(),
        used.apdus.to_string(),
        (used.sent + used.received).to_string(),
        used.line.0.to_string(),
        millis(used.line),
        millis(least.line),
    ]
}

/// Where the time of an insertion went, card by card and step by step, and what is the least.
pub fn insertion(report: &InsertionReport) -> String {
    let times = report.times();
    let mut rows: Vec<Vec<String>> = times
        .iter()
        .map(|time| row(time.side.name(), time.step.name(), time.act, [time.tally, time.least]))
        .collect();
    for side in [Side::Esam, Side::Sim] {
        rows.push(row(side.name(), "sum", "", sums(times.iter().filter(|time| time.side == side))));
    }
    let [used, least] = sums(times.iter());
    rows.push(row("both", "sum", "", [used, least]));
    let text = table(&["card", "step", "act", "APDUs", "bytes", "etu", "ms", "least ms"], rows);
    let rest = Etu(used.line.0.saturating_sub(least.line.0));
    format!(
        "{text}\n\n{} ms at {BAUD} bit/s, one card after the other, without the cards' own working time.\n{} ms of it are \
         the least for a meter that checks nothing but the pairing and knows where the order stands;\nthe other {} ms find the order and \
         check both cards, the SIM's file and the purse.",
        millis(used.line),
        millis(least.line),
        millis(rest),
    )
}

/// The same as a JSON object.
pub fn insertion_json(report: &InsertionReport) -> Value {
    let times = report.times();
    let object = |[used, least]: [Tally; 2]| {
        json!({
            "apdus": used.apdus, "resets": used.resets, "bytes": used.sent + used.received, "etu": used.line.0,
            "us_9600": used.line.micros(BAUD), "least_etu": least.line.0,
        })
    };
    let steps = times.iter().map(|time| {
        let mut step = object([time.tally, time.least]);
        step["card"] = time.side.name().into();
        step["step"] = time.step.name().into();
        step["act"] = time.act.into();
        step
    });
    let steps: Vec<Value> = steps.collect();
    let mut all = object(sums(times.iter()));
    for side in [Side::Esam, Side::Sim] {
        let sum = object(sums(times.iter().filter(|time| time.side == side)));
        all[side.name().to_lowercase()] = sum;
    }
    all["steps"] = steps.into();
    all
}
