//! The tree that carries what was read: directories, files and keys, each with its properties and what it holds.

use super::fact::Fact;
use keys::Zeroizing;

/// Properties by their names, in the order they are shown.
pub type Facts = Vec<(&'static str, Fact)>;

/// A directory, a file or a key.
pub struct Item {
    /// Where it is: identifiers from the MF on, and type and id of a key.
    pub path: String,
    /// What it is.
    pub kind: &'static str,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its properties.
    pub facts: Facts,
    /// What it holds.
    pub content: Content,
    /// What stands in it.
    pub children: Vec<Item>,
}

/// What a file holds.
pub enum Content {
    /// Nothing of its own, or all of it stands among the facts.
    None,
    /// Bytes.
    Bytes(Vec<u8>),
    /// Bytes that are a secret: held to be compared, never shown.
    Secret(Zeroizing<Vec<u8>>),
    /// Records that are there.
    Records(Vec<Record>),
}

/// A record.
pub struct Record {
    /// Its number, from 1.
    pub number: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they mean, where that is known.
    pub words: Option<String>,
}
