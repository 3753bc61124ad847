//! The order chain of a security module (`docs/specs/purchase.md`): what it counted, what it sealed, in one hash.

use scheme::money::Fen;
use sha2::{Digest, Sha256};

/// Where a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Orders sealed.
    pub count: u32,
    /// Their amounts together, in fen.
    pub value: u64,
    /// The chain before the last order.
    pub before: [u8; 32],
    /// The chain.
    pub head: [u8; 32],
}

impl Chain {
    /// The chain of a module that has sealed nothing.
    pub const EMPTY: Chain = Chain { count: 0, value: 0, before: [0; 32], head: [0; 32] };

    /// Bytes of a module's file: count 4, value 8, chain before 32, chain 32.
    pub const LEN: u16 = 76;

    /// Reads a module's file; `None` when it is not of [`Chain::LEN`] bytes.
    pub fn parse(file: &[u8]) -> Option<Self> {
        let (count, rest) = file.split_first_chunk()?;
        let (value, rest) = rest.split_first_chunk()?;
        let (before, rest) = rest.split_first_chunk()?;
        let head = rest.try_into().ok()?;
        Some(Chain {
            count: u32::from_be_bytes(*count),
            value: u64::from_be_bytes(*value),
            before: *before,
            head,
        })
    }

    /// The chain after one more order, encoded as `E1 ..`.
    pub fn next(&self, order: &[u8], amount: Fen) -> Chain {
        let head = Sha256::new().chain_update(self.head).chain_update(order).finalize().into();
        Chain {
            count: self.count.saturating_add(1),
            value: self.value.saturating_add(u64::from(amount.0)),
            before: self.head,
            head,
        }
    }
}

/// What a module's chain is to the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// Both agree.
    Same,
    /// The module has sealed more: the open asks at these places, in this sequence.
    More(Vec<usize>),
    /// They disagree, in words.
    Differ(String),
}

/// Compares a module's chain with the books, given the orders it was asked for without a known answer, in the sequence it was
/// asked, and the `last` one that the books know it sealed.
pub fn compare(books: &Chain, card: &Chain, last: Option<&[u8]>, open: &[(Vec<u8>, Fen)]) -> Compared {
    let is_card =
        |chain: &Chain| (chain.count, chain.value, chain.head) == (card.count, card.value, card.head);
    if is_card(books) {
        return Compared::Same;
    }
    // It seals in the sequence in which it was asked, and stops at what it refuses: what it sealed are the first ones.
    let (mut chain, mut last) = (*books, last);
    for (at, (order, amount)) in open.iter().enumerate() {
        // The same order as the one before it is not counted again.
        if last != Some(order.as_slice()) {
            chain = chain.next(order, *amount);
        }
        last = Some(order);
        if is_card(&chain) {
            return Compared::More((0..=at).collect());
        }
    }
    // What was asked before version 13 of the books has no sequence; it was one at a time.
    if let Some(at) = open.iter().position(|(order, amount)| is_card(&books.next(order, *amount))) {
        return Compared::More(vec![at]);
    }
    let words = match card.count.cmp(&books.count) {
        core::cmp::Ordering::Greater => format!(
            "the PSAM has sealed {} order(s) of {} fen together, the books have {} of {} fen: something was sealed \
             past this server, or rows were taken out of it",
            card.count, card.value, books.count, books.value
        ),
        core::cmp::Ordering::Less => format!(
            "the books have {} sealed order(s), the PSAM counts {}: this is not the PSAM that sealed them",
            books.count, card.count
        ),
        core::cmp::Ordering::Equal => format!(
            "the PSAM and the books both count {} order(s) and not the same ones: an order was changed here, or another \
             was sealed in its place",
            card.count
        ),
    };
    Compared::Differ(words)
}
