//! The server's side: all sessions there are, in memory alone. It does nothing for a first message but answer it; what is asked in a session
//! is handed to whoever owns the books, and his answer comes back here to be sealed.

use crate::first::{Admitted, First, digest};
use crate::frame::{Frame, Type};
use crate::line::{KEPT_S, Line, Opened};
use crate::link::{Link, Side};
use crate::noise::Keypair;
use crate::opening::Mode;
use crate::talk::{Answer, Request, TalkError};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::chance::{Chance, random};

/// Seconds that a first message which did not open is known for: a slip's whole time.
const WRONG_S: i64 = 72 * 3600;
/// Seconds between two looks for what has ended.
const SWEEP_S: i64 = 60;
/// Sessions of one id.
const OF_ID: usize = 4;
/// First messages of somebody that are answered, and kept for repeats, at one time: more are silence until the oldest is forgotten.
const FIRSTS: usize = 1024;
/// First messages that did not open, and are known again.
const WRONG: usize = 65_536;

/// Where a session stands on the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    id: [u8; 4],
    serial: u64,
}

/// Something that was asked in a session.
#[derive(Debug)]
pub struct Asked<T> {
    /// In which.
    pub place: Place,
    /// Under which number.
    pub number: u32,
    /// Whose the session is.
    pub whose: T,
    /// What.
    pub request: Result<Request, TalkError>,
}

/// What comes of a frame.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way through")]
pub enum Heard<T> {
    /// Nothing is answered.
    Silence,
    /// This is answered.
    Answer(Vec<u8>),
    /// It is a first message: whom it names has to be looked up.
    First(First),
    /// Something is asked.
    Asked(Asked<T>),
}

/// The newest session of somebody, and the one that he began after it and has not used yet.
#[derive(Default)]
struct Newest {
    used: Option<Place>,
    begun: Option<Place>,
}

struct Kept {
    answer: Vec<u8>,
    of: [u8; 8],
    until: i64,
}

/// All sessions. `T` says whose one is.
pub struct Board<T> {
    own: Keypair,
    paper: bool,
    lines: BTreeMap<[u8; 4], Vec<Line<T>>>,
    newest: BTreeMap<[u8; 8], Newest>,
    firsts: BTreeMap<[u8; 16], Kept>,
    /// How many of them are whose.
    many: BTreeMap<[u8; 8], usize>,
    wrong: BTreeMap<[u8; 16], i64>,
    serial: u64,
    swept: i64,
}

impl<T: Clone> Board<T> {
    /// Of a server with this static key; `paper`: it takes the paper's variant as well.
    pub const fn new(own: Keypair, paper: bool) -> Self {
        Board {
            own,
            paper,
            lines: BTreeMap::new(),
            newest: BTreeMap::new(),
            firsts: BTreeMap::new(),
            many: BTreeMap::new(),
            wrong: BTreeMap::new(),
            serial: 0,
            swept: i64::MIN,
        }
    }

    /// Sessions there are.
    pub fn sessions(&self) -> usize {
        self.lines.values().map(Vec::len).sum()
    }

    /// Takes a frame. `now`: seconds since 1970-01-01T00:00:00Z.
    pub fn hear(&mut self, bytes: &[u8], now: i64) -> Heard<T> {
        self.sweep(now);
        let Some(frame) = Frame::read(bytes) else { return Heard::Silence };
        if frame.kind == Type::FromPhone {
            return self.hear_sealed(&frame, digest(bytes), now);
        }
        let known = digest(bytes);
        if let Some(kept) = self.firsts.get(&known) {
            return Heard::Answer(kept.answer.clone());
        }
        if self.wrong.contains_key(&known) {
            return Heard::Silence;
        }
        match First::read(&frame, &self.own) {
            Some(first) if first.mode() == Mode::Noise || self.paper => Heard::First(first),
            _ => Heard::Silence,
        }
    }

    fn hear_sealed(&mut self, frame: &Frame<'_>, known: [u8; 16], now: i64) -> Heard<T> {
        let Some(lines) = self.lines.get_mut(&frame.id) else { return Heard::Silence };
        for line in lines.iter() {
            if let Some(kept) = line.kept(&known) {
                return kept.map_or(Heard::Silence, |answer| Heard::Answer(answer.to_vec()));
            }
        }
        for line in lines.iter_mut() {
            let place = Place { id: frame.id, serial: line.serial };
            match line.open(frame, known, now) {
                Opened::Not => {}
                Opened::Silence => return Heard::Silence,
                Opened::Again(answer) => return Heard::Answer(answer),
                Opened::Asked(number, request) => {
                    let (whose, of) = (line.whose.clone(), line.of);
                    self.is_used(of, place);
                    return Heard::Asked(Asked { place, number, whose, request });
                }
            }
        }
        Heard::Silence
    }

    /// Notes that a first message did not open. `false`: it is known, and counts for nothing.
    pub fn did_not_open(&mut self, first: [u8; 16], now: i64) -> bool {
        // With so many that are wrong, slips end by their own tries.
        if self.wrong.len() >= WRONG {
            self.wrong.clear();
        }
        self.wrong.insert(first, now.saturating_add(WRONG_S)).is_none()
    }

    /// Begins a session: the second message. The same first message got its answer while it was looked up: that one. `of`: eight bytes that
    /// name whose it is; of his sessions that were begun and not used only the last is kept, and with the first use of one the others end.
    pub fn begin(
        &mut self,
        admitted: Admitted,
        of: [u8; 8],
        whose: T,
        chance: &mut dyn Chance,
        now: i64,
    ) -> Option<Vec<u8>> {
        let (id, known) = (admitted.id, admitted.digest);
        if let Some(kept) = self.firsts.get(&known) {
            return Some(kept.answer.clone());
        }
        if self.many.get(&of).is_some_and(|many| *many >= FIRSTS) {
            return None;
        }
        if let Some(before) = self.newest.get_mut(&of).and_then(|newest| newest.begun.take()) {
            self.end(before);
        }
        if self.lines.get(&id).is_some_and(|lines| lines.len() >= OF_ID) {
            return None;
        }
        let ephemeral = Zeroizing::new(random::<32>(chance));
        let (answer, split) = admitted.end(&ephemeral)?;
        self.serial += 1;
        let line = Line::new(self.serial, Link::new(Side::Server, id, split, now), of, whose);
        let lines = self.lines.entry(id).or_default();
        lines.reserve_exact(1);
        lines.push(line);
        self.newest.entry(of).or_default().begun = Some(Place { id, serial: self.serial });
        self.firsts.insert(known, Kept { answer: answer.clone(), of, until: now.saturating_add(KEPT_S) });
        *self.many.entry(of).or_default() += 1;
        Some(answer)
    }

    /// Seals the answer to what was asked, and keeps it for repeats.
    pub fn answer(&mut self, place: Place, number: u32, answer: &Answer, now: i64) -> Option<Vec<u8>> {
        self.line(place)?.answer(number, answer, now)
    }

    /// Gives up what was asked, without an answer: the same may be asked again.
    pub fn give_up(&mut self, place: Place, number: u32) {
        if let Some(line) = self.line(place) {
            line.give_up(number);
        }
    }

    /// Whose a session is, to be changed.
    pub fn whose(&mut self, place: Place) -> Option<&mut T> {
        self.line(place).map(|line| &mut line.whose)
    }

    fn line(&mut self, place: Place) -> Option<&mut Line<T>> {
        self.lines.get_mut(&place.id)?.iter_mut().find(|line| line.serial == place.serial)
    }

    /// Ends a session.
    pub fn end(&mut self, place: Place) {
        if let Some(lines) = self.lines.get_mut(&place.id) {
            lines.retain(|line| line.serial != place.serial);
            if lines.is_empty() {
                self.lines.remove(&place.id);
            }
        }
    }

    /// Ends all sessions of somebody.
    pub fn end_all(&mut self, of: [u8; 8]) {
        let Some(Newest { used, begun }) = self.newest.remove(&of) else { return };
        for place in [used, begun].into_iter().flatten() {
            self.end(place);
        }
    }

    fn is_used(&mut self, of: [u8; 8], place: Place) {
        let newest = self.newest.entry(of).or_default();
        if newest.used == Some(place) {
            return;
        }
        if newest.begun == Some(place) {
            newest.begun = None;
        }
        if let Some(before) = newest.used.replace(place) {
            self.end(before);
        }
    }

    /// Forgets what has ended.
    fn sweep(&mut self, now: i64) {
        if now.saturating_sub(self.swept) < SWEEP_S && now >= self.swept {
            return;
        }
        self.swept = now;
        self.firsts.retain(|_, kept| kept.until > now);
        self.many.clear();
        for kept in self.firsts.values() {
            *self.many.entry(kept.of).or_default() += 1;
        }
        self.wrong.retain(|_, until| *until > now);
        for lines in self.lines.values_mut() {
            lines.retain(|line| !line.is_over(now));
            for line in lines.iter_mut() {
                line.forget_answers(now);
            }
        }
        self.lines.retain(|_, lines| !lines.is_empty());
        let lines = &self.lines;
        let stands = |place: &Place| {
            lines.get(&place.id).is_some_and(|of| of.iter().any(|line| line.serial == place.serial))
        };
        self.newest.retain(|_, newest| {
            newest.used = newest.used.filter(stands);
            newest.begun = newest.begun.filter(stands);
            newest.used.is_some() || newest.begun.is_some()
        });
    }
}

impl<T> core::fmt::Debug for Board<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Board(..)")
    }
}
