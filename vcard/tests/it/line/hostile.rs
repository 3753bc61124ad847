//! Anything at all on the line: no panic, no silence that a reset does not end, and time that only goes forward.

use super::tree::{esam, sim};
use gridcard_vcard::line::{Acknowledge, Character, Heard, LineCard, Settings};
use gridcard_vcard::{SeededChance, Slot};
use scheme::Chance;
use wire::atr::Convention;
use wire::line::{Etu, RESET_LATEST};

/// Acts on one line.
const ACTS: u32 = 30_000;

fn byte(chance: &mut SeededChance) -> u8 {
    let mut byte = [0];
    chance.fill(&mut byte);
    byte[0]
}

/// Bytes that lead somewhere more often than chance would.
fn likely(chance: &mut SeededChance) -> u8 {
    const LIKELY: [u8; 16] =
        [0x00, 0xA0, 0x80, 0x84, 0xA4, 0xB0, 0xB2, 0xC0, 0xD6, 0xDC, 0xA2, 0x02, 0x3F, 0x7F, 0x10, 0xFF];
    match byte(chance) {
        n @ 0..0x80 => LIKELY[usize::from(n) % LIKELY.len()],
        _ => byte(chance),
    }
}

#[allow(clippy::print_stdout, reason = "the seed of a run that fails")]
fn torment(card: Slot, seed: u64, settings: Settings) {
    println!("seed {seed}: repeat with torment(.., {seed}, ..)");
    let mut chance = SeededChance::new(seed, "line");
    let mut line = LineCard::new(card, settings);
    let convention = settings.convention.unwrap_or(Convention::Direct);
    // Next character of the terminal; earliest of the card; characters of the card.
    let (mut now, mut earliest, mut answers) = (0, 0, 0);
    for act in 0..ACTS {
        match byte(&mut chance) {
            0 => {
                line.activate(Etu(now));
                earliest = now + 2;
            }
            1 => line.deactivate(),
            2..10 => line.refused(),
            _ => {
                let character = Character::encode(likely(&mut chance), convention);
                let bit = byte(&mut chance);
                let character = if bit < 6 { character.flipped(bit) } else { character };
                if line.hears(character, Etu(now)) == Heard::Taken {
                    earliest = now + 16;
                }
                now += 12;
            }
        }
        // Now and then the card is cut short.
        let most = if byte(&mut chance) < 8 { 3 } else { usize::MAX };
        for said in std::iter::from_fn(|| line.says()).take(most) {
            assert!(said.at.0 >= earliest, "act {act}: {} is before {earliest}", said.at.0);
            earliest = said.at.0 + 12;
            now = now.max(said.at.0 + 16);
            answers += 1;
        }
    }
    assert!(answers > ACTS / 10, "{answers} characters of the card are no conversation");
    line.activate(Etu(now));
    let first = line.says().unwrap();
    assert!(first.at.0 - now <= RESET_LATEST);
    assert_eq!(first.character.decode(convention), Some(convention.ts()));
}

#[test]
fn no_sequence_of_characters_harms_a_card() {
    let slow = Settings {
        convention: Some(Convention::Inverse),
        acknowledge: Acknowledge::Singly(3),
        nulls: 1,
        work: Etu(11_000),
        ..Settings::default()
    };
    for seed in 1..=3 {
        torment(sim(), seed, Settings::default());
        torment(esam(), seed, Settings::default());
        torment(sim(), seed, slow);
    }
}
