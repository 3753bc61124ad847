//! What a meter answers behind identifier and number: layouts of DATA [docs/specs/cjt188.md 3].
//!
//! Numbers are packed BCD, least significant byte first. Volumes are 0.01 of their unit, money 0.01 yuan.

use super::Status;
use crate::bcd;
use alloc::vec::Vec;

/// A number in so many bytes; one that does not fit shows its last digits, as a register does.
fn packed(value: u64, bytes: usize) -> impl Iterator<Item = u8> {
    (0..bytes).scan(value, |rest, _| {
        let byte = bcd::byte((*rest % 100) as u8);
        *rest /= 100;
        Some(byte)
    })
}

/// Bytes that are taken one field after another.
struct Fields<'d>(&'d [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn number<const N: usize>(&mut self) -> Option<u64> {
        let bytes = self.take::<N>()?;
        bytes.iter().rev().try_fold(0_u64, |sum, byte| Some(sum * 100 + u64::from(bcd::value(*byte)?)))
    }

    fn status(&mut self) -> Option<Status> {
        self.take().map(Status::of)
    }

    /// What was taken, when nothing is left.
    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

/// 901F of a water or a gas meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metered {
    /// The register, in 0.01 of its unit.
    pub current: u64,
    /// Unit of it.
    pub unit: u8,
    /// The register as the day of settlement found it.
    pub settled: u64,
    /// Unit of it.
    pub settled_unit: u8,
    /// The meter's time, packed BCD `YYYYMMDDhhmmss`.
    pub time: [u8; 7],
    /// State.
    pub status: Status,
}

impl Metered {
    /// As it stands in DATA: 19 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out: Vec<u8> = packed(self.current, 4).collect();
        out.push(self.unit);
        out.extend(packed(self.settled, 4));
        out.push(self.settled_unit);
        out.extend(self.time.iter().rev());
        out.extend(self.status.bytes());
        out
    }

    /// From DATA; `None` when it is none.
    pub fn of(data: &[u8]) -> Option<Self> {
        let mut fields = Fields(data);
        let (current, [unit]) = (fields.number::<4>()?, fields.take()?);
        let (settled, [settled_unit]) = (fields.number::<4>()?, fields.take()?);
        let mut time = fields.take::<7>()?;
        time.reverse();
        let status = fields.status()?;
        fields.end(Metered { current, unit, settled, settled_unit, time, status })
    }
}

/// 8102: up to three steps. UNSPECIFIED: the layout is remembered, and no program was found that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Prices of a cubic metre, in fen.
    pub prices: [u64; 3],
    /// Where the first and the second end, in whole cubic metres.
    pub amounts: [u64; 2],
}

impl Prices {
    /// As it stands in DATA: 15 bytes; `None`: a number has no room.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let [one, two, three] = self.prices;
        let [first, second] = self.amounts;
        let all = [one, first, two, second, three];
        let fits = all.iter().all(|number| *number < 1_000_000);
        fits.then(|| all.iter().flat_map(|number| packed(*number, 3)).collect())
    }

    /// From DATA; `None` when it is none.
    pub fn of(data: &[u8]) -> Option<Self> {
        let mut fields = Fields(data);
        let (one, first, two) = (fields.number::<3>()?, fields.number::<3>()?, fields.number::<3>()?);
        let (second, three) = (fields.number::<3>()?, fields.number::<3>()?);
        fields.end(Prices { prices: [one, two, three], amounts: [first, second] })
    }
}

/// 8105. UNSPECIFIED: whether its amounts are volumes or money; here they are money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchases {
    /// Purchases, modulo 256: one byte, where the count of an order has four.
    pub number: u8,
    /// The last one, in fen.
    pub last: u64,
    /// All of them.
    pub all: u64,
    /// What is left.
    pub left: u64,
    /// State.
    pub status: Status,
}

impl Purchases {
    /// As it stands in DATA: 15 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = alloc::vec![self.number];
        [self.last, self.all, self.left].iter().for_each(|amount| out.extend(packed(*amount, 4)));
        out.extend(self.status.bytes());
        out
    }

    /// From DATA; `None` when it is none.
    pub fn of(data: &[u8]) -> Option<Self> {
        let mut fields = Fields(data);
        let ([number], last) = (fields.take()?, fields.number::<4>()?);
        let (all, left, status) = (fields.number::<4>()?, fields.number::<4>()?, fields.status()?);
        fields.end(Purchases { number, last, all, left, status })
    }
}
