//! The programs from outside: sessions with the SIM as text, its file tree against the standard's table, and bytes
//! that make no sense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod field;
mod nonsense;
mod programs;
mod rights;
mod services;
mod sessions;
mod tree;

use cos::{Card, Chip, Protocol, RamNvm};
use gridcard_applets::program_of;
use gridcard_applets::sim::{Mask, Profile};
use keys::Suite;
use scheme::Chance;

/// Challenges that say nothing: 01 02 03 ..
fn counting() -> Box<dyn Chance + Send> {
    Box::new(|out: &mut [u8]| {
        for (n, byte) in out.iter_mut().enumerate() {
            *byte = n as u8 + 1;
        }
    })
}

/// The SIM of all sessions: CHV1 `1234`, asked for; CHV2 `5678`; unblocking codes `11111111` and `22222222`; ADM1
/// `ADM1ADM1`.
fn mask(profile: Profile, messages: u8) -> Mask {
    Mask {
        profile,
        messages,
        chv1: (*b"1234\xFF\xFF\xFF\xFF", true),
        chv2: *b"5678\xFF\xFF\xFF\xFF",
        puk: [*b"11111111", *b"22222222"],
        adm: *b"ADM1ADM1",
        ki: [0x2B; 16],
        milenage: None,
    }
}

fn sim(messages: u8) -> Card<RamNvm> {
    made(Profile::Sim, messages)
}

fn made(profile: Profile, messages: u8) -> Card<RamNvm> {
    let mask = mask(profile, messages);
    let chip = Chip { kind: profile.kind(), suite: Suite::TripleDes, protocol: Protocol::T0, serial: [7; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(mask.user_bytes()));
    chip.manufacture(&mut nvm).unwrap();
    mask.burn(&mut nvm).unwrap();
    let mut card = Card::new(nvm, counting(), program_of).unwrap();
    card.power_on().unwrap();
    card
}

fn answer(card: &mut Card<RamNvm>, command: &str) -> String {
    hex::encode_upper(card.transmit(&hex::decode(command).unwrap()))
}
