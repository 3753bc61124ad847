//! Decimals, times, money, and the files of a SIM that hold digits.

use crate::unhex;
use gridcard_scheme::moment::Moment;
use gridcard_scheme::money::{Fen, MoneyError};
use gridcard_scheme::numbers::{CustomerNumber, MeterNumber, NumberError, RegionCode};
use gridcard_scheme::sim;
use proptest::prelude::*;
use wire::bcd;

#[test]
fn numbers() {
    let meter: MeterNumber = "000000123456".parse().unwrap();
    assert_eq!((meter.0, meter.to_string()), ([0, 0, 0, 0x12, 0x34, 0x56], "000000123456".to_owned()));
    assert_eq!(format!("{meter:?}"), "MeterNumber(000000123456)");
    assert_eq!("33020000".parse::<RegionCode>().unwrap().0, [0x33, 0x02, 0, 0]);
    let what = "a customer number";
    for (text, error) in [
        ("", NumberError::Length { what, wanted: 12, found: 0 }),
        ("12345678901", NumberError::Length { what, wanted: 12, found: 11 }),
        ("1234567890123", NumberError::Length { what, wanted: 12, found: 13 }),
        ("12345678901a", NumberError::Digit { what, place: 12, found: 'a' }),
        (" 23456789012", NumberError::Digit { what, place: 1, found: ' ' }),
        ("１23456789012", NumberError::Digit { what, place: 1, found: '１' }),
    ] {
        assert_eq!(text.parse::<CustomerNumber>(), Err(error), "{text}");
    }
    let nibble = NumberError::Nibble { what: "a meter number", place: 5, found: 0x1A };
    assert_eq!(MeterNumber::new([0, 0, 0, 0, 0, 0x1A]), Err(nibble));
}

#[test]
fn times() {
    let time: Moment = "2026-11-22 08:42:07".parse().unwrap();
    assert_eq!(time.0, [0x20, 0x26, 0x11, 0x22, 0x08, 0x42, 0x07]);
    assert_eq!("2026-11-22T08:42:07".parse(), Ok(time));
    assert_eq!("20261122084207".parse(), Ok(time));
    assert_eq!(time.to_string(), "2026-11-22 08:42:07");
    for text in [
        "2026-02-29 00:00:00",
        "2100-02-29 00:00:00",
        "2026-00-01 00:00:00",
        "2026-13-01 00:00:00",
        "2026-04-31 00:00:00",
        "2026-01-00 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 00:60:00",
        "2026-01-01 00:00:60",
    ] {
        assert!(matches!(text.parse::<Moment>(), Err(NumberError::Calendar { .. })), "{text}");
    }
    for text in [
        "",
        "2026-11-22",
        "2026/11/22 08:42:07",
        "2026-11-22 08:42:0é",
        "2026-11-22 08:42:071",
        "é0261122084207",
    ] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
    assert!(matches!(Moment::new([0x20, 0x26, 0x1A, 1, 0, 0, 0]), Err(NumberError::Nibble { place: 2, .. })));
}

#[test]
fn times_are_counted_in_seconds() {
    for (text, seconds) in [
        ("1970-01-01 00:00:00", 0),
        ("2000-02-29 12:00:00", 951_825_600),
        ("2026-01-01 00:00:00", 1_767_225_600),
        ("1969-12-31 23:59:59", -1),
    ] {
        let time: Moment = text.parse().unwrap();
        assert_eq!((time.seconds(), Moment::from_seconds(seconds)), (seconds, Some(time)), "{text}");
    }
    let last: Moment = "9999-12-31 23:59:59".parse().unwrap();
    assert_eq!((last.add_seconds(1), last.add_seconds(i64::MAX)), (None, None));
    let first: Moment = "0000-01-01 00:00:00".parse().unwrap();
    assert_eq!(
        (first.add_seconds(-1), Moment::from_seconds(i64::MIN), Moment::from_seconds(i64::MAX)),
        (None, None, None)
    );
}

#[test]
fn money() {
    for (text, fen) in [
        ("0", 0),
        ("50", 5000),
        ("50.5", 5050),
        ("50.05", 5005),
        ("0.01", 1),
        ("007", 700),
        ("42949672.95", u32::MAX),
    ] {
        assert_eq!(text.parse(), Ok(Fen(fen)), "{text}");
    }
    for (text, error) in [
        ("", MoneyError::Empty),
        (".5", MoneyError::Empty),
        (".", MoneyError::Empty),
        ("-1", MoneyError::Character { place: 1, found: '-' }),
        ("+1", MoneyError::Character { place: 1, found: '+' }),
        ("1,000", MoneyError::Character { place: 2, found: ',' }),
        ("1e3", MoneyError::Character { place: 2, found: 'e' }),
        ("1.2.3", MoneyError::Character { place: 4, found: '.' }),
        ("50 ", MoneyError::Character { place: 3, found: ' ' }),
        ("５0", MoneyError::Character { place: 1, found: '５' }),
        ("1.005", MoneyError::Fraction),
        ("42949672.96", MoneyError::TooLarge),
        ("99999999999999999999", MoneyError::TooLarge),
    ] {
        assert_eq!(text.parse::<Fen>(), Err(error), "{text}");
    }
    assert_eq!(
        (Fen(5).to_string(), Fen(u32::MAX).to_string()),
        ("0.05 yuan".into(), "42949672.95 yuan".into())
    );
    assert_eq!((Fen(u32::MAX).checked_add(Fen(1)), Fen(1).checked_sub(Fen(2))), (None, None));
    assert_eq!((Fen(2).checked_add(Fen(3)), Fen(3).checked_sub(Fen(3))), (Some(Fen(5)), Some(Fen(0))));
}

#[test]
fn swapped_digits_and_luhn() {
    assert_eq!((bcd::swapped("12345"), bcd::swapped("")), (unhex("2143F5"), vec![]));
    assert_eq!((bcd::swapped("89B7"), bcd::unswapped_hex(&unhex("987BFF"))), (unhex("987B"), "89B7".into()));
    assert_eq!(bcd::unswapped(&unhex("2143F5")), Some("12345".into()));
    assert_eq!((bcd::unswapped(&[0x1A]), bcd::unswapped(&[0xFF, 0x12])), (None, Some(String::new())));
    assert_eq!((bcd::luhn_check_digit("7992739871"), bcd::luhn_is_valid("79927398713")), ('3', true));
    assert!(["79927398710", "7", "", "7992739871x", "é"].iter().all(|text| !bcd::luhn_is_valid(text)));
}

#[test]
fn a_record_with_a_name_holds_its_number() {
    let msisdn = unhex("FFFF 0891947172199181F3FFFFFF FFFF");
    assert_eq!(sim::msisdn_digits(&msisdn), Some("+4917279119183".into()));
    assert_eq!(sim::msisdn_record::<16>(&"+4917279119183".parse().unwrap())[..], msisdn);
    assert_eq!(sim::msisdn_digits(&[0xFF; 28]), None);
}

proptest! {
    #[test]
    fn seconds_go_both_ways(seconds in -62_167_219_200i64..253_402_300_800) {
        let time = Moment::from_seconds(seconds).unwrap();
        prop_assert_eq!(time.seconds(), seconds);
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        prop_assert_eq!(Moment::new(time.0), Ok(time));
    }

    #[test]
    fn later_sorts_behind(a in 0i64..4_000_000_000, b in 0i64..4_000_000_000) {
        prop_assert_eq!(Moment::from_seconds(a).cmp(&Moment::from_seconds(b)), a.cmp(&b));
    }

    #[test]
    fn money_and_digits_go_both_ways(fen: u32, digits in "[0-9]{6,15}") {
        let text = Fen(fen).to_string();
        prop_assert_eq!(text.trim_end_matches(" yuan").parse(), Ok(Fen(fen)));
        let valid = format!("{digits}{}", bcd::luhn_check_digit(&digits));
        prop_assert!(bcd::luhn_is_valid(&valid));
    }

    #[test]
    fn no_text_or_bytes_panic(text in ".{0,24}", bytes in prop::collection::vec(any::<u8>(), 0..40), seven: [u8; 7]) {
        let _ = (text.parse::<Fen>(), text.parse::<Moment>(), text.parse::<MeterNumber>());
        let _ = (bcd::luhn_is_valid(&text), bcd::swapped(&text));
        let _ = bcd::unswapped(&bytes);
        let _ = (Moment::new(seven), Moment(seven).seconds(), Moment(seven).add_seconds(1), Moment(seven).to_string());
    }
}
