//! An answer to reset in words [ISO 7816-3; ISO 7816-4]: what is there, and what is wrong with it.

use super::tags;
use wire::atr::{Atr, AtrError, Clock, Level};

/// A line each: convention, interface bytes, historical bytes, check byte; at last what is missing or too much.
pub fn explain(bytes: &[u8]) -> Vec<String> {
    let (atr, faults) = match Atr::read(bytes) {
        Ok(read) => read,
        Err(error) => return vec![format!("no answer to reset: {error}")],
    };
    let mut lines = vec![format!("TS {:02X}: {}", atr.convention.ts(), convention(&atr))];
    if let Some(t0) = bytes.get(1) {
        let count = match t0 & 0x0F {
            0 => "no historical bytes".to_owned(),
            1 => "1 historical byte".to_owned(),
            n => format!("{n} historical bytes"),
        };
        lines.push(format!("T0 {t0:02X}: {}, {count}", follow(t0 >> 4, 1)));
    }
    interface(&atr, &further(bytes), &mut lines);
    if !atr.historical.is_empty() {
        lines.push(format!(
            "historical bytes {}{}",
            hex::encode_upper(&atr.historical),
            ascii(&atr.historical)
        ));
        lines.extend(historical(&atr.historical).into_iter().map(|line| format!("  {line}")));
    }
    lines.extend(check(bytes, &atr, &faults));
    lines
}

const fn convention(atr: &Atr) -> &'static str {
    match atr.convention {
        wire::atr::Convention::Direct => "direct convention",
        wire::atr::Convention::Inverse => "inverse convention",
    }
}

/// Which bytes of a level follow.
fn follow(presence: u8, level: usize) -> String {
    let names: Vec<String> = ["TA", "TB", "TC", "TD"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| presence >> bit & 1 != 0)
        .map(|(_, name)| format!("{name}{level}"))
        .collect();
    match &names[..] {
        [] => "no interface bytes".to_owned(),
        [one] => format!("{one} follows"),
        [rest @ .., last] => format!("{} and {last} follow", rest.join(", ")),
    }
}

/// The TDi as they stand.
fn further(bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut at) = (Vec::new(), 1);
    while let Some(announces) = bytes.get(at).map(|byte| byte >> 4) {
        if at > 1 {
            all.push(bytes[at]);
        }
        if announces & 0x08 == 0 {
            break;
        }
        at += 1 + (announces & 0x07).count_ones() as usize; // at most three
    }
    all
}

fn interface(atr: &Atr, further: &[u8], lines: &mut Vec<String>) {
    first(atr.first, lines);
    for (n, ((protocol, level), td)) in atr.further.iter().zip(further).enumerate() {
        let index = n + 2;
        let name = match protocol {
            15 => "bytes for all protocols (T=15)".to_owned(),
            n => format!("protocol T={n}"),
        };
        lines.push(format!("TD{} {td:02X}: {name}; {}", index - 1, follow(td >> 4, index)));
        match (index, protocol) {
            (2, _) => second(*level, lines),
            (_, 1) => block(*level, index, lines),
            (_, 15) => global(*level, index, lines),
            _ => {
                for (letter, value) in [("A", level.ta), ("B", level.tb), ("C", level.tc)] {
                    lines.extend(value.map(|value| format!("T{letter}{index} {value:02X}: of T={protocol}")));
                }
            }
        }
    }
}

fn first(level: Level, lines: &mut Vec<String>) {
    lines.extend(level.ta.map(|ta| match Clock::from_ta1(ta) {
        Some(Clock { f, d }) => {
            format!("TA1 {ta:02X}: F {f}, D {d} on offer; until they are agreed on, a bit takes 372 clocks")
        }
        None => format!("TA1 {ta:02X}: a reserved speed, which no reader can agree on"),
    }));
    lines.extend(level.tb.map(|tb| match tb {
        0 => "TB1 00: no programming voltage".to_owned(),
        _ => format!("TB1 {tb:02X}: programming voltage, which readers no longer give"),
    }));
    lines.extend(level.tc.map(|tc| match tc {
        0 => "TC1 00: no extra guard time".to_owned(),
        255 => "TC1 FF: the shortest guard time".to_owned(),
        n => format!("TC1 {tc:02X}: {n} etu of extra guard time"),
    }));
}

fn second(level: Level, lines: &mut Vec<String>) {
    lines.extend(level.ta.map(|ta| {
        let speed = if ta & 0x10 == 0 { "the speed of TA1" } else { "a speed the reader knows" };
        let change = if ta & 0x80 == 0 { "may change after a reset" } else { "cannot change" };
        format!("TA2 {ta:02X}: speaks T={} alone, at {speed}; {change}", ta & 0x0F)
    }));
    lines.extend(
        level.tb.map(|tb| format!("TB2 {tb:02X}: programming voltage, which readers no longer give")),
    );
    lines.extend(
        level
            .tc
            .map(|tc| format!("TC2 {tc:02X}: T=0 waits for a character up to {} etu", 960 * u32::from(tc))),
    );
}

/// T=1.
fn block(level: Level, index: usize, lines: &mut Vec<String>) {
    lines.extend(level.ta.map(|ta| format!("TA{index} {ta:02X}: the card takes blocks of {ta} bytes")));
    lines.extend(level.tb.map(|tb| {
        format!("TB{index} {tb:02X}: waiting times of characters {} and blocks {}", tb & 0x0F, tb >> 4)
    }));
    lines.extend(level.tc.map(|tc| {
        let code = if tc & 1 == 0 { "LRC" } else { "CRC" };
        format!("TC{index} {tc:02X}: blocks end with a {code}")
    }));
}

/// T=15.
fn global(level: Level, index: usize, lines: &mut Vec<String>) {
    lines.extend(level.ta.map(|ta| {
        let clock = match ta >> 6 {
            0 => "the clock never stops",
            1 => "the clock stops low",
            2 => "the clock stops high",
            _ => "the clock stops high or low",
        };
        let supplies: Vec<&str> = [(0x01, "A (5 V)"), (0x02, "B (3 V)"), (0x04, "C (1.8 V)")]
            .into_iter()
            .filter(|(bit, _)| ta & bit != 0)
            .map(|(_, name)| name)
            .collect();
        let supplies = if supplies.is_empty() {
            "no supply named".to_owned()
        } else {
            format!("supply {}", supplies.join(", "))
        };
        format!("TA{index} {ta:02X}: {clock}; {supplies}")
    }));
    lines.extend(level.tb.map(|tb| match tb {
        0 => format!("TB{index} 00: contact C6 is not used"),
        _ => format!("TB{index} {tb:02X}: use of contact C6"),
    }));
    lines.extend(level.tc.map(|tc| format!("TC{index} {tc:02X}: reserved")));
}

fn ascii(bytes: &[u8]) -> String {
    let long = bytes.split(|byte| !(0x20..0x7F).contains(byte)).max_by_key(|run| run.len());
    match long {
        Some(run) if run.len() >= 4 => format!(" ({:?})", String::from_utf8_lossy(run)),
        _ => String::new(),
    }
}

/// The first byte says how the others are read.
fn historical(bytes: &[u8]) -> Vec<String> {
    match bytes {
        [0x80, rest @ ..] => compact(rest),
        [0x00, rest @ ..] => match rest.split_last_chunk::<3>() {
            Some((objects, status)) => {
                let mut lines = compact(objects);
                lines.push(state(status));
                lines
            }
            None => vec!["three status bytes should stand at the end".to_owned()],
        },
        [0x10, reference, ..] => vec![format!("the objects stand in a file of the card, {reference:02X}")],
        _ => vec!["of the maker's own form".to_owned()],
    }
}

/// Compact objects: tag and length, a nibble each.
fn compact(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let [head, after @ ..] = rest {
        if head >> 4 == 0 {
            lines.push(format!("no object from here on: {}", hex::encode_upper(rest)));
            break;
        }
        let (tag, len) = (head >> 4, usize::from(head & 0x0F));
        let there = len.min(after.len());
        let (value, behind) = after.split_at(there);
        let cut =
            if there < len { format!(" (cut: {there} of {len} bytes are there)") } else { String::new() };
        lines.push(format!("{}{cut}", compact_object(tag, value).trim_end()));
        rest = behind;
    }
    lines
}

fn compact_object(tag: u8, value: &[u8]) -> String {
    let hex = hex::encode_upper(value);
    match (tag, value) {
        (0x1, _) => format!("country {hex}"),
        (0x2, _) => format!("issuer {hex}"),
        (0x3, [services]) => format!("services {hex}: {}", card_services(*services)),
        (0x4, _) => format!("first data {hex}"),
        (0x5, _) => format!("data of the issuer {hex}{}", ascii(value)),
        (0x6, _) => format!("data before issuing {hex}{}", ascii(value)),
        (0x7, []) => "abilities".to_owned(),
        (0x7, _) => format!("abilities {hex}: {}", abilities(value)),
        (0x8, _) => state(value),
        (0xF, _) => format!("application {hex}{}", tags::aid(value)),
        _ => format!("object {tag:X} {hex}"),
    }
}

fn said(byte: u8, words: &[(u8, &'static str)], none: &'static str) -> String {
    let found: Vec<&str> = words.iter().filter(|(bit, _)| byte & bit != 0).map(|(_, words)| *words).collect();
    if found.is_empty() { none.to_owned() } else { found.join(", ") }
}

fn card_services(byte: u8) -> String {
    let words = [
        (0x80, "applications by their whole name"),
        (0x40, "by a part of it"),
        (0x20, "objects in EF_DIR"),
        (0x10, "objects in EF_ATR"),
        (0x01, "no master file"),
    ];
    said(byte, &words, "none named")
}

fn abilities(value: &[u8]) -> String {
    let mut parts = Vec::new();
    if let Some(selection) = value.first() {
        let words = [
            (0x80, "a whole name"),
            (0x40, "a part of one"),
            (0x20, "a path"),
            (0x10, "an identifier"),
            (0x04, "a short identifier"),
            (0x02, "a record number"),
            (0x01, "a record identifier"),
        ];
        parts.push(format!("selects by {}", said(*selection, &words, "nothing named")));
    }
    if let Some(more) = value.get(2) {
        parts.extend((more & 0x80 != 0).then(|| "chained commands".to_owned()));
        parts.extend((more & 0x40 != 0).then(|| "long lengths".to_owned()));
        parts.push(match (more & 0x18, more & 0x07) {
            (0, _) => "no logical channels".to_owned(),
            (_, 7) => "8 logical channels or more".to_owned(),
            (_, n) => format!("{} logical channels", n + 1),
        });
    }
    parts.join("; ")
}

/// Life cycle, then a status word, one of them or both.
fn state(value: &[u8]) -> String {
    match value {
        [life] => format!("state {life:02X}"),
        [hi, lo] => format!("state word {hi:02X}{lo:02X}"),
        [life, hi, lo] => format!("state {life:02X}, word {hi:02X}{lo:02X}"),
        _ => format!("state {}", hex::encode_upper(value)),
    }
}

fn check(bytes: &[u8], atr: &Atr, faults: &[AtrError]) -> Vec<String> {
    let mut lines = Vec::new();
    if atr.has_tck() && faults.is_empty() {
        lines.extend(bytes.last().map(|tck| format!("TCK {tck:02X}: right")));
    }
    let all = bytes.get(1..).unwrap_or_default().iter().fold(0, |sum, byte| sum ^ byte);
    for fault in faults {
        lines.push(match fault {
            AtrError::Check { found, expected } => format!(
                "TCK {found:02X} is wrong, the bytes before it give {expected:02X}: one of them was altered or lost"
            ),
            AtrError::Missing(byte) => format!("cut: it ends where {byte} should stand"),
            AtrError::Trailing(1) if !atr.has_tck() && all == 0 => {
                "a TCK that is right and not due: with T=0 alone there is none".to_owned()
            }
            AtrError::Trailing(n) => format!("{n} byte(s) too many"),
            other => other.to_string(),
        });
    }
    lines
}
