//! The PSAM: what it seals, what it opens, and what it keeps to itself [docs/specs/cards.md 6].

use crate::bench::{Attempt, Bench, MeterKeys};
use crate::world::{Province, copy, number, pin, user_area};
use keys::Suite;
use reader::driver::psam::Psam;
use vcard::Slot;
use wire::bcd::MeterNumber;
use wire::money::Fen;
use wire::order::{Order, OrderKind};
use wire::packet::{self, CommandPacket, ResponseHeader, ResponseStatus, Spi};
use wire::profile::Fid;
use wire::receipt::Receipt;
use wire::{Command, Response, Sw, tlv};

/// SEAL ORDER (40) or OPEN RECEIPT (42) as bytes.
fn applet(psam: &mut Psam<'_>, ins: u8, data: &[u8]) -> Response {
    psam.fmcos().ask("applet command", &Command::new(0x80, ins, 0x00, 0x00).data(data)).unwrap()
}

fn open(card: &mut Slot) -> Psam<'_> {
    let mut psam = Psam::open(card).unwrap();
    psam.verify_pin(pin().expose()).unwrap();
    psam
}

fn order(suite: Suite) -> Order {
    Attempt::new(suite, number(42), OrderKind::Recharge, 0x0102_0304).order
}

#[test]
fn a_sealed_order_opens_under_the_meters_keys() {
    for suite in Suite::ALL {
        let mut card = Province::new(suite).psam;
        let mut psam = open(&mut card);
        let order = order(suite);
        let user_data = psam.seal_order(&order.to_bytes()).unwrap();
        let packet = CommandPacket::parse(&user_data).unwrap();
        let key_byte = suite.packet_key_byte();
        assert_eq!((packet.tar, packet.spi.to_bytes()), (*b"GRC", [0x16, 0x39]));
        assert_eq!((packet.kic, packet.kid), (key_byte, key_byte));
        let (counter, content) = packet.open(&MeterKeys::new(suite, number(42))).unwrap();
        assert_eq!((counter, content), (u64::from(order.count), order.to_bytes()));
        assert_eq!(
            psam.seal_order(&order.to_bytes()).unwrap(),
            user_data,
            "sealing again gives the same bytes"
        );
    }
}

#[test]
fn the_count_of_sealed_orders_rises_with_each() {
    let mut card = Province::new(Suite::Sm4).psam;
    let order = order(Suite::Sm4);
    // Never written: the bytes come with the warning of an untouched file [docs/specs/fmcos.md].
    let mut psam = open(&mut card);
    let fresh = psam.fmcos().ask("READ BINARY", &Command::new(0x00, 0xB0, 0x98, 0x00).le(4)).unwrap();
    assert_eq!((fresh.sw, &fresh.data[..]), (Sw::DATA_SUSPECT, &[0; 4][..]));
    psam.seal_order(&order.to_bytes()).unwrap();
    for sealed in 1..5 {
        let mut psam = open(&mut card);
        assert_eq!(psam.sealed_count().unwrap(), sealed);
        psam.seal_order(&order.to_bytes()).unwrap();
        assert_eq!(applet(&mut psam, 0x40, &order.to_bytes()[1..]).sw, Sw::WRONG_DATA);
        assert_eq!(psam.sealed_count().unwrap(), sealed + 1, "a refusal does not count");
        wire::Channel::reset(&mut card).unwrap();
    }
    // Nobody sets it back.
    let mut psam = open(&mut card);
    let refused = psam.fmcos().update_binary(Fid(0x18), 0, &[0; 4]).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
}

/// The objects of an order joined again in any way.
fn joined(objects: &[tlv::Object], tag: u8) -> Vec<u8> {
    let mut content = Vec::new();
    objects.iter().for_each(|object| tlv::push(&mut content, object.tag, &object.value));
    let mut out = Vec::new();
    tlv::push(&mut out, tag, &content);
    out
}

/// Orders that are none, each with its name.
fn malformed(order: &Order) -> Vec<(String, Vec<u8>)> {
    let whole = order.to_bytes();
    let objects = tlv::objects(&whole[2..]).unwrap();
    assert_eq!(objects.len(), 10);
    let mut out = vec![
        ("a receipt's tag".to_owned(), joined(&objects, 0xE2)),
        ("nothing in it".to_owned(), joined(&[], 0xE1)),
        ("two orders".to_owned(), [&whole[..], &[0xE1, 0x00]].concat()),
        ("cut".to_owned(), whole[..whole.len() - 1].to_vec()),
    ];
    for i in 0..objects.len() {
        let tag = objects[i].tag;
        let change = |change: &dyn Fn(&mut Vec<tlv::Object>)| {
            let mut changed = objects.clone();
            change(&mut changed);
            joined(&changed, 0xE1)
        };
        out.push((format!("{tag:02X} missing"), change(&|all| drop(all.remove(i)))));
        out.push((format!("{tag:02X} twice"), change(&|all| all.insert(i, objects[i].clone()))));
        out.push((format!("{tag:02X} too short"), change(&|all| drop(all[i].value.drain(..1)))));
        out.push((format!("{tag:02X} too long"), change(&|all| all[i].value.push(0))));
        out.push((format!("{tag:02X} unknown"), change(&|all| all[i].tag = 0x8A)));
        if i > 0 {
            out.push((format!("{tag:02X} out of order"), change(&|all| all.swap(i - 1, i))));
        }
    }
    // What is no number, no time and no kind; places of docs/specs/purchase.md 1.
    for (place, value, name) in [
        (4, 0x0A, "a meter number of no digits"),
        (12, 0xFF, "a customer number of no digits"),
        (34, 0x13, "month 13 of issue"),
        (67, 0x32, "day 32 of validity"),
        (51, 0x00, "kind 00"),
        (51, 0x04, "kind 04"),
    ] {
        let mut bytes = whole.clone();
        bytes[place] = value;
        out.push((name.to_owned(), bytes));
    }
    out
}

#[test]
fn an_order_that_is_not_whole_is_not_sealed() {
    for suite in Suite::ALL {
        let mut card = Province::new(suite).psam;
        let before = user_area(&card);
        let cases = malformed(&order(suite));
        assert!(cases.len() > 50);
        for (name, bytes) in cases {
            let mut psam = open(&mut card);
            let answer = applet(&mut psam, 0x40, &bytes);
            assert_eq!((answer.sw, answer.data), (Sw::WRONG_DATA, Vec::new()), "{name}");
        }
        assert!(user_area(&card) == before, "refusals left the card as it was");
    }
}

#[test]
fn nothing_works_without_the_pin() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let (receipt, _) = receipt(&mut province);
    let order = order(suite).to_bytes();
    let data = [&number(42).0[..], &receipt].concat();
    let mut card = province.psam;
    let mut psam = Psam::open(&mut card).unwrap();
    assert_eq!(applet(&mut psam, 0x40, &order).sw, Sw::NOT_ALLOWED);
    assert_eq!(applet(&mut psam, 0x42, &data).sw, Sw::NOT_ALLOWED);
    for left in [2, 1] {
        assert_eq!(psam.verify_pin(&[0x65, 0x43, 0x21]).unwrap_err().tries_left(), Some(left));
        assert_eq!(applet(&mut psam, 0x40, &order).sw, Sw::NOT_ALLOWED);
    }
    psam.verify_pin(pin().expose()).unwrap();
    assert_eq!(applet(&mut psam, 0x40, &order).sw, Sw::OK);
    assert_eq!(applet(&mut psam, 0x42, &data).sw, Sw::OK);
    // The right belongs to the application: leaving it gives it up.
    psam.fmcos().select_mf().unwrap();
    psam.fmcos().select_fid(wire::profile::DF_PURCHASE).unwrap();
    assert_eq!(applet(&mut psam, 0x40, &order).sw, Sw::NOT_ALLOWED);
    for left in [2, 1, 0] {
        assert_eq!(psam.verify_pin(&[0x65, 0x43, 0x21]).unwrap_err().tries_left(), Some(left));
    }
    assert_eq!(psam.verify_pin(pin().expose()).unwrap_err().sw(), Some(Sw::BLOCKED));
    assert_eq!(applet(&mut psam, 0x40, &order).sw, Sw::NOT_ALLOWED);
}

/// The receipt of a first purchase, from a real ESAM, and the order it is for.
fn receipt(province: &mut Province) -> (Vec<u8>, Order) {
    let suite = province.suite;
    let (esam, _) = province.meter(number(42), None);
    let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
    let answer = Bench::new(&esam, suite, number(42)).present(&open);
    assert_eq!(answer.sw, Sw::OK);
    (answer.data, open.order)
}

#[test]
fn every_flipped_bit_of_a_receipt_is_found() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (user_data, order) = receipt(&mut province);
        let before = user_area(&province.psam);
        let mut psam = open(&mut province.psam);
        let whole = [&number(42).0[..], &user_data].concat();
        let opened = applet(&mut psam, 0x42, &whole);
        assert_eq!(opened.sw, Sw::OK);
        assert_eq!(Receipt::parse(&opened.data).unwrap().order, order.id);
        for bit in 0..whole.len() * 8 {
            let mut data = whole.clone();
            data[bit / 8] ^= 0x80 >> (bit % 8);
            let answer = applet(&mut psam, 0x42, &data);
            let found = matches!(answer.sw, Sw::SM_WRONG | Sw::WRONG_DATA);
            assert!(found && answer.data.is_empty(), "{} bit {bit}: {}", suite.name(), answer.sw);
            // Header, lengths and TAR stand in the clear; from CNTR on only the checksum can tell.
            if bit >= 8 * (6 + 3 + 6) {
                assert_eq!(answer.sw, Sw::SM_WRONG, "{} bit {bit}", suite.name());
            }
        }
        for cut in 1..user_data.len() - 19 {
            let answer = applet(&mut psam, 0x42, &whole[..whole.len() - cut]);
            assert_eq!(answer.sw, Sw::WRONG_DATA, "cut by {cut}");
        }
        assert!(user_area(&province.psam) == before, "opening writes nothing");
    }
}

#[test]
fn a_receipt_is_opened_as_its_own_meters_alone() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (user_data, _) = receipt(&mut province);
        let mut psam = open(&mut province.psam);
        for other in [9, 41, 43, 142] {
            let refused = psam.open_receipt(MeterNumber(number(other).0), &user_data).unwrap_err();
            assert_eq!(refused.sw(), Some(Sw::SM_WRONG), "meter {other}");
        }
        // Bytes that are no digits, and the two numbers that name no device.
        for none in [[0xFF; 6], [0; 6], [0, 0, 0, 0, 0, 1]] {
            let refused = psam.open_receipt(MeterNumber(none), &user_data).unwrap_err();
            assert_eq!(refused.sw(), Some(Sw::WRONG_DATA), "{none:02X?}");
        }
        assert!(psam.open_receipt(MeterNumber(number(42).0), &user_data).is_ok());
    }
}

/// A receipt under the right keys that says what a meter would not: the checksum is right, the content is not.
#[test]
fn a_receipt_must_be_right_inside_too() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut card = copy(&province.psam);
        let (user_data, _) = receipt(&mut province);
        let keys = MeterKeys::new(suite, number(42));
        let security = Spi::parse([0x16, 0x39]).unwrap().response;
        let packet = packet::ResponsePacket::parse(&user_data, security).unwrap();
        let (header, content) = packet.open(&keys).unwrap();
        let receipt = Receipt::parse(&content).unwrap();
        let mut psam = open(&mut card);
        let mut opened = |header: ResponseHeader, content: &[u8]| {
            let user_data = packet::seal_response(&header, content, &keys).unwrap();
            applet(&mut psam, 0x42, &[&number(42).0[..], &user_data].concat()).sw
        };
        assert_eq!(opened(header, &content), Sw::OK);
        assert_eq!(opened(ResponseHeader { tar: *b"GRD", ..header }, &content), Sw::WRONG_DATA);
        assert_eq!(opened(ResponseHeader { counter: 2, ..header }, &content), Sw::WRONG_DATA);
        assert_eq!(opened(ResponseHeader { status: ResponseStatus(1), ..header }, &content), Sw::WRONG_DATA);
        assert_eq!(opened(header, &content[..content.len() - 1]), Sw::WRONG_DATA);
        let other_meter = Receipt { meter: MeterNumber(number(43).0), ..receipt.clone() };
        assert_eq!(opened(header, &other_meter.to_bytes()), Sw::WRONG_DATA);
        for forged in [
            Receipt { balance: Fen(receipt.balance.0 + 1), ..receipt.clone() },
            Receipt { register: receipt.register + 1, ..receipt.clone() },
            Receipt { result: 1, ..receipt.clone() },
            Receipt { tac: [0; 4], ..receipt.clone() },
        ] {
            assert_eq!(opened(header, &forged.to_bytes()), Sw::SM_WRONG, "{forged:?}");
        }
    }
}
