//! How an intent ends.

use issue::card::KeyCheck;

/// How an intent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentEnd<'a> {
    /// The card was issued.
    Issued {
        /// Its keys as seen at the end.
        keys: &'a [KeyCheck],
        /// Commands it took.
        apdus: u64,
    },
    /// The card was found issued; the run that did it never told.
    Found,
    /// The card was not issued.
    Failed {
        /// The reason, in words without secrets.
        why: String,
        /// Tries of the card's master key left, when it refused one.
        tries_left: Option<u8>,
    },
}
