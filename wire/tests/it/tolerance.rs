//! Bytes that should not be there, and the right reading of each: TS 23.040, 23.038 and 51.011, by the rules of
//! docs/specs/sim.md. Every record here is in use, of 176 bytes, and filled up with FF.

mod ours;
mod parameters;

use crate::unhex;
use gridcard_wire::sms::content::Content;
use gridcard_wire::sms::join::{Piece, alone};
use gridcard_wire::sms::parameters::{Parameters, SendingState};
use gridcard_wire::sms::record::{RECORD_LEN, RecordStatus};
use gridcard_wire::sms::text;
use gridcard_wire::sms::tpdu::{Period, TimestampParts, Tpdu, Validity, relative_seconds};

/// Status 03, no service centre.
const HEAD: &str = "0300";
/// "Top up 50" from +86138020505, 2026-11-03 19:23:45 in China.
const FROM: &str = "0B916831080205F5";
const AT: &str = "62113091325423";
const TEXT: &str = "09D4371C5487836A30";

fn record(bytes: &str) -> Vec<u8> {
    let mut record = unhex(bytes);
    assert!(record.len() <= RECORD_LEN, "{bytes}");
    record.resize(RECORD_LEN, 0xFF);
    record
}

/// A received message in its record.
fn deliver(first: &str, from: &str, pid_dcs: &str, at: &str, from_udl: &str) -> String {
    format!("{HEAD}{first}{from}{pid_dcs}{at}{from_udl}")
}

/// What a record of somebody else says: the text, and every note's words joined by `; `.
#[track_caller]
fn reads(bytes: &str) -> (String, Vec<String>, Tpdu) {
    let content = Content::of(&record(bytes));
    let Content::Other(message) = content else { panic!("{bytes}: {content:?}") };
    let said = match alone(&message.record) {
        Piece::Text(text) => text,
        Piece::Data(bytes) => format!("<{}>", hex::encode_upper(bytes)),
        Piece::Missing(part) => format!("<{part}>"),
    };
    // The message is kept as it came, octet for octet.
    let tpdu = message.record.tpdu.to_bytes();
    assert!(record(bytes).windows(tpdu.len()).any(|window| window == tpdu), "{bytes}");
    (said, message.notes.iter().map(ToString::to_string).collect(), message.record.tpdu)
}

/// The text and, when there should be one, the one note, which holds these words.
#[track_caller]
fn says(bytes: &str, wanted: &str, note: &str) -> Tpdu {
    let (said, notes, tpdu) = reads(bytes);
    assert_eq!(said, wanted, "{bytes}");
    match note {
        "" => assert_eq!(notes, Vec::<String>::new(), "{bytes}"),
        words => assert!(notes.len() == 1 && notes[0].contains(words), "{bytes}: {notes:?}, not {words}"),
    }
    tpdu
}

#[test]
fn a_right_message_has_no_note() {
    let tpdu = says(&deliver("04", FROM, "0000", AT, TEXT), "Top up 50", "");
    assert_eq!(text::address(tpdu.address()), "+86138020505");
    let at = TimestampParts { year: 26, month: 11, day: 3, hour: 19, minute: 23, second: 45, quarters: 32 };
    assert_eq!(tpdu.timestamp().unwrap().parts(), Ok(at));
}

#[test]
fn first_octets() {
    for (first, note) in [
        ("00", ""),
        ("04", ""),
        // loop prevention, status report wanted, reply path
        ("0C", ""),
        ("24", ""),
        ("84", ""),
        ("14", "first octet at byte 2: 14 has bits that mean nothing"),
        ("07", "first octet at byte 2: type 3 is reserved"),
    ] {
        says(&deliver(first, FROM, "0000", AT, TEXT), "Top up 50", note);
    }
    // A SUBMIT under a status of received, a DELIVER under those of sent: read for what they are.
    let submit = format!("0100 01 FF {FROM} 0000 {TEXT}");
    let other_way = "first octet at byte 2: the message goes the other way than the status tells";
    assert!(matches!(says(&submit, "Top up 50", other_way), Tpdu::Submit(_)));
    for status in ["05", "07", "0D", "15", "1D"] {
        let deliver = format!("{status}00 04 {FROM} 0000 {AT} {TEXT}");
        assert!(matches!(says(&deliver, "Top up 50", other_way), Tpdu::Deliver(_)));
    }
}

/// Every PID, known or reserved, is an ordinary message; PID 7F of another class than 2 too.
#[test]
fn protocol_identifiers() {
    for pid in 0..=u8::MAX {
        says(&deliver("04", FROM, &format!("{pid:02X}00"), AT, TEXT), "Top up 50", "");
    }
}

#[test]
fn validity_periods() {
    for (first, validity, wanted) in [
        ("01", "", Period::Default),
        ("11", "00", Period::Seconds(300)),
        ("11", "8F", Period::Seconds(12 * 3600)),
        ("11", "90", Period::Seconds(12 * 3600 + 1800)),
        ("11", "A7", Period::Seconds(24 * 3600)),
        ("11", "A8", Period::Seconds(2 * 86400)),
        ("11", "A9", Period::Seconds(3 * 86400)),
        ("11", "C4", Period::Seconds(30 * 86400)),
        ("11", "C5", Period::Seconds(5 * 7 * 86400)),
        ("11", "FF", Period::Seconds(63 * 7 * 86400)),
        ("09", "00000000000000", Period::Default),
        ("09", "01A70000000000", Period::Seconds(24 * 3600)),
        ("09", "81007800000000", Period::Seconds(121 * 300)),
        ("09", "02780000000000", Period::Seconds(120)),
        ("09", "02000000000000", Period::Default),
        ("09", "03213100000000", Period::Seconds(12 * 3600 + 13 * 60)),
        ("09", "03A13100000000", Period::Default),
        ("09", "04FFFFFFFFFFFF", Period::Default),
        ("09", "FFFFFFFFFFFFFF", Period::Default),
    ] {
        let bytes = format!("0700 {first} 00 {FROM} 0000 {validity} {TEXT}");
        let Tpdu::Submit(submit) = says(&bytes, "Top up 50", "") else { panic!("{bytes}") };
        assert_eq!(submit.validity.period(), wanted, "{first} {validity}");
    }
    // No value of the one octet is without meaning, and none is shorter than the one before.
    assert!((0..u8::MAX).all(|step| relative_seconds(step) < relative_seconds(step + 1)));
    let absolute = Validity::Absolute([0x62, 0x11, 0x30, 0x91, 0x32, 0x54, 0x23]);
    assert!(matches!(absolute.period(), Period::Until(_)));
    says(&format!("0700 19 00 {FROM} 0000 {AT} {TEXT}"), "Top up 50", "");
}

#[test]
fn addresses() {
    for (from, wanted, note) in [
        ("0080", "", ""),
        ("0091", "+", ""),
        ("0191F6", "+6", ""),
        // the unused half octet is not F
        ("0B916831080205 05", "+86138020505", "address at byte 10: the unused half octet is 0, not F"),
        // the length counts the filler; a filler inside
        ("0C916831080205F5", "+86138020505", "address at byte 10: a filler stands among the digits"),
        ("0B9168F1080205F5", "+861", "address at byte 6: a filler stands among the digits"),
        ("0581BADCFE", "*#abc", ""),
        // unknown type, national, reserved numbering plan
        ("0BF16831080205F5", "86138020505", ""),
        ("0BA16831080205F5", "86138020505", ""),
        ("0B9F6831080205F5", "+86138020505", ""),
        ("0B116831080205F5", "+86138020505", "address at byte 4: bit 8 of the type 11 is 0"),
        // names: seven letters; the same counted in octets; eleven letters; eight, of which the last is an @
        ("0DD0CD32BD2C1FBE01", "MeterCo", ""),
        ("0ED0CD32BD2C1FBE01", "MeterCo", "address at byte 11: the name is counted in octets"),
        ("14D0C8F71D14969741F9771D", "How are you", ""),
        ("0ED0C16030180C0683", "AAAAAAAA", ""),
        ("02D041", "A", ""),
        ("00D0", "", ""),
    ] {
        let tpdu = says(&deliver("04", from, "0000", AT, TEXT), "Top up 50", note);
        assert_eq!(text::address(tpdu.address()), wanted, "{from}");
    }
    // More digits than an address may have.
    let long = "1591214365870921436587 09F1";
    let tpdu = says(&deliver("04", long, "0000", AT, TEXT), "Top up 50", "address at byte 3: 21 digits");
    assert_eq!(text::address(tpdu.address()), "+123456789012345678901");
}

/// The service centre's length counts octets; 0 and a type alone are none; more than 11 cannot be.
#[test]
fn service_centres() {
    for (centre, wanted, note) in [
        ("00", None, ""),
        ("0191", None, "service centre address at byte 1: a type and no number"),
        ("0291F8", Some("+8"), ""),
        ("0891683108200505F0", Some("+8613800250500"), ""),
        ("07916831082005F5", Some("+86138002505"), ""),
        ("0B9121436587092143658709", Some("+12345678901234567890"), ""),
        ("03916FF1", Some("+"), "a filler stands among the digits"),
    ] {
        let bytes = format!("01{centre}04{FROM}0000{AT}{TEXT}");
        let content = Content::of(&record(&bytes));
        let message = content.into_message().unwrap_or_else(|| panic!("{centre}"));
        let found = message.record.service_centre.as_ref().map(text::address);
        assert_eq!(found.as_deref(), wanted, "{centre}");
        let notes: Vec<String> = message.notes.iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), usize::from(!note.is_empty()), "{centre}: {notes:?}");
        assert!(notes.first().is_none_or(|found| found.contains(note)), "{notes:?}");
    }
}

#[test]
fn time_stamps() {
    let none = "time stamp at byte 13: no such time";
    for (at, wanted, note) in [
        ("62113091325423", Some((26, 11, 3, 19, 23, 45, 32)), ""),
        // a nibble above 9 counts as 0
        ("621130912A5423", Some((26, 11, 3, 19, 2, 45, 32)), "time stamp at byte 17: 2A has a digit above 9"),
        ("6211309132542A", Some((26, 11, 3, 19, 23, 45, -22)), ""),
        ("62113091325400", Some((26, 11, 3, 19, 23, 45, 0)), ""),
        ("6211309132540A", Some((26, 11, 3, 19, 23, 45, -20)), ""),
        // +14:00 and -12:00 are lived in; beyond nobody lives
        ("62113091325465", Some((26, 11, 3, 19, 23, 45, 56)), ""),
        ("6211309132548C", Some((26, 11, 3, 19, 23, 45, -48)), ""),
        ("62113091325497", Some((26, 11, 3, 19, 23, 45, 79)), "no zone is +79 quarters"),
        ("6211309132549F", Some((26, 11, 3, 19, 23, 45, -79)), "no zone is -79 quarters"),
        // leap day, and no leap day
        ("82209291325423", Some((28, 2, 29, 19, 23, 45, 32)), ""),
        ("62209291325423", None, none),
        ("00000000000000", None, none),
        ("62003091325423", None, none),
        ("62310091325423", None, none),
        ("62313091325423", None, none),
        ("62111391325423", None, none),
        ("62113042325423", None, none),
        ("62113091065423", None, none),
        ("62113091320623", None, none),
        ("99213032959500", Some((99, 12, 3, 23, 59, 59, 0)), ""),
    ] {
        let tpdu = says(&deliver("04", FROM, "0000", at, TEXT), "Top up 50", note);
        let found = tpdu.timestamp().unwrap().parts().ok();
        let found = found.map(|p| (p.year, p.month, p.day, p.hour, p.minute, p.second, p.quarters));
        assert_eq!(found, wanted, "{at}");
    }
    // All FF: each digit is named, and there is no such time; the message stays.
    let (said, notes, _) = reads(&deliver("04", FROM, "0000", "FFFFFFFFFFFFFF", TEXT));
    assert_eq!((said.as_str(), notes.len()), ("Top up 50", 8));
    let (_, notes, tpdu) = reads(&deliver("04", FROM, "0000", "621130913254FF", TEXT));
    assert_eq!(tpdu.timestamp().unwrap().parts().map(|parts| parts.quarters), Ok(-70));
    assert_eq!(notes.len(), 2, "{notes:?}");
}

#[test]
fn codings() {
    let reserved = "is reserved, read as the default alphabet";
    for dcs in 0..=u8::MAX {
        let bytes = |from_udl: &str| deliver("04", FROM, &format!("00{dcs:02X}"), AT, from_udl);
        let (group, low) = (dcs >> 4, dcs & 0x0F);
        match (group, low) {
            (0..=7, _) if dcs & 0x20 != 0 => {
                let (said, notes, _) = reads(&bytes(TEXT));
                assert_eq!(said, "<D4371C5487836A30FF>", "{dcs:02X}");
                assert!(notes.iter().any(|note| note.contains("compressed text")), "{notes:?}");
            }
            (0..=7, 4..=7) | (15, 4..=7 | 12..=15) => {
                says(&bytes("03DEADBE"), "<DEADBE>", "");
                says(&bytes("0548656C6C6F"), "Hello", "");
            }
            (0..=7, 8..=11) | (14, _) => {
                says(&bytes("024E2D"), "\u{4E2D}", "");
            }
            (0..=7, 12..=15) | (8..=11, _) => {
                says(&bytes(TEXT), "Top up 50", reserved);
            }
            _ => {
                says(&bytes(TEXT), "Top up 50", "");
            }
        }
    }
}

#[test]
fn text_in_seven_bits() {
    for (from_udl, wanted, note) in [
        ("039BA010", "AB", ""),
        ("039B8D10", " B", ""),
        ("031B8510", "\nB", ""),
        ("029B32", "€", ""),
        ("02C10D", "A", "user data at byte 21: half a character"),
        ("07D4371C5487D700", "Top up5", ""),
        ("08D4371C5487D700", "Top up5@", ""),
        ("08D4371C5487D71A", "Top up5\r", ""),
        ("00", "", ""),
        ("0100", "@", ""),
    ] {
        let bytes = deliver("04", FROM, "0000", AT, from_udl);
        says(&bytes, wanted, note);
    }
}

#[test]
fn text_in_ucs2() {
    for (from_udl, wanted, note) in [
        ("034E2D56", "\u{4E2D}", "user data at byte 23: half a character"),
        ("0141", "", "half a character"),
        ("04D83DDE00", "\u{1F600}", ""),
        ("04D83D0041", "\u{FFFD}A", ""),
        ("02DE00", "\u{FFFD}", ""),
        ("04FEFF0041", "\u{FEFF}A", ""),
        ("04FFFE4100", "\u{FFFE}\u{4100}", "FFFE at the beginning"),
        ("00", "", ""),
    ] {
        says(&deliver("04", FROM, "0008", AT, from_udl), wanted, note);
    }
}

#[test]
fn languages() {
    for (from_udl, wanted) in [
        // Turkish, Spanish and Portuguese extension tables; a language without one
        ("0703240101D89C01", "ğ"),
        ("0703240102D88401", "á"),
        ("0703240103D8EC01", "ã"),
        ("070324010FD89C01", "g"),
        // main tables
        ("0703250101382E00", "GĞ"),
        ("0703250103006E01", "ÍÃ"),
        ("0B062501012401018BCD19", "Ğğ"),
    ] {
        says(&deliver("44", FROM, "0000", AT, from_udl), wanted, "");
    }
    // An element of the wrong length names no language.
    let wrong = "0804240201018BCD19";
    let (_, notes, _) = reads(&deliver("44", FROM, "0000", AT, wrong));
    assert!(notes[0].contains("element 24 has a wrong length"), "{notes:?}");
}

/// Header elements: reference, total, sequence of the place in a longer text that counts.
#[test]
fn header_elements() {
    let again = "overruled by a later one";
    let senseless = "makes no sense and is passed over";
    let length = "has a wrong length and is passed over";
    let ignored = "its elements do not fit, all are ignored";
    for (from_udl, place, note) in [
        ("10050003A70201A86F38A80E07D560", Some((0xA7, 2, 1)), ""),
        ("10050003A70101A86F38A80E07D560", Some((0xA7, 1, 1)), ""),
        // no parts, part 0, a part behind the last
        ("10050003A70001A86F38A80E07D560", None, senseless),
        ("10050003A70000A86F38A80E07D560", None, senseless),
        ("10050003A70200A86F38A80E07D560", None, senseless),
        ("10050003A70203A86F38A80E07D560", None, senseless),
        // an unknown element in front
        ("15097F0201020003A70201407DC3417538A80603", Some((0xA7, 2, 1)), ""),
        // two places: the last counts, of whichever width; one that makes no sense does not
        ("160A0003A702010003A80302A0BEE1A03A1C548301", Some((0xA8, 3, 2)), again),
        ("170B0003A7020108041234030250DF70501D0EAAC100", Some((0x1234, 3, 2)), again),
        ("170B0804123403020003A7020150DF70501D0EAAC100", Some((0xA7, 2, 1)), again),
        ("160A0003A702010003A80900A0BEE1A03A1C548301", Some((0xA7, 2, 1)), senseless),
        // elements that do not come out even: too long, and half of one
        ("10050004A70201A86F38A80E07D560", None, ignored),
        ("11060003A7020100D4371C5487836A30", None, ignored),
        // a known element of the wrong length
        ("11060004A7020199D4371C5487836A30", None, length),
        // ports of both widths, in reserved ranges too
        ("11060504158A158AD4371C5487836A30", None, ""),
        ("11060504FFFFFFFFD4371C5487836A30", None, ""),
        ("0F040402158750DF70501D0EAAC100", None, ""),
        // a header of nothing
        ("0B0000F50D07D5E1A01A0C", None, ""),
    ] {
        let tpdu = says(&deliver("44", FROM, "0000", AT, from_udl), "Top up 50", note);
        let found = tpdu.user_data().part().map(|part| (part.reference, part.total, part.sequence));
        assert_eq!(found, place, "{from_udl}");
    }
}

#[test]
fn lengths_of_user_data() {
    for (first, dcs, from_udl, wanted, note) in [
        ("04", "00", "03D4371C5487836A30", "Top", "filler at byte 24: other bytes than FF"),
        ("44", "04", "0340371C", "<40371C>", "65 octets claimed, 3 there; shown in digits"),
        ("44", "00", "0940371C5487836A30", "<40371C5487836A30>", "65 octets claimed, 8 there"),
        // the header takes one septet more than there are
        ("44", "00", "0100", "<00>", "1 octets claimed, 1 there"),
        ("44", "04", "00", "<>", "1 octets claimed, 0 there"),
        ("44", "08", "0500004E2D56", "\u{004E}\u{2D56}", ""),
    ] {
        let (said, notes, _) = reads(&deliver(first, FROM, &format!("00{dcs}"), AT, from_udl));
        assert_eq!(said, wanted, "{from_udl}");
        assert!(note.is_empty() || notes.iter().any(|found| found.contains(note)), "{from_udl}: {notes:?}");
    }
    // 140 octets and 160 septets are the most there may be.
    let octets = |udl: &str, count: usize| {
        deliver("04", "0191F6", "0004", AT, &format!("{udl}{}", "41".repeat(count)))
    };
    says(&octets("8C", 140), &"A".repeat(140), "");
    let (said, notes, _) = reads(&octets("8D", 141));
    assert_eq!(said, "A".repeat(140));
    assert_eq!(notes, ["user data length at byte 15: length 141, where 140 may be"]);
    let septets = |udl: &str| deliver("04", "0191F6", "0000", AT, &format!("{udl}{}", "00".repeat(150)));
    let (said, notes, _) = reads(&septets("A1"));
    assert_eq!(said, "@".repeat(160));
    assert!(notes[0].contains("length 161, where 160 may be"), "{notes:?}");
    let (said, notes, _) = reads(&septets("FF"));
    assert_eq!(said, "@".repeat(160));
    assert!(notes[1].contains("224 octets said, 160 there"), "{notes:?}");
}

/// The longest SUBMIT behind the longest service centre is one octet longer than a record: that octet is lost, and the rest is
/// read [TS 51.011 10.5.3].
#[test]
fn a_message_cut_by_its_record() {
    let head = "07 0B9121436587092143658709 59 00 14912143658709214365 8709 00".replace(' ', "");
    let octets = |dcs: &str, udl: &str, body: &str| format!("{head}{dcs}{AT}{udl}{body}");
    // UDH 00 02 ..: an empty header, then the octets
    let bytes = octets("04", "8C", &format!("00{}", "42".repeat(138)));
    assert_eq!(unhex(&bytes).len(), RECORD_LEN);
    says(&bytes, &"B".repeat(138), "140 octets said, 139 there");
    let Content::Other(message) = Content::of(&unhex(&bytes)) else { panic!("{bytes}") };
    assert!(message.record.to_bytes().is_ok());
}

#[test]
fn reports() {
    let head = |status: &str| format!("{status}00 06 A7 {FROM} {AT} 62113091428023");
    for (rest, outcome, note, said) in [
        ("00", "delivered", "", ""),
        ("01", "forwarded, whether it was delivered is not known", "", ""),
        ("30", "not yet delivered, tried again", "", ""),
        ("46", "not delivered", "", ""),
        ("65", "not delivered, given up", "", ""),
        ("9A", "refused by the service", "9A is reserved", ""),
        // no optional part; all of it; the length without the coding: default alphabet
        ("00 00", "delivered", "", ""),
        ("00 07 00 04 05 48656C6C6F", "delivered", "", "Hello"),
        ("00 04 09 D4371C5487836A30", "delivered", "", "Top up 50"),
        ("00 84 00 09 D4371C5487836A30", "delivered", "", "Top up 50"),
        // a bit that means nothing: no optional part, and what follows is no filler
        ("00 14 09", "delivered", "filler at byte 27: other bytes than FF", ""),
    ] {
        let bytes = format!("{}{rest}", head("01"));
        let Tpdu::Report(report) = says(&bytes, said, note) else { panic!("{bytes}") };
        assert_eq!(report.outcome(), outcome, "{rest}");
        assert_eq!((report.reference, text::address(&report.recipient).as_str()), (0xA7, "+86138020505"));
    }
    // To the network the same type is a command to the service centre, which no record holds.
    for status in ["05", "07"] {
        assert!(matches!(Content::of(&record(&format!("{}00", head(status)))), Content::Damaged(_)));
    }
}

/// The bits of the status that mean nothing change nothing; the state alone says what a record is.
#[test]
fn status_bytes() {
    let text = deliver("04", FROM, "0000", AT, TEXT);
    for byte in 0..=u8::MAX {
        let mut bytes = record(&text);
        bytes[0] = byte;
        let content = Content::of(&bytes);
        if byte & 1 == 0 {
            assert_eq!(content, Content::Free, "{byte:02X}");
            continue;
        }
        let Content::Other(message) = content else { panic!("{byte:02X}") };
        assert_eq!(message.record.status, RecordStatus::from_byte(byte));
        let is_plain = matches!(byte, 0x01 | 0x03 | 0x05 | 0x07 | 0x0D | 0x15 | 0x1D);
        let is_odd = message.notes.iter().any(|note| note.to_string().contains("status at byte 0"));
        assert_eq!(is_odd, !is_plain, "{byte:02X}");
    }
}

#[test]
fn records_that_hold_no_message() {
    let says = |bytes: &[u8]| match Content::of(bytes) {
        Content::Damaged(error) => error.to_string(),
        content => panic!("{content:?}"),
    };
    assert!(says(&[0xFF; RECORD_LEN]).contains("FF alone: never written"));
    assert!(says(&record("03")).contains("service centre address at byte 0: length 255, at most 11"));
    assert!(says(&record("030C91")).contains("length 12, at most 11"));
    assert!(says(&[0x01; RECORD_LEN][..175]).contains("175 bytes"));
    assert!(says(&[]).contains("0 bytes"));
    // The longest sender a length can tell leaves room for all fields: it is read.
    let mut long = record("0300 04 FF 91");
    long[5..].fill(0x11);
    assert!(matches!(Content::of(&long), Content::Other(_)));
    // Filled up with 00 instead of FF: a message all the same.
    let mut zeros = unhex(&deliver("04", FROM, "0000", AT, TEXT));
    zeros.resize(RECORD_LEN, 0x00);
    let Content::Other(message) = Content::of(&zeros) else { panic!("{zeros:02X?}") };
    assert_eq!(alone(&message.record), Piece::Text("Top up 50".into()));
    assert_eq!(message.notes.len(), 1);
    // 00 alone is free; a status and 00 alone is an empty message of nobody.
    assert_eq!(Content::of(&[0x00; RECORD_LEN]), Content::Free);
    let mut empty = [0x00; RECORD_LEN];
    empty[0] = 0x01;
    assert!(matches!(Content::of(&empty), Content::Other(_)));
}
