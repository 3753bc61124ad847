//! A byte pipe in the terminal's place: one byte a character, no parity, no time [docs/specs/line.md 6].

use super::T0Card;
use super::card::{Heard, LineCard};
use super::character::{Character, Part};
use wire::line::{CHARACTER, Etu, RESET, TURN};

/// Which way a character goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the terminal.
    ToCard,
    /// From the card.
    FromCard,
}

/// A character that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Its leading edge.
    pub at: Etu,
    /// Direction.
    pub way: Way,
    /// The byte on the pipe: the bits as a receiver of the direct convention reads them.
    pub byte: u8,
    /// The byte it means: the same, or that of the inverse convention.
    pub value: u8,
    /// What it is part of.
    pub part: Part,
}

/// Clock frequency of a slot in Hz: 372 cycles are a bit of 9600 bit/s.
const FREQUENCY: u64 = 3_571_200;

/// A card behind a byte pipe. Bytes of the terminal count as sent as soon as the line allows.
pub struct Wire<C> {
    line: LineCard<C>,
    /// When the terminal's next character may begin.
    next: Etu,
}

impl<C: T0Card> Wire<C> {
    /// A card without power.
    pub const fn new(line: LineCard<C>) -> Self {
        Wire { line, next: Etu(0) }
    }

    /// The card on its line.
    pub const fn line(&self) -> &LineCard<C> {
        &self.line
    }

    /// The card on its line.
    pub const fn line_mut(&mut self) -> &mut LineCard<C> {
        &mut self.line
    }

    /// The card on its line, off the pipe.
    pub fn into_line(self) -> LineCard<C> {
        self.line
    }

    /// Power and RST, or RST alone: the characters of the ATR, none from a card that is gone.
    pub fn reset(&mut self) -> Vec<Passed> {
        self.line.activate(self.next.plus(RESET));
        let mut passed = Vec::new();
        self.hear_out(&mut passed);
        if let Some(last) = passed.last() {
            self.next = last.at.plus(CHARACTER);
        }
        passed
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {
        self.line.deactivate();
    }

    /// A byte of the terminal: the character it is, and what the card says to it.
    pub fn byte(&mut self, byte: u8) -> Vec<Passed> {
        let character = Character::from_pipe(byte, self.line.convention());
        let expected = self.line.expects();
        let at = self.next;
        let heard = self.line.hears(character, at);
        let part = match (heard, self.line.expects()) {
            (Heard::Taken, Part::Pps) => Part::Pps, // the first of a request is known by its value
            (Heard::Taken, _) => expected,
            _ => Part::Unheard,
        };
        self.next = at.plus(CHARACTER + self.line.guard());
        let mut passed = vec![Passed { at, way: Way::ToCard, byte, value: self.value(character), part }];
        self.hear_out(&mut passed);
        passed
    }

    /// The terminal refuses the card's last character: the card says it again.
    pub fn refuse(&mut self) -> Vec<Passed> {
        self.line.refused();
        let mut passed = Vec::new();
        self.hear_out(&mut passed);
        passed
    }

    /// What a character of this line means; none of them has a wrong parity.
    fn value(&self, character: Character) -> u8 {
        character.decode(self.line.convention()).unwrap_or(character.bits)
    }

    fn hear_out(&mut self, passed: &mut Vec<Passed>) {
        while let Some(said) = self.line.says() {
            self.next = said.at.plus(TURN);
            let value = self.value(said.character);
            passed.push(Passed {
                at: said.at,
                way: Way::FromCard,
                byte: said.character.bits,
                value,
                part: said.part,
            });
        }
    }

    /// So many etu at the speed in force, in nanoseconds.
    pub fn nanos(&self, etu: u64) -> u64 {
        let clock = self.line.clock();
        let cycles = etu.saturating_mul(u64::from(clock.f)) / u64::from(clock.d);
        cycles.saturating_mul(1_000_000_000) / FREQUENCY
    }
}
