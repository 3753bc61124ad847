//! Bytes that make no sense: every card answers something, and nothing of it moves a key, a code or a purse.

use super::{counting, made};
use cos::{Card, Chip, Nvm, Protocol, RamNvm};
use gridcard_applets::program_of;
use gridcard_applets::sim::Profile;
use keys::Suite;
use scheme::profile::CardKind;

/// Printed when a test fails: `cargo test` shows what a failing test said.
const SEED: u64 = 0x0A99_1E75;

/// Small generator; its whole state is a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    /// One of these, or anything.
    fn mostly(&mut self, of: &[u8]) -> u8 {
        if self.next() < 0xE0 { of[usize::from(self.next()) % of.len()] } else { self.next() }
    }

    /// A command whose class and instruction the card mostly knows, cut or lengthened anyhow.
    fn command(&mut self, classes: &[u8], instructions: &[u8]) -> Vec<u8> {
        let mut bytes = vec![self.mostly(classes), self.mostly(instructions)];
        bytes.extend([self.mostly(&[0, 1, 2, 0x39, 0x85]), self.mostly(&[0, 1, 2, 4, 0x0A])]);
        let len = usize::from(self.mostly(&[0, 2, 4, 8, 16, 26, 31, 71]));
        bytes.push(self.mostly(&[len as u8]));
        bytes.extend((0..len).map(|_| self.mostly(&[0x3F, 0x00, 0xE1, 0x80, 0xFF])));
        let keep =
            if self.next() < 0x20 { usize::from(self.next()) % (bytes.len() + 1) } else { bytes.len() };
        bytes.truncate(keep);
        if self.next() < 0x20 {
            bytes.push(self.next());
        }
        bytes
    }
}

fn chip(kind: CardKind, suite: Suite) -> Card<RamNvm> {
    let protocol = if kind == CardKind::Esam { Protocol::T0 } else { Protocol::Direct };
    let chip = Chip { kind, suite, protocol, serial: [9; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(4096));
    chip.manufacture(&mut nvm).unwrap();
    let mut card = Card::new(nvm, counting(), program_of).unwrap();
    card.power_on().unwrap();
    card
}

#[test]
fn every_fmcos_card_answers_whatever_comes() {
    let kinds = [CardKind::MainControl, CardKind::Psam, CardKind::Esam];
    for (kind, suite) in kinds.into_iter().flat_map(|kind| Suite::ALL.map(|suite| (kind, suite))) {
        let mut card = chip(kind, suite);
        let rows: Vec<u8> = program_of(kind).unwrap().rows().map(|row| row.ins).collect();
        let mut random = Random(SEED);
        for n in 0..4000 {
            // CREATE FILE often enough that the other commands find files to work on.
            let command = match n % 40 {
                0 => vec![0x80, 0xE0, 0x3F, 0x00, 0x08, 0x38, 0xFF, 0xFF, 0xF0, 0xF0, 0x01, 0xFF, 0xFF],
                1 => vec![0x80, 0xE0, 0x00, 0x00, 0x07, 0x3F, 0x00, 0x80, 0x01, 0xF0, 0xFF, 0xFF],
                2 => vec![0x80, 0xE0, 0x00, 0x05, 0x07, 0x28, 0x00, 0x20, 0xF0, 0xF0, 0xFF, 0xFF],
                _ => random.command(&[0x00, 0x80, 0x04, 0x84], &rows),
            };
            let answer = card.transmit(&command);
            let what = format!("{} {}, seed {SEED:X}, {n}: {command:02X?}", kind.name(), suite.name());
            assert!((2..=258).contains(&answer.len()), "{what}: {answer:02X?}");
            if n % 500 == 499 {
                card.power_on().unwrap();
            }
        }
    }
}

#[test]
fn a_sim_answers_whatever_comes_and_keeps_its_codes() {
    for profile in [Profile::Sim, Profile::Uicc] {
        whatever_comes(profile);
    }
}

fn whatever_comes(profile: Profile) {
    let mut card = made(profile, 10);
    let rows: Vec<u8> = program_of(profile.kind()).unwrap().rows().map(|row| row.ins).collect();
    let classes: &[u8] = if profile == Profile::Sim { &[0xA0] } else { &[0xA0, 0x00, 0x80] };
    let mut random = Random(SEED ^ 1);
    for n in 0..20_000 {
        let mut command = random.command(classes, &rows);
        if n % 7 == 0 {
            command = vec![0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, if n % 2 == 0 { 0x10 } else { 0x20 }];
        }
        let answer = card.transmit(&command);
        assert!((2..=258).contains(&answer.len()), "seed {SEED:X}, {n}: {command:02X?}: {answer:02X?}");
    }
    // Whoever guessed long enough has blocked the codes; nobody has found one, and no file was written.
    let mut fresh = made(profile, 10);
    card.power_on().unwrap();
    for command in ["A0B000000A", "A0A40000022FE2"] {
        let command = hex::decode(command).unwrap();
        assert_eq!(card.transmit(&command), fresh.transmit(&command));
    }
    let imsi = |card: &mut Card<RamNvm>| {
        for command in ["A0A40000027F20", "A0A40000026F07", "A0B0000009"] {
            let answer = card.transmit(&hex::decode(command).unwrap());
            if command.starts_with("A0B0") {
                return answer;
            }
        }
        Vec::new()
    };
    assert_eq!(imsi(&mut card), [0x98, 0x04], "CHV1 still stands before EF_IMSI");
    assert_eq!(imsi(&mut fresh), [0x98, 0x04]);
    assert_eq!(card.nvm().bytes().len(), fresh.nvm().bytes().len());
}
