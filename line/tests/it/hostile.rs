//! Bytes that nobody meant: each end takes them, and none ends by them.

use crate::meter::chance;
use gridcard_line::att::{Att, Server};
use gridcard_line::irda::frame::{Body, LapFrame};
use gridcard_line::irda::ircomm::{Service, Wires};
use gridcard_line::irda::lmp::{Unit, What};
use gridcard_line::irda::meter::MeterEnd;
use gridcard_line::irda::offer::Offer;
use gridcard_line::irda::phone::Phone;
use gridcard_line::irda::primary::Primary;
use gridcard_line::irda::secondary::Secondary;
use gridcard_line::irda::sir::{Unwrapper, wrap};
use gridcard_line::irda::{flow::Flow, ias};
use gridcard_line::nfc::block::{Block, sealed};
use gridcard_line::nfc::face::{Does, Face};
use gridcard_line::nfc::reader::Reader;

const ROUNDS: usize = 20_000;

/// Byte strings of up to `most` bytes, the same each run.
fn strings(seed: u64, most: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut chance = chance(seed);
    (0..ROUNDS).map(move |_| {
        let mut length = [0; 2];
        chance.fill(&mut length);
        let mut bytes = vec![0; usize::from(u16::from_le_bytes(length)) % (most + 1)];
        chance.fill(&mut bytes);
        bytes
    })
}

#[test]
fn what_is_read_is_what_is_written() {
    let (mut frames, mut units, mut blocks, mut attributes) = (0, 0, 0, 0);
    for bytes in strings(1, 24) {
        if let Some(frame) = LapFrame::parse(&bytes) {
            frames += 1;
            assert_eq!(LapFrame::parse(&frame.to_bytes()), Some(frame));
        }
        if let Some(unit) = Unit::parse(&bytes) {
            units += 1;
            assert_eq!(Unit::parse(&unit.to_bytes()), Some(unit));
        }
        if let Some(block) = Block::parse(&sealed(bytes.clone())) {
            blocks += 1;
            assert_eq!(Block::parse(&block.to_bytes()), Some(block));
        }
        if let Some(att) = Att::parse(&bytes) {
            attributes += 1;
            assert_eq!(Att::parse(&att.to_bytes()), Some(att));
        }
        if let Some(offer) = Offer::parse(&bytes) {
            let terms = offer.agree(Offer::USUAL);
            assert!(
                (9600..=115_200).contains(&terms.bits_per_s) && (1..=7).contains(&terms.window),
                "{terms:?}"
            );
            assert!((64..=256).contains(&terms.size) && terms.threshold_us >= 3_000_000, "{terms:?}");
        }
        ias::asked(&bytes);
        ias::told(&bytes);
    }
    assert!(
        frames > 1000 && units > 1000 && blocks > 100 && attributes > 10,
        "{frames} {units} {blocks} {attributes}"
    );
}

#[test]
fn no_end_of_irda_ends_by_what_it_hears() {
    let (mut meter, mut phone) = (Secondary::new(7, Offer::USUAL), Primary::new(9, 0x21, Offer::USUAL));
    let snrm = Body::Snrm { source: 9, target: 7, connection: 0x21, offer: Offer::USUAL.to_bytes() };
    meter.hear(LapFrame { address: 0x7F, command: true, poll: true, body: snrm }, 0, &mut |_| 0);
    assert!(meter.terms().is_some());
    let (mut end, mut mux) = (MeterEnd::new(64), Phone::new(Service::NineWire, 64));
    let mut wires = Wires::new(Service::NineWire, false, 64);
    let (mut flow, mut unwrapper, mut said) = (Flow::default(), Unwrapper::default(), 0);
    for (n, mut bytes) in (0..).zip(strings(2, 300)) {
        for byte in wrap(&bytes, 1).iter().chain(&bytes) {
            unwrapper.push(*byte);
        }
        // To whom it may concern.
        if let Some(first) = bytes.first_mut().filter(|_| n % 2 == 0) {
            *first = 0x21 << 1 | u8::from(n % 4 == 0);
        }
        if let Some(frame) = LapFrame::parse(&bytes) {
            flow.hear(frame.body.clone());
            phone.hear(frame.clone());
            meter.hear(frame, n, &mut |below| below - 1);
            said += meter.turn().len();
        }
        while meter.pop().is_some() {}
        assert!(flow.turn(7).len() == 1);
        end.hear(&bytes);
        mux.hear(&bytes);
        wires.hear(&bytes);
        while end.next_unit().is_some() || wires.next_unit().is_some() {}
        wires.incoming().clear();
        if let Some(open) = end.wires() {
            open.incoming().clear();
        }
    }
    assert!(said > 100, "{said}");
}

#[test]
fn a_port_is_one_phones_at_a_time() {
    let mut end = MeterEnd::new(256);
    let unit = |to, from, what| Unit { to, from, what }.to_bytes();
    end.hear(&unit(4, 0x21, What::Connect(vec![14])));
    assert_eq!(end.next_unit(), Some(unit(0x21, 4, What::Confirm(vec![14]))));
    // The second has no port, and does not take the first one's away.
    end.hear(&unit(3, 0x22, What::Connect(Vec::new())));
    assert_eq!(end.next_unit(), Some(unit(0x22, 3, What::Disconnect)));
    end.hear(&unit(4, 0x22, What::Data(vec![0, 0, 9])));
    end.hear(&unit(4, 0x22, What::Disconnect));
    assert!(end.wires().is_some_and(|wires| wires.incoming().is_empty()));
    end.hear(&unit(4, 0x21, What::Data(vec![0, 0, 9])));
    assert_eq!(end.wires().unwrap().incoming().drain(..).collect::<Vec<_>>(), [9]);
    end.hear(&unit(4, 0x21, What::Disconnect));
    assert!(end.wires().is_none());
    // No such selector, and no such class.
    end.hear(&unit(9, 0x21, What::Connect(Vec::new())));
    assert_eq!(end.next_unit(), Some(unit(0x21, 9, What::Disconnect)));
    end.hear(&unit(0, 0x20, What::Data(ias::query("IrDA:TinyTP", "x"))));
    assert_eq!(end.next_unit(), Some(unit(0x20, 0, What::Data(vec![0x84, 1]))));
}

#[test]
fn no_card_and_no_server_ends_by_what_it_hears() {
    let (mut face, mut reader, mut server) = (Face::new([8, 1, 2, 3]), Reader::new(64), Server::new(185));
    let (mut said, mut asked) = (0, 0);
    reader.begin(&[0; 300]);
    for (n, bytes) in (0..).zip(strings(3, 120)) {
        if n % 500 == 0 {
            for start in [
                vec![0x26],
                vec![0x93, 0x20],
                sealed(vec![0x93, 0x70, 8, 1, 2, 3, 8]),
                sealed(vec![0xE0, 0x80]),
            ] {
                face.hear(&start);
            }
            let select = b"\x02\x00\xA4\x04\x00\x09\xF0gridcard";
            face.hear(&sealed(select.to_vec()));
        }
        let mut block = bytes.clone();
        if let Some(first) = block.first_mut() {
            *first = [0x02, 0x03, 0x12, 0xA2, 0xA3, 0xB2, 0xF2][n % 7];
        }
        if let Some(place) = block.get_mut(1..5).filter(|_| n % 3 == 0) {
            place.copy_from_slice(&[0x80, 0xDA, 0, 0]);
        }
        match face.hear(&sealed(block)) {
            Does::Says(_) => said += 1,
            Does::Asks(frame) => {
                asked += 1;
                face.answer(&frame);
            }
            Does::Nothing => {}
        }
        reader.hear(Some(&sealed(bytes.clone())));
        let (answer, value) = server.hear(&bytes);
        assert!(value.len() <= 182 && answer.is_none_or(|answer| answer.to_bytes().len() <= 5));
    }
    assert!(said > 1000 && asked > 0, "{said} {asked}");
}
