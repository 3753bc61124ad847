//! Frames of CJ/T 188: known ones, and lines that cut, join and spoil them.

use gridcard_wire::cjt188::values::{Metered, Prices, Purchases};
use gridcard_wire::cjt188::{
    Address, ByteOrder, Control, FRAME_MAX, Frame, Identifier, Kind, Receiver, Status, function,
};
use gridcard_wire::frames::FrameError;
use proptest::prelude::*;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn one(bytes: &[u8]) -> Frame {
    let mut found = Receiver::new().push(bytes);
    assert_eq!(found.len(), 1);
    found.remove(0).unwrap()
}

/// A request to read a water meter that a page of the field shows with its sum.
const WATER: &str = "FE FE FE FE 68 10 44 33 22 11 00 33 78 01 03 1F 90 00 80 16";

#[test]
fn a_known_request_is_read_and_made() {
    let frame = one(&bytes(WATER));
    assert_eq!(frame.kind, Kind::WATER);
    assert_eq!(frame.address, Address([0x78, 0x33, 0x00, 0x11, 0x22, 0x33, 0x44]));
    assert_eq!(frame.control, Control::request(function::READ));
    let about = (Identifier::METERED, ByteOrder::LowFirst);
    assert_eq!(Identifier::split(&frame.data), Some((about.0, about.1, &[0][..])));
    let made = Frame::request((frame.kind, frame.address), function::READ, about, 0, &[]);
    assert_eq!(made.to_bytes().unwrap(), bytes(WATER)[4..]);
}

/// The heat meter's request of the field has its identifier the other way round; its sum is computed here, as the page leaves it out.
#[test]
fn identifiers_stand_in_either_order() {
    let head = bytes("68 20 32 41 31 40 00 00 00 01 03 90 1F 01");
    let sum = head.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!(sum, 0x20, "as the page has it");
    let frame = one(&[&head[..], &[sum, 0x16]].concat());
    assert_eq!(Identifier::split(&frame.data), Some((Identifier::METERED, ByteOrder::HighFirst, &[1][..])));
    for about in [0x901F, 0x8102, 0x8105, 0x8106, 0x810A, 0xA017, 0xA018, 0xA010, 0xD120, 0xD12B, 0xF645] {
        for order in [ByteOrder::HighFirst, ByteOrder::LowFirst] {
            let written = Identifier(about).bytes(order);
            let found = Identifier::split(&written).unwrap();
            assert_eq!((found.0, found.1), (Identifier(about), order), "{about:04X}");
        }
    }
}

#[test]
fn an_address_is_a_number_with_zeros_before_it() {
    let number = [0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
    let address = Address::of(number);
    assert_eq!((address.to_string(), address.number()), ("00123456789012".into(), Some(number)));
    assert_eq!(Address::WILDCARD.number(), None);
    assert!(
        Address::WILDCARD.reaches(address)
            && address.reaches(address)
            && !Address::of([0; 6]).reaches(address)
    );
    assert!(Kind::ANY.reaches(Kind::GAS) && !Kind::WATER.reaches(Kind::GAS));
}

#[test]
fn a_state_says_valve_and_battery() {
    for (status, wanted) in [
        (Status::default(), [0x00, 0x00]),
        (Status { valve: 1, ..Status::default() }, [0x01, 0x00]),
        (Status { valve: 3, battery_low: true, maker: 0x80 }, [0x07, 0x80]),
    ] {
        assert_eq!((status.bytes(), Status::of(wanted)), (wanted, status));
    }
}

#[test]
fn values_stand_where_the_sheet_has_them() {
    // 1234.56 m3, 1000.00 m3 on the day of settlement, 2026-11-28 10:20:30, valve open, battery low.
    let wanted = bytes("56 34 12 00 2C 00 00 10 00 2C 30 20 10 28 11 26 20 04 00");
    let metered = Metered {
        current: 1234_56,
        unit: 0x2C,
        settled: 1000_00,
        settled_unit: 0x2C,
        time: [0x20, 0x26, 0x11, 0x28, 0x10, 0x20, 0x30],
        status: Status { battery_low: true, ..Status::default() },
    };
    assert_eq!((metered.to_bytes(), Metered::of(&wanted)), (wanted, Some(metered)));
    let wanted = bytes("80 02 00 50 00 00 00 03 00 00 01 00 50 03 00");
    let prices = Prices { prices: [2_80, 3_00, 3_50], amounts: [50, 100] };
    assert_eq!((prices.to_bytes(), Prices::of(&wanted)), (Some(wanted), Some(prices)));
    assert_eq!(Prices { amounts: [50, 1_000_000], ..prices }.to_bytes(), None, "no room");
    let wanted = bytes("02 00 30 00 00 00 80 00 00 99 70 00 00 01 00");
    let purchases = Purchases {
        number: 2,
        last: 30_00,
        all: 80_00,
        left: 70_99,
        status: Status { valve: 1, ..Status::default() },
    };
    assert_eq!((purchases.to_bytes(), Purchases::of(&wanted)), (wanted, Some(purchases)));
    assert_eq!(Purchases::of(&[0; 14]), None);
    assert_eq!(Metered::of(&[0xAA; 19]), None, "letters are no digits");
}

#[test]
fn a_broken_frame_is_told_and_does_not_take_the_next_with_it() {
    let good = bytes(WATER);
    let mut bent = good.clone();
    bent[10] ^= 1;
    let mut receiver = Receiver::new();
    let found = receiver.push(&[bent, good.clone()].concat());
    assert!(matches!(found[0], Err(FrameError::Sum { .. })));
    assert!(found.last().unwrap().is_ok());
    let mut end = good;
    *end.last_mut().unwrap() = 0x17;
    assert_eq!(Receiver::new().push(&end), [Err(FrameError::End(0x17))]);
    let long = Frame { data: vec![0; 256], ..one(&bytes(WATER)) };
    assert_eq!(long.to_bytes(), Err(FrameError::TooLong(256)));
}

/// A frame of an electricity meter on the same line is none of these, and takes none of them with it.
#[test]
fn a_frame_of_another_protocol_is_passed_over() {
    let other = bytes("68 AA AA AA AA AA AA 68 13 00 DF 16");
    let mut receiver = Receiver::new();
    // Its second 68 may look like a beginning until the line falls silent.
    let mut found = receiver.push(&[other, bytes(WATER)].concat());
    found.extend(receiver.silence());
    assert_eq!(found.iter().filter(|found| found.is_ok()).count(), 1);
}

proptest! {
    #[test]
    fn any_frame_is_read_as_it_was_made_however_the_line_cuts_it(
        kind in prop::sample::select(vec![0x10_u8, 0x19, 0x25, 0x30, 0x40, 0xAA]),
        address in any::<[u8; 7]>(),
        control in any::<u8>(),
        data in prop::collection::vec(any::<u8>(), 0..=255),
        cut in 1_usize..40,
    ) {
        let frame = Frame { kind: Kind(kind), address: Address(address), control: Control(control), data };
        let bytes = frame.to_bytes().unwrap();
        prop_assert!(bytes.len() <= FRAME_MAX);
        let mut receiver = Receiver::new();
        let found: Vec<_> = bytes.chunks(cut).flat_map(|part| receiver.push(part)).collect();
        prop_assert!(!receiver.is_waiting());
        prop_assert_eq!(found.into_iter().filter_map(Result::ok).next_back(), Some(frame));
    }

    #[test]
    fn noise_never_stops_a_receiver(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut receiver = Receiver::new();
        let _ = receiver.push(&noise);
        let _ = receiver.silence();
        prop_assert!(!receiver.is_waiting());
        prop_assert_eq!(receiver.push(&bytes(WATER)).into_iter().filter(Result::is_ok).count(), 1);
    }
}
