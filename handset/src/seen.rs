//! What the server said last.

use client::talk::{Contract, Reported, Sold};

/// What the server said last.
#[derive(Default)]
pub struct Seen {
    /// The contracts.
    pub contracts: Vec<Contract>,
    /// Of the meter that is shown.
    pub reported: Option<Reported>,
    /// Newest first.
    pub records: Vec<Sold>,
    /// There may be earlier ones.
    pub more: bool,
    /// Which contract is shown.
    pub chosen: usize,
}
