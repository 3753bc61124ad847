//! What a PSAM keeps and says of the orders it sealed: limits, chain, proof [docs/specs/cards.md 4, 6].

use crate::money::Fen;
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// How many orders a PSAM may seal, and of what value, in all; of an issuing card, how many cards it may make, and of what
/// value it may grant limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders (or cards), those of the past included.
    pub count: u32,
    /// Value in fen, that of the past included.
    pub value: u64,
}

impl Limits {
    /// Bytes of a limit file.
    pub const LEN: usize = 12;
    /// Of a PSAM when its city says nothing else: ten thousand orders, one million yuan.
    pub const PSAM: Limits = Limits { count: 10_000, value: 1_000_000_00 };
    /// Value that a PSAM issuing card may grant when its province says nothing else: a hundred million yuan.
    pub const GRANTS: u64 = 100_000_000_00;

    /// `count4 || value8`.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..4].copy_from_slice(&self.count.to_be_bytes());
        out[4..].copy_from_slice(&self.value.to_be_bytes());
        out
    }

    /// Reads `count4 || value8`.
    pub fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let [a, b, c, d, v0, v1, v2, v3, v4, v5, v6, v7] = *bytes;
        Limits {
            count: u32::from_be_bytes([a, b, c, d]),
            value: u64::from_be_bytes([v0, v1, v2, v3, v4, v5, v6, v7]),
        }
    }
}

/// The chain over the orders a PSAM sealed: EF DF01/0018.
///
/// Whoever holds the orders can recompute it; an order sealed past them, one left out and one changed no longer fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PsamChain {
    /// Orders sealed, each counted once.
    pub count: u32,
    /// Sum of their amounts, in fen.
    pub value: u64,
    /// The chain before the last order.
    pub before: [u8; 32],
    /// The chain after it; zeros before the first.
    pub head: [u8; 32],
}

impl PsamChain {
    /// Bytes of the file.
    pub const LEN: usize = 76;

    /// `count4 || value8 || before32 || head32`.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..4].copy_from_slice(&self.count.to_be_bytes());
        out[4..12].copy_from_slice(&self.value.to_be_bytes());
        out[12..44].copy_from_slice(&self.before);
        out[44..].copy_from_slice(&self.head);
        out
    }

    /// Reads the file.
    pub fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let mut limits = [0; Limits::LEN];
        limits.copy_from_slice(&bytes[..12]);
        let Limits { count, value } = Limits::parse(&limits);
        let mut chain = PsamChain { count, value, ..PsamChain::default() };
        chain.before.copy_from_slice(&bytes[12..44]);
        chain.head.copy_from_slice(&bytes[44..]);
        chain
    }

    /// Whether this encoded order is the last one sealed: sealing it again changes nothing.
    pub fn is_last(&self, order: &[u8]) -> bool {
        self.count > 0 && chain_next(&self.before, order) == self.head
    }

    /// The chain after one more order; `None` when a counter is at its end.
    pub fn after(&self, order: &[u8], amount: Fen) -> Option<Self> {
        Some(PsamChain {
            count: self.count.checked_add(1)?,
            value: self.value.checked_add(u64::from(amount.0))?,
            before: self.head,
            head: chain_next(&self.head, order),
        })
    }
}

/// The chain after an encoded order (`E1 ..`): SHA-256 over the chain before it and the order.
pub fn chain_next(before: &[u8; 32], order: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(order).finalize().into()
}

/// Header of STATEMENT, which its MAC covers.
pub const STATEMENT: [u8; 5] = [0x80, 0x58, 0x00, 0x00, 0x08];
/// Header of SET LIMIT, which its MAC covers.
pub const SET_LIMIT: [u8; 5] = [0x84, 0x4C, 0x00, 0x00, 0x10];
/// Tag of the proof behind an order.
pub const PROOF_TAG: u8 = 0x9C;
/// Bytes of a proof with tag and length.
pub const PROOF_LEN: usize = 10;

/// What a PSAM states of itself: its chain, and the MAC over challenge, header and chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// The challenge it was asked with.
    pub challenge: [u8; 8],
    /// The chain.
    pub chain: PsamChain,
    /// MAC under the use key `mac` of the PSAM's own master.
    pub mac: [u8; 8],
}

impl Statement {
    /// Bytes of a statement as SEAL LIMIT takes it.
    pub const LEN: usize = 8 + PsamChain::LEN + 8;

    /// `challenge8 || chain76 || mac8`.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.challenge[..], &self.chain.to_bytes(), &self.mac].concat()
    }

    /// Reads it; `None` when it has another length.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (challenge, rest) = bytes.split_first_chunk::<8>()?;
        let (chain, mac) = rest.split_first_chunk::<{ PsamChain::LEN }>()?;
        Some(Statement { challenge: *challenge, chain: PsamChain::parse(chain), mac: mac.try_into().ok()? })
    }
}

/// What the MAC of a proof is made over: `80 40 00 00 || number6 || order`, in these parts.
pub const fn proved<'a>(number: &'a [u8; 6], order: &'a [u8]) -> [&'a [u8]; 3] {
    [&[0x80, 0x40, 0x00, 0x00], number, order]
}

/// The data field of SEAL ORDER: the order, and the proof `9C 08 MAC8` behind it.
pub fn with_proof(order: &[u8], proof: &[u8; 8]) -> Vec<u8> {
    [order, &[PROOF_TAG, 8], proof].concat()
}

/// Takes a data field of SEAL ORDER apart: order and proof. `None` when no proof stands at its end.
pub fn split_proof(data: &[u8]) -> Option<(&[u8], &[u8; 8])> {
    let (rest, proof) = data.split_last_chunk::<8>()?;
    Some((rest.strip_suffix(&[PROOF_TAG, 8])?, proof))
}
