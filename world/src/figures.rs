//! What a story came to.

use serde::Serialize;

/// The figures of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Meters.
    pub meters: usize,
    /// Orders sold.
    pub orders: usize,
    /// Purchases credited, from the ESAMs' counts.
    pub credited: usize,
    /// Orders settled.
    pub settled: usize,
    /// Insertions refused.
    pub refused: usize,
    /// From the server's ledger.
    pub sold_fen: u64,
    /// From the purses of the ESAMs.
    pub credited_fen: u64,
    /// From the server's ledger.
    pub settled_fen: u64,
    /// Sold to a meter and not credited by it, summed over the meters.
    pub lost_fen: u64,
    /// Credited by a meter and not sold to it, summed over the meters.
    pub created_fen: u64,
}

impl Report {
    /// Nothing lost, nothing created, every order settled.
    pub const fn is_sound(&self) -> bool {
        self.lost_fen == 0
            && self.created_fen == 0
            && self.settled == self.orders
            && self.settled_fen == self.sold_fen
    }
}
