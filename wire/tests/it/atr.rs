//! Answers to reset.

use crate::unhex;
use gridcard_wire::atr::{self, Atr, AtrByte, AtrError, Clock, Convention, Level};
use proptest::prelude::*;

const SERIAL: [u8; 8] = [0, 0, 0, 0, 0x66, 0x79, 0x9D, 0x24];

#[test]
fn the_three_forms_of_ours() {
    // TCK 1C as of the card whose ATS was read: 10788090022090000000000066799D24.
    assert_eq!(atr::fmcos_contactless(SERIAL), unhex("3B8B80012090000000000066799D241C"));
    assert_eq!(atr::esam(SERIAL), unhex("3B69000043 0000000066799D24"));
    assert_eq!(atr::sim(), unhex("3B0A8058 4752494443415244"));
    for bytes in [atr::fmcos_contactless(SERIAL), atr::esam(SERIAL), atr::sim()] {
        let parsed = Atr::parse(&bytes).unwrap();
        assert_eq!(parsed.convention, Convention::Direct);
        assert_eq!((parsed.clock(), parsed.guard_etu()), (Ok(Clock::DEFAULT), 12));
        assert_eq!(parsed.to_bytes(), Ok(bytes));
    }
}

/// T=0 first and alone, F 512 and D 16 on offer, global bytes, TCK.
#[test]
fn the_uicc() {
    assert_eq!(atr::uicc(), unhex("3B9C95 80 1FC7 8031E073F621005447524944 E8"));
    let parsed = Atr::parse(&atr::uicc()).unwrap();
    assert_eq!((parsed.protocols(), parsed.has_tck()), (vec![0], true));
    assert_eq!((parsed.clock(), parsed.guard_etu()), (Ok(Clock { f: 512, d: 16 }), 12));
    assert_eq!(parsed.waiting_integer(), 10);
    assert_eq!(parsed.to_bytes(), Ok(atr::uicc()));
}

#[test]
fn protocols_decide_the_check_character() {
    let contactless = Atr::parse(&atr::fmcos_contactless(SERIAL)).unwrap();
    assert_eq!((contactless.protocols(), contactless.has_tck()), (vec![0, 1], true));
    let module = Atr::parse(&atr::esam(SERIAL)).unwrap();
    assert_eq!((module.protocols(), module.has_tck()), (vec![0], false));
    // T=15 is no protocol but asks for TCK all the same.
    let global = Atr { further: vec![(15, Level { ta: Some(0xC7), ..Level::default() })], ..Atr::new(&[]) };
    assert_eq!((global.protocols(), global.has_tck()), (vec![0], true));
    assert_eq!(global.to_bytes(), Ok(unhex("3B 80 1F C7 58")));
}

#[test]
fn serial_only_of_the_two_fmcos_forms() {
    assert_eq!(atr::serial_of(&atr::fmcos_contactless(SERIAL)), Some(SERIAL));
    assert_eq!(atr::serial_of(&atr::esam(SERIAL)), Some(SERIAL));
    assert_eq!(atr::serial_of(&unhex("3B69000041 0102030405060708")), Some([1, 2, 3, 4, 5, 6, 7, 8]));
    for (name, bytes) in [
        ("SIM", atr::sim()),
        ("UICC", atr::uicc()),
        ("nothing", vec![]),
        ("another maker", unhex("3B69000042 0102030405060708")),
        ("extra guard time", unhex("3B69000243 0102030405060708")),
        ("other COS version", unhex("3B8B80012190000000000066799D241D")),
        ("wrong TCK", unhex("3B8B80012090000000000066799D241D")),
        ("short", unhex("3B69000043 01020304050607")),
        ("12 historical bytes", unhex("3B6C0002 4301020304050607080910 11")),
    ] {
        assert_eq!(atr::serial_of(&bytes), None, "{name}");
    }
}

#[test]
fn errors_name_the_byte() {
    for (bytes, error) in [
        ("", AtrError::Missing(AtrByte::Ts)),
        ("03", AtrError::Convention(0x03)),
        ("3B", AtrError::Missing(AtrByte::T0)),
        ("3B 10", AtrError::Missing(AtrByte::Ta(1))),
        ("3B 60 00", AtrError::Missing(AtrByte::Tc(1))),
        ("3B 80", AtrError::Missing(AtrByte::Td(1))),
        ("3B 80 20", AtrError::Missing(AtrByte::Tb(2))),
        ("3B 03 01 02", AtrError::Missing(AtrByte::Historical(3))),
        ("3B 80 01", AtrError::Missing(AtrByte::Tck)),
        ("3B 80 01 80", AtrError::Check { found: 0x80, expected: 0x81 }),
        ("3B 80 01 81 00", AtrError::Trailing(1)),
        ("3B 00 00", AtrError::Trailing(1)),
    ] {
        assert_eq!(Atr::parse(&unhex(bytes)), Err(error), "{bytes}");
    }
    assert_eq!(Atr::parse(&[0x3B; 34]), Err(AtrError::TooLong(34)));
    let message = AtrError::Missing(AtrByte::Historical(3)).to_string();
    assert_eq!(message, "the answer to reset ends where historical byte T3 should stand");
}

/// What is wrong is said, and what is there is read all the same.
#[test]
fn damaged_answers_are_read_as_far_as_they_go() {
    let read = |bytes: &str| Atr::read(&unhex(bytes)).unwrap();
    let whole = "3B 9F 96 80 1F C7 80 31 A0 73 BE 21 13 67 43 20 07 18 00 00 01 A5";
    let (good, none) = read(whole);
    assert_eq!((good.historical.len(), none), (15, vec![]));
    let (wrong, faults) = read(&whole.replace("A5", "A4"));
    assert_eq!((wrong, faults), (good.clone(), vec![AtrError::Check { found: 0xA4, expected: 0xA5 }]));
    let (cut, faults) = read(whole.strip_suffix(" A5").unwrap());
    assert_eq!((cut, faults), (good.clone(), vec![AtrError::Missing(AtrByte::Tck)]));
    let (short, faults) = read("3B 9F 96 80 1F C7 80 31 A0");
    assert_eq!(short.historical, [0x80, 0x31, 0xA0]);
    assert_eq!(faults, [AtrError::Missing(AtrByte::Historical(4))]);
    let (early, faults) = read("3B 9F 96 80 1F");
    assert_eq!((early.first.ta, early.further.len()), (Some(0x96), 2));
    assert_eq!(faults, [AtrError::Missing(AtrByte::Ta(3))]);
    let (long, faults) = read(&format!("{whole} 00 00"));
    assert_eq!((long, faults), (good, vec![AtrError::Trailing(2)]));
    let (_, both) = read("3B 80 01 80 00");
    assert_eq!(both, [AtrError::Check { found: 0x80, expected: 0x81 }, AtrError::Trailing(1)]);
    for (bytes, error) in [
        ("", AtrError::Missing(AtrByte::Ts)),
        ("3C", AtrError::Convention(0x3C)),
        ("3B", AtrError::Missing(AtrByte::T0)),
    ] {
        assert_eq!(Atr::read(&unhex(bytes)), Err(error), "{bytes}");
    }
}

#[test]
fn what_cannot_be_built() {
    assert_eq!(Atr::new(&[0; 16]).to_bytes(), Err(AtrError::Historical(16)));
    let odd = Atr { further: vec![(0, Level::default()), (16, Level::default())], ..Atr::new(&[]) };
    assert_eq!(odd.to_bytes(), Err(AtrError::Protocol { byte: AtrByte::Td(2), protocol: 16 }));
    let long = Atr { further: vec![(0, Level::default()); 40], ..Atr::new(&[]) };
    assert_eq!(long.to_bytes(), Err(AtrError::TooLong(42)));
}

#[test]
fn clock_and_guard() {
    let fast =
        Atr::parse(&unhex("3B 9F 95 80 1F C7 80 31 E0 73 FE 21 1B 63 3A 20 4E 83 00 90 00 90")).unwrap();
    assert_eq!(fast.clock(), Ok(Clock { f: 512, d: 16 }));
    assert_eq!(fast.further[1], (15, Level { ta: Some(0xC7), ..Level::default() }));
    let with = |ta, tc| Atr { first: Level { ta, tb: None, tc }, ..Atr::new(&[]) };
    assert_eq!(with(Some(0x11), None).clock(), Ok(Clock::DEFAULT));
    assert_eq!(with(Some(0x01), None).clock(), Ok(Clock::DEFAULT));
    assert_eq!(with(Some(0xD9), None).clock(), Ok(Clock { f: 2048, d: 20 }));
    for value in [0x71, 0x81, 0xE1, 0xF1, 0x10, 0x1A, 0x1F] {
        assert_eq!(with(Some(value), None).clock(), Err(AtrError::Reserved { byte: AtrByte::Ta(1), value }));
    }
    let slow = Atr::parse(&unhex("3B 6C 00 02 8654381100 00000000000000")).unwrap();
    assert_eq!((slow.extra_guard(), slow.guard_etu()), (2, 14));
    assert_eq!((with(None, Some(254)).guard_etu(), with(None, Some(255)).guard_etu()), (266, 12));
    assert_eq!(slow.waiting_integer(), 10);
    let patient = Atr { further: vec![(0, Level { tc: Some(0x20), ..Level::default() })], ..Atr::new(&[]) };
    assert_eq!(patient.waiting_integer(), 0x20);
}

fn level() -> impl Strategy<Value = Level> {
    (any::<Option<u8>>(), any::<Option<u8>>(), any::<Option<u8>>()).prop_map(|(ta, tb, tc)| Level {
        ta,
        tb,
        tc,
    })
}

proptest! {
    #[test]
    fn what_is_built_is_read(
        direct: bool,
        first in level(),
        further in prop::collection::vec((0u8..16, level()), 0..4),
        historical in prop::collection::vec(any::<u8>(), 0..=10),
    ) {
        let convention = if direct { Convention::Direct } else { Convention::Inverse };
        let atr = Atr { convention, first, further, historical };
        prop_assert_eq!(Atr::parse(&atr.to_bytes().unwrap()), Ok(atr));
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..40), ts: bool) {
        if let (true, Some(first)) = (ts, bytes.first_mut()) {
            *first = 0x3B;
        }
        let _ = atr::serial_of(&bytes);
        if let Ok(atr) = Atr::parse(&bytes) {
            let _ = (atr.clock(), atr.guard_etu(), atr.protocols());
            prop_assert_eq!(atr.to_bytes(), Ok(bytes));
        }
    }
}
