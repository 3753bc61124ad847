//! Numbers, days, PINs.

use gridcard_scheme::moment::{Day, Validity, ValidityError};
use gridcard_scheme::numbers::{CheckValue, DeviceNumber, NumberError, Serial};
use gridcard_scheme::pin::{Pin, PinTextError};
use proptest::prelude::*;

#[test]
fn numbers_say_what_is_wrong_with_them() {
    let length = |what, expected, found| NumberError::Length { what, wanted: expected, found };
    assert_eq!("".parse::<DeviceNumber>(), Err(length("a device number", 12, 0)));
    assert_eq!("00000000004".parse::<DeviceNumber>(), Err(length("a device number", 12, 11)));
    assert_eq!("0000000000420".parse::<DeviceNumber>(), Err(length("a device number", 12, 13)));
    assert_eq!(
        "00000000004A".parse::<DeviceNumber>(),
        Err(NumberError::Digit { what: "a device number", place: 12, found: 'A' })
    );
    assert_eq!(
        "０00000000042".parse::<DeviceNumber>(),
        Err(NumberError::Digit { what: "a device number", place: 1, found: '０' })
    );
    assert_eq!("a1B2c3".parse::<CheckValue>(), Ok(CheckValue([0xA1, 0xB2, 0xC3])));
    assert_eq!("0102030405060708".parse(), Ok(Serial([1, 2, 3, 4, 5, 6, 7, 8])));
}

fn day_error(text: &str) -> NumberError {
    let part = |range: std::ops::Range<usize>| text[range].parse::<u16>().unwrap();
    NumberError::Day { year: part(0..4), month: part(4..6) as u8, day: part(6..8) as u8 }
}

#[test]
fn only_days_of_the_calendar() {
    for good in ["20240229", "2000-02-29", "2026-12-31", "20260430"] {
        assert!(good.parse::<Day>().is_ok(), "{good}");
    }
    for bad in ["20230229", "19000229", "20260431", "20261301", "20260100", "20260001"] {
        assert_eq!(bad.parse::<Day>(), Err(day_error(bad)));
    }
    assert!("2026-1-1".parse::<Day>().is_err());
    let day: Day = "2026-11-22".parse().unwrap();
    assert_eq!((day.bytes(), day.to_string().as_str()), ([0x20, 0x26, 0x11, 0x22], "2026-11-22"));
    let before: Day = "20261121".parse().unwrap();
    assert!(Validity::new(day, day).is_ok());
    assert_eq!(Validity::new(day, before).unwrap_err(), ValidityError { from: day, to: before });
}

#[test]
fn pins_are_packed_and_never_shown() {
    assert_eq!(Pin::from_digits("123456").unwrap().expose(), [0x12, 0x34, 0x56]);
    assert_eq!(Pin::from_digits("12345").unwrap().expose(), [0x12, 0x34, 0x5F]);
    assert_eq!(Pin::from_digits("123").unwrap_err(), PinTextError::Length { found: 3 });
    assert_eq!(Pin::from_digits("1234567890123").unwrap_err(), PinTextError::Length { found: 13 });
    assert_eq!(Pin::from_digits("12a456").unwrap_err(), PinTextError::Character { position: 3 });
    assert_eq!(format!("{:?}", Pin::from_digits("123456").unwrap()), "Pin(hidden)");
}

proptest! {
    /// A failing case prints its input and its seed.
    #[test]
    fn what_is_written_is_read_again(number in "[0-9]{12}", serial: [u8; 8]) {
        let parsed: DeviceNumber = number.parse().unwrap();
        prop_assert_eq!(parsed.to_string(), number);
        let serial = Serial(serial);
        prop_assert_eq!(serial.to_string().parse(), Ok(serial));
        prop_assert_eq!(serde_json::from_str::<Serial>(&serde_json::to_string(&serial).unwrap()).unwrap(), serial);
    }

    #[test]
    fn no_text_makes_them_panic(text in "\\PC{0,20}") {
        let _ = (text.parse::<DeviceNumber>(), text.parse::<Serial>(), text.parse::<Day>());
        let _ = Pin::from_digits(&text);
    }
}
