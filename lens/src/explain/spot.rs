//! Where things stand in what was heard on a line, and what remains where two readings of the same bytes meet.

use super::said::Part;

/// Something that was found in bytes.
pub struct Spot {
    /// Its first byte.
    pub from: usize,
    /// Behind its last.
    pub end: usize,
    /// Whether it is whole, so that it is no chance that it looks so.
    pub is_whole: bool,
    /// What it is.
    pub part: Part,
}

impl Spot {
    const fn meets(&self, other: &Spot) -> bool {
        self.from < other.end && other.from < self.end
    }
}

/// What two protocols make of one line, in its order. What is whole counts; what is broken or cut, where nothing whole stands in its place.
/// Where both are sure, or neither is, the first has it.
pub fn merged(first: Vec<Spot>, second: Vec<Spot>) -> Vec<Part> {
    let (sure, doubtful): (Vec<_>, Vec<_>) =
        first.into_iter().chain(second).partition(|spot: &Spot| spot.is_whole);
    let mut kept: Vec<Spot> = Vec::new();
    for spot in sure.into_iter().chain(doubtful) {
        if !kept.iter().any(|there| there.meets(&spot)) {
            kept.push(spot);
        }
    }
    kept.sort_by_key(|spot| spot.from);
    kept.into_iter().map(|spot| spot.part).collect()
}
