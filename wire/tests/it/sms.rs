//! Short messages: published messages, round trips, and what must be refused.

#![cfg(test)]

use crate::unhex;
use gridcard_wire::sms::content::{Content, Ours};
use gridcard_wire::sms::record::{RECORD_LEN, RecordError, RecordStatus, SmsRecord, free_record};
use gridcard_wire::sms::text;
use gridcard_wire::sms::tpdu::{
    Address, Alphabet, Deliver, Direction, Field, Part, Submit, Timestamp, TimestampParts, Tpdu, TpduError,
    UserData, Validity, parse_service_centre, service_centre_bytes,
};
use proptest::prelude::*;

/// SMS-DELIVER of the osmocom/pySim unit tests (`tests/unittests/test_sms.py`).
const PYSIM_DELIVER: &str = "0408D0E5759A0E7FF6907090307513000824010101BB400101";

/// A record as the field has it: unread, service centre +8613800250500, sixteen data bytes.
const RECORD_HEAD: &str = "030891683108200505F0040D91683119325476F800F662112260030023\
                           10000102030405060708090A0B0C0D0E0F";

fn record(head: &[u8]) -> Vec<u8> {
    let mut out = head.to_vec();
    out.resize(RECORD_LEN, 0xFF);
    out
}

fn meter() -> Address {
    Address::international("+8613912345678").unwrap()
}

fn stamp() -> Timestamp {
    Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x06, 0x30, 0x00]).unwrap()
}

fn order_record() -> SmsRecord {
    let data = unhex("027000 0018 15 1639 15 15 475243 0000000001 00 0102030405060708");
    SmsRecord {
        status: RecordStatus::Unread,
        service_centre: Some(Address::international("8613800250500").unwrap()),
        tpdu: Tpdu::Deliver(Deliver::secured(meter(), stamp(), &data).unwrap()),
    }
}

fn receipt_record(status: RecordStatus) -> SmsRecord {
    let data = unhex("027100 0013 12 475243 0000000001 00 00 0102030405060708 AA");
    let tpdu = Tpdu::Submit(Submit::secured(meter(), &data).unwrap());
    SmsRecord { status, service_centre: None, tpdu }
}

/// User data of a DELIVER with this coding and these octets from UDL on.
fn user_data(dcs: u8, header: bool, from_udl: &str) -> Result<UserData, TpduError> {
    let first = if header { 0x44 } else { 0x04 };
    let mut message = vec![first, 0x04, 0x91, 0x21, 0x43, 0x00, dcs];
    message.extend([0x62, 0x11, 0x22, 0x60, 0x03, 0x00, 0x23]);
    message.extend(unhex(from_udl));
    let (deliver, used) = Deliver::parse(&message)?;
    assert_eq!(used, message.len());
    assert_eq!(deliver.to_bytes(), message);
    Ok(deliver.user_data)
}

#[test]
fn a_published_deliver_is_read_and_written_back() {
    let wire = unhex(PYSIM_DELIVER);
    let (deliver, used) = Deliver::parse(&wire).unwrap();
    assert_eq!(used, wire.len());
    assert!(!deliver.more_messages_to_send());
    assert_eq!(deliver.originator.semi_octets(), 8);
    assert_eq!(deliver.originator.digits(), None);
    assert_eq!(text::address(&deliver.originator), "ekit");
    assert_eq!((deliver.pid, deliver.dcs), (0x7F, 0xF6));
    assert_eq!(deliver.timestamp.0[..], unhex("90709030751300")[..]);
    let sent = deliver.timestamp.parts().unwrap();
    assert_eq!((sent.year, sent.month, sent.day), (9, 7, 9));
    assert_eq!((sent.hour, sent.minute, sent.second, sent.quarters), (3, 57, 31, 0));
    assert!(!deliver.user_data.has_header());
    assert_eq!(deliver.user_data_bytes(), unhex("24010101BB400101"));
    assert_eq!(deliver.to_bytes(), wire);
}

#[test]
fn a_record_of_the_field_is_read_and_written_back() {
    let wire = record(&unhex(RECORD_HEAD));
    let read = SmsRecord::parse(&wire).unwrap().unwrap();
    assert_eq!(read.status, RecordStatus::Unread);
    let centre = read.service_centre.as_ref().unwrap();
    assert_eq!(centre.digits().unwrap(), "+8613800250500");
    assert_eq!(read.tpdu.address(), &meter());
    assert_eq!(read.tpdu.user_data().body(), (0..16).collect::<Vec<u8>>());
    let Tpdu::Deliver(deliver) = &read.tpdu else { panic!("not a DELIVER") };
    assert_eq!(deliver.timestamp, stamp());
    assert_eq!(Content::of(&wire).ours(), None);
    assert_eq!(read.to_bytes().unwrap()[..], wire[..]);
}

#[test]
fn a_secured_deliver_is_laid_out_as_specified() {
    // The 3DES command packet of pySim's OTA test, with the length a correct TPDU has.
    let packet = "027000 00201506193535B00011 \
                  AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F";
    let deliver = Deliver::secured(meter(), stamp(), &unhex(packet)).unwrap();
    let expected = format!("44 0D91683119325476F8 00 F6 62112260030023 25 {packet}");
    assert_eq!(deliver.to_bytes(), unhex(&expected));
    assert_eq!(deliver.user_data_bytes(), unhex(packet));
    assert_eq!(deliver.user_data.element(0x70).unwrap().data, Vec::<u8>::new());
}

#[test]
fn a_secured_submit_is_laid_out_as_specified() {
    let submit = Submit::secured(meter(), &unhex("027100AABB")).unwrap();
    assert_eq!(submit.to_bytes(), unhex("41 FF 0D91683119325476F8 00 F6 05 027100AABB"));
}

#[test]
fn published_addresses_keep_their_kind() {
    let national = Address::from_wire(0x80, 4, &unhex("2143")).unwrap();
    assert_eq!(national.digits().unwrap(), "1234");
    let odd = Address::international("+12345").unwrap();
    assert_eq!((odd.ton_npi(), odd.semi_octets()), (0x91, 5));
    assert_eq!(odd.bytes(), unhex("2143F5"));
    assert_eq!(odd.digits().unwrap(), "+12345");
}

#[test]
fn a_service_centre_counts_octets() {
    let wire = unhex("0891683108200505F0 AA");
    let (centre, used) = parse_service_centre(&wire).unwrap();
    assert_eq!(used, 9);
    assert_eq!(service_centre_bytes(&centre.unwrap()), wire[..9]);
    assert_eq!(parse_service_centre(&[0, 0x91]), Ok((None, 1)));
}

#[test]
fn a_header_of_two_elements_is_taken_apart() {
    let ud = user_data(0xF6, true, "07 05 71007001FF AA").unwrap();
    assert_eq!(ud.element(0x71).unwrap().data, Vec::<u8>::new());
    assert_eq!(ud.element(0x70).unwrap().data, [0xFF]);
    assert_eq!(ud.body(), [0xAA]);
    assert_eq!(ud.header_len(), 6);
    let empty = user_data(0xF6, true, "02 00 AA").unwrap();
    assert!(empty.has_header() && empty.elements().is_empty());
}

#[test]
fn every_validity_format_survives() {
    let stamp = [0x62, 0x11, 0x22, 0x60, 0x03, 0x00, 0x23];
    let formats = [
        (Validity::None, 0x41),
        (Validity::Relative(0xA7), 0x51),
        (Validity::Absolute(stamp), 0x59),
        (Validity::Enhanced(stamp), 0x49),
    ];
    for (validity, first) in formats {
        let mut submit = Submit::secured(meter(), &unhex("027100")).unwrap();
        submit.validity = validity;
        let wire = submit.to_bytes();
        assert_eq!(wire[0], first);
        assert_eq!(Submit::parse(&wire), Ok((submit, wire.len())));
    }
}

#[test]
fn time_stamps_carry_the_sign_of_the_zone() {
    let mut parts = stamp().parts().unwrap();
    assert_eq!(parts.quarters, 32);
    assert_eq!(stamp().0[6], 0x23);
    // New York in winter: five hours behind.
    parts.quarters = -20;
    let west = Timestamp::from_parts(&parts).unwrap();
    assert_eq!(west.0[6], 0x0A);
    assert_eq!(west.parts().unwrap(), parts);
}

#[test]
fn time_stamps_out_of_range_are_refused() {
    let good = stamp().parts().unwrap();
    let wrong = |parts: TimestampParts| Timestamp::from_parts(&parts).unwrap_err();
    let part = |part| TpduError::TimestampPart { part };
    assert_eq!(wrong(TimestampParts { month: 13, ..good }), part(1));
    assert_eq!(wrong(TimestampParts { day: 0, ..good }), part(2));
    assert_eq!(wrong(TimestampParts { quarters: -80, ..good }), part(6));
    let hexadecimal = [0x20, 0x2A, 0x11, 0x22, 0x06, 0x30, 0x00];
    assert_eq!(Timestamp::china(hexadecimal), Err(part(0)));
    assert_eq!(Timestamp::from_parts(&TimestampParts { month: 2, day: 29, ..good }), Err(part(2)));
    assert!(Timestamp::from_parts(&TimestampParts { year: 28, month: 2, day: 29, ..good }).is_ok());
}

#[test]
fn data_codings_choose_their_alphabet() {
    for dcs in [0x00, 0x10, 0x0C, 0xC8, 0xD0, 0xF0, 0xF2, 0x80] {
        assert_eq!(Alphabet::of(dcs), Alphabet::Gsm7, "{dcs:02X}");
    }
    for dcs in [0x20, 0x24, 0x28, 0x60] {
        assert_eq!(Alphabet::of(dcs), Alphabet::Compressed, "{dcs:02X}");
    }
    for dcs in [0x04, 0x16, 0xF4, 0xF6, 0x44] {
        assert_eq!(Alphabet::of(dcs), Alphabet::Octets, "{dcs:02X}");
    }
    for dcs in [0x08, 0x18, 0xE0, 0x48] {
        assert_eq!(Alphabet::of(dcs), Alphabet::Ucs2, "{dcs:02X}");
    }
}

#[test]
fn seven_bit_text_is_unpacked() {
    let hello = user_data(0x00, false, "0A E8329BFD4697D9EC37").unwrap();
    assert_eq!(hello.septets(), Some(10));
    assert_eq!(text::text(&hello, 0x00), "hellohello");
    // Eight septets fill seven octets to the last bit.
    let eight = user_data(0x00, false, "08 31D98C56B3DD70").unwrap();
    assert_eq!(text::text(&eight, 0x00), "12345678");
    // 1B 65: the euro sign; 1B 61 has no entry and shows as `a`.
    let escapes = user_data(0x00, false, "04 9BF2260C").unwrap();
    assert_eq!(text::text(&escapes, 0x00), "€a");
    let cut = user_data(0x00, false, "01 1B").unwrap();
    assert_eq!(text::text(&cut, 0x00), "");
}

#[test]
fn fill_bits_after_a_header_are_skipped() {
    // Six header octets are 48 bits: one fill bit, then "hi" from septet 7 on.
    let ud = user_data(0x00, true, "09 050003CC0201 D069").unwrap();
    assert_eq!(text::text(&ud, 0x00), "hi");
    let expected = Part { reference: 0xCC, is_wide: false, total: 2, sequence: 1 };
    assert_eq!(ud.part(), Some(expected));
}

#[test]
fn wide_references_and_senseless_parts() {
    let wide = user_data(0x04, true, "07 06 0804 BEEF 0303").unwrap();
    let expected = Part { reference: 0xBEEF, is_wide: true, total: 3, sequence: 3 };
    assert_eq!(wide.part(), Some(expected));
    for senseless in ["06 05 0003 CC 02 03", "06 05 0003 CC 02 00", "05 04 0002 CC 02"] {
        assert_eq!(user_data(0x04, true, senseless).unwrap().part(), None, "{senseless}");
    }
}

#[test]
fn ucs2_and_data_are_shown() {
    let chinese = user_data(0x08, false, "04 75358D39").unwrap();
    assert_eq!(text::text(&chinese, 0x08), "电费");
    let odd = user_data(0x08, false, "03 753500").unwrap();
    assert_eq!(text::text(&odd, 0x08), "电");
    let data = user_data(0xF6, false, "02 00AF").unwrap();
    assert_eq!(text::text(&data, 0xF6), "00AF");
}

#[test]
fn every_status_byte_has_one_meaning() {
    for byte in 0..=u8::MAX {
        let status = RecordStatus::from_byte(byte);
        let wanted = match byte & 0x07 {
            0b001 => RecordStatus::Read,
            0b011 => RecordStatus::Unread,
            0b111 => RecordStatus::ToBeSent,
            0b101 => RecordStatus::Sent(byte & 0x1D),
            _ => RecordStatus::Free,
        };
        assert_eq!(status, wanted, "{byte:02X}");
        assert_eq!(RecordStatus::from_byte(status.byte()), status);
        assert_eq!(RecordStatus::EXACT.contains(&byte), status.byte() == byte, "{byte:02X}");
        assert_eq!(RecordStatus::Sent(0x05).over(byte), 0x05 | (byte & 0xE0));
    }
    assert_eq!(RecordStatus::Read.direction(), Some(Direction::FromNetwork));
    assert_eq!(RecordStatus::Sent(0x1D).direction(), Some(Direction::ToNetwork));
    assert_eq!(RecordStatus::Free.direction(), None);
}

#[test]
fn a_free_record_is_free_whatever_follows() {
    assert_eq!(SmsRecord::parse(&free_record()), Ok(None));
    let mut stale = order_record().to_bytes().unwrap();
    stale[0] = 0x00;
    assert_eq!(SmsRecord::parse(&stale), Ok(None));
    assert_eq!(Content::of(&stale), Content::Free);
}

#[test]
fn orders_and_receipts_are_told_apart() {
    let content = |record: SmsRecord| Content::of(&record.to_bytes().unwrap());
    assert!(matches!(content(order_record()), Content::Order(_)));
    assert!(matches!(content(receipt_record(RecordStatus::ToBeSent)), Content::Receipt(_)));
}

#[test]
fn another_application_is_not_ours() {
    let foreign = [
        "027000 0018 15 1639 15 15 475244 0000000001 00",
        "027000 475243",
        "027100 0018 15 1639 15 15 475243 0000000001 00",
        "0500030102 01 0018 15 1639 15 15 475243",
    ];
    for packet in foreign {
        let deliver = Deliver::secured(meter(), stamp(), &unhex(packet)).unwrap();
        assert_eq!(Ours::of(&Tpdu::Deliver(deliver)), None, "{packet}");
    }
}

#[test]
fn only_a_sent_receipt_gives_its_place_up() {
    for status in [0x05, 0x0D, 0x15, 0x1D] {
        let record = receipt_record(RecordStatus::from_byte(status));
        assert!(Content::of(&record.to_bytes().unwrap()).may_be_taken(), "{status:02X}");
    }
    assert!(!Content::of(&receipt_record(RecordStatus::ToBeSent).to_bytes().unwrap()).may_be_taken());
    assert!(!Content::of(&order_record().to_bytes().unwrap()).may_be_taken());
    assert!(Content::of(&free_record()).may_be_taken());
    assert!(!Content::of(&[0x05; 3]).may_be_taken());
}

/// What is built must be right: nobody but a sender of ours builds.
#[test]
fn user_data_that_do_not_fit_are_not_built() {
    assert!(UserData::from_octets(&[0; 141], false).is_err());
    let beyond = |offset, needed, available| Err(TpduError::HeaderBeyond { offset, needed, available });
    for (octets, wanted) in [
        ("037000", beyond(0, 4, 3)),
        ("", beyond(0, 1, 0)),
        // An element longer than the header, and half an element.
        ("027001AA", beyond(1, 3, 2)),
        ("03700070", beyond(3, 2, 1)),
    ] {
        assert_eq!(UserData::from_octets(&unhex(octets), true), wanted, "{octets}");
    }
}

#[test]
fn addresses_that_do_not_fit_are_not_built() {
    assert!(Address::international(&"1".repeat(20)).is_ok());
    assert!(Address::international(&"1".repeat(21)).is_err());
    let centre = parse_service_centre(&[12; 20]).unwrap_err();
    assert!(matches!(centre, TpduError::TooLong { field: Field::ServiceCentre, .. }));
}

#[test]
fn a_number_with_letters_is_refused() {
    let position = |text| match Address::international(text) {
        Err(TpduError::NotADigit { position }) => position,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(position("+86x"), 3);
    assert_eq!(position("８6"), 0);
    assert!(Address::international("+").is_err());
}

#[test]
fn another_message_type_is_refused() {
    let status_report = TpduError::MessageType { found: 2, expected: 0 };
    assert_eq!(Deliver::parse(&[0x06]), Err(status_report));
    let deliver = TpduError::MessageType { found: 0, expected: 1 };
    assert_eq!(Submit::parse(&unhex(PYSIM_DELIVER)), Err(deliver));
}

#[test]
fn a_record_of_another_length_is_refused() {
    let wire = record(&unhex(RECORD_HEAD));
    assert_eq!(SmsRecord::parse(&wire[..175]), Err(RecordError::Length { found: 175 }));
    assert_eq!(SmsRecord::parse(&[]), Err(RecordError::Length { found: 0 }));
}

#[test]
fn an_error_inside_a_record_says_where() {
    let mut wire = record(&unhex(RECORD_HEAD));
    (wire[0], wire[10]) = (0x07, 0x06);
    let Err(RecordError::Tpdu { at, source }) = SmsRecord::parse(&wire) else {
        panic!("a command to the service centre was taken for a message")
    };
    assert_eq!((at, source), (10, TpduError::NoMessage(2)));
}

#[test]
fn a_status_against_the_direction_is_refused() {
    for status in [RecordStatus::ToBeSent, RecordStatus::Free] {
        let mut record = order_record();
        record.status = status;
        assert_eq!(record.to_bytes(), Err(RecordError::Status { status: status.byte() }));
    }
}

#[test]
fn the_largest_deliver_fits_and_the_largest_submit_does_not() {
    let longest = Address::international(&"9".repeat(20)).unwrap();
    let mut data = unhex("027000");
    data.resize(140, 0);
    let deliver = Deliver::secured(longest.clone(), stamp(), &data).unwrap();
    let mut record = SmsRecord {
        status: RecordStatus::Unread,
        service_centre: Some(longest.clone()),
        tpdu: Tpdu::Deliver(deliver),
    };
    let wire = record.to_bytes().unwrap();
    assert_eq!(SmsRecord::parse(&wire), Ok(Some(record.clone())));
    let mut submit = Submit::secured(longest, &data).unwrap();
    submit.validity = Validity::Absolute(stamp().0);
    record.status = RecordStatus::ToBeSent;
    record.tpdu = Tpdu::Submit(submit);
    assert_eq!(record.to_bytes(), Err(RecordError::TooLong { needed: 177 }));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(wire in prop::collection::vec(any::<u8>(), 0..200)) {
        for direction in [Direction::FromNetwork, Direction::ToNetwork] {
            if let Ok((tpdu, used)) = Tpdu::parse(&wire, direction) {
                // `used` bytes were used, and no bit of them is lost.
                prop_assert_eq!(tpdu.to_bytes(), &wire[..used]);
                prop_assert!(text::text(tpdu.user_data(), tpdu.dcs()).chars().count() <= 280);
                prop_assert!(text::address(tpdu.address()).chars().count() <= 256);
                let part = tpdu.user_data().part();
                prop_assert!(part.is_none_or(|p| (1..=p.total).contains(&p.sequence)));
            }
        }
        if let Ok((Some(centre), used)) = parse_service_centre(&wire) {
            prop_assert_eq!(service_centre_bytes(&centre), &wire[..used]);
        }
    }

    #[test]
    fn any_damage_to_a_record_is_read_or_refused(
        at in 0..60usize,
        value: u8,
        used in prop::sample::select(vec![0x01u8, 0x03, 0x05, 0x07, 0x21]),
    ) {
        let mut wire = order_record().to_bytes().unwrap();
        wire[0] = used;
        wire[at] = value;
        if let Ok(Some(read)) = SmsRecord::parse(&wire) {
            // Every octet of the message is as it came.
            let tpdu = read.tpdu.to_bytes();
            prop_assert!(wire.windows(tpdu.len()).any(|window| window == tpdu));
        }
        // An order stays an order: damage does not turn it into a receipt that was sent.
        prop_assert!(!matches!(Content::of(&wire), Content::SentReceipt(_)));
    }

    #[test]
    fn text_of_any_coding_never_fails(
        octets in prop::collection::vec(any::<u8>(), 0..=140),
        dcs: u8,
        header: bool,
    ) {
        if let Ok(ud) = UserData::from_octets(&octets, header) {
            prop_assert_eq!(ud.to_bytes(), octets);
            prop_assert!(text::text(&ud, dcs).chars().count() <= 280);
        }
    }

    #[test]
    fn any_number_survives(number in "\\+[0-9]{1,20}") {
        let address = Address::international(&number).unwrap();
        prop_assert_eq!(address.digits(), Some(number));
        let wire = service_centre_bytes(&address);
        prop_assert_eq!(parse_service_centre(&wire), Ok((Some(address), wire.len())));
    }
}
