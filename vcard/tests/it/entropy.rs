//! Random bytes that repeat from a seed, and those that do not.

use gridcard_vcard::{OsChance, SeededChance};
use scheme::Chance;

fn draw(mut entropy: impl Chance, pieces: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        let mut bytes = vec![0; *piece];
        entropy.fill(&mut bytes);
        out.extend(bytes);
    }
    out
}

#[test]
fn a_seed_and_a_label_repeat_whatever_the_portions() {
    let whole = draw(SeededChance::new(7, "a"), &[100]);
    assert_eq!(draw(SeededChance::new(7, "a"), &[1, 31, 4, 60, 4]), whole);
    assert_ne!(draw(SeededChance::new(7, "b"), &[100]), whole);
    assert_ne!(draw(SeededChance::new(8, "a"), &[100]), whole);
    assert_ne!(whole[..32], whole[32..64]);
}

#[test]
fn the_systems_generator_does_not_repeat() {
    assert_ne!(draw(OsChance, &[32]), draw(OsChance, &[32]));
}
