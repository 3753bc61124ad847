//! Counting what a session costs: commands, bytes, and time on a T=0 line.

use scheme::profile::Fid;
use std::cell::Cell;
use std::rc::Rc;
use wire::Sw;
use wire::apdu::CommandRef;
use wire::atr::Atr;
use wire::channel::{Channel, ChannelError};
pub use wire::line::Etu;
use wire::line::{CHARACTER, TURN, extra_guard};

/// Shortest time a T=0 line needs for an APDU and its answer, from the first header edge until the next
/// header may begin [docs/specs/trace.md 2].
///
/// `guard` is N of the ATR (TC1, 255 counts as 0): every character the host sends takes so many etu more. A
/// command with data that answers data is counted with the GET RESPONSE it needs on such a line, even when
/// the card under test answered at once. Class or instruction unknown (6E00, 6D00) is answered after the header,
/// before any data. Processing time and NULL bytes are not in it.
pub fn wire_etu(command: &[u8], response: &[u8], guard: u8) -> Etu {
    let sent = if unknown(response) { 0 } else { data_len(command) };
    let received = response.len().saturating_sub(2) as u64;
    let guard = extra_guard(guard);
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

fn data_len(command: &[u8]) -> u64 {
    CommandRef::parse(command).map_or(0, |command| command.data.len()) as u64
}

/// The card did not know the command: it never asked for the data.
fn unknown(response: &[u8]) -> bool {
    matches!(response, [0x6D | 0x6E, 0x00])
}

/// N that a card asks for in its ATR; 0 from what is no ATR.
pub fn guard_of(atr: &[u8]) -> u8 {
    Atr::parse(atr).map_or(0, |atr| atr.extra_guard())
}

/// Time of an ATR of `len` characters, from the edge of its first until the first header may begin, without the
/// card's own delay before it.
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
    /// Least time on a T=0 line, with the extra guard time the ATR asks for.
    pub line: Etu,
}

impl Tally {
    /// Adds what another channel, or another part of the same session, carried.
    pub const fn add(&mut self, other: Tally) {
        self.apdus += other.apdus;
        self.resets += other.resets;
        self.sent += other.sent;
        self.received += other.received;
        self.line = self.line.plus(other.line.0);
    }
}

/// What kind of exchange it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    /// A reset and its ATR.
    Reset,
    /// A command and the status word of its answer.
    Command {
        /// CLA INS P1 P2.
        header: [u8; 4],
        /// The file of a SELECT by identifier; `None` for any other command, whose data are nobody's business.
        file: Option<Fid>,
        /// SW1 SW2.
        sw: Sw,
    },
}

/// One exchange that was counted; its tally is of this one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// Mark that stood when it happened; whoever counts gives it a meaning.
    pub mark: usize,
    /// What it was.
    pub kind: ExchangeKind,
    /// Its bytes and its time.
    pub tally: Tally,
}

/// A channel that counts what passes.
#[derive(Debug)]
pub struct Counter<C> {
    inner: C,
    tally: Tally,
    guard: u8,
    mark: Option<Rc<Cell<usize>>>,
    exchanges: Vec<Exchange>,
}

impl<C> Counter<C> {
    /// Counts from zero.
    pub fn new(inner: C) -> Self {
        Counter { inner, tally: Tally::default(), guard: 0, mark: None, exchanges: Vec::new() }
    }

    /// Counts from zero and keeps every exchange with the mark that stands in the cell at that moment.
    pub fn marked(inner: C, mark: Rc<Cell<usize>>) -> Self {
        Counter { mark: Some(mark), ..Counter::new(inner) }
    }

    /// The count so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The exchanges so far; none unless the counter was made with marks.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The exchanges, without the channel.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }

    /// The channel underneath, to be changed.
    pub fn inner_mut(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The channel underneath.
    pub fn into_inner(self) -> C {
        self.inner
    }

    fn count(&mut self, kind: ExchangeKind, tally: Tally) {
        self.tally.add(tally);
        if let Some(mark) = &self.mark {
            self.exchanges.push(Exchange { mark: mark.get(), kind, tally });
        }
    }
}

impl<C: Channel> Channel for Counter<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let response = self.inner.transmit(command)?;
        let mut header = [0; 4];
        let known = command.len().min(4);
        header[..known].copy_from_slice(&command[..known]);
        let file = match command {
            [_, 0xA4, _, _, 2, hi, lo] => Some(Fid(u16::from_be_bytes([*hi, *lo]))),
            _ => None,
        };
        let sw = response.last_chunk().map_or(Sw(0), |sw| Sw(u16::from_be_bytes(*sw)));
        let tally = Tally {
            apdus: 1,
            resets: 0,
            sent: command.len() as u64,
            received: response.len() as u64,
            line: wire_etu(command, &response, self.guard),
        };
        self.count(ExchangeKind::Command { header, file, sw }, tally);
        Ok(response)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let atr = self.inner.reset()?;
        self.guard = guard_of(&atr);
        let received = atr.len() as u64;
        let tally = Tally { apdus: 0, resets: 1, sent: 0, received, line: atr_etu(atr.len()) };
        self.count(ExchangeKind::Reset, tally);
        Ok(atr)
    }
}
