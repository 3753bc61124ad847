//! Traces read back.

use wire::typed::{self, TypedError};

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceLine {
    /// `= ATR`: the card was reset.
    Atr(Vec<u8>),
    /// `> command`.
    Command(Bytes),
    /// `< answer`.
    Response(Bytes),
    /// `# words`.
    Comment(String),
    /// `! words`: the channel failed.
    Failure(String),
}

/// Bytes of a line, perhaps with a hidden stretch in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes {
    /// Bytes before the hidden stretch; all of them when nothing is hidden.
    pub before: Vec<u8>,
    /// Length of the hidden stretch.
    pub hidden: usize,
    /// Bytes after it.
    pub after: Vec<u8>,
}

impl Bytes {
    /// The bytes, when none are hidden.
    pub fn whole(&self) -> Option<&[u8]> {
        if self.hidden == 0 { Some(&self.before) } else { None }
    }

    /// Length with the hidden stretch.
    pub fn total(&self) -> usize {
        self.before.len() + self.hidden + self.after.len()
    }
}

/// Where and why a text is not a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TraceError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: TraceFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TraceFault {
    /// The first character is none of the five marks.
    #[error("a line begins with >, <, =, # or !, this one with {0:?}")]
    Mark(char),
    /// A character that is no hex digit, with its place in the line counted from 1.
    #[error("{character:?} at place {place} is no hex digit")]
    Digit {
        /// The character.
        character: char,
        /// Its place in the line, counted from 1.
        place: usize,
    },
    /// An odd number of hex digits.
    #[error("an odd number of hex digits")]
    Odd,
    /// A bracket that does not read `[n bytes hidden]`, or a second one.
    #[error("brackets stand once in a line and read [n bytes hidden]")]
    Hidden,
    /// A hidden stretch in an ATR.
    #[error("an ATR has no hidden bytes")]
    HiddenAtr,
    /// Nothing after the mark.
    #[error("no bytes after the mark")]
    Empty,
}

/// Reads a trace. Blank lines are skipped; bytes stand in any form of [`wire::typed::bytes`].
///
/// # Errors
/// The first line that is not of the language, with its number.
pub fn parse_trace(text: &str) -> Result<Vec<TraceLine>, TraceError> {
    let mut lines = Vec::new();
    for (n, line) in typed::unmarked(text).lines().enumerate() {
        if let Some(parsed) = parse_line(line).map_err(|fault| TraceError { line: n + 1, fault })? {
            lines.push(parsed);
        }
    }
    Ok(lines)
}

fn parse_line(line: &str) -> Result<Option<TraceLine>, TraceFault> {
    let Some((at, mark)) = line.char_indices().find(|(_, c)| !c.is_whitespace()) else { return Ok(None) };
    let place = at + mark.len_utf8();
    let rest = &line[place..];
    Ok(Some(match mark {
        '#' => TraceLine::Comment(rest.trim().to_owned()),
        '!' => TraceLine::Failure(rest.trim().to_owned()),
        '>' => TraceLine::Command(bytes(rest, place)?),
        '<' => TraceLine::Response(bytes(rest, place)?),
        '=' => {
            let atr = bytes(rest, place)?;
            if atr.hidden > 0 {
                return Err(TraceFault::HiddenAtr);
            }
            TraceLine::Atr(atr.before)
        }
        other => return Err(TraceFault::Mark(other)),
    }))
}

/// `place` is the index of `text` in its line.
fn bytes(text: &str, place: usize) -> Result<Bytes, TraceFault> {
    let parsed = match text.split_once('[') {
        None => Bytes { before: digits(text, place)?, ..Bytes::default() },
        Some((before, rest)) => {
            let (note, after) = rest.split_once(']').ok_or(TraceFault::Hidden)?;
            if after.contains('[') {
                return Err(TraceFault::Hidden);
            }
            let after_place = place + text.len() - after.len();
            Bytes { before: digits(before, place)?, hidden: count(note)?, after: digits(after, after_place)? }
        }
    };
    if parsed.total() == 0 { Err(TraceFault::Empty) } else { Ok(parsed) }
}

fn count(note: &str) -> Result<usize, TraceFault> {
    let number = note.strip_suffix(" bytes hidden").or_else(|| note.strip_suffix(" byte hidden"));
    match number.and_then(|number| number.parse().ok()) {
        Some(n) if n > 0 && n <= MAX_HIDDEN => Ok(n),
        _ => Err(TraceFault::Hidden),
    }
}

/// No short APDU is longer.
const MAX_HIDDEN: usize = 261;

fn digits(text: &str, place: usize) -> Result<Vec<u8>, TraceFault> {
    typed::bytes(text).map_err(|error| match error {
        TypedError::Digit { character, place: at } => TraceFault::Digit { character, place: place + at },
        TypedError::Odd => TraceFault::Odd,
    })
}

impl scheme::Fault for TraceError {
    fn code(&self) -> &str {
        self.fault.code()
    }
}

impl scheme::Fault for TraceFault {
    fn code(&self) -> &str {
        match self {
            TraceFault::Mark(_) => "trace-mark",
            TraceFault::Digit { .. } => "trace-digit",
            TraceFault::Odd => "trace-odd",
            TraceFault::Hidden => "trace-hidden",
            TraceFault::HiddenAtr => "trace-hidden-atr",
            TraceFault::Empty => "trace-empty",
        }
    }
}
