//! Answers of cards in words, byte for byte from traces: what people read of other people's cards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod objects;
mod resets;
mod sessions;

use gridcard_lens::apdu::{Decoder, Shown};
use reader::trace::parse_trace;
use scheme::profile::CardKind;

/// A trace in words.
fn shown(kind: Option<CardKind>, trace: &str) -> Vec<String> {
    let mut decoder = Decoder::new(kind, false);
    let lines = parse_trace(trace).unwrap_or_else(|error| panic!("{trace}: {error}"));
    lines.iter().map(|line| decoder.line(line)).flat_map(|shown: Shown| shown.lines()).collect()
}

/// The lines that explain the answer to a SELECT.
fn selected(answer: &str) -> Vec<String> {
    let lines = shown(Some(CardKind::Uicc), &format!("> 00A40004023F00\n< {answer} 9000"));
    lines[2..].iter().map(|line| line.strip_prefix("      ").unwrap().to_owned()).collect()
}
