//! IrDA: both ends as machines, and the port that a phone opens.

use crate::meter::{Meter, Said, ask, buy, chance, cut, data, read, read_address, setting};
use gridcard_line::irda::frame::{ALL, ANYBODY, Body, LapFrame};
use gridcard_line::irda::offer::Offer;
use gridcard_line::irda::sir::{Unwrapper, fcs, wrap};
use gridcard_line::irda::{Irda, RANGE_CM, Service};
use gridcard_line::wire::{ByteLink, LinkError};
use gridcard_line::{FOREVER, Line, Setting};
use std::time::Duration;

#[test]
fn the_sum_is_that_of_x25() {
    // The check value that catalogues of sums give.
    assert_eq!(fcs(b"123456789"), 0x906E);
    // Frame and sum together leave the good residue.
    let frame = [b"123456789".as_slice(), &0x906E_u16.to_le_bytes()].concat();
    assert_eq!(!fcs(&frame), 0xF0B8);
}

#[test]
fn what_looks_like_a_beginning_is_escaped() {
    let frame = [0xC0, 0xC1, 0x7D, 0xFF, 0x00];
    let line = wrap(&frame, 3);
    assert_eq!(line[..10], [0xFF, 0xFF, 0xFF, 0xC0, 0x7D, 0xE0, 0x7D, 0xE1, 0x7D, 0x5D]);
    assert_eq!(line.iter().filter(|byte| **byte == 0xC1).count(), 1);
    let mut unwrapper = Unwrapper::default();
    let found: Vec<_> = line.iter().filter_map(|byte| unwrapper.push(*byte)).collect();
    assert_eq!(found, [frame]);
    // Any byte of it bent: no frame.
    for at in 3..line.len() {
        let mut bent = line.clone();
        bent[at] ^= 0x04;
        let mut unwrapper = Unwrapper::default();
        assert!(
            bent.iter().filter_map(|byte| unwrapper.push(*byte)).all(|found| found == frame && at < 3),
            "{at}"
        );
    }
}

#[test]
fn frames_are_what_they_were() {
    let xid = Body::Xid { source: 0x0102_0304, target: ANYBODY, slot: 2, info: vec![1, 2, 3] };
    let snrm = Body::Snrm { source: 1, target: 2, connection: 0x35, offer: Offer::USUAL.to_bytes() };
    let bodies = [
        xid.clone(),
        snrm,
        Body::Ua { ends: Some((1, 2)), offer: vec![1, 1, 2] },
        Body::Ua { ends: None, offer: Vec::new() },
        Body::Disc,
        Body::Dm,
        Body::Data { ns: 7, nr: 3, bytes: vec![9] },
        Body::Ready { nr: 5 },
        Body::Again { nr: 6 },
    ];
    for body in bodies {
        for (command, poll) in [(false, true), (true, false), (true, true)] {
            let frame = LapFrame { address: 0x35, command, poll, body: body.clone() };
            assert_eq!(LapFrame::parse(&frame.to_bytes()), Some(frame));
        }
    }
    let frame = LapFrame { address: ALL, command: true, poll: true, body: xid };
    assert_eq!(frame.to_bytes()[..8], [0xFF, 0x3F, 1, 4, 3, 2, 1, 0xFF]);
    for length in 0..14 {
        assert_eq!(LapFrame::parse(&frame.to_bytes()[..length]), None);
    }
}

#[test]
fn the_lower_of_both_holds() {
    let terms = Offer::USUAL.agree(Offer::USUAL);
    assert_eq!((terms.bits_per_s, terms.size, terms.window, terms.wake), (115_200, 256, 7, 12));
    let slow = Offer { speeds: 0b10, ..Offer::USUAL };
    let terms = slow.agree(Offer::USUAL);
    // 400 bytes in 500 ms: one frame of 256.
    assert_eq!((terms.bits_per_s, terms.window, terms.wake), (9600, 1, 1));
    assert_eq!(Offer::parse(&Offer::USUAL.to_bytes()), Some(Offer::USUAL));
    assert_eq!(Offer::parse(&[1, 2, 3]), None);
}

fn open<'m>(
    setting: &Setting,
    service: Service,
    meter: &'m mut Meter,
    seed: u64,
) -> Result<Irda<'m>, LinkError> {
    Irda::open(setting, service, vec![meter], chance(seed))
}

#[test]
fn a_phone_opens_the_port_and_asks() {
    for service in [Service::NineWire, Service::Raw] {
        let mut meter = Meter::new(1);
        let mut line = open(&Setting::default(), service, &mut meter, 1).unwrap();
        assert_eq!(data(ask(&mut line, &read_address())).len(), 6);
        assert_eq!(data(ask(&mut line, &read(1, 254))).len(), 255);
        for number in 1..20 {
            assert_eq!(data(ask(&mut line, &buy(1, number))), [number]);
        }
        let spent = line.spent();
        assert_eq!(spent.bits_per_s, 115_200);
        assert!(spent.least_us < spent.us, "{spent:?}");
        assert_eq!(line.repeated(), 0);
        line.close().unwrap();
        assert_eq!(line.send(b"x"), Err(LinkError::Closed));
        assert_eq!(meter.count, 19);
    }
}

#[test]
fn two_meters_are_told_apart_by_their_slots() {
    let mut found = 0;
    for seed in 0..10 {
        let (mut one, mut two) = (Meter::new(1), Meter::new(2));
        let opened =
            Irda::open(&Setting::default(), Service::NineWire, vec![&mut one, &mut two], chance(seed));
        let mut line = opened.unwrap();
        let said = data(ask(&mut line, &read_address()));
        found += usize::from(said.len() == 6);
    }
    assert_eq!(found, 10, "one answers, the other is not connected");
}

#[test]
fn what_is_lost_is_sent_again() {
    let (mut repeated, mut opened) = (0, 0);
    for seed in 0..20 {
        let mut meter = Meter::new(1);
        let Ok(mut line) = open(&setting(RANGE_CM * 107 / 100, 0), Service::NineWire, &mut meter, seed)
        else {
            continue;
        };
        opened += 1;
        if matches!(ask(&mut line, &buy(1, 1)), Said::Frame(_)) {
            repeated += line.repeated();
        }
        drop(line);
        assert!(meter.count <= 1);
        assert_eq!(meter.broken, 0, "what comes is whole");
    }
    assert!(opened > 10 && repeated > 5, "{opened} opened, {repeated} frames again");
}

#[test]
fn past_the_limit_there_are_words() {
    let mut meter = Meter::new(1);
    let error = open(&setting(RANGE_CM * 2, 0), Service::NineWire, &mut meter, 1).err().unwrap();
    assert!(error.to_string().contains("nobody is found in the light"), "{error}");
    let mut meter = Meter::new(1);
    let error = open(&setting(RANGE_CM, 100), Service::NineWire, &mut meter, 1).err().unwrap();
    assert!(matches!(error, LinkError::Absent { .. }));
}

#[test]
fn another_talker_spoils_a_turn_and_no_purchase() {
    for seed in 0..10 {
        let mut meter = Meter::new(1);
        let mut line = open(&Setting::default(), Service::NineWire, &mut meter, seed).unwrap();
        line.disturb(5_000, &[0x55; 30]);
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1]);
        assert!(line.repeated() > 0, "seed {seed}");
        drop(line);
        assert_eq!((meter.count, meter.frames), (1, 1));
    }
}

/// A short one is a turn said again; one that stays is a phone that says so. The same words over a new connection end it.
#[test]
fn a_hand_at_every_byte_loses_nothing_and_doubles_nothing() {
    let whole = {
        let mut meter = Meter::new(1);
        let mut line = open(&Setting::default(), Service::NineWire, &mut meter, 4).unwrap();
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1]);
        line.spent().on_air
    };
    assert!(whole > 700, "{whole}");
    let (mut broke, mut went_on, mut done) = (0, 0, 0);
    for byte in 0..whole {
        let mut meter = Meter::new(1);
        let said = match open(&cut(byte, 300_000), Service::NineWire, &mut meter, 4) {
            Ok(mut line) => ask(&mut line, &buy(1, 1)),
            Err(error) => panic!("byte {byte}: {error}"),
        };
        assert_eq!(data(said), [1], "byte {byte}");
        assert_eq!((meter.count, meter.frames), (1, 1), "byte {byte}");
        went_on += 1;
        let mut meter = Meter::new(1);
        match open(&cut(byte, FOREVER), Service::NineWire, &mut meter, 4) {
            Ok(mut line) => match ask(&mut line, &buy(1, 1)) {
                Said::Lost(error) => assert!(error.to_string().contains("the light is lost"), "{error}"),
                // Only the last confirmation was cut off.
                said => assert_eq!(data(said), [1], "byte {byte}"),
            },
            Err(_) => broke += 1,
        }
        done += u64::from(meter.count);
        let mut line = open(&Setting::default(), Service::NineWire, &mut meter, 9).unwrap();
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1], "byte {byte}");
        drop(line);
        assert_eq!(meter.count, 1, "byte {byte}");
    }
    assert!(broke > 300 && done > 20 && went_on == whole, "{broke} {done} {went_on} of {whole}");
}

#[test]
fn a_receive_that_nobody_answers_ends_in_time() {
    let mut meter = Meter::new(1);
    let mut line = open(&Setting::default(), Service::NineWire, &mut meter, 1).unwrap();
    let before = line.spent().us;
    assert_eq!(line.receive(&mut [0; 8], Duration::from_secs(1)).unwrap(), 0);
    assert!((1_000_000..1_200_000).contains(&(line.spent().us - before)));
}
