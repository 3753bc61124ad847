//! A whole trace decoded.

use super::decoder::{Decoder, Shown};
use reader::trace::{TraceError, TraceLine, parse_trace};
use scheme::profile::CardKind;
use serde_json::Value;

/// The lines of a trace, each with what it means.
#[derive(Debug, Clone)]
pub struct DecodedTrace(Vec<Shown>);

impl DecodedTrace {
    /// Decodes a trace. It may hold one card after another, each after a comment that names it; `kind` is that of cards which
    /// do not tell. `reveal` shows what is secret, where the trace has it.
    ///
    /// # Errors
    /// The text is no trace.
    pub fn of(text: &str, kind: Option<CardKind>, reveal: bool) -> Result<Self, TraceError> {
        let mut decoder = Decoder::new(kind, reveal);
        let lines = parse_trace(text)?;
        let shown = lines.iter().map(|line| {
            if matches!(line, TraceLine::Comment(text) if text.starts_with("card ")) {
                decoder = Decoder::new(kind, reveal);
            }
            decoder.line(line)
        });
        Ok(DecodedTrace(shown.collect()))
    }

    /// How many commands there are.
    pub fn apdus(&self) -> usize {
        self.0.iter().filter(|line| line.mark == '>').count()
    }

    /// The last status word.
    pub fn last_sw(&self) -> Option<String> {
        self.0.iter().rev().find_map(|line| line.sw).map(|sw| sw.to_string())
    }

    /// Lines for people.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().flat_map(Shown::lines).collect()
    }

    /// An object for each line.
    pub fn objects(&self) -> Vec<Value> {
        self.0.iter().map(Shown::object).collect()
    }
}
