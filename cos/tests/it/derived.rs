//! The children a card remembers are those it would derive.

use gridcard_cos::derived::Derived;
use keys::{Key, Suite};

#[test]
fn a_remembered_child_is_the_one_that_is_derived() {
    for suite in Suite::ALL {
        let parents: Vec<Key> = (0..3).map(|n| Key::from_16(suite, [0x31 + 7 * n; 16])).collect();
        let mut derived = Derived::default();
        // Side by side and over and over, of more targets than are remembered.
        for round in 0..60_u64 {
            let factor = (round * round % 13).to_be_bytes();
            let parent = &parents[(round % 3) as usize];
            for _ in 0..2 {
                let child = derived.child(parent, &factor);
                assert!(child == parent.diversify(&factor), "{} in round {round}", suite.name());
            }
        }
    }
}
