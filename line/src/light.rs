//! Bytes as light: one that sends bits, one that samples them, and the sky in which everything that shines adds up.
//!
//! Light is a 0, dark is a 1 and the rest. What a receiver makes of light that was sent at another speed, with another parity or by two at once
//! follows from where it samples.

use crate::air::Air;

/// The bit that is added to eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// None.
    None,
    /// The ones are even in number.
    Even,
    /// They are odd in number.
    Odd,
}

/// How a byte stands on the line: a bit to begin, eight from the lowest on, the parity, a bit to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Bits a second.
    pub bits_per_s: u32,
    /// Parity.
    pub parity: Parity,
}

impl Format {
    /// Bits of a byte on the line.
    pub const fn bits(self) -> u64 {
        match self.parity {
            Parity::None => 10,
            _ => 11,
        }
    }

    /// Microseconds of half bits.
    const fn halves(self, halves: u64) -> u64 {
        halves * 500_000 / if self.bits_per_s == 0 { 1 } else { self.bits_per_s as u64 }
    }

    /// Microseconds of so many bytes without a pause.
    pub const fn time(self, bytes: u64) -> u64 {
        self.halves(2 * self.bits() * bytes)
    }

    /// A byte's bits, the first one lowest.
    const fn frame(self, byte: u8) -> u32 {
        let odd = byte.count_ones() % 2;
        let data = (byte as u32) << 1;
        match self.parity {
            Parity::None => data | 1 << 9,
            Parity::Even => data | odd << 9 | 1 << 10,
            Parity::Odd => data | (1 - odd) << 9 | 1 << 10,
        }
    }
}

/// What one sent without a pause.
#[derive(Debug, Clone)]
pub struct Shine {
    /// Who.
    pub who: usize,
    /// When it began.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// When there was light, in order.
    lit: Vec<(u64, u64)>,
}

impl Shine {
    /// Bytes from a time on, as the air lets them through.
    pub fn of(who: usize, bytes: &[u8], from: u64, format: Format, air: &mut Air) -> Self {
        let mut lit: Vec<(u64, u64)> = Vec::with_capacity(4 * bytes.len());
        for (n, byte) in (0..).zip(bytes) {
            let first = 2 * format.bits() * n;
            if !air.carries(from + format.halves(first)) {
                continue;
            }
            let bits = format.frame(*byte) ^ air.wrong_bits(format.bits());
            for bit in (0..format.bits()).filter(|bit| bits & (1 << bit) == 0) {
                let (begin, end) =
                    (from + format.halves(first + 2 * bit), from + format.halves(first + 2 * bit + 2));
                match lit.last_mut() {
                    Some(last) if last.1 == begin => last.1 = end,
                    _ => lit.push((begin, end)),
                }
            }
        }
        let to = from + format.time(bytes.len() as u64);
        // A lamp flares up in the pause behind it too.
        flares(&mut lit, from, to + 100_000, air);
        Shine { who, from, to, lit }
    }

    fn is_lit(&self, at: u64) -> bool {
        let next = self.lit.partition_point(|(_, end)| *end <= at);
        self.lit.get(next).is_some_and(|(begin, _)| *begin <= at)
    }

    /// The first moment from then on with light.
    fn next(&self, at: u64) -> Option<u64> {
        let next = self.lit.partition_point(|(_, end)| *end <= at);
        self.lit.get(next).map(|(begin, _)| at.max(*begin))
    }
}

/// A lamp shines in between.
fn flares(lit: &mut Vec<(u64, u64)>, from: u64, to: u64, air: &mut Air) {
    let mut tenth = from;
    while tenth < to {
        if air.flares() {
            let begin = tenth + air.draw(0, 99_000);
            let end = begin + air.draw(500, 4000);
            // What shines already is not lit twice.
            lit.retain(|(first, last)| *last <= begin || *first >= end);
            let place = lit.partition_point(|(first, _)| *first < begin);
            lit.insert(place, (begin, end));
        }
        tenth += 100_000;
    }
}

/// A byte that was made out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What it reads as: 00 when parity or end are wrong, as operating systems hand it on.
    pub byte: u8,
    /// When its last bit was sampled.
    pub at: u64,
    /// Parity or end are wrong.
    pub damaged: bool,
}

/// One who listens.
#[derive(Debug, Clone)]
pub struct Ear {
    /// Who: what he sends himself he hears only with an echo.
    pub who: usize,
    /// How he samples.
    pub format: Format,
    /// Whether he sees his own light.
    pub echo: bool,
    /// When he is blinded.
    pub deaf: Vec<(u64, u64)>,
    /// From when on he has not listened yet.
    pub from: u64,
}

impl Ear {
    /// One who has heard nothing.
    pub const fn new(who: usize, format: Format) -> Self {
        Ear { who, format, echo: false, deaf: Vec::new(), from: 0 }
    }

    /// Hears nothing between two times.
    pub fn shut(&mut self, from: u64, to: u64) {
        // What is over needs not be kept.
        self.deaf.retain(|(_, end)| *end > self.from);
        self.deaf.push((from, to));
    }

    fn is_deaf(&self, at: u64) -> bool {
        self.deaf.iter().any(|(from, to)| *from <= at && at < *to)
    }
}

/// All that shines.
#[derive(Debug, Clone, Default)]
pub struct Sky {
    shines: Vec<Shine>,
}

impl Sky {
    /// Something shines; what ended before `kept` is forgotten.
    pub fn add(&mut self, shine: Shine, kept: u64) {
        self.shines.retain(|old| old.to >= kept);
        self.shines.push(shine);
    }

    /// When the last of it ends.
    pub fn end(&self) -> u64 {
        self.shines.iter().map(|shine| shine.to).max().unwrap_or(0)
    }

    /// When the last of what began before a time ends.
    pub fn end_of_before(&self, begun: u64) -> u64 {
        self.shines.iter().filter(|shine| shine.from < begun).map(|shine| shine.to).max().unwrap_or(0)
    }

    /// When the first of what is not over at a time ends.
    pub fn next_end(&self, after: u64) -> Option<u64> {
        self.shines.iter().map(|shine| shine.to).filter(|end| *end > after).min()
    }

    fn seen<'s>(&'s self, ear: &'s Ear) -> impl Iterator<Item = &'s Shine> {
        self.shines.iter().filter(|shine| ear.echo || shine.who != ear.who)
    }

    fn is_lit(&self, ear: &Ear, at: u64) -> bool {
        !ear.is_deaf(at) && self.seen(ear).any(|shine| shine.is_lit(at))
    }

    /// The first moment from then on at which he sees light.
    fn next(&self, ear: &Ear, mut at: u64) -> Option<u64> {
        loop {
            let found = self.seen(ear).filter_map(|shine| shine.next(at)).min()?;
            match ear.deaf.iter().filter(|(from, to)| *from <= found && found < *to).map(|(_, to)| *to).max()
            {
                Some(end) => at = end,
                None => return Some(found),
            }
        }
    }

    /// What somebody makes out until a time; a byte that is not over by then he hears later.
    pub fn listen(&self, ear: &mut Ear, until: u64) -> Vec<Heard> {
        let (format, mut out) = (ear.format, Vec::new());
        let last = 2 * format.bits() - 1;
        while let Some(start) = self.next(ear, ear.from) {
            let end = start + format.halves(last);
            if end > until {
                ear.from = ear.from.max(start.min(until));
                return out;
            }
            if !self.is_lit(ear, start + format.halves(1)) {
                // Too short to begin a byte.
                ear.from = start + format.halves(1);
                continue;
            }
            let dark = |bit: u64| !self.is_lit(ear, start + format.halves(2 * bit + 1));
            let byte = (0..8).filter(|bit| dark(bit + 1)).fold(0, |byte: u8, bit| byte | 1 << bit);
            let expected = format.frame(byte);
            let right = (9..format.bits()).all(|bit| dark(bit) == (expected & (1 << bit) != 0));
            out.push(Heard { byte: if right { byte } else { 0 }, at: end, damaged: !right });
            ear.from = end;
            // A byte that does not end: the next one begins after a rest.
            while self.is_lit(ear, ear.from) && !right && ear.from < until {
                ear.from += format.halves(1).max(1);
            }
        }
        ear.from = ear.from.max(until.min(self.end()));
        out
    }
}
