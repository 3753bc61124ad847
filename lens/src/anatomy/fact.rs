//! One property of a card, a file or a key: words for people, numbers for programs.

use scheme::money::Fen;
use serde_json::{Value, json};
use std::fmt;

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Words, or digits that are no number.
    Words(String),
    /// A number.
    Number(u64),
    /// A number of bytes.
    Bytes(usize),
    /// An amount; JSON has it in fen.
    Money(Fen),
    /// A retry counter.
    Tries {
        /// Tries left.
        left: u8,
        /// Tries there are after a success.
        limit: u8,
    },
}

impl From<String> for Fact {
    fn from(words: String) -> Self {
        Fact::Words(words)
    }
}

impl From<&str> for Fact {
    fn from(words: &str) -> Self {
        Fact::Words(words.to_owned())
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Words(words) => f.write_str(words),
            Fact::Number(number) => write!(f, "{number}"),
            Fact::Bytes(1) => f.write_str("1 byte"),
            Fact::Bytes(count) => write!(f, "{count} bytes"),
            Fact::Money(fen) => write!(f, "{fen}"),
            Fact::Tries { left, limit } => write!(f, "{left} of {limit}"),
        }
    }
}

impl Fact {
    /// As JSON.
    pub fn value(&self) -> Value {
        match self {
            Fact::Words(words) => words.clone().into(),
            Fact::Number(number) => (*number).into(),
            Fact::Bytes(count) => (*count).into(),
            Fact::Money(fen) => fen.0.into(),
            Fact::Tries { left, limit } => json!({ "left": left, "limit": limit }),
        }
    }
}
