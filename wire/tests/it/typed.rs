//! Bytes as people type them.

use gridcard_wire::typed::{TypedError, bytes, counted, unmarked};

#[test]
fn every_form_reads_alike() {
    for text in [
        "00A404003F00",
        "00a404003f00",
        "00 A4 04 00 3F 00",
        "00A4 0400 3F00",
        "0 0A 404003F00",
        "00:A4:04:00:3F:00",
        "00 : A4 : 04 : 00 : 3F : 00",
        "0x00A404003F00",
        "0X00 0XA4 0x04 0x00 0x3f 0x00",
        "0x00,0xA4, 0x04 ,0x00,\t0x3F, 0x00,",
        "0x00A4:0x0400:3F00",
        "\u{FEFF}00A404003F00",
        "\u{FEFF}0x00A404003F00",
        "00A404003F00\r\n",
        "00\u{A0}A404003F00",
    ] {
        assert_eq!(bytes(text), Ok(vec![0x00, 0xA4, 0x04, 0x00, 0x3F, 0x00]), "{text:?}");
    }
    assert_eq!(bytes(""), Ok(vec![]));
    assert_eq!(bytes(" \u{FEFF}"), Ok(vec![]));
    assert_eq!(bytes("0x"), Ok(vec![]));
    assert_eq!(unmarked("\u{FEFF}> 00"), "> 00");
    assert_eq!(unmarked("> 00"), "> 00");
}

/// Groups from a paper, in whatever form: the digits are the same, and a wrong one keeps its place.
#[test]
fn groups_of_a_paper() {
    for text in [
        "0A1B-2C3D",
        "0A1B 2C3D",
        "0A:1B:2C:3D",
        "\u{FEFF}0x0A1B 0x2C3D",
        "0x0A,0x1B,0x2C,0x3D",
        "0A1B2C3D\n",
    ] {
        assert_eq!(counted(text).collect::<String>(), "0A1B2C3D", "{text:?}");
    }
    assert_eq!(counted("0A1x").collect::<String>(), "0A1x");
    assert_eq!(counted("0Ax1").collect::<String>(), "0Ax1");
}

#[test]
fn what_is_no_bytes_is_named() {
    for (text, error) in [
        ("0", TypedError::Odd),
        ("00A", TypedError::Odd),
        // a group that is marked off is of whole bytes, whatever the sum
        ("0x0 0xA4 0x0", TypedError::Odd),
        ("0:A4:0", TypedError::Odd),
        ("00:A:0:4", TypedError::Odd),
        ("00:A 4", TypedError::Odd),
        ("0x00A 4", TypedError::Odd),
        ("0,0", TypedError::Odd),
        ("00G0", TypedError::Digit { character: 'G', place: 3 }),
        ("x00", TypedError::Digit { character: 'x', place: 1 }),
        ("000xA4", TypedError::Digit { character: 'x', place: 4 }),
        ("0x0x00", TypedError::Digit { character: 'x', place: 4 }),
        ("00-A4", TypedError::Digit { character: '-', place: 3 }),
        ("\u{FF10}0", TypedError::Digit { character: '\u{FF10}', place: 1 }),
    ] {
        assert_eq!(bytes(text), Err(error), "{text:?}");
    }
}
