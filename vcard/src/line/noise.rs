//! Disturbance on the line: characters whose bits arrive turned.

use super::character::Character;
use super::wire::Way;

/// One disturbance: the character of that number in that direction, and so many of its repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupt {
    /// Direction.
    pub way: Way,
    /// Number of the character since the line was made, from 0, repetitions counted too.
    pub number: u64,
    /// How many characters from there on, at least 1 to do anything.
    pub times: u64,
    /// Which bit turns: 0 to 7 a data bit, 8 the parity.
    pub bit: u8,
}

/// Disturbances of a line and the characters it carried.
#[derive(Debug, Clone, Default)]
pub struct Noise {
    planned: Vec<Corrupt>,
    to_card: u64,
    from_card: u64,
}

impl Noise {
    /// A quiet line.
    pub fn none() -> Self {
        Noise::default()
    }

    /// A line with these disturbances.
    pub fn planned(planned: Vec<Corrupt>) -> Self {
        Noise { planned, ..Noise::default() }
    }

    /// Plans one more.
    pub fn add(&mut self, corrupt: Corrupt) {
        self.planned.push(corrupt);
    }

    /// Characters carried in a direction, repetitions counted too.
    pub const fn carried(&self, way: Way) -> u64 {
        match way {
            Way::ToCard => self.to_card,
            Way::FromCard => self.from_card,
        }
    }

    /// The character as it arrives.
    pub(super) fn pass(&mut self, way: Way, character: Character) -> Character {
        let count = match way {
            Way::ToCard => &mut self.to_card,
            Way::FromCard => &mut self.from_card,
        };
        let number = *count;
        *count += 1;
        let hits = |corrupt: &&Corrupt| {
            corrupt.way == way
                && (corrupt.number..corrupt.number.saturating_add(corrupt.times)).contains(&number)
        };
        self.planned.iter().filter(hits).fold(character, |character, corrupt| character.flipped(corrupt.bit))
    }
}
