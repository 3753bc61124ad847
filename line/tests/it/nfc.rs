//! NFC: blocks, the card's face, and what a field that goes leaves.

use crate::meter::{Meter, Said, ask, buy, chance, cut, data, read, read_address, setting};
use gridcard_line::nfc::block::{Block, crc_a, opened, sealed};
use gridcard_line::nfc::face::{AID, Does, Face};
use gridcard_line::nfc::reader::{Next, Reader};
use gridcard_line::nfc::{Nfc, RANGE_CM};
use gridcard_line::wire::{ByteLink, LinkError};
use gridcard_line::{FOREVER, Line, Setting};

#[test]
fn the_sum_is_that_of_the_standard() {
    // The two examples of ISO 14443-3, annex B.
    assert_eq!(crc_a(&[0x00, 0x00]), [0xA0, 0x1E]);
    assert_eq!(crc_a(&[0x12, 0x34]), [0x26, 0xCF]);
}

#[test]
fn blocks_are_what_they_were() {
    let blocks = [
        Block::Information { number: 1, more: true, data: vec![1, 2] },
        Block::Information { number: 0, more: false, data: Vec::new() },
        Block::Ack { number: 1 },
        Block::Nak { number: 0 },
        Block::Wait { factor: 59 },
        Block::Deselect,
    ];
    for block in blocks {
        let bytes = block.to_bytes();
        assert_eq!(Block::parse(&bytes), Some(block));
        for bit in 0..8 * bytes.len() {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Block::parse(&bent), None, "bit {bit}");
        }
    }
    // With a card's number: there is one card alone.
    assert_eq!(Block::parse(&sealed(vec![0x0A, 0x01])), None);
}

fn active() -> Face {
    let mut face = Face::new([8, 1, 2, 3]);
    assert_eq!(face.hear(&[0x26]), Does::Says(vec![4, 0]));
    let Does::Says(uid) = face.hear(&[0x93, 0x20]) else { panic!("no number") };
    assert_eq!(uid, [8, 1, 2, 3, 8]);
    let select = sealed([&[0x93, 0x70], &uid[..]].concat());
    assert_eq!(face.hear(&select), Does::Says(sealed(vec![0x20])));
    let Does::Says(told) = face.hear(&sealed(vec![0xE0, 0x80])) else { panic!("no answer to select") };
    assert_eq!(opened(&told), Some(&[5, 0x75, 0, 0x70, 0][..]));
    face
}

fn say(face: &mut Face, number: u8, command: &[u8]) -> Vec<u8> {
    let block = Block::Information { number, more: false, data: command.to_vec() };
    match face.hear(&block.to_bytes()) {
        Does::Says(bytes) => match Block::parse(&bytes) {
            Some(Block::Information { data, .. }) => data,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_application_comes_first_and_by_its_name() {
    let mut face = active();
    assert_eq!(say(&mut face, 0, &[0x80, 0xDA, 0, 0, 1, 0xFE, 0]), [0x69, 0x85], "before it is chosen");
    assert_eq!(say(&mut face, 1, &[0, 0xA4, 4, 0, 3, 0xA0, 0, 0, 0]), [0x6A, 0x82], "another one");
    assert_eq!(say(&mut face, 0, &[0x80, 0xDA, 0, 0, 1, 0xFE, 0]), [0x69, 0x85]);
    assert_eq!(say(&mut face, 1, &[0, 0xA4, 4, 0]), [0x6A, 0x82], "none at all");
    let select = [&[0, 0xA4, 4, 0, AID.len() as u8], AID, &[0]].concat();
    assert_eq!(say(&mut face, 0, &select), [0x90, 0x00]);
    assert_eq!(say(&mut face, 1, &[0, 0xB0, 0, 0, 4]), [0x6D, 0x00]);
    assert_eq!(say(&mut face, 0, &[0x80, 0xDA, 0, 0, 9, 1]), [0x67, 0x00], "cut off");
    assert_eq!(say(&mut face, 1, &[0]), [0x67, 0x00]);
    let asks = Block::Information { number: 0, more: false, data: vec![0x80, 0xDA, 0, 0, 1, 0xFE, 0] };
    assert_eq!(face.hear(&asks.to_bytes()), Does::Asks(vec![0xFE]));
    // The field goes: nothing goes on.
    face.lose();
    assert_eq!(face.hear(&asks.to_bytes()), Does::Nothing);
}

#[test]
fn what_does_not_come_is_asked_for_again() {
    let mut face = active();
    let mut reader = Reader::new(64);
    let select = [&[0, 0xA4, 4, 0, AID.len() as u8], AID, &[0]].concat();
    let mut run = |command: &[u8], lose: &dyn Fn(u32) -> bool| -> Option<Vec<u8>> {
        let (mut next, mut n) = (reader.begin(command), 0);
        loop {
            match next {
                Next::Send(bytes, _) => {
                    n += 1;
                    let mut said = None;
                    if !lose(n) {
                        said = match face.hear(&bytes) {
                            Does::Says(bytes) => Some(bytes),
                            Does::Asks(frame) => Some(face.answer(&[&frame[..], &[0x77; 300]].concat())),
                            Does::Nothing => None,
                        };
                    }
                    n += 1;
                    next = reader.hear(said.as_deref().filter(|_| !lose(n)));
                }
                Next::Done(answer) => return Some(answer),
                Next::Lost => return None,
            }
        }
    };
    assert_eq!(run(&select, &|_| false), Some(vec![0x90, 0x00]));
    let long = [&[0x80, 0xDA, 0, 0, 200][..], &[0x11; 200], &[0]].concat();
    let wanted = [&[0x11; 200][..], &[0x77; 56], &[0x61, 0xF4]].concat();
    let whole = run(&long, &|_| false);
    assert_eq!(whole, Some(wanted.clone()));
    // Each block lost in its turn, and each two after one another.
    for lost in 1..=14 {
        assert_eq!(run(&long, &|n| n == lost), Some(wanted.clone()), "block {lost}");
        assert_eq!(
            run(&long, &|n| n == lost || n == lost + 2),
            Some(wanted.clone()),
            "block {lost} and its repetition"
        );
    }
    assert_eq!(run(&long, &|n| n > 3), None, "nothing comes any more");
}

#[test]
fn a_meter_answers_over_the_field() {
    let mut meter = Meter::new(1);
    let mut line = Nfc::open(&Setting::default(), vec![&mut meter], chance(1)).unwrap();
    assert_eq!(data(ask(&mut line, &read_address())).len(), 6);
    assert_eq!(data(ask(&mut line, &read(1, 254))).len(), 255);
    for number in 1..10 {
        assert_eq!(data(ask(&mut line, &buy(1, number))), [number]);
    }
    // Longer than a command holds: in two.
    let mut frame = read(1, 1);
    frame.data.resize(255, 0);
    frame.data[0] = 250;
    assert_eq!(data(ask(&mut line, &frame)).len(), 251);
    let spent = line.spent();
    assert!(spent.least_us < spent.us && line.repeated() == 0, "{spent:?}");
}

#[test]
fn a_wrong_name_and_two_cards_have_words() {
    let mut meter = Meter::new(1);
    let error =
        Nfc::open_as(&Setting::default(), b"\xA0\0\0\0\x03", vec![&mut meter], chance(1)).err().unwrap();
    assert!(error.to_string().contains("the card answers 6A82"), "{error}");
    let (mut one, mut two) = (Meter::new(1), Meter::new(2));
    let error = Nfc::open(&Setting::default(), vec![&mut one, &mut two], chance(1)).err().unwrap();
    assert!(error.to_string().contains("several cards"), "{error}");
    let mut meter = Meter::new(1);
    let error = Nfc::open(&setting(2 * RANGE_CM, 0), vec![&mut meter], chance(1)).err().unwrap();
    assert!(matches!(error, LinkError::Absent { .. }) && error.to_string().contains("no card"), "{error}");
}

#[test]
fn a_field_that_goes_at_every_byte_loses_nothing_and_doubles_nothing() {
    let whole = {
        let mut meter = Meter::new(1);
        let mut line = Nfc::open(&Setting::default(), vec![&mut meter], chance(4)).unwrap();
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1]);
        line.spent().on_air
    };
    assert!(whole > 200, "{whole}");
    let (mut before, mut after) = (0, 0);
    for byte in 0..whole {
        for lasts in [1000, FOREVER] {
            let mut meter = Meter::new(1);
            match Nfc::open(&cut(byte, lasts), vec![&mut meter], chance(4)) {
                Ok(mut line) => {
                    let said = ask(&mut line, &buy(1, 1));
                    // A card that lost its field is another session, however short it was.
                    if let Said::Lost(error) = &said {
                        assert!(error.to_string().contains("the field is lost"), "byte {byte}: {error}");
                    } else {
                        assert_eq!(data(said), [1], "byte {byte}");
                    }
                    if lasts == 1000 {
                        // Held to it again on the same line.
                        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1], "byte {byte}");
                    }
                }
                Err(error) => {
                    assert!(lasts == FOREVER || matches!(error, LinkError::Failed(_)), "byte {byte}: {error}")
                }
            }
            if meter.count == 0 {
                before += 1
            } else {
                after += 1
            }
            let mut line = Nfc::open(&Setting::default(), vec![&mut meter], chance(9)).unwrap();
            assert_eq!(data(ask(&mut line, &buy(1, 1))), [1], "byte {byte}");
            drop(line);
            assert_eq!(meter.count, 1, "byte {byte}");
        }
    }
    assert!(before > 100 && after > 20, "{before} {after}");
}

#[test]
fn a_short_line_of_errors_is_repaired() {
    let (mut repeated, mut opened) = (0, 0);
    for seed in 0..30 {
        let mut meter = Meter::new(1);
        let Ok(mut line) = Nfc::open(&setting(RANGE_CM, 5), vec![&mut meter], chance(seed)) else { continue };
        opened += 1;
        if line.send(&buy(1, 1).to_bytes().unwrap()).is_ok() {
            repeated += line.repeated();
        }
        drop(line);
        assert!(meter.count <= 1 && meter.broken == 0);
    }
    assert!(opened > 3 && repeated > 3, "{opened} opened, {repeated} blocks again");
}
