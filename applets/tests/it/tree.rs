//! The file tree of the mask, as SELECT tells it, against the tables of the standard.

use super::{answer, mask, sim};
use gridcard_applets::sim::{LEAST_MESSAGES, MOST_MESSAGES};

/// Path, size, READ and UPDATE condition, structure, record length [TS 51.011 10.1 to 10.5]; EF_GRID is ours
/// [docs/specs/cards.md 8], and UPDATE of EF_ICCID by ADM is [docs/specs/sim.md].
#[rustfmt::skip]
const FILES: &[(&str, &str, u16, u8, u8, u8)] = &[
    ("",     "2FE2",   10, 0x0A, 0x00, 0x00),
    ("7F20", "6F05",    1, 0x01, 0x00, 0x00),
    ("7F20", "6F07",    9, 0x1A, 0x00, 0x00),
    ("7F20", "6F20",    9, 0x11, 0x00, 0x00),
    ("7F20", "6F30",   24, 0x11, 0x00, 0x00),
    ("7F20", "6F31",    1, 0x1A, 0x00, 0x00),
    ("7F20", "6F38",    5, 0x1A, 0x00, 0x00),
    ("7F20", "6F3E",    1, 0x1A, 0x00, 0x00),
    ("7F20", "6F3F",    1, 0x1A, 0x00, 0x00),
    ("7F20", "6F46",   17, 0x0A, 0x00, 0x00),
    ("7F20", "6F74",   16, 0x11, 0x00, 0x00),
    ("7F20", "6F78",    2, 0x1A, 0x00, 0x00),
    ("7F20", "6F7B",   12, 0x11, 0x00, 0x00),
    ("7F20", "6F7E",   11, 0x11, 0x00, 0x00),
    ("7F20", "6FAD",    4, 0x0A, 0x00, 0x00),
    ("7F20", "6FAE",    1, 0x0A, 0x00, 0x00),
    ("7F10", "6F3C", 1760, 0x11, 0x01, 0xB0),
    ("7F10", "6F40",   56, 0x11, 0x01, 0x1C),
    ("7F10", "6F42",   80, 0x11, 0x01, 0x28),
    ("7F10", "6F43",    2, 0x11, 0x00, 0x00),
    ("7F10", "6FE0",    2, 0x0A, 0x00, 0x00),
];

#[test]
fn each_file_is_as_the_standard_has_it() {
    let mut card = sim(10);
    for (dir, fid, size, access, structure, record) in FILES {
        answer(&mut card, "A0A40000023F00");
        if !dir.is_empty() {
            assert_eq!(answer(&mut card, &format!("A0A4000002{dir}")), "9F17");
        }
        assert_eq!(answer(&mut card, &format!("A0A4000002{fid}")), "9F0F", "{dir}/{fid}");
        let wanted = format!("0000{size:04X}{fid}0400{access:02X}FFFF0102{structure:02X}{record:02X}9000");
        assert_eq!(answer(&mut card, "A0C000000F"), wanted, "{dir}/{fid}");
    }
}

/// What each file allows before any code, after CHV1, after CHV2 and after ADM.
#[test]
fn each_condition_holds() {
    let codes = ["", "A020000108", "A020000208", "A020000A08"];
    let values = ["", "31323334FFFFFFFF", "35363738FFFFFFFF", "41444D3141444D31"];
    for (code, value) in codes.into_iter().zip(values) {
        let mut card = sim(10);
        if !code.is_empty() {
            assert_eq!(answer(&mut card, &format!("{code}{value}")), "9000");
        }
        for (dir, fid, _, access, structure, record) in FILES {
            answer(&mut card, "A0A40000023F00");
            if !dir.is_empty() {
                answer(&mut card, &format!("A0A4000002{dir}"));
            }
            answer(&mut card, &format!("A0A4000002{fid}"));
            let met = |nibble: u8| match nibble {
                0x0 => true,
                0x1 => code.starts_with("A0200001"),
                0xA => code.starts_with("A020000A"),
                other => panic!("condition {other:X} in the table"),
            };
            let (read, update) = match structure {
                0x00 => ("A0B0000001".to_owned(), "A0D600000100".to_owned()),
                _ => (
                    format!("A0B20104{record:02X}"),
                    format!("A0DC0104{record:02X}{}", "FF".repeat(usize::from(*record))),
                ),
            };
            let what = format!("{dir}/{fid} after {code:?}");
            assert_eq!(answer(&mut card, &read).ends_with("9000"), met(access >> 4), "READ {what}");
            let wanted = if met(access & 0x0F) { "9000" } else { "9804" };
            assert_eq!(answer(&mut card, &update), wanted, "UPDATE {what}");
        }
    }
}

#[test]
fn the_number_of_messages_is_the_makers() {
    assert_eq!((LEAST_MESSAGES, MOST_MESSAGES), (10, 50));
    for messages in LEAST_MESSAGES..=MOST_MESSAGES {
        let mut card = sim(messages);
        assert_eq!(answer(&mut card, "A02000010831323334FFFFFFFF"), "9000");
        answer(&mut card, "A0A40000027F10");
        answer(&mut card, "A0A40000026F3C");
        let size = u16::from(messages) * 176;
        let wanted = format!("0000{size:04X}6F3C040011FFFF010201B09000");
        assert_eq!(answer(&mut card, "A0C000000F"), wanted);
        let free = format!("00{}9000", "FF".repeat(175));
        assert_eq!(answer(&mut card, &format!("A0B2{messages:02X}04B0")), free, "the last record");
        assert_eq!(answer(&mut card, &format!("A0B2{:02X}04B0", messages + 1)), "9402");
        assert!(mask(messages).user_bytes() > usize::from(size));
    }
}
