//! The file tree of the mask, as SELECT tells it, against the tables of the standard.

use super::{answer, made, mask, sim};
use cos::{Card, RamNvm};
use gridcard_applets::sim::{LEAST_MESSAGES, MOST_MESSAGES, Profile};

type Row = (&'static str, &'static str, u16, u8, u8, u8, u8, u8, u8);

/// Path, size, READ and UPDATE, INCREASE, REHABILITATE and INVALIDATE condition, file status, structure, record length
/// [TS 51.011 10.1 to 10.5]; EF_GRID is ours [docs/specs/cards.md 8], and UPDATE of EF_ICCID by ADM is [docs/specs/sim.md].
#[rustfmt::skip]
const FILES: &[Row] = &[
    ("",     "2FE2",   10, 0x0A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F05",    1, 0x01, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F07",    9, 0x1A, 0xFF, 0x1A, 0x01, 0x00, 0x00),
    ("7F20", "6F20",    9, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F30",   24, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F31",    1, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F37",    3, 0x12, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F38",   12, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F39",   15, 0x12, 0x1F, 0xAA, 0x01, 0x03, 0x03),
    ("7F20", "6F3E",    1, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F3F",    1, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F41",    5, 0x12, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F46",   17, 0x0A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F60",   40, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F61",   40, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F62",   10, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F74",   16, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F78",    2, 0x1A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F7B",   12, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6F7E",   11, 0x11, 0xFF, 0x1A, 0x01, 0x00, 0x00),
    ("7F20", "6FAD",    4, 0x0A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F20", "6FAE",    1, 0x0A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F10", "6F3A",  280, 0x11, 0xFF, 0x22, 0x05, 0x01, 0x1C),
    ("7F10", "6F3C", 1760, 0x11, 0xFF, 0xAA, 0x01, 0x01, 0xB0),
    ("7F10", "6F40",   56, 0x11, 0xFF, 0xAA, 0x01, 0x01, 0x1C),
    ("7F10", "6F42",   80, 0x11, 0xFF, 0xAA, 0x01, 0x01, 0x28),
    ("7F10", "6F43",    2, 0x11, 0xFF, 0xAA, 0x01, 0x00, 0x00),
    ("7F10", "6FE0",    2, 0x0A, 0xFF, 0xAA, 0x01, 0x00, 0x00),
];

#[test]
fn each_file_is_as_the_standard_has_it() {
    for profile in [Profile::Sim, Profile::Uicc] {
        let mut card = made(profile, 10);
        for (dir, fid, size, access, increase, administer, status, structure, record) in FILES {
            answer(&mut card, "A0A40000023F00");
            if !dir.is_empty() {
                assert_eq!(answer(&mut card, &format!("A0A4000002{dir}")), "9F17");
            }
            assert_eq!(answer(&mut card, &format!("A0A4000002{fid}")), "9F0F", "{dir}/{fid}");
            let counter = if *increase == 0xFF { 0x00 } else { 0x40 };
            let wanted = format!(
                "0000{size:04X}{fid}04{counter:02X}{access:02X}{increase:02X}{administer:02X}{status:02X}02{structure:02X}{record:02X}9000"
            );
            assert_eq!(answer(&mut card, "A0C000000F"), wanted, "{profile:?} {dir}/{fid}");
        }
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
        for (dir, fid, _, access, _, _, _, structure, record) in FILES {
            answer(&mut card, "A0A40000023F00");
            if !dir.is_empty() {
                answer(&mut card, &format!("A0A4000002{dir}"));
            }
            answer(&mut card, &format!("A0A4000002{fid}"));
            let met = |nibble: u8| match nibble {
                0x0 => true,
                0x1 => code.starts_with("A0200001"),
                0x2 => code.starts_with("A0200002"),
                0xA => code.starts_with("A020000A"),
                other => panic!("condition {other:X} in the table"),
            };
            let (read, update) = match structure {
                0x00 => ("A0B0000001".to_owned(), "A0D600000100".to_owned()),
                _ => {
                    let mode = if *structure == 0x03 { "0003" } else { "0104" };
                    let blank = "FF".repeat(usize::from(*record));
                    (format!("A0B20104{record:02X}"), format!("A0DC{mode}{record:02X}{blank}"))
                }
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
        let wanted = format!("0000{size:04X}6F3C040011FFAA010201B09000");
        assert_eq!(answer(&mut card, "A0C000000F"), wanted);
        let free = format!("00{}9000", "FF".repeat(175));
        assert_eq!(answer(&mut card, &format!("A0B2{messages:02X}04B0")), free, "the last record");
        assert_eq!(answer(&mut card, &format!("A0B2{:02X}04B0", messages + 1)), "9402");
        assert!(mask(Profile::Sim, messages).user_bytes() > usize::from(size));
    }
}

/// Application of the UICC: path, size, short identifier, READ and UPDATE by the number of the rule in EF_ARR; `link` where
/// the file is DF_TELECOM's.
#[rustfmt::skip]
const APPLICATION: &[(&str, u16, u8, &str)] = &[
    ("6F05",    2, 0x02, "41"), ("6F07",    9, 0x07, "41"), ("6F08",   33, 0x08, "41"), ("6F09",   33, 0x09, "41"),
    ("6F31",    1, 0x12, "41"), ("6F38",    6, 0x04, "41"), ("6F3E",    1, 0x00, "41"), ("6F3F",    1, 0x00, "41"),
    ("6F46",   17, 0x00, "41"), ("6F56",    1, 0x05, "41"), ("6F5B",    6, 0x0F, "41"), ("6F5C",    3, 0x10, "41"),
    ("6F60",   40, 0x0A, "41"), ("6F61",   40, 0x11, "41"), ("6F62",   10, 0x13, "41"), ("6F73",   14, 0x0C, "41"),
    ("6F78",    2, 0x06, "41"), ("6F7B",   12, 0x0D, "41"), ("6F7E",   11, 0x0B, "41"), ("6FAD",    4, 0x03, "41"),
    ("6FB7",    4, 0x01, "42"), ("6FC4",   46, 0x00, "41"), ("6F3C", 1760, 0x00, "42"), ("6F40",   56, 0x00, "42"), ("6F42",   80, 0x00, "42"),
    ("6F43",    2, 0x00, "41"),
];

/// The value of a data object of one FCP.
fn object(fcp: &str, tag: u8) -> Option<String> {
    let bytes = hex::decode(fcp).unwrap();
    let mut rest = &bytes[2..usize::from(bytes[1]) + 2];
    while let [found, len, more @ ..] = rest {
        let (value, behind) = more.split_at(usize::from(*len));
        if *found == tag {
            return Some(hex::encode_upper(value));
        }
        rest = behind;
    }
    None
}

/// SELECT with FCP, GET RESPONSE.
fn parameters(card: &mut Card<RamNvm>, select: &str) -> String {
    let announced = answer(card, select);
    assert!(announced.starts_with("61"), "{select}: {announced}");
    let fcp = answer(card, &format!("00C00000{}", &announced[2..]));
    assert!(fcp.len() / 2 < 128 + 2, "{select}: an FCP stays below 128 bytes");
    fcp
}

#[test]
fn the_application_is_as_it_should_be() {
    let mut card = made(Profile::Uicc, 10);
    let adf = parameters(&mut card, "00A4040407A0000000871002");
    assert_eq!(object(&adf, 0x84).unwrap(), "A0000000871002FF86FFFF8900000000");
    for (fid, size, sfi, kind) in APPLICATION {
        let fcp = parameters(&mut card, &format!("00A4000402{fid}"));
        assert_eq!(object(&fcp, 0x80).unwrap(), format!("{size:04X}"), "{fid}");
        assert_eq!(&object(&fcp, 0x82).unwrap()[..2], *kind, "{fid}");
        let short = if *sfi == 0 { String::new() } else { format!("{:02X}", sfi << 3) };
        assert_eq!(object(&fcp, 0x88).unwrap(), short, "{fid}");
        assert!(object(&fcp, 0x8B).unwrap().starts_with("6F06"), "{fid} names its rule");
    }
    // what a phone keeps of a GSM network has a directory of its own, which class A0 does not see
    let gsm_access = parameters(&mut card, "00A40004025F3B");
    assert_eq!((object(&gsm_access, 0x82).unwrap(), object(&gsm_access, 0x84)), ("7821".to_owned(), None));
    for (fid, sfi) in [("4F20", "08"), ("4F52", "10")] {
        let fcp = parameters(&mut card, &format!("00A4000402{fid}"));
        assert_eq!(object(&fcp, 0x80).unwrap(), "0009", "{fid}");
        assert_eq!(object(&fcp, 0x88).unwrap(), sfi, "{fid}");
    }
    assert_eq!(answer(&mut card, "A0A40000023F00"), "9F17");
    assert_eq!(answer(&mut card, "A0A40000025F3B"), "9404");
    let dir = answer(&mut card, "00A4000C023F00");
    assert_eq!(dir, "9000");
    let record = answer(&mut card, &format!("00B201{:02X}26", 0x1E << 3 | 4));
    assert!(record.starts_with("61184F10A0000000871002FF86FFFF890000000050045553494D"), "{record}");
    assert_eq!(answer(&mut card, &format!("00B202{:02X}26", 0x1E << 3 | 4)), "6A83");
    let atr = wire::atr::Atr::parse(&card.power_on().unwrap()).unwrap();
    assert_eq!((atr.protocols(), atr.has_tck()), (vec![0], true));
}

/// A phone stores a message in the application; DF_TELECOM has it, for class A0 and the meter.
#[test]
fn messages_are_one_file() {
    let mut card = made(Profile::Uicc, 10);
    let message = format!("03{}", "AB".repeat(175));
    for (command, wanted) in [
        ("00A4040C07A0000000871002", "9000"),
        ("002000010831323334FFFFFFFF", "9000"),
        ("00A4000C026F3C", "9000"),
        (&format!("00DC0204B0{message}"), "9000"),
        ("A0A40000023F00", "9F17"),
        ("A0A40000027F10", "9F17"),
        ("A0A40000026F3C", "9F0F"),
        ("A0A200100103", "9F01"),
        ("A0C0000001", "029000"),
        ("A0B20204B0", &format!("{message}9000")),
    ] {
        assert_eq!(answer(&mut card, command), wanted, "{command}");
    }
}
