//! Record files that are not what the phone should store.

use crate::world::{CHEN, World, read_record, record_line};
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu, UserData};

/// A text message of a friend, in UCS-2.
pub fn users_message(text: &str) -> [u8; 176] {
    let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let message = Deliver {
        flags: Deliver::NO_MORE_MESSAGES,
        originator: Address::international("8613900000777").unwrap(),
        pid: 0,
        dcs: 0x08,
        timestamp: Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]).unwrap(),
        user_data: UserData::from_octets(&octets, false).unwrap(),
    };
    SmsRecord { status: RecordStatus::Read, service_centre: None, tpdu: Tpdu::Deliver(message) }
        .to_bytes()
        .unwrap()
}

/// Offers a file to the SIM, which must not take it.
#[track_caller]
fn refused(world: &World, content: impl AsRef<[u8]>, words: &str) {
    let card = std::fs::read(world.sim(&CHEN)).unwrap();
    let file = world.file("bad.sms", content);
    world.write_call(&CHEN, &file).run().fails(1, &[words, "bad.sms"]);
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == card, "the SIM was written to");
}

#[test]
fn a_file_that_is_no_record_is_refused() {
    let world = World::new();
    refused(&world, "Dear customer, here is your electricity.\n", "is not a line of hexadecimal digits");
    refused(&world, [0xFF, 0xFE, 0x00, 0x80], "cannot read");
    refused(&world, "", "holds 0 bytes; a message record of a SIM has 176");
    world.write_call(&CHEN, &world.path("nowhere.sms")).run().fails(1, &["cannot read", "nowhere.sms"]);
}

#[test]
fn a_truncated_record_is_refused() {
    let world = World::new();
    let line = record_line(&read_record(&world.order(&CHEN, "50")));
    refused(&world, &line[..2 * 175], "holds 175 bytes; a message record of a SIM has 176");
    refused(&world, &line[..2 * 176 - 1], "is not a line of hexadecimal digits");
    refused(&world, format!("{}FF\n", line.trim()), "holds 177 bytes");
}

#[test]
fn a_record_with_a_flipped_bit_in_its_message_is_refused() {
    let world = World::new();
    let order = read_record(&world.order(&CHEN, "50"));
    let packet = order.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap();
    let flip = |at: usize, bit: u8| {
        let mut record = order.clone();
        record[at] ^= bit;
        record_line(&record)
    };
    // Status: free. Service centre: longer than a record. Header element: not a command packet. TAR: another applet's.
    refused(&world, flip(0, 0x03), "holds no order for electricity");
    refused(&world, flip(1, 0x40), "is no message");
    refused(&world, flip(packet + 1, 0x08), "holds no order for electricity");
    refused(&world, flip(packet + 3 + 7, 0x01), "holds no order for electricity");
}

#[test]
fn a_foreign_record_is_refused() {
    let world = World::new();
    refused(&world, record_line(&users_message("Dinner at eight?")), "holds no order for electricity");
    refused(&world, record_line(&[0xFF; 176]), "bad.sms");
    // A receipt is ours, and still no order.
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = std::fs::read(world.collect(&CHEN)).unwrap();
    refused(&world, receipt, "holds no order for electricity");
}

/// The bank's side of the same: a receipt that was changed, is none, or is another's settles nothing.
#[test]
fn a_bad_receipt_settles_nothing() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    let (books, bytes) = (world.books(), read_record(&receipt));
    let packet = bytes.windows(3).position(|window| window == [0x02, 0x71, 0x00]).unwrap();
    let mut flipped = bytes.clone();
    flipped[packet + 60] ^= 0x01;
    let flipped = world.file("flipped.sms", record_line(&flipped));
    world.settle(&flipped).fails(1, &["does not say whose meter made it", "--meter", "--from"]);
    let searched = world.bank(&["server", "settle", "flipped.sms", "--search", "--pin-file", "pin"]);
    searched.run().fails(1, &["no meter with an outstanding order made this receipt"]);
    let named = world.bank(&["server", "settle", "flipped.sms", "--meter", CHEN.meter, "--pin-file", "pin"]);
    named.run().fails(1, &["the receipt was not made by meter 000020181114, or was changed on its way"]);
    world.settle(&order).fails(1, &["the record holds an order, not yet a receipt"]);
    let friend = world.file("friend.sms", record_line(&users_message("Dinner at eight?")));
    world.settle(&friend).fails(1, &["status"]);
    let short = world.file("short.sms", record_line(&bytes[..175]));
    world.settle(&short).fails(1, &["short.sms", "holds 175 bytes"]);
    assert_eq!(world.books(), books);
    world.settle(&receipt).ok().shows(&["settled"]);
}
