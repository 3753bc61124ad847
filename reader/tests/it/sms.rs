//! Messages on the SIM, with records built by `wire`.

use crate::script::Script;
use gridcard_reader::driver::sim::{Sim, SimError, SmsFile};
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord, free_record};
use wire::sms::tpdu::{Address, Deliver, Submit, Timestamp, Tpdu};

/// From anywhere to EF_SMS, four records.
const OPEN: &str = "> A0A40000023F00
     < 9F17
     > A0A40000027F10
     < 9F17
     > A0A40000026F3C
     < 9F0F
     > A0C000000F
     < 0000 02C0 6F3C 04 00 11 FF 44 01 02 01 B0 9000
     ";

/// An order of ours; `salt` makes it differ behind its first 16 bytes.
fn order(salt: u8) -> [u8; RECORD_LEN] {
    let packet =
        [&[0x02, 0x70, 0x00, 0, 0x30, 0x15, 0x16, 0x39, 0x15, 0x15][..], b"GRC", &[salt; 20]].concat();
    let server = Address::international("+8613800250500").unwrap();
    let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0, 0]).unwrap();
    let deliver = Deliver::secured(server.clone(), timestamp, &packet).unwrap();
    let record = SmsRecord {
        status: RecordStatus::Unread,
        service_centre: Some(server),
        tpdu: Tpdu::Deliver(deliver),
    };
    record.to_bytes().unwrap()
}

fn receipt(status: RecordStatus) -> [u8; RECORD_LEN] {
    let packet = [&[0x02, 0x71, 0x00, 0, 0x20, 0x0B][..], b"GRC", &[0x77; 20]].concat();
    let server = Address::international("+8613800250500").unwrap();
    let submit = Submit::secured(server, &packet).unwrap();
    SmsRecord { status, service_centre: None, tpdu: Tpdu::Submit(submit) }.to_bytes().unwrap()
}

/// A greeting of the user's: read, plain 7-bit text.
fn greeting() -> [u8; RECORD_LEN] {
    let mut record = [0xFF; RECORD_LEN];
    let text = hex::decode("0100040B918196785634F200006211228035002305E8329BFD06").unwrap();
    record[..text.len()].copy_from_slice(&text);
    record
}

fn seek_none(pattern: &str) -> String {
    format!("> A0A20010{:02X}{pattern}\n< 9404\n", pattern.len() / 2)
}

fn seek(mode: &str, pattern: &str, hit: Option<u8>) -> String {
    let head = format!("> A0A200{mode}{:02X}{pattern}\n", pattern.len() / 2);
    match hit {
        Some(number) => format!("{head}< 9F01\n> A0C0000001\n< {number:02X} 9000\n"),
        None => format!("{head}< 9404\n"),
    }
}

fn read(number: u8, record: &[u8]) -> String {
    format!("> A0B2{number:02X}04B0\n< {} 9000\n", hex::encode(record))
}

fn write(number: u8, record: &[u8]) -> String {
    format!("> A0DC{number:02X}04B0{}\n< 9000\n", hex::encode(record))
}

fn start(record: &[u8]) -> String {
    hex::encode(&record[..16])
}

#[test]
fn a_new_order_goes_into_the_first_free_record_and_is_read_back() {
    let order = order(1);
    let script =
        [OPEN, &seek_none(&start(&order)), &seek("10", "00", Some(3)), &write(3, &order), &read(3, &order)]
            .concat();
    assert_eq!(Sim::new(&mut Script::new(&script)).deliver(&[order]), Ok(vec![3]));
}

#[test]
fn the_same_order_is_not_stored_twice() {
    let (wanted, other) = (order(1), order(2));
    assert_eq!(start(&wanted), start(&other), "the two are told apart by their whole records");
    let script = [
        OPEN,
        &seek("10", &start(&wanted), Some(1)),
        &seek("12", &start(&wanted), Some(4)),
        &seek("12", &start(&wanted), None),
        &read(1, &other),
        &read(4, &wanted),
    ]
    .concat();
    assert_eq!(Sim::new(&mut Script::new(&script)).deliver(&[wanted]), Ok(vec![4]));
}

#[test]
fn a_record_that_reads_back_differently_is_named() {
    let order = order(1);
    let mut broken = order;
    broken[100] ^= 1;
    let script =
        [OPEN, &seek_none(&start(&order)), &seek("10", "00", Some(2)), &write(2, &order), &read(2, &broken)]
            .concat();
    let error = Sim::new(&mut Script::new(&script)).deliver(&[order]).unwrap_err();
    assert_eq!(error.to_string(), "UPDATE RECORD: record 2 reads back differently");
}

fn all(records: [[u8; RECORD_LEN]; 4]) -> String {
    let reads: Vec<String> = (1..).zip(&records).map(|(number, record)| read(number, record)).collect();
    reads.concat()
}

#[test]
fn a_sent_receipt_gives_its_record_up_and_nothing_else_does() {
    for status in [0x05, 0x0D, 0x15, 0x1D] {
        let sent = receipt(RecordStatus::Sent(status));
        let records = [greeting(), receipt(RecordStatus::ToBeSent), sent, sent];
        let script = [OPEN, &seek_none("00"), &all(records)].concat();
        assert_eq!(Sim::new(&mut Script::new(&script)).find_free(), Ok(3), "status {status:02X}");
    }
}

#[test]
fn a_full_sim_tells_whose_messages_fill_it() {
    let records = [greeting(), order(1), receipt(RecordStatus::ToBeSent), greeting()];
    let script = [OPEN, &seek_none("00"), &all(records)].concat();
    let error = Sim::new(&mut Script::new(&script)).find_free().unwrap_err();
    assert_eq!(error, SimError::Full { records: 4, users: 2, pending: 2 });
    assert_eq!(
        error.to_string(),
        "SIM full: 4 message records, 2 hold the user's own messages, 2 hold purchases not yet settled, 0 are free"
    );
}

#[test]
fn what_cannot_be_read_is_the_users() {
    let mut garbage = [0xA5; RECORD_LEN];
    garbage[0] = 0x01;
    let script = [OPEN, &seek_none("00"), &all([garbage; 4])].concat();
    let error = Sim::new(&mut Script::new(&script)).find_free().unwrap_err();
    assert_eq!(error, SimError::Full { records: 4, users: 4, pending: 0 });
}

#[test]
fn the_list_leaves_free_records_out() {
    let script = [OPEN, &all([free_record(), greeting(), free_record(), order(1)])].concat();
    let list = Sim::new(&mut Script::new(&script)).sms_list().unwrap();
    assert_eq!(list.iter().map(|message| message.number).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(list[1].bytes, order(1));
}

#[test]
fn a_sim_that_seeks_in_circles_is_named() {
    let file = SmsFile { records: 4, record_len: 176 };
    for hits in [[2, 2], [2, 1], [2, 5], [2, 0]] {
        let script = [seek("10", "03", Some(hits[0])), seek("12", "03", Some(hits[1]))].concat();
        assert!(Sim::new(&mut Script::new(&script)).sms_seek(file, &[3]).is_err(), "{hits:?}");
    }
}

#[test]
fn records_of_another_length_are_no_message_file() {
    let script = OPEN.replace("01 B0 9000", "01 A0 9000");
    let error = Sim::new(&mut Script::new(&script)).sms_file().unwrap_err();
    assert_eq!(error.to_string(), "EF_SMS: not a file of 176-byte records");
}

#[test]
fn a_closed_message_file_asks_for_the_code() {
    let script = [OPEN, "> A0A200100100\n< 9804\n"].concat();
    let error = Sim::new(&mut Script::new(&script)).find_free().unwrap_err();
    assert_eq!(error, SimError::ChvNeeded { step: "SEEK" });
}

/// A record is written free and read back.
#[test]
fn a_record_is_erased() {
    let free = hex::encode_upper(free_record());
    let file = SmsFile { records: 4, record_len: 176 };
    let mut card = Script::new(&format!("> A0DC0304B0{free}\n< 9000\n> A0B20304B0\n< {free} 9000"));
    assert_eq!(Sim::new(&mut card).sms_erase(file, 3), Ok(()));
    let stuck = hex::encode_upper(greeting());
    let mut card = Script::new(&format!("> A0DC0304B0{free}\n< 9000\n> A0B20304B0\n< {stuck} 9000"));
    let error = Sim::new(&mut card).sms_erase(file, 3).unwrap_err();
    assert!(error.to_string().contains("record 3 reads back differently"), "{error}");
}
