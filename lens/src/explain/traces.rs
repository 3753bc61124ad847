//! Commands and answers of cards: one command, or a whole trace, and the first answer that refuses.

use super::said::{Failing, Part, Place};
use crate::apdu::{DecodedTrace, command_of};
use keys::Zeroizing;
use reader::trace::{TraceError, TraceLine, parse_trace};
use scheme::profile::CardKind;
use scheme::refusal::{Cure, Refusal};
use wire::Sw;

/// One line of a trace by itself: an answer to reset, a command. Secrets in it are hidden.
pub fn line(what: &'static str, mark: char, bytes: &[u8]) -> Part {
    let mut part = Part::new(what);
    let line = Zeroizing::new(format!("{mark} {}", hex::encode_upper(bytes)));
    if let Ok(decoded) = DecodedTrace::of(&line, None, false) {
        decoded.lines().iter().for_each(|line| part.say("says", line.trim(), None));
    }
    part
}

/// A trace with the meaning of each line.
///
/// # Errors
/// It is no trace.
pub fn trace(text: &str, kind: Option<CardKind>) -> Result<Part, TraceError> {
    let mut part = Part::new("a trace of commands and answers");
    let decoded = DecodedTrace::of(text, kind, false)?;
    for line in decoded.lines() {
        part.say("", line, None);
    }
    let (mut header, mut ins) = (Vec::new(), 0);
    // Blank lines are passed over, and counted.
    let numbers = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).map(|(_, number)| number);
    for (line, number) in parse_trace(text)?.iter().zip(numbers) {
        match line {
            TraceLine::Command(bytes) if bytes.before.get(1) != Some(&0xC0) => {
                ins = bytes.before.get(1).copied().unwrap_or_default();
                header = bytes.before.iter().take(4).copied().collect();
            }
            TraceLine::Response(bytes) => {
                let end = if bytes.hidden > 0 { &bytes.after } else { &bytes.before };
                let Some(word) = end.last_chunk::<2>() else { continue };
                let sw = Sw(u16::from_be_bytes(*word));
                if !matches!(sw.sw1(), 0x90 | 0x91 | 0x61 | 0x62 | 0x6C | 0x9F | 0x92) {
                    return Ok(part.fails(refused(kind, (&header, ins), sw, number)));
                }
            }
            TraceLine::Failure(text) => {
                let place = Place { of: "line", from: number, len: 1, hex: String::new() };
                let failing = Failing::other("channel", text.clone(), Some(place), Cure::Service);
                return Ok(part.fails(failing));
            }
            _ => {}
        }
    }
    Ok(part.passes("no answer in it refuses"))
}

fn refused(kind: Option<CardKind>, (header, ins): (&[u8], u8), sw: Sw, number: usize) -> Failing {
    let (name, dialect) = command_of(header, kind);
    let place = Place { of: "line", from: number, len: 1, hex: sw.to_string() };
    // ENVELOPE to an ESAM: the word names the check of the order.
    if let (0xC2, Some(refusal)) = (ins, Refusal::from_sw(sw)) {
        return Failing::refusal(refusal, Some(format!("{name} is answered {sw}")), Some(place));
    }
    let words = format!(
        "{name} ({}) is answered {sw}: {}",
        hex::encode_upper(header),
        sw.explain_after(dialect, ins)
    );
    Failing::other("status-word", words, Some(place), Cure::Service)
}
