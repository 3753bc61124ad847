//! Bluetooth: a stream that splits and merges, and chunks.

use crate::meter::{Meter, Said, ask, buy, chance, cut, data, read, read_address, setting};
use gridcard_line::att::{AROUND, Att, Server};
use gridcard_line::ble::{Ble, RANGE_CM};
use gridcard_line::bluetooth::Bluetooth;
use gridcard_line::kind::Kind;
use gridcard_line::wire::{ByteLink, LinkError};
use gridcard_line::{FOREVER, Setting};
use std::time::Duration;

/// What comes in which pieces.
fn pieces(line: &mut dyn ByteLink) -> Vec<usize> {
    let (mut out, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        match line.receive(&mut buffer, Duration::from_secs(5)).unwrap() {
            0 => return out,
            length => out.push(length),
        }
    }
}

#[test]
fn a_stream_splits_and_merges() {
    let mut seen = Vec::new();
    for seed in 0..20 {
        let mut meter = Meter::new(1);
        let mut line = Bluetooth::open(&Setting::default(), &mut meter, chance(seed)).unwrap();
        // Two requests at once: one stream.
        let asked = [read(1, 30).to_bytes().unwrap(), read(1, 60).to_bytes().unwrap()].concat();
        line.send(&asked).unwrap();
        seen.push(pieces(&mut line));
        drop(line);
        assert_eq!(meter.frames, 2);
    }
    assert!(seen.iter().all(|pieces| pieces.iter().sum::<usize>() == 12 + 31 + 12 + 61));
    assert!(seen.iter().any(|pieces| pieces.iter().all(|piece| *piece != 43)), "a boundary is not kept");
    assert!(seen.iter().any(|pieces| pieces.len() > 4));
    seen.dedup();
    assert!(seen.len() > 15, "each seed cuts otherwise");
}

#[test]
fn chunks_are_what_both_ends_take() {
    for (phone, wanted) in [(23, 23), (100, 100), (517, 185)] {
        let mut meter = Meter::new(1);
        let mut line = Ble::open_with(&Setting::default(), phone, &mut meter, chance(1)).unwrap();
        assert_eq!(line.mtu(), wanted);
        line.send(&read(1, 199).to_bytes().unwrap()).unwrap();
        let pieces = pieces(&mut line);
        let (last, whole) = pieces.split_last().unwrap();
        let most = usize::from(wanted) - AROUND;
        assert!(whole.iter().all(|piece| *piece == most) && *last <= most, "{pieces:?}");
        assert_eq!(pieces.iter().sum::<usize>(), 212);
    }
}

#[test]
fn a_server_tells_nobody_who_did_not_ask_and_takes_no_more_than_agreed() {
    let mut server = Server::new(185);
    assert!(server.notices(&[1, 2, 3]).is_empty());
    assert_eq!(server.hear(&Att::Write(vec![0; 21]).to_bytes()), (None, vec![]), "21 and 3 are more than 23");
    assert_eq!(server.hear(&Att::Write(vec![7; 20]).to_bytes()).1.len(), 20);
    assert_eq!(server.hear(&Att::Mtu(9).to_bytes()), (Some(Att::MtuIs(185)), vec![]));
    assert_eq!(
        server.hear(&Att::Write(vec![0; 21]).to_bytes()).1.len(),
        0,
        "never less than 23 is agreed on"
    );
    assert_eq!(server.hear(&[0x0A, 0x12, 0x00]).0, Some(Att::Refused(0x0A)), "a request that it has not");
    assert_eq!(server.hear(&[0x52, 0x99, 0x00, 1]), (None, vec![]));
    assert_eq!(server.hear(&Att::Subscribe.to_bytes()).0, Some(Att::Written));
    assert_eq!(server.notices(&[0; 45]).len(), 3);
}

#[test]
fn meters_answer_and_out_of_reach_there_are_words() {
    for kind in [Kind::Bluetooth, Kind::Ble] {
        let mut meter = Meter::new(1);
        let mut line = kind.open(&Setting::default(), &mut meter, chance(1)).unwrap();
        assert_eq!(data(ask(&mut *line, &read_address())).len(), 6);
        assert_eq!(data(ask(&mut *line, &read(1, 254))).len(), 255);
        assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1]);
        let spent = line.spent();
        assert!(spent.least_us < spent.us, "{spent:?}");
        let mut meter = Meter::new(1);
        let error = kind.open(&setting(2 * RANGE_CM, 0), &mut meter, chance(1)).err().unwrap();
        assert!(error.to_string().contains("go nearer"), "{error}");
        // Past its range packets go again; the stream is whole.
        let (mut answered, mut opened) = (0, 0);
        for seed in 0..20 {
            let mut meter = Meter::new(1);
            let Ok(mut line) = kind.open(&setting(RANGE_CM * 12 / 10, 0), &mut meter, chance(seed)) else {
                continue;
            };
            opened += 1;
            answered += u32::from(matches!(ask(&mut *line, &buy(1, 1)), Said::Frame(_)));
            drop(line);
            assert!(meter.broken == 0 && meter.count <= 1);
        }
        assert!(opened > 0 && answered > 0, "{}: {opened} {answered}", kind.name());
    }
}

#[test]
fn a_link_that_goes_at_every_byte_loses_nothing_and_doubles_nothing() {
    for kind in [Kind::Bluetooth, Kind::Ble] {
        let whole = {
            let mut meter = Meter::new(1);
            let mut line = kind.open(&Setting::default(), &mut meter, chance(4)).unwrap();
            assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1]);
            line.spent().on_air
        };
        let (mut before, mut after) = (0, 0);
        for byte in 0..whole {
            // A short one is repaired by the link itself.
            let mut meter = Meter::new(1);
            let mut line = kind.open(&cut(byte, 500_000), &mut meter, chance(4)).unwrap();
            assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1], "{} byte {byte}", kind.name());
            drop(line);
            assert_eq!((meter.count, meter.frames), (1, 1));
            // One that stays has words.
            let mut meter = Meter::new(1);
            match kind.open(&cut(byte, FOREVER), &mut meter, chance(4)) {
                Ok(mut line) => match ask(&mut *line, &buy(1, 1)) {
                    Said::Lost(error) => assert!(error.to_string().contains("say the same again"), "{error}"),
                    other => panic!("{} byte {byte}: {other:?}", kind.name()),
                },
                Err(error) => assert!(matches!(error, LinkError::Absent { .. })),
            }
            if meter.count == 0 {
                before += 1
            } else {
                after += 1
            }
            let mut line = kind.open(&Setting::default(), &mut meter, chance(9)).unwrap();
            assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1], "{} byte {byte}", kind.name());
            drop(line);
            assert_eq!(meter.count, 1, "{} byte {byte}", kind.name());
        }
        assert!(before > 100 && after > 10, "{}: {before} {after}", kind.name());
    }
}

/// What somebody left half said does not swallow what the next one says.
#[test]
fn a_line_that_is_opened_begins_with_a_pause() {
    for kind in Kind::ALL {
        let mut meter = Meter::new(1);
        meter.send(&buy(1, 1).to_bytes().unwrap()[..40]).unwrap();
        let mut line = kind.open(&Setting::default(), &mut meter, chance(1)).unwrap();
        assert_eq!(data(ask(&mut *line, &read(1, 3))).len(), 4, "{}", kind.name());
    }
}
