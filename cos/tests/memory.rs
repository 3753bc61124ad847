//! What a card costs a process: ten thousand of them must fit beside a server. In a binary of its own, because it measures
//! the process, the allocator's own share included.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

use gridcard_cos::table::Program;
use gridcard_cos::{Card, Chip, Protocol, RamNvm, fmcos};
use keys::Suite;
use scheme::profile::CardKind;

/// Bytes of RAM this process holds [proc(5), status, VmRSS].
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells it");
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

static PROGRAM: Program = Program {
    name: "bare FMCOS card",
    dialect: &fmcos::DIALECT,
    commands: fmcos::SAM_COMMANDS,
    fill: 0xFF,
    atr: |_| vec![0x3B, 0x00],
};

/// Bytes of files on each card.
const USER: usize = 8 * 1024;
/// What a card may cost beside its EEPROM.
const ALLOWANCE: usize = 16 * 1024;
const CARDS: usize = 10_000;

/// MF, KEY file, master key, a file, a challenge and a long write: every buffer of a card has been in use.
const LIFE: [&str; 6] = [
    "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
    "80E00000073F020001F0FFFF",
    "80D401001539F0F0AA33000102030405060708090A0B0C0D0E0F",
    "80E0000507280100F0F0FFFF",
    "00B0850000",
    "0084000008",
];

fn card(number: usize) -> Card<RamNvm> {
    let mut serial = [0; 8];
    serial[4..].copy_from_slice(&(number as u32).to_be_bytes());
    let chip = Chip { kind: CardKind::Fmcos, suite: Suite::Sm4, protocol: Protocol::T0, serial };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(USER));
    chip.manufacture(&mut nvm).unwrap();
    let mut card = Card::new(nvm, Box::new(|out: &mut [u8]| out.fill(7)), |_| Some(&PROGRAM)).unwrap();
    card.power_on().unwrap();
    for command in LIFE {
        let answer = card.transmit(&hex::decode(command).unwrap());
        assert!(matches!(answer[answer.len() - 2], 0x90 | 0x62 | 0x6C), "{command}: {answer:02X?}");
    }
    let long = [&[0x00, 0xD6, 0x85, 0x00, 0xEF][..], &[0x5A; 0xEF]].concat();
    assert_eq!(card.transmit(&long), [0x90, 0x00]);
    card
}

#[test]
fn ten_thousand_cards_fit() {
    // what the first card alone brings, such as code pages, is not a card's cost
    drop(card(0));
    let before = resident();
    let cards: Vec<_> = (0..CARDS).map(card).collect();
    let each = (resident() - before) / CARDS;
    let eeprom = Chip::eeprom_size(USER);
    println!(
        "{each} bytes a card: EEPROM {eeprom}, beside it {}, of which {} are the type; {CARDS} cards take {} MiB",
        each - eeprom,
        size_of::<Card<RamNvm>>(),
        each * CARDS / (1 << 20)
    );
    assert!(each >= eeprom, "the measure misses the EEPROM");
    assert!(each <= eeprom + ALLOWANCE, "{each} bytes a card");
    assert_eq!(cards.len(), CARDS);
}
