//! The operating system from outside: bytes in, bytes out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cuts;
mod derived;
mod desk;
mod furnished;
mod gsm;
mod hostile;
mod random;
mod sessions;
mod snapshot;
mod supply;
mod table;
mod tree;
mod uicc;
mod uicc_rows;

use gridcard_cos::table::Program;
use gridcard_cos::{Card, Chip, Protocol, RamNvm, fmcos};
use keys::Suite;
use scheme::profile::CardKind;
use std::sync::{Arc, Mutex};

/// A bare FMCOS card.
static BARE: Program = Program {
    name: "bare FMCOS card",
    dialect: &fmcos::DIALECT,
    commands: fmcos::SAM_COMMANDS,
    fill: 0xFF,
    atr: |_| vec![0x3B, 0x00],
};

fn bare(_: CardKind) -> Option<&'static Program> {
    Some(&BARE)
}

const CHIP: Chip = Chip {
    kind: CardKind::Fmcos,
    suite: Suite::TripleDes,
    protocol: Protocol::Direct,
    serial: [1, 2, 3, 4, 5, 6, 7, 8],
};

/// Random bytes that a test sets before the card asks for them.
type Random = Arc<Mutex<Vec<u8>>>;

fn entropy(random: &Random) -> Box<dyn scheme::Chance + Send> {
    let random = random.clone();
    Box::new(move |out: &mut [u8]| {
        let bytes = random.lock().unwrap();
        out.fill(0);
        let n = out.len().min(bytes.len());
        out[..n].copy_from_slice(&bytes[..n]);
    })
}

fn blank_of(
    program_of: fn(CardKind) -> Option<&'static Program>,
    chip: Chip,
    random: &Random,
) -> Card<RamNvm> {
    let mut nvm = RamNvm::erased(Chip::eeprom_size(8 * 1024));
    chip.manufacture(&mut nvm).unwrap();
    let mut card = Card::new(nvm, entropy(random), program_of).unwrap();
    card.power_on().unwrap();
    card
}
