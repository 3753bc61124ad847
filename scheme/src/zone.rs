//! The zone of every time that is shown. Cards, stores and logs keep China's time (UTC+8) without saying so; whoever reads
//! a screen or an object does not know that, so it is said where they are made.

use crate::moment::{self, Moment};
use alloc::format;
use alloc::string::String;
use serde_json::Value;

/// The zone in words.
pub const ZONE: &str = "UTC+8";
/// Characters of an offset in ISO 8601.
const OFFSET: usize = "+08:00".len();
/// Characters of a time as this program writes it.
const LEN: usize = "2026-11-22 08:00:00".len();

/// Whether a text is a time and nothing else, without a zone.
pub fn is_time(text: &str) -> bool {
    text.len() == LEN && text.as_bytes().get(10) == Some(&b' ') && text.parse::<Moment>().is_ok()
}

/// Words with the zone behind each time that has none.
pub fn spoken(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.chars().next() {
        if rest.get(..LEN).is_some_and(is_time) && !ends_in_digit(&out) {
            let (time, behind) = rest.split_at(LEN);
            out.push_str(time);
            if !has_zone(behind) {
                out.push(' ');
                out.push_str(ZONE);
            }
            rest = behind;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

fn has_zone(behind: &str) -> bool {
    let behind = behind.trim_start();
    behind.starts_with(['+', '-', 'Z']) || behind.starts_with("UTC")
}

/// A value with every time in ISO 8601, its offset with it; times within sentences get their zone in words.
pub fn in_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(iso(&text).unwrap_or_else(|| spoken(&text))),
        Value::Array(values) => values.into_iter().map(in_json).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, in_json(value))).collect(),
        other => other,
    }
}

/// A time alone in ISO 8601: with the offset it has (as a message's does), or else with ours.
fn iso(text: &str) -> Option<String> {
    let (time, offset) = (text.get(..LEN)?, text.get(LEN..)?);
    let known = offset.is_empty() || (offset.len() == OFFSET && offset.starts_with(['+', '-']));
    if !known || !is_time(time) {
        return None;
    }
    if offset.is_empty() {
        return Some(moment::iso(time));
    }
    Some(format!("{}{offset}", time.replace(' ', "T")))
}
