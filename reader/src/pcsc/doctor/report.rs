//! What the doctor found.

use serde::{Serialize, Serializer};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It may be a reason, and may be none.
    Warn,
    /// Without it no card can be used.
    Missing,
}

impl Verdict {
    /// "OK", "WARN" or "MISSING".
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::Warn => "WARN",
            Verdict::Missing => "MISSING",
        }
    }
}

impl Serialize for Verdict {
    /// By its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: library, daemon, permission, driver, USB, reader, card.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub words: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The checks in their order.
    pub findings: Vec<Finding>,
    /// A card could be used now.
    pub usable: bool,
}
