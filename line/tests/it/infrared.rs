//! The eye of the field's meters.

use crate::meter::{Meter, Said, ask, buy, chance, cut, data, read, read_address, setting};
use gridcard_line::infrared::{Infrared, METERS, RANGE_CM};
use gridcard_line::light::{Format, Parity};
use gridcard_line::wire::ByteLink;
use gridcard_line::{Line, Setting};
use std::time::Duration;

#[test]
fn a_frame_takes_its_bytes_times() {
    let mut meter = Meter::new(1);
    let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(1));
    assert_eq!(data(ask(&mut line, &read_address())), [1, 0x90, 0x78, 0x56, 0x34, 0x12]);
    let spent = line.spent();
    // 16 bytes there, 18 back, 9.167 ms each; the meter thinks for 20 to 100 ms.
    assert_eq!((spent.sent, spent.received, spent.bits_per_s), (16, 18, 1200));
    assert_eq!(spent.least_us, 34 * 11 * 1_000_000 / 1200);
    let thought = spent.us - spent.least_us;
    assert!((18_000..=101_000).contains(&thought), "{thought} us");
}

#[test]
fn the_longest_frame_comes_whole_and_the_same_seed_repeats_it() {
    let run = |seed| {
        let mut meter = Meter::new(1);
        let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(seed));
        assert_eq!(data(ask(&mut line, &read(1, 254))).len(), 255);
        line.spent()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).us, run(6).us);
}

#[test]
fn without_wake_up_bytes_a_sleeping_eye_misses_the_beginning() {
    let mut lost = 0;
    for seed in 0..40 {
        let mut meter = Meter::new(1);
        let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(seed));
        // No FE before it.
        line.send(&read(1, 3).to_bytes().unwrap()).unwrap();
        if line.receive(&mut [0; 64], Duration::from_secs(2)).unwrap() == 0 {
            lost += 1;
        }
        // It is awake for a moment now.
        assert_eq!(data(ask(&mut line, &read(1, 3))).len(), 4);
    }
    assert!(lost > 30, "{lost} of 40");
}

#[test]
fn another_speed_or_parity_is_garbage_and_not_silence() {
    for (bits_per_s, parity) in [
        (2400, Parity::Even),
        (600, Parity::Even),
        (9600, Parity::Even),
        (1200, Parity::Odd),
        (1200, Parity::None),
    ] {
        let format = Format { bits_per_s, parity };
        let mut meter = Meter::new(1);
        let mut line = Infrared::new(&Setting::default(), format, vec![&mut meter], chance(2));
        assert_eq!(
            ask(&mut line, &read(1, 3)),
            Said::Silence,
            "{format:?}: the meter answers nothing it can read"
        );
        assert_eq!(meter.frames, 0, "{format:?}");
    }
    // The other way: what the meter says is garbage to a phone that listens otherwise.
    for (bits_per_s, parity) in [(2400, Parity::Even), (1200, Parity::Odd)] {
        let mut meter = Meter::new(1);
        let mut line =
            Infrared::new(&Setting::default(), Format { bits_per_s, parity }, vec![&mut meter], chance(2));
        let mut asked = vec![0xFE; 4];
        asked.extend(read(1, 3).to_bytes().unwrap());
        // Somebody else asks rightly; the phone hears both.
        line.disturb(0, &asked);
        let (mut heard, mut buffer) = (0, [0; 64]);
        loop {
            match line.receive(&mut buffer, Duration::from_secs(2)).unwrap() {
                0 => break,
                length => heard += length,
            }
        }
        assert_eq!(meter.frames, 1);
        assert!(heard > 20, "{heard} bytes of garbage");
    }
}

#[test]
fn two_meters_answer_the_wildcard_at_once_and_one_its_own_address() {
    let mut collided = 0;
    for seed in 0..20 {
        let (mut one, mut two) = (Meter::new(1), Meter::new(2));
        let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut one, &mut two], chance(seed));
        match ask(&mut line, &read_address()) {
            Said::Garbage(_) | Said::Silence => collided += 1,
            Said::Frame(_) => {}
            Said::Lost(error) => panic!("{error}"),
        }
        line.receive(&mut [0; 512], Duration::from_secs(2)).unwrap();
        for meter in [1, 2] {
            assert_eq!(data(ask(&mut line, &read(meter, 2))).len(), 3, "seed {seed}");
        }
    }
    assert!(collided >= 15, "{collided} of 20");
}

#[test]
fn two_talkers_at_once_are_heard_by_nobody() {
    let (mut spoiled, mut meter) = (0, Meter::new(1));
    for seed in 0..20 {
        meter.count = 0;
        let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(seed));
        line.disturb(40_000, &[0x55; 20]);
        if !matches!(ask(&mut line, &buy(1, 1)), Said::Frame(_)) {
            spoiled += 1;
        }
        line.receive(&mut [0; 512], Duration::from_secs(2)).unwrap();
        // Once more, alone: done once.
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1], "seed {seed}");
    }
    assert!(spoiled > 15, "{spoiled} of 20");
}

#[test]
fn the_own_light_comes_back_with_an_echo() {
    let mut meter = Meter::new(1);
    let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(3)).with_echo();
    assert_eq!(data(ask(&mut line, &read(1, 9))).len(), 10);
    let spent = line.spent();
    assert_eq!(spent.received, spent.sent + 22);
}

#[test]
fn noise_and_distance_to_the_limit_and_past_it() {
    let answered = |distance, noise| {
        let once = |seed| {
            let mut meter = Meter::new(1);
            let mut line = Infrared::new(&setting(distance, noise), METERS, vec![&mut meter], chance(seed));
            matches!(ask(&mut line, &read(1, 20)), Said::Frame(_))
        };
        (0..30).filter(|seed| once(*seed)).count()
    };
    assert_eq!(answered(RANGE_CM, 0), 30, "in its range nothing is lost");
    assert_eq!(answered(RANGE_CM / 4, 100), 30, "near the meter a lamp is nothing");
    let (near, far) = (answered(RANGE_CM * 11 / 10, 0), answered(RANGE_CM * 13 / 10, 0));
    assert!((1..30).contains(&near) && far < near, "{near} and {far} of 30");
    let lamp = answered(RANGE_CM / 2, 100);
    assert!((1..30).contains(&lamp), "{lamp} of 30 under a lamp");
    assert_eq!(answered(RANGE_CM * 16 / 10, 0), 0, "past it there is nothing");
}

#[test]
fn a_hand_at_every_byte_loses_nothing_and_doubles_nothing() {
    let whole = {
        let mut meter = Meter::new(1);
        let mut line = Infrared::new(&Setting::default(), METERS, vec![&mut meter], chance(4));
        assert_eq!(data(ask(&mut line, &buy(1, 1))), [1]);
        line.spent().on_air
    };
    assert!(whole > 120);
    let (mut before, mut after) = (0, 0);
    for byte in 0..whole {
        let mut meter = Meter::new(1);
        let mut line = Infrared::new(&cut(byte, 3_000_000), METERS, vec![&mut meter], chance(4));
        let said = ask(&mut line, &buy(1, 1));
        assert!(!matches!(said, Said::Frame(_)), "byte {byte}: {said:?}");
        // The hand goes; the same words again.
        line.receive(&mut [0; 512], Duration::from_secs(4)).unwrap();
        let seen = ask(&mut line, &buy(1, 1));
        assert_eq!(data(seen), [1], "byte {byte}");
        if meter.frames == 1 {
            before += 1
        } else {
            after += 1
        }
        assert_eq!(meter.count, 1, "byte {byte}");
    }
    assert!(before > 100 && after > 10, "{before} cut in the request, {after} in the answer");
}
