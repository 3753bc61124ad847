//! Command and response APDUs.

use crate::unhex;
use gridcard_wire::apdu::ApduError;
use gridcard_wire::{Command, CommandRef, Response, Sw};
use proptest::prelude::*;

#[test]
fn four_cases() {
    for (bytes, data, le) in [
        ("80 0E 00 00", "", None),
        ("00 84 00 00 08", "", Some(8)),
        ("00 B0 95 00 00", "", Some(256)),
        ("00 A4 00 00 02 3F00", "3F00", None),
        ("00 A4 00 00 02 3F00 00", "3F00", Some(256)),
        ("00 88 00 02 08 0102030405060708 08", "0102030405060708", Some(8)),
    ] {
        let raw = unhex(bytes);
        let command = CommandRef::parse(&raw).unwrap();
        assert_eq!(command.header()[..], raw[..4], "{bytes}");
        assert_eq!(command.data, unhex(data), "{bytes}");
        assert_eq!(command.le, le, "{bytes}");
        assert_eq!(command.p1p2(), u16::from_be_bytes([raw[2], raw[3]]), "{bytes}");
    }
}

#[test]
fn malformed_commands_are_named() {
    for (bytes, error) in [
        ("", ApduError::Header(0)),
        ("00 A4 00", ApduError::Header(3)),
        ("00 A4 00 00 02 3F", ApduError::Length { lc: 2, found: 1 }),
        ("00 A4 00 00 02 3F00 00 00", ApduError::Length { lc: 2, found: 4 }),
        ("00 A4 00 00 00 0002 3F00", ApduError::Length { lc: 0, found: 4 }),
        ("00 A4 00 00 00 00", ApduError::Length { lc: 0, found: 1 }),
    ] {
        assert_eq!(CommandRef::parse(&unhex(bytes)), Err(error), "{bytes}");
    }
}

#[test]
fn response_needs_a_status_word() {
    assert_eq!(Response::parse(vec![]), None);
    assert_eq!(Response::parse(vec![0x90]), None);
    assert_eq!(Response::parse(vec![0x90, 0x00]), Some(Response { data: vec![], sw: Sw::OK }));
    assert_eq!(
        Response::parse(unhex("0102 63C2")),
        Some(Response { data: vec![1, 2], sw: Sw::tries_left(2) })
    );
}

proptest! {
    #[test]
    fn what_is_built_is_read(
        header: [u8; 4],
        data in prop::collection::vec(any::<u8>(), 0..=255),
        le in prop::option::of(1u16..=256),
    ) {
        let [cla, ins, p1, p2] = header;
        let mut command = Command::new(cla, ins, p1, p2).data(&data);
        if let Some(le) = le {
            command = command.le(le);
        }
        let bytes = command.to_bytes();
        prop_assert_eq!(CommandRef::parse(&bytes), Ok(CommandRef { cla, ins, p1, p2, data: &data, le }));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(command) = CommandRef::parse(&bytes) {
            let mut again = Command::new(command.cla, command.ins, command.p1, command.p2).data(command.data);
            if let Some(le) = command.le {
                again = again.le(le);
            }
            prop_assert_eq!(again.to_bytes(), bytes.clone());
        }
        prop_assert_eq!(Response::parse(bytes.clone()).is_some(), bytes.len() >= 2);
    }
}
