//! Device lists.

use disk::table::RowFault;
use gridcard_office::devices::{self, Device, DeviceFault, DeviceListError, LineFault};
use proptest::prelude::*;
use scheme::money::{Fen, MoneyError};
use scheme::numbers::NumberError;

fn device(line: u64, meter: &str, serial: Option<&str>, ceiling: Option<u32>) -> Device {
    let ceiling = ceiling.map(Fen);
    let serial = serial.map(|serial| serial.parse().unwrap());
    Device { line, meter: meter.parse().unwrap(), serial, ceiling }
}

#[test]
fn columns_may_be_left_out_and_stand_in_any_order() {
    let list = devices::read("meter\n000000000012\n".as_bytes()).unwrap();
    assert_eq!(list.devices, [device(2, "000000000012", None, None)]);
    let text = "\u{FEFF}Ceiling, METER ,serial\r\n500.5,000000000012,0102030405060708\r\n,000000000002,\r\n";
    let list = devices::read(text.as_bytes()).unwrap();
    assert_eq!(list.faults, []);
    assert_eq!(
        list.devices,
        [
            device(2, "000000000012", Some("0102030405060708"), Some(50_050)),
            device(3, "000000000002", None, None),
        ]
    );
}

#[test]
fn bad_lines_are_named_and_good_ones_go_on() {
    let text = "meter,serial,ceiling\n\
        000000000012,0102030405060708,500\n\
        1,,\n\
        000000000012,,\n\
        000000000002,0102030405060708,\n\
        \n\
        000000000003,01020304,\n\
        000000000004,,5 yuan\n\
        000000000005,,0\n\
        000000000006,,1000000\n\
        000000000007\n\
        ,0102030405060709,\n\
        000000000008,,0.01\n";
    let list = devices::read(text.as_bytes()).unwrap();
    assert_eq!(
        list.devices,
        [
            device(2, "000000000012", Some("0102030405060708"), Some(50_000)),
            device(13, "000000000008", None, Some(1)),
        ]
    );
    let short = |what, expected, found| NumberError::Length { what, wanted: expected, found };
    let expected = [
        (3, DeviceFault::Meter { source: short("a device number", 12, 1) }),
        (4, DeviceFault::MeterTwice { meter: "000000000012".parse().unwrap(), first: 2 }),
        (5, DeviceFault::SerialTwice { serial: "0102030405060708".parse().unwrap(), first: 2 }),
        (7, DeviceFault::Serial { source: short("a card serial", 16, 8) }),
        (8, DeviceFault::Ceiling { source: MoneyError::Character { place: 2, found: ' ' } }),
        (9, DeviceFault::CeilingRange { amount: Fen(0) }),
        (10, DeviceFault::CeilingRange { amount: Fen(100_000_000) }),
        (11, DeviceFault::Row(RowFault::Fields { expected: 3, found: 1 })),
        (12, DeviceFault::NoMeter),
    ];
    assert_eq!(list.faults, expected.map(|(line, fault)| LineFault { line, fault }));
    assert_eq!(list.faults[1].fault.to_string(), "meter 000000000012 stands in line 2 already");
}

#[test]
fn a_bad_line_does_not_take_its_chip() {
    let text = "meter,serial\nx,0102030405060708\n000000000012,0102030405060708\n";
    let list = devices::read(text.as_bytes()).unwrap();
    assert_eq!(list.devices, [device(3, "000000000012", Some("0102030405060708"), None)]);
}

#[test]
fn text_that_is_not_utf8_spoils_its_line_only() {
    let text = b"meter,serial\n000000000012,\xFF\xFE\n000000000002,\n";
    let list = devices::read(&text[..]).unwrap();
    assert_eq!(list.devices, [device(3, "000000000002", None, None)]);
    assert_eq!(list.faults, [LineFault { line: 2, fault: DeviceFault::Row(RowFault::NotText { byte: 14 }) }]);
}

#[test]
fn headers_that_cannot_be_used() {
    let read = |text: &str| devices::read(text.as_bytes()).unwrap_err();
    assert!(matches!(read(""), DeviceListError::Empty));
    assert!(matches!(read("serial,ceiling\n"), DeviceListError::NoMeterColumn));
    assert!(matches!(read("meter,meter\n"), DeviceListError::ColumnTwice { .. }));
    let unknown = read("meter,price\n").to_string();
    assert_eq!(
        unknown,
        "column 2 of the device list is named \"price\"; known are meter, serial and ceiling"
    );
}

#[test]
fn money_is_read_exactly() {
    let ceiling = |text: &str| {
        let list = devices::read(format!("meter,ceiling\n000000000012,{text}\n").as_bytes()).unwrap();
        list.devices.first().and_then(|device| device.ceiling)
    };
    for (text, fen) in
        [("1", 100), ("1.5", 150), ("1.05", 105), ("0.29", 29), ("999999.99", 99_999_999), ("007", 700)]
    {
        assert_eq!(ceiling(text), Some(Fen(fen)), "{text}");
    }
    for text in [".5", "1.005", "-1", "+1", "1e3", "1.0.0", "99999999999999999999999", "1000000.00"] {
        assert_eq!(ceiling(text), None, "{text}");
    }
}

proptest! {
    /// A failing case prints its input and its seed.
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = devices::read(&bytes[..]);
        let _ = devices::read(&[b"meter,serial,ceiling\n", &bytes[..]].concat()[..]);
    }
}
