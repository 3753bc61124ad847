//! Our own cards on their lines.

use crate::{Image, Slot, in_memory};
use applets::sim::Profile;
use cos::{Chip, Flow, Protocol};
use gridcard_vcard::line::{LineCard, Settings, Terminal};
use keys::Suite;
use scheme::profile::CardKind;
use wire::Channel;

fn card(kind: CardKind, protocol: Protocol) -> Slot {
    let chip = Chip { kind, suite: Suite::TripleDes, protocol, serial: [1, 2, 3, 4, 5, 6, 7, 8] };
    in_memory(Image::manufacture(&chip, 4096, false))
}

pub fn sim() -> Slot {
    made(Profile::Sim)
}

fn made(profile: Profile) -> Slot {
    let mask = applets::sim::Mask {
        profile,
        ki: [0x2B; 16],
        milenage: None,
        messages: 10,
        chv1: (*b"0000\xFF\xFF\xFF\xFF", false),
        chv2: *b"0000\xFF\xFF\xFF\xFF",
        puk: [*b"00000000"; 2],
        adm: *b"00000000",
    };
    in_memory(Image::manufacture_sim([9; 8], &mask).unwrap())
}

/// MF, KEY file, a binary file with 32 bytes; all free.
const SCRIPT: [&[u8]; 4] = [
    &[0x80, 0xE0, 0x3F, 0x00, 0x08, 0x38, 0xFF, 0xFF, 0xF0, 0xF0, 0x01, 0xFF, 0xFF],
    &[0x80, 0xE0, 0x00, 0x00, 0x07, 0x3F, 0x00, 0x80, 0x01, 0xF0, 0xFF, 0xFF],
    &[0x80, 0xE0, 0x00, 0x05, 0x07, 0x28, 0x00, 0x20, 0xF0, 0xF0, 0xFF, 0xFF],
    &[0x00, 0xD6, 0x85, 0x00, 0x04, 0xCA, 0xFE, 0xBA, 0xBE],
];

#[test]
fn the_table_tells_which_way_data_flow() {
    let esam = card(CardKind::Esam, Protocol::T0);
    for (header, flow) in [
        ([0x00, 0xA4, 0x00, 0x00], Flow::ToCard),
        ([0x00, 0x84, 0x00, 0x00], Flow::FromCard),
        ([0x00, 0xC0, 0x00, 0x00], Flow::FromCard),
        ([0xA0, 0xC0, 0x00, 0x00], Flow::Neither), // another dialect's
        ([0x00, 0xB0, 0x85, 0x00], Flow::FromCard),
        ([0x04, 0xB0, 0x85, 0x00], Flow::ToCard), // the MAC goes in
        ([0x00, 0xD6, 0x85, 0x00], Flow::ToCard),
        ([0x80, 0x0E, 0x00, 0x00], Flow::Neither), // ERASE DF
        ([0x80, 0xC2, 0x00, 0x00], Flow::ToCard),
        ([0x00, 0xFE, 0x00, 0x00], Flow::Neither), // no such instruction
        ([0xFF, 0xA4, 0x00, 0x00], Flow::Neither), // no such class
    ] {
        assert_eq!(esam.flow(header), flow, "{header:02X?}");
    }
    let sim = sim();
    assert_eq!(sim.flow([0xA0, 0xC0, 0, 0]), Flow::FromCard);
    assert_eq!(sim.flow([0xA0, 0xB2, 1, 4]), Flow::FromCard);
    assert_eq!(sim.flow([0xA0, 0xDC, 1, 4]), Flow::ToCard);
    // a UICC knows both classes, each by its own table
    let uicc = made(Profile::Uicc);
    for class in [0x00, 0xA0] {
        assert_eq!(uicc.flow([class, 0xC0, 0, 0]), Flow::FromCard);
        assert_eq!(uicc.flow([class, 0xB2, 1, 4]), Flow::FromCard);
        assert_eq!(uicc.flow([class, 0xDC, 1, 4]), Flow::ToCard);
    }
    assert_eq!(
        (uicc.flow([0x80, 0xF2, 0, 0]), uicc.flow([0x80, 0xC0, 0, 0])),
        (Flow::FromCard, Flow::FromCard)
    );
}

/// The UICC over characters: PPS is offered, both classes are spoken, a VERIFY without data asks for the tries.
#[test]
fn a_uicc_answers_the_same_over_its_line() {
    let script: &[&[u8]] = &[
        &[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00],
        &[0x00, 0xC0, 0x00, 0x00, 0x2B],
        &[0x00, 0xB2, 0x01, 0xF4, 0x26],
        &[0x00, 0xB2, 0x01, 0xF4, 0x00],
        &[0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02],
        &[0x00, 0xB0, 0x87, 0x00, 0x09],
        &[0x00, 0x20, 0x00, 0x01, 0x00],
        &[0x00, 0x20, 0x00, 0x81, 0x08, 0x30, 0x30, 0x30, 0x30, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x80, 0xF2, 0x00, 0x00, 0x10],
        &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, 0x20],
        &[0xA0, 0xC0, 0x00, 0x00, 0x17],
        &[0x80, 0x10, 0x00, 0x00, 0x02, 0xFF, 0xFF],
        &[0x01, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00],
    ];
    same_answers(made(Profile::Uicc), made(Profile::Uicc), script);
}

/// What a card answers over characters is what it answers in its slot.
fn same_answers(mut straight: Slot, of_line: Slot, script: &[&[u8]]) {
    let mut terminal = Terminal::new(LineCard::new(of_line, Settings::default()));
    assert_eq!(terminal.reset().unwrap(), straight.reset().unwrap());
    for command in script {
        let (over_line, at_once) = (terminal.transmit(command).unwrap(), straight.transmit(command).unwrap());
        assert_eq!(over_line, at_once, "{command:02X?}");
    }
}

#[test]
fn an_esam_answers_the_same_over_its_line() {
    let mut script = SCRIPT.to_vec();
    script.extend([
        &[0x00, 0xB0, 0x85, 0x00, 0x04][..],
        &[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00],
        &[0x00, 0xB0, 0x85, 0x00, 0x00],
        &[0x00, 0xB0, 0x85, 0x00, 0x30],
        &[0x00, 0xC0, 0x00, 0x00, 0x05],
        &[0x00, 0xFE, 0x00, 0x00, 0x02, 0x01, 0x02],
        &[0x12, 0xA4, 0x00, 0x00],
        &[0x00, 0xD6, 0x85, 0x00],
        &[0x80, 0x0E, 0x00, 0x00, 0x01],
    ]);
    same_answers(card(CardKind::Esam, Protocol::T0), card(CardKind::Esam, Protocol::T0), &script);
}

#[test]
fn a_sim_answers_the_same_over_its_line() {
    let script: &[&[u8]] = &[
        &[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00],
        &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, 0x10],
        &[0xA0, 0xC0, 0x00, 0x00, 0x16],
        &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x6F, 0x3C],
        &[0xA0, 0xC0, 0x00, 0x00, 0x0F],
        &[0xA0, 0xA2, 0x00, 0x10, 0x01, 0x00],
        &[0xA0, 0xC0, 0x00, 0x00, 0x01],
        &[0xA0, 0xB2, 0x01, 0x04, 0xB0],
        &[0xA0, 0xB2, 0x01, 0x04, 0x10],
        &[0xA0, 0x20, 0x00, 0x02, 0x08, 0x30, 0x30, 0x30, 0x30, 0xFF, 0xFF, 0xFF, 0xFF],
    ];
    same_answers(sim(), sim(), script);
}

#[test]
fn a_contactless_card_on_contacts_speaks_t0() {
    let mut slot = card(CardKind::Fmcos, Protocol::Direct);
    slot.on_contacts();
    let image = slot.image();
    let mut terminal = Terminal::new(LineCard::new(slot, Settings::default()));
    terminal.reset().unwrap();
    for command in SCRIPT {
        assert_eq!(terminal.transmit(command).unwrap(), [0x90, 0x00]);
    }
    // The FCI waits for GET RESPONSE.
    let answer = terminal.transmit(&[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]).unwrap();
    assert_eq!(answer[0], 0x61);
    let fci = terminal.transmit(&[0x00, 0xC0, 0x00, 0x00, answer[1]]).unwrap();
    assert_eq!(fci.len(), usize::from(answer[1]) + 2);
    // Its image says what it said.
    let kept = terminal.line().card().image();
    assert_eq!(kept.eeprom[..64], image.eeprom[..64]);
}

/// A blank ESAM chip with the files of the script.
pub fn esam() -> Slot {
    let mut slot = card(CardKind::Esam, Protocol::T0);
    for command in SCRIPT {
        assert_eq!(slot.transmit(command).unwrap(), [0x90, 0x00]);
    }
    slot
}
