//! The PSAM: what it seals, what it opens, and what it keeps to itself [docs/specs/cards.md 6].

use crate::bench::{Attempt, Bench, MeterKeys};
use crate::world::{Province, copy, equip, number, open, pin, psam_target, sealer, user_area};
use issue::life::{self, LifeError};
use issue::source::{KeySource, SourceError, Target};
use keys::Suite;
use reader::driver::psam::Psam;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::{Order, OrderKind};
use scheme::profile::{CardKind, EF_LIMIT, EF_SEALED};
use scheme::psam::{Limits, PsamChain, Statement, chain_next};
use scheme::receipt::Receipt;
use server::ServerKey;
use sha2::{Digest, Sha256};
use vcard::Slot;
use wire::packet::{self, CommandPacket, ResponseHeader, ResponseStatus, Spi};
use wire::{Command, Response, Sw, tlv};

/// SEAL ORDER (40) or OPEN RECEIPT (42) as bytes.
fn applet(psam: &mut Psam<'_>, ins: u8, data: &[u8]) -> Response {
    psam.fmcos().ask("applet command", &Command::new(0x80, ins, 0x00, 0x00).data(data)).unwrap()
}

/// The data of a SEAL ORDER of PSAM 4, proved.
fn proved(key: &ServerKey, order: &[u8]) -> Vec<u8> {
    scheme::psam::with_proof(order, &key.clone().prover()(&number(4).0, order))
}

fn order(suite: Suite) -> Order {
    Attempt::new(suite, number(42), OrderKind::Recharge, 0x0102_0304).order
}

#[test]
fn a_sealed_order_opens_under_the_meters_keys() {
    for suite in Suite::ALL {
        let Province { psam: mut card, server_key: key, .. } = Province::new(suite);
        let mut psam = sealer(&mut card, &key);
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

/// Each order counts once, however often it is sealed, and the chain goes over all of them.
#[test]
fn the_chain_counts_each_order_once() {
    let suite = Suite::Sm4;
    let Province { psam: mut card, server_key: key, .. } = Province::new(suite);
    let order = |count: u32| Order { count, ..order(suite) };
    let mut expected = PsamChain::default();
    for count in 1..5 {
        let mut psam = sealer(&mut card, &key);
        assert_eq!(psam.chain().unwrap(), Some(expected));
        let order = order(count);
        let sealed = psam.seal_order(&order.to_bytes()).unwrap();
        let hash = Sha256::new().chain_update(expected.head).chain_update(order.to_bytes()).finalize();
        expected =
            PsamChain { count, value: u64::from(count) * 100_00, before: expected.head, head: hash.into() };
        assert_eq!(psam.chain().unwrap(), Some(expected));
        assert_eq!(psam.seal_order(&order.to_bytes()).unwrap(), sealed, "sealed again, after a lost answer");
        assert_eq!(psam.chain().unwrap(), Some(expected), "and not counted again");
        let cut = &order.to_bytes()[1..];
        assert_eq!(applet(&mut psam, 0x40, &proved(&key, cut)).sw, Sw::WRONG_DATA);
        assert_eq!(psam.chain().unwrap(), Some(expected), "a refusal does not count");
        wire::Channel::reset(&mut card).unwrap();
    }
    // The same id with another amount is another order: whoever recomputes the chain finds it.
    let mut psam = sealer(&mut card, &key);
    let other = Order { amount: Fen(1), ..order(4) };
    psam.seal_order(&other.to_bytes()).unwrap();
    let chain = psam.chain().unwrap().unwrap();
    assert_eq!((chain.count, chain.before), (5, expected.head));
    assert_ne!(chain.head, chain_next(&expected.before, &order(4).to_bytes()));
    // Nobody sets chain or limits by UPDATE BINARY.
    for file in [EF_LIMIT, EF_SEALED] {
        let refused = psam.fmcos().update_binary(file, 0, &[0; 4]).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
    }
}

/// The PSAM, its PIN and a reader are not enough: without the server's proof nothing is sealed.
#[test]
fn an_order_past_the_server_is_not_sealed() {
    for suite in Suite::ALL {
        let Province { psam: mut card, server_key: key, mut psam_issuing, .. } = Province::new(suite);
        let order = order(suite).to_bytes();
        let before = user_area(&card);
        let mut psam = sealer(&mut card, &key);
        let right = proved(&key, &order);
        let mut flipped = right.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let other_amount = [&order[..20], &[order[20] ^ 1], &right[21..]].concat();
        let other_psam = scheme::psam::with_proof(&order, &key.clone().prover()(&number(5).0, &order));
        let other_key = ServerKey::new(number(4).0, suite, [7; 16]);
        for (data, what) in [
            (order.clone(), "no proof"),
            (flipped, "a bit of the proof"),
            (other_amount, "another amount under the same proof"),
            (other_psam, "a proof for another PSAM"),
            (proved(&other_key, &order), "another server's proof"),
            ([&order[..], &[0x9E, 8], &right[right.len() - 8..]].concat(), "another tag"),
        ] {
            assert_eq!(applet(&mut psam, 0x40, &data).sw, Sw::NOT_ALLOWED, "{what}");
        }
        assert!(user_area(&card) == before, "refusals left the card as it was");
        // Paired anew, the key before is dead; without the city nobody pairs.
        let mut psam = sealer(&mut card, &key);
        let refused = psam.pair_server().unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
        let new = equip(&mut card, &mut psam_issuing, suite, Limits { count: 9, value: 100_000_00 });
        let refused = sealer(&mut card, &key).seal_order(&order).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
        sealer(&mut card, &new).seal_order(&order).unwrap();
    }
}

/// Limits of number and value are absolute, set by the city against a statement, and end at 9402.
#[test]
fn limits_of_number_and_of_value() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let key = province.server_key.clone();
    let mut limit = |card: &mut Slot, count, value| {
        let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
        let statement = life::raise(card, &mut city, Limits { count, value }, [count as u8; 8]).unwrap();
        statement.unwrap().chain
    };
    let seal = |card: &mut Slot, count: u32| {
        let order = Order { count, ..order(suite) };
        sealer(card, &key).seal_order(&order.to_bytes()).map(drop).map_err(|error| error.sw().unwrap())
    };
    let card = &mut province.psam;
    assert_eq!(limit(card, 3, 200_00), PsamChain::default());
    assert_eq!((seal(card, 1), seal(card, 2)), (Ok(()), Ok(())));
    assert_eq!(seal(card, 3), Err(Sw::COUNTER_END), "the value is used up");
    assert_eq!(seal(card, 2), Ok(()), "the last one is sealed again");
    let chain = limit(card, 3, 299_99);
    assert_eq!((chain.count, chain.value), (2, 200_00));
    assert_eq!(seal(card, 3), Err(Sw::COUNTER_END), "a fen is missing");
    limit(card, 3, 1000_00);
    assert_eq!(seal(card, 3), Ok(()));
    assert_eq!(seal(card, 4), Err(Sw::COUNTER_END), "three orders");
    limit(card, 0, 0);
    assert_eq!(seal(card, 5), Err(Sw::COUNTER_END));
}

/// What a PSAM issuing card grants is counted against what its province allows it, and only against a right statement.
#[test]
fn grants_are_counted_and_want_a_statement() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let limits = |value| Limits { count: 9, value };
    life::raise(&mut province.psam, &mut city, limits(Limits::GRANTS), [1; 8]).unwrap();
    let spent = life::raise(&mut province.psam, &mut city, limits(Limits::GRANTS + 1), [1; 8]).unwrap_err();
    assert!(matches!(spent, LifeError::Source(SourceError::ValueSpent)), "{spent}");
    // The main control card allows more.
    let mut main = open(&mut province.main, CardKind::MainControl);
    let more = Limits { count: 100, value: Limits::GRANTS + 50 };
    life::raise(&mut province.psam_issuing, &mut main, more, [1; 8]).unwrap();
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    life::raise(&mut province.psam, &mut city, limits(Limits::GRANTS + 50), [1; 8]).unwrap();
    // A new limit takes nothing off what was granted under the one before.
    let spent = life::raise(&mut province.psam, &mut city, limits(Limits::GRANTS + 51), [1; 8]).unwrap_err();
    assert!(matches!(spent, LifeError::Source(SourceError::ValueSpent)), "{spent}");
    let serial = wire::atr::serial_of(&wire::Channel::reset(&mut province.psam).unwrap()).unwrap();
    // A statement that was changed, or of another PSAM, brings nothing.
    let mut psam = Psam::open(&mut province.psam).unwrap();
    let right = psam.statement([3; 8]).unwrap();
    let target = psam_target(serial);
    let other = Target { number: number(5).0, ..target };
    let lower = Statement { chain: PsamChain { value: 1, ..right.chain }, ..right };
    let later = Statement { challenge: [4; 8], ..right };
    for (target, statement) in [(other, right), (target, lower), (target, later)] {
        let refused = city.seal_limit(&target, [9; 8], limits(1), Some(&statement)).unwrap_err();
        assert!(refused.to_string().contains("6988"), "{refused}");
    }
    assert!(city.seal_limit(&target, [9; 8], limits(1), None).is_err());
    city.seal_limit(&target, [9; 8], limits(1), Some(&right)).unwrap();
}

/// The grant before counts by the difference for the same PSAM alone, which is its serial *and* its number: the serial is the
/// host's word, and an operator who names the last one for another PSAM is counted in full.
#[test]
fn a_grant_to_another_psam_is_counted_in_full_whatever_serial_it_is_said_to_have() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    // EF 0019 by its short identifier, free to read.
    let granted = |card: &mut Slot| {
        wire::Channel::reset(card).unwrap();
        let kept = wire::Channel::transmit(card, &[0x00, 0xB0, 0x99, 0x00, 0x18]).unwrap();
        u64::from_be_bytes(kept[..8].try_into().unwrap())
    };
    let serial = wire::atr::serial_of(&wire::Channel::reset(&mut province.psam).unwrap()).unwrap();
    let right = Psam::open(&mut province.psam).unwrap().statement([3; 8]).unwrap();
    let target = psam_target(serial);
    let limits = Limits { count: 9, value: 1000_00 };
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    city.seal_limit(&target, [9; 8], limits, Some(&right)).unwrap();
    let once = granted(&mut province.psam_issuing);
    // The same PSAM, the same limit, after a run that broke off: nothing more.
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    city.seal_limit(&target, [8; 8], limits, Some(&right)).unwrap();
    assert_eq!(granted(&mut province.psam_issuing), once);
    // Another serial for it, as another chip of the number would have: in full.
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let chip = Target { serial: [7; 8], ..target };
    city.seal_limit(&chip, [7; 8], limits, Some(&right)).unwrap();
    assert_eq!(granted(&mut province.psam_issuing), once + limits.value);
    // And the PSAM again under the serial that was named last is no other than it was: in full, since a chip came between.
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    city.seal_limit(&target, [6; 8], limits, Some(&right)).unwrap();
    assert_eq!(granted(&mut province.psam_issuing), once + 2 * limits.value);
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
        let Province { psam: mut card, server_key: key, .. } = Province::new(suite);
        let before = user_area(&card);
        let cases = malformed(&order(suite));
        assert!(cases.len() > 50);
        for (name, bytes) in cases {
            let mut psam = sealer(&mut card, &key);
            let answer = applet(&mut psam, 0x40, &proved(&key, &bytes));
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
    let order = proved(&province.server_key, &order(suite).to_bytes());
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
    psam.fmcos().select_fid(scheme::profile::DF_PURCHASE).unwrap();
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
        let mut psam = sealer(&mut province.psam, &province.server_key);
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
        let mut psam = sealer(&mut province.psam, &province.server_key);
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
        let mut psam = sealer(&mut card, &province.server_key);
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
