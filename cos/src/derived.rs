//! Keys a card derived a moment ago.
//!
//! A card that makes others derives the master key of its target anew for every command about it. The same parent and factor give
//! the same child, so the last ones are kept in the card's RAM: they wipe themselves when they are replaced, and when the card
//! loses its power. Whoever asks has the parent key already, with whatever right that takes.

use keys::Key;

/// Children that are kept: of several targets that are made side by side, the master before and after.
const KEPT: usize = 8;

/// A child key with the parent and the factor it came of.
struct Child {
    parent: Key,
    factor: [u8; 8],
    key: Key,
}

/// The children derived last.
#[derive(Default)]
pub struct Derived {
    kept: [Option<Child>; KEPT],
    /// The place to be taken next.
    next: usize,
}

impl Derived {
    /// [`Key::diversify`] of the parent.
    pub fn child(&mut self, parent: &Key, factor: &[u8; 8]) -> Key {
        let known =
            self.kept.iter().flatten().find(|child| child.factor == *factor && child.parent == *parent);
        if let Some(child) = known {
            return child.key.clone();
        }
        let key = parent.diversify(factor);
        self.kept[self.next] = Some(Child { parent: parent.clone(), factor: *factor, key: key.clone() });
        self.next = (self.next + 1) % KEPT;
        key
    }
}
