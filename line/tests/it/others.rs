//! Another phone at the same meter, a phone that points past it, and a phone that is another program.

use crate::meter::{Meter, Said, ask, buy, chance, data, read, read_address};
use gridcard_line::kind::{Kind, Phone};
use gridcard_line::served::Served;
use gridcard_line::wire::dlt645::{Frame, Receiver};
use gridcard_line::{Cut, FOREVER, Other, Place, Setting};
use std::time::Duration;

fn pointing(angle_deg: u16, distance_cm: Option<u32>) -> Setting {
    Setting::at(Place { angle_deg, distance_cm, noise: 0 })
}

fn answered(kind: Kind, setting: &Setting, seeds: u64) -> u64 {
    let once = |seed| {
        let mut meter = Meter::new(1);
        let open = kind.open(setting, &mut meter, chance(seed));
        open.is_ok_and(|mut line| matches!(ask(&mut *line, &read(1, 20)), Said::Frame(_)))
    };
    (0..seeds).filter(|seed| once(*seed)).count() as u64
}

#[test]
fn light_has_a_beam_and_radio_goes_all_around() {
    for kind in Kind::ALL {
        let (name, range) = (kind.name(), kind.range_cm());
        match kind.beam_deg() {
            None => assert_eq!(answered(kind, &pointing(180, None), 10), 10, "{name}"),
            Some(beam) => {
                assert_eq!(answered(kind, &pointing(beam, Some(range)), 20), 20, "{name} in its beam");
                assert_eq!(
                    answered(kind, &pointing(beam + beam / 2, Some(range / 2)), 20),
                    20,
                    "{name} nearer"
                );
                assert_eq!(answered(kind, &pointing(beam + beam / 2, Some(range)), 20), 0, "{name} askew");
                assert_eq!(answered(kind, &pointing(2 * beam, Some(1)), 5), 0, "{name} past the meter");
                // Between them it is lost bit by bit.
                let limit: Vec<u64> = (0..6)
                    .map(|n| answered(kind, &pointing(beam + beam * n / 6, Some(range * 7 / 10)), 20))
                    .collect();
                assert!(
                    limit[0] == 20 && limit[5] == 0 && limit.is_sorted_by(|a, b| a >= b),
                    "{name} {limit:?}"
                );
            }
        }
    }
}

/// Whenever another phone comes, a purchase is done once: what the meter's port hears of it is whole words of one phone.
#[test]
fn another_phone_at_any_time_mixes_nothing() {
    for kind in Kind::ALL {
        let whole = {
            let mut meter = Meter::new(1);
            let mut line = kind.open(&Setting::default(), &mut meter, chance(4)).unwrap();
            assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1]);
            line.spent().us
        };
        let (mut at_once, mut again, mut never) = (0, 0, 0);
        for n in 0..60 {
            let other = Other { from_us: whole * n / 60, lasts_us: 1_500_000 };
            let mut meter = Meter::new(1);
            let setting = Setting { other: Some(other), ..Setting::default() };
            let said = match kind.open(&setting, &mut meter, chance(4 + n)) {
                Ok(mut line) => ask(&mut *line, &buy(1, 1)),
                Err(error) => Said::Lost(error),
            };
            match said {
                Said::Frame(frame) if frame.data == [1] => at_once += 1,
                // It answers the other one's question, which is heard here too.
                _ => again += 1,
            }
            never += u64::from(meter.count == 0);
            let mut line = kind.open(&Setting::default(), &mut meter, chance(9)).unwrap();
            assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1], "{} {other:?}", kind.name());
            drop(line);
            assert_eq!(meter.count, 1, "{} {other:?}", kind.name());
            if matches!(kind, Kind::Bluetooth | Kind::Ble | Kind::Nfc) {
                // A link has one phone; a field has sums.
                assert!(meter.broken == 0 && meter.frames <= 2, "{} {other:?}", kind.name());
            }
        }
        match kind {
            // Light adds up, and a field of two is none.
            Kind::Infrared => assert!(again > 40 && never > 40, "{again} {never}"),
            // Frames that are lost are said again.
            Kind::Irda | Kind::Nfc => assert!(at_once > 30, "{at_once}"),
            // The other one waits, or this one.
            Kind::Bluetooth | Kind::Ble => assert_eq!((at_once, again, never), (60, 0, 0)),
        }
    }
}

#[test]
fn a_meter_that_another_phone_has_and_keeps_has_words() {
    for kind in [Kind::Bluetooth, Kind::Ble] {
        let setting =
            Setting { other: Some(Other { from_us: 0, lasts_us: 60_000_000 }), ..Setting::default() };
        let mut meter = Meter::new(1);
        let error = kind.open(&setting, &mut meter, chance(1)).err().unwrap();
        assert!(error.to_string().contains("another phone has the meter"), "{error}");
        assert_eq!(meter.frames, 0);
        // It goes, and is followed.
        let setting = Setting { other: Some(Other { from_us: 0, lasts_us: 2_000_000 }), ..setting };
        let mut line = kind.open(&setting, &mut meter, chance(1)).unwrap();
        assert_eq!(data(ask(&mut *line, &buy(1, 1))), [1]);
        assert!(line.spent().us > 2_000_000);
    }
}

#[test]
fn several_meters_are_reached_by_light_and_field_alone() {
    for kind in Kind::ALL {
        let (mut one, mut two) = (Meter::new(1), Meter::new(2));
        let line =
            kind.open_among(&Setting::default(), &Phone::default(), vec![&mut one, &mut two], chance(1));
        if kind == Kind::Nfc {
            assert!(line.err().unwrap().to_string().contains("several cards"));
            continue;
        }
        let mut line = line.unwrap();
        // Of a radio's meters the first is meant; the light of an eye reaches both.
        let mut hears = |meter| matches!(ask(&mut *line, &read(meter, 3)), Said::Frame(_));
        match kind {
            Kind::Infrared => assert!(hears(1) && hears(2)),
            Kind::Irda => assert!(hears(1) != hears(2), "one of them"),
            _ => assert!(hears(1) && !hears(2)),
        }
        let none = kind.open_among(&Setting::default(), &Phone::default(), Vec::new(), chance(1));
        assert_eq!(none.is_ok(), kind == Kind::Infrared, "{}", kind.name());
    }
}

/// A meter may take from 20 to 500 ms, and leaves no gap of 500 ms within a frame [docs/specs/dlt645.md 2]; what a line adds is its own.
#[test]
fn the_times_of_the_protocol_hold_on_every_line() {
    for kind in Kind::ALL {
        for seed in 0..20 {
            let mut meter = Meter::new(1);
            let mut line = kind.open(&Setting::default(), &mut meter, chance(seed)).unwrap();
            let mut bytes = vec![0xFE; 4];
            bytes.extend(read(1, 150).to_bytes().unwrap());
            line.send(&bytes).unwrap();
            let sent = line.spent().us;
            let (mut receiver, mut buffer, mut last, mut first, mut got) =
                (Receiver::new(), [0; 1], sent, None, None);
            while got.is_none() {
                assert_eq!(
                    line.receive(&mut buffer, Duration::from_millis(700)).unwrap(),
                    1,
                    "{}",
                    kind.name()
                );
                let now = line.spent().us;
                first.get_or_insert(now);
                assert!(now - last <= 500_000, "{} gap {}", kind.name(), now - last);
                last = now;
                got = receiver.push(&buffer).pop();
            }
            assert_eq!(got.unwrap().unwrap().data.len(), 151);
            // Over a field it comes with the words that it answers.
            let waited = first.unwrap() - sent;
            assert!(kind == Kind::Nfc || (20_000..=700_000).contains(&waited), "{} {waited}", kind.name());
        }
    }
}

/// A program that asks and listens in its own time: 20 ms a look. Gives the answer and when it was whole.
fn served(
    line: &mut Served<'_>,
    frame: &Frame,
    clock: &mut u64,
) -> Result<Option<Frame>, gridcard_line::wire::LinkError> {
    let mut bytes = vec![0xFE; 4];
    bytes.extend(frame.to_bytes().unwrap());
    // A pseudo terminal hands it over in pieces.
    for part in bytes.chunks(7) {
        line.hear(part, *clock)?;
        *clock += 1000;
    }
    let (mut receiver, begun) = (Receiver::new(), *clock);
    while *clock < begun + 10_000_000 {
        *clock += 20_000;
        for found in receiver.push(&line.said(*clock)?).into_iter().flatten() {
            if found.control.is_answer() {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

#[test]
fn a_program_in_its_own_time_meets_the_lines_time() {
    for kind in Kind::ALL {
        let mut meter = Meter::new(1);
        let line = kind.open(&Setting::default(), &mut meter, chance(1)).unwrap();
        let (mut line, mut clock) = (Served::new(line), 0);
        let answer = served(&mut line, &read_address(), &mut clock).unwrap();
        assert_eq!(answer.map(|frame| frame.data.len()), Some(6), "{}", kind.name());
        let one = served(&mut line, &buy(1, 1), &mut clock).unwrap();
        assert_eq!(one.unwrap().data, [1], "{}", kind.name());
        // Nothing comes before its time.
        let least = line.spent().least_us;
        assert!(clock >= least, "{} {clock} {least}", kind.name());
        // A pause of the program is one of the line.
        clock += 5_000_000;
        assert!(line.said(clock).unwrap().is_empty());
        assert!(line.spent().us >= clock, "{}", kind.name());
        assert_eq!(served(&mut line, &buy(1, 2), &mut clock).unwrap().unwrap().data, [2]);
        assert_eq!(line.end().unwrap().is_some(), kind == Kind::Irda);
        assert_eq!((meter.count, meter.broken), (2, 0));
    }
}

#[test]
fn a_served_line_that_is_cut_loses_nothing_and_doubles_nothing() {
    for kind in Kind::ALL {
        let (mut done, mut lost) = (0, 0);
        for after in (0..900).step_by(45) {
            let mut meter = Meter::new(1);
            let cut = Some(Cut { after, lasts_us: FOREVER });
            let first = kind.open(&Setting { cut, ..Setting::default() }, &mut meter, chance(3));
            let first = first.map(Served::new).and_then(|mut line| served(&mut line, &buy(1, 1), &mut 0));
            match first {
                Ok(Some(_)) => done += 1,
                _ => lost += 1,
            }
            let line = kind.open(&Setting::default(), &mut meter, chance(5)).unwrap();
            let again = served(&mut Served::new(line), &buy(1, 1), &mut 0).unwrap();
            assert_eq!((again.unwrap().data, meter.count), (vec![1], 1), "{} {after}", kind.name());
        }
        assert!(done + lost == 20 && lost > 2, "{}: {done} {lost}", kind.name());
    }
}
