//! PPS: the terminal asks for a speed, once, right after the ATR [docs/specs/line.md 3].

use wire::atr::{Atr, Clock};

/// First character of a request and of its answer; reserved as a class byte.
pub(super) const PPSS: u8 = 0xFF;
/// TA1 when there is none: F 372, D 1.
const DEFAULT_TA1: u8 = 0x11;

/// A request with its check character right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PpsRequest {
    /// Protocol asked for.
    pub protocol: u8,
    /// PPS1: F and D as in TA1.
    pub speed: Option<u8>,
}

impl PpsRequest {
    /// Characters a request has in all, once PPSS and PPS0 are there.
    pub(super) fn length(bytes: &[u8]) -> Option<usize> {
        // One for each of PPS1 to PPS3 that PPS0 announces, and PCK.
        bytes.get(1).map(|pps0| 3 + (pps0 >> 4 & 0x07).count_ones() as usize)
    }

    /// Reads a whole request; `None` when its check character is wrong or a reserved bit is set. PPS2 and PPS3
    /// are read over.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[ppss, pps0], rest) = bytes.split_first_chunk::<2>()?;
        let whole = PpsRequest::length(bytes) == Some(bytes.len());
        if ppss != PPSS || pps0 & 0x80 != 0 || !whole || bytes.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
            return None;
        }
        let speed = if pps0 & 0x10 != 0 { rest.first().copied() } else { None };
        Some(PpsRequest { protocol: pps0 & 0x0F, speed })
    }

    /// What a card with this ATR answers, and the speed in force afterwards. `None`: it does not answer, and nothing changes.
    ///
    /// The speed of TA1 and the default are taken; any other is answered by leaving PPS1 out, which means the
    /// default. PPS2 and PPS3 are always left out.
    pub fn answer(self, atr: &Atr) -> Option<(Vec<u8>, Clock)> {
        // TA2 fixes protocol and speed: such a card takes no PPS.
        let specific = atr.further.first().is_some_and(|(_, level)| level.ta.is_some());
        if specific || self.protocol != 0 || !atr.protocols().contains(&0) {
            return None;
        }
        let taken = self.speed.filter(|speed| *speed == DEFAULT_TA1 || Some(*speed) == atr.first.ta);
        let agreed = taken.and_then(|speed| Clock::from_ta1(speed).map(|clock| (speed, clock)));
        let (mut answer, clock) = match agreed {
            Some((speed, clock)) => (vec![PPSS, 0x10, speed], clock),
            None => (vec![PPSS, 0x00], Clock::DEFAULT),
        };
        answer.push(answer.iter().fold(0, |sum, byte| sum ^ byte));
        Some((answer, clock))
    }
}
