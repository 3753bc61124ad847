//! How long the cards' lines would take at 9600 bit/s [docs/specs/trace.md 2], in words.

use crate::screen::{row, table};
use ::meter::{BAUD, LineTime, WireTime};
use parties::cards::Traffic;
use reader::count::Etu;
use serde_json::json;
use std::sync::atomic::Ordering;

/// Milliseconds with one digit behind the point.
fn millis(micros: u64) -> String {
    let tenths = micros / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// APDUs, resets, bytes, etu.
fn sums(traffic: &Traffic) -> [u64; 4] {
    [&traffic.apdus, &traffic.resets, &traffic.bytes, &traffic.etu].map(|n| n.load(Ordering::Relaxed))
}

/// Everything a command exchanged, in one line.
pub fn summary(traffic: &Traffic) -> String {
    let [apdus, resets, bytes, etu] = sums(traffic);
    if apdus + resets == 0 {
        return "line time: no card was used".into();
    }
    let millis = millis(Etu(etu).micros(BAUD));
    format!(
        "line time: {apdus} APDUs, {resets} resets, {bytes} bytes: {etu} etu, {millis} ms at {BAUD} bit/s"
    )
}

/// The same as a JSON object.
pub fn summary_json(traffic: &Traffic) -> serde_json::Value {
    let [apdus, resets, bytes, etu] = sums(traffic);
    json!({ "apdus": apdus, "resets": resets, "bytes": bytes, "etu": etu, "us_9600": Etu(etu).micros(BAUD) })
}

/// Where the time of an insertion went, card by card and step by step, and what is the least.
pub fn insertion(report: &WireTime) -> String {
    let line = |card: &str, step: &str, act: &str, time: &LineTime| {
        row![card, step, act, time.apdus, time.bytes, time.etu, millis(time.us_9600), millis(time.least_us())]
    };
    let steps = report.steps.iter().map(|step| line(step.card, step.step, step.act, &step.time));
    let sums = [("ESAM", &report.esam), ("SIM", &report.sim), ("both", &report.both)];
    let rows = steps.chain(sums.map(|(card, time)| line(card, "sum", "", time)));
    let text = table(&["card", "step", "act", "APDUs", "bytes", "etu", "ms", "least ms"], rows.collect());
    let rest = Etu(report.both.etu.saturating_sub(report.both.least_etu));
    format!(
        "{text}\n\n{} ms at {BAUD} bit/s, one card after the other, without the cards' own working time.\n{} ms of it are \
         the least for a meter that checks nothing but the pairing and knows where the order stands;\nthe other {} ms find the order and \
         check both cards, the SIM's file and the purse.",
        millis(report.both.us_9600),
        millis(report.both.least_us()),
        millis(rest.micros(BAUD)),
    )
}
