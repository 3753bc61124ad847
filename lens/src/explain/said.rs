//! What is said of bytes: names and values with their places, and how the checks went.

use scheme::order::FieldError;
use scheme::refusal::{Cure, Refusal};
use serde_json::{Value, json};

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In what: `record`, `packet`, `order`, `receipt`, `frame`, `trace`, `bytes`.
    pub of: &'static str,
    /// Its first byte, from 0; of a trace the line, from 1.
    pub from: usize,
    /// How many bytes.
    pub len: usize,
    /// The bytes, in hexadecimal digits.
    pub hex: String,
}

impl Place {
    /// Bytes of a whole; what goes beyond its end is left out.
    pub fn new(of: &'static str, whole: &[u8], from: usize, len: usize) -> Self {
        let found = whole.get(from..).unwrap_or_default();
        let found = found.get(..len).unwrap_or(found);
        Place { of, from, len: found.len(), hex: hex::encode_upper(found) }
    }

    /// In words: `packet 13-20`.
    pub fn words(&self) -> String {
        match self.len {
            0 | 1 => format!("{} {}", self.of, self.from),
            len => format!("{} {}-{}", self.of, self.from, self.from + len - 1),
        }
    }

    fn object(&self) -> Value {
        json!({ "of": self.of, "from": self.from, "length": self.len, "hex": self.hex })
    }
}

/// One thing that bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// The first check that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Its name: a refusal's, or the code of an error.
    pub check: String,
    /// What is wrong, and what to do.
    pub words: String,
    /// The bytes concerned.
    pub place: Option<Place>,
    /// Card error number of the field, 1 to 21, where the check is one of a meter's.
    pub field_error: Option<u8>,
    /// What the meter shows: Err-31 to Err-36.
    pub display: Option<&'static str>,
    /// Who can cure it.
    pub cure: Cure,
}

impl Failing {
    /// A check of a meter's.
    pub fn refusal(refusal: Refusal, why: Option<String>, place: Option<Place>) -> Self {
        let words =
            why.map_or_else(|| refusal.words().to_owned(), |why| format!("{why}; {}", refusal.words()));
        Failing {
            check: refusal.name().to_owned(),
            words,
            place,
            field_error: Some(refusal.field_error()),
            display: Some(refusal.display()),
            cure: refusal.cure(),
        }
    }

    /// A check of somebody else's, by the code of its error.
    pub fn other(check: &str, words: String, place: Option<Place>, cure: Cure) -> Self {
        Failing { check: check.to_owned(), words, place, field_error: None, display: None, cure }
    }

    fn object(&self) -> Value {
        json!({
            "check": self.check, "words": self.words, "place": self.place.as_ref().map(Place::object),
            "field_error": self.field_error, "display": self.display, "cure": self.cure.name(),
        })
    }
}

/// How the checks went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All that there are went well, as far as the words say.
    Passes(String),
    /// Those that were made went well; why the others were not.
    Open(String),
    /// The first that did not.
    Fails(Failing),
}

/// One thing that was explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub what: String,
    /// What it says.
    pub lines: Vec<Line>,
    /// How the checks went.
    pub verdict: Verdict,
}

impl Part {
    /// Something whose checks nobody made yet.
    pub fn new(what: impl Into<String>) -> Self {
        Part { what: what.into(), lines: Vec::new(), verdict: Verdict::Open(String::new()) }
    }

    /// Says one thing more.
    pub fn say(&mut self, name: impl Into<String>, value: impl ToString, place: Option<Place>) {
        self.lines.push(Line { name: name.into(), value: value.to_string(), place });
    }

    /// With a verdict.
    #[must_use]
    pub fn fails(self, failing: Failing) -> Self {
        Part { verdict: Verdict::Fails(failing), ..self }
    }

    /// With a verdict.
    #[must_use]
    pub fn open(self, why: impl Into<String>) -> Self {
        Part { verdict: Verdict::Open(why.into()), ..self }
    }

    /// With a verdict.
    #[must_use]
    pub fn passes(self, words: impl Into<String>) -> Self {
        Part { verdict: Verdict::Passes(words.into()), ..self }
    }

    /// The check it fails.
    pub fn failing(&self) -> Option<&Failing> {
        match &self.verdict {
            Verdict::Fails(failing) => Some(failing),
            _ => None,
        }
    }

    /// As an object.
    pub fn object(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({ "name": line.name, "value": line.value, "place": line.place.as_ref().map(Place::object) })
        });
        let (verdict, words, failing) = match &self.verdict {
            Verdict::Passes(words) => ("passes", Some(words), None),
            Verdict::Open(words) => ("open", Some(words), None),
            Verdict::Fails(failing) => ("fails", None, Some(failing.object())),
        };
        json!({
            "what": self.what, "lines": lines.collect::<Vec<_>>(),
            "verdict": verdict, "why": words, "fails": failing,
        })
    }
}

/// Where the object stands that an error of a structure is about.
pub fn place_of(error: &FieldError, of: &'static str, whole: &[u8]) -> Option<Place> {
    match error {
        FieldError::Order { tag }
        | FieldError::Unknown { tag }
        | FieldError::Length { tag, .. }
        | FieldError::Bcd { tag, .. } => object_at(of, whole, *tag),
        FieldError::Kind(_) => object_at(of, whole, 0x86),
        FieldError::Missing { .. } => None,
        FieldError::Tlv(_) => Some(Place::new(of, whole, 0, whole.len().min(2))),
    }
}

/// Where the first object of a tag stands in an encoded structure, tag and length with it.
pub fn object_at(of: &'static str, whole: &[u8], tag: u8) -> Option<Place> {
    let mut at = match whole.get(1)? {
        0x81 => 3,
        _ => 2,
    };
    while let (Some(found), Some(len)) = (whole.get(at), whole.get(at + 1)) {
        let len = 2 + usize::from(*len);
        if *found == tag {
            return Some(Place::new(of, whole, at, len));
        }
        at += len;
    }
    None
}
