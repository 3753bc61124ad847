//! Counting what a session costs: commands, bytes, and time on a T=0 line.

use core::fmt;
use wire::apdu::CommandRef;
use wire::channel::{Channel, ChannelError};

/// A time in elementary time units: the length of one bit on the card's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Etu(pub u64);

impl Etu {
    /// Microseconds at a line speed in bit/s (9600 for a meter's slots), rounded down; 0 when `baud` is 0.
    pub const fn micros(self, baud: u32) -> u64 {
        if baud == 0 { 0 } else { self.0.saturating_mul(1_000_000) / baud as u64 }
    }
}

impl fmt::Display for Etu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} etu", self.0)
    }
}

/// One character as its receiver sees the next: 10 bits and the guard time.
const CHARACTER: u64 = 12;
/// From the leading edge of a character to the first one the other side may send.
const TURN: u64 = 16;

/// Shortest time a T=0 line needs for an APDU and its answer, from the first header edge until the next
/// header may begin [docs/specs/trace.md 2].
///
/// `guard` is N of the ATR (TC1, 255 counts as 0): every character the host sends takes so many etu more. A
/// command with data that answers data is counted with the GET RESPONSE it needs on such a line, even when
/// the card under test answered at once. Processing time and NULL bytes are not in it.
pub fn wire_etu(command: &[u8], response: &[u8], guard: u8) -> Etu {
    let sent = CommandRef::parse(command).map_or(0, |command| command.data.len()) as u64;
    let received = response.len().saturating_sub(2) as u64;
    let guard = if guard == 255 { 0 } else { u64::from(guard) };
    let header = 4 * CHARACTER + 5 * guard;
    // Header, turn, SW1 SW2, turn.
    let bare = header + TURN + CHARACTER + TURN;
    // With data towards the host the procedure byte and the data stand before the status word.
    let read = bare + CHARACTER * (received + 1);
    // Towards the card: header, turn, procedure byte, turn, data, turn, SW1 SW2, turn.
    let write =
        header + TURN + TURN + CHARACTER * sent.saturating_sub(1) + guard * sent + TURN + CHARACTER + TURN;
    Etu(match (sent, received) {
        (0, 0) => bare,
        (0, _) => read,
        (_, 0) => write,
        (_, _) => write + read,
    })
}

/// Time of an ATR of `len` characters from the edge of its first, without the card's own delay before it.
pub fn atr_etu(len: usize) -> Etu {
    Etu(CHARACTER * len as u64)
}

/// What went over a channel so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Commands answered, GET RESPONSE among them.
    pub apdus: u64,
    /// Resets answered.
    pub resets: u64,
    /// Bytes of the commands.
    pub sent: u64,
    /// Bytes of the answers with their status words, and of the ATRs.
    pub received: u64,
    /// Least time on a T=0 line without extra guard time.
    pub line: Etu,
}

/// A channel that counts what passes.
#[derive(Debug)]
pub struct Counter<C> {
    inner: C,
    tally: Tally,
}

impl<C> Counter<C> {
    /// Counts from zero.
    pub fn new(inner: C) -> Self {
        Counter { inner, tally: Tally::default() }
    }

    /// The count so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The channel underneath.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

impl<C: Channel> Channel for Counter<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let response = self.inner.transmit(command)?;
        self.tally.apdus += 1;
        self.tally.sent += command.len() as u64;
        self.tally.received += response.len() as u64;
        self.tally.line.0 += wire_etu(command, &response, 0).0;
        Ok(response)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let atr = self.inner.reset()?;
        self.tally.resets += 1;
        self.tally.received += atr.len() as u64;
        self.tally.line.0 += atr_etu(atr.len()).0;
        Ok(atr)
    }
}
