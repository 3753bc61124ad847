//! The virtual card from outside: its image on disk, its slot, and the faults it plays on request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cards;
mod entropy;
mod faults;
mod hostile;
mod image;
mod images;
mod kept;
mod line;
mod slot;
mod vpcd;

use cos::{Chip, Protocol};
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, SeededChance, Slot};
use keys::Suite;
use scheme::profile::CardKind;
use std::path::Path;
use wire::Channel;

/// CREATE FILE MF, KEY file and a binary EF 0005 with free rights, then 4 bytes written: three commands that
/// create and one that changes.
const SCRIPT: [&[u8]; 4] = [
    &[0x80, 0xE0, 0x3F, 0x00, 0x08, 0x38, 0xFF, 0xFF, 0xF0, 0xF0, 0x01, 0xFF, 0xFF],
    &[0x80, 0xE0, 0x00, 0x00, 0x07, 0x3F, 0x00, 0x80, 0x01, 0xF0, 0xFF, 0xFF],
    &[0x80, 0xE0, 0x00, 0x05, 0x07, 0x28, 0x00, 0x20, 0xF0, 0xF0, 0xFF, 0xFF],
    UPDATE,
];
const UPDATE: &[u8] = &[0x00, 0xD6, 0x85, 0x00, 0x04, 0xCA, 0xFE, 0xBA, 0xBE];
const READ: &[u8] = &[0x00, 0xB0, 0x85, 0x00, 0x04];
const READS: &[u8] = &[0xCA, 0xFE, 0xBA, 0xBE, 0x90, 0x00];
const OK: &[u8] = &[0x90, 0x00];

fn chip(kind: CardKind) -> Image {
    let chip = Chip { kind, suite: Suite::Sm4, protocol: Protocol::Direct, serial: [1, 2, 3, 4, 5, 6, 7, 8] };
    Image::manufacture(&chip, 2048, false)
}

fn open(image: Image, path: &Path, keep: Keep) -> Slot {
    Slot::with_image(image, path, Box::new(SeededChance::new(1, "slot")), keep).unwrap()
}

fn in_memory(image: Image) -> Slot {
    open(image, "test.card".as_ref(), Keep::InMemory)
}

/// A PSAM chip after the script.
fn written() -> Slot {
    let mut slot = in_memory(chip(CardKind::Psam));
    for command in SCRIPT {
        assert_eq!(slot.transmit(command).unwrap(), OK);
    }
    slot
}
