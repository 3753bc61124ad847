//! The cards under fire: the sample images of `vcard/tests/images/v1`, one of every kind.

pub mod bodies;

use cos::{Card, Chip, RamNvm};
use std::path::Path;
use std::sync::OnceLock;
use vcard::Image;

const FILES: [(&str, &[u8]); 7] = [
    ("fmcos.card", include_bytes!("../../vcard/tests/images/v1/fmcos.card")),
    ("esam.card", include_bytes!("../../vcard/tests/images/v1/esam.card")),
    ("psam.card", include_bytes!("../../vcard/tests/images/v1/psam.card")),
    ("sim.card", include_bytes!("../../vcard/tests/images/v1/sim.card")),
    ("main-control.card", include_bytes!("../../vcard/tests/images/v1/main-control.card")),
    ("psam-issuing.card", include_bytes!("../../vcard/tests/images/v1/psam-issuing.card")),
    ("esam-issuing.card", include_bytes!("../../vcard/tests/images/v1/esam-issuing.card")),
];

fn images() -> &'static [Vec<u8>] {
    static IMAGES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let eeprom = |(name, bytes): &(&str, &[u8])| {
            Image::from_bytes(bytes, Path::new(name)).expect("a sample image loads").eeprom
        };
        FILES.iter().map(eeprom).collect()
    })
}

/// The card a selector byte names, under power; its random numbers are always the same.
pub fn card(selector: u8) -> Card<RamNvm> {
    let images = images();
    let image = images[usize::from(selector) % images.len()].clone();
    let entropy = Box::new(|out: &mut [u8]| out.fill(0x5A));
    let mut card =
        Card::new(RamNvm::from_bytes(image), entropy, applets::program_of).expect("a sample image is a card");
    card.power_on().expect("RAM does not lose its supply");
    card
}

/// Sends a command; the answer must have a status word and fit a short APDU.
pub fn send(card: &mut Card<RamNvm>, command: &[u8]) -> Vec<u8> {
    let answer = card.transmit(command);
    assert!((2..=258).contains(&answer.len()), "an answer of {} bytes", answer.len());
    let sw1 = answer[answer.len() - 2];
    assert!(matches!(sw1, 0x61..=0x6F | 0x90..=0x9F), "SW1 {sw1:02X}");
    answer
}

/// The card must still be one.
pub fn still_a_card(mut card: Card<RamNvm>) {
    use cos::Nvm;
    assert!(Chip::read(card.nvm().bytes()).is_ok());
    assert!(card.power_on().is_some());
}
