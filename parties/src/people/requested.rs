//! A request that was just written.

use serde::Serialize;

/// What a request that was just written says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// Its id.
    pub request: String,
    /// What is to be done, in words.
    pub act: String,
    /// Who asked.
    pub by: String,
    /// Its file.
    pub file: String,
}
