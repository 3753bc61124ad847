//! A customer's phone, and what he wants by it.

use crate::bare::Handset;
use scheme::money::Fen;

/// A customer's phone, and what he wants by it.
#[derive(Default)]
pub(super) struct Phone {
    pub(super) handset: Option<Handset>,
    pub(super) wish: Option<Wish>,
    /// Keys it has had.
    pub(super) keys: u32,
    /// A frame that it sent, and that somebody kept.
    pub(super) sent: Option<Vec<u8>>,
    /// An answer that is on its way still.
    pub(super) late: Option<Vec<u8>>,
}

/// A purchase that is wanted.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) purchase: [u8; 8],
    pub(super) amount: Fen,
    /// The bank has said that it was confirmed.
    pub(super) confirmed: bool,
}

impl Phone {
    /// Whether a purchase by it is on its way.
    pub(super) fn wants(&self) -> bool {
        self.wish.is_some()
    }
}
