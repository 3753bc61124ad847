//! Orders and receipts that a network, a phone or another program bent on their way: what still says what it is, is served, with
//! cards of our masks from end to end.

use crate::world::{Bank, Province, Site, copy};
use keys::Suite;
use meter::Outcome;
use reader::driver::sim::{Sim, SimError};
use scheme::money::Fen;
use server::{Incoming, Origin, Settlement};
use wire::sms::content::Content;
use wire::sms::record::RECORD_LEN;

type Record = [u8; RECORD_LEN];

/// Where what a record is made of stands in it.
struct Places {
    first: usize,
    pid: usize,
    time: usize,
    udl: usize,
    end: usize,
}

/// The places in an order's record: status, service centre, first octet, sender, PID, DCS, time, user data.
fn places(record: &Record) -> Places {
    let first = 2 + usize::from(record[1]);
    let pid = first + 3 + usize::from(record[first + 1]).div_ceil(2);
    let (time, udl) = (pid + 2, pid + 9);
    Places { first, pid, time, udl, end: udl + 1 + usize::from(record[udl]) }
}

/// The order with these header elements instead of its one, and this status.
fn with_elements(record: &Record, elements: &[u8]) -> Record {
    let at = places(record).udl;
    let body = &record[at + 4..places(record).end];
    let mut bent = record[..at].to_vec();
    bent.push((1 + elements.len() + body.len()) as u8);
    bent.push(elements.len() as u8);
    bent.extend_from_slice(elements);
    bent.extend_from_slice(body);
    bent.resize(RECORD_LEN, 0xFF);
    bent.try_into().unwrap()
}

/// An order, bent at one place.
fn at(record: &Record, place: usize, byte: u8) -> Record {
    let mut bent = *record;
    bent[place] = byte;
    bent
}

/// Puts a record on the SIM as a phone does that does not ask what it is.
fn put(site: &mut Site, number: u8, record: &Record) {
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    sim.sms_file().unwrap();
    sim.update_record(number, record).unwrap();
}

fn get(site: &mut Site, number: u8) -> Vec<u8> {
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    let file = sim.sms_file().unwrap();
    sim.read_record(number, file.record_len).unwrap()
}

#[test]
fn a_bent_order_is_credited_or_is_none() {
    let mut province = Province::new(Suite::Aes128);
    let fresh = Site::new(&mut province, 0);
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    let order = bank.buy(&fresh, Fen(5000)).record.each()[0];
    let here = places(&order);
    let mut padded = order;
    padded[here.end..].fill(0x00);
    let served: [(&str, Record); 19] = [
        ("as it is", order),
        ("read", at(&order, 0, 0x01)),
        ("status with reserved bits", at(&order, 0, 0xE3)),
        ("status read with reserved bits", at(&order, 0, 0x21)),
        ("message type 3", at(&order, here.first, order[here.first] | 0x03)),
        ("a reserved bit of the first octet", at(&order, here.first, order[here.first] | 0x10)),
        ("SIM data download", at(&order, here.pid, 0x7F)),
        ("no class", at(&order, here.pid + 1, 0x04)),
        ("class 2 of the general group", at(&order, here.pid + 1, 0x16)),
        ("a reserved bit of the coding", at(&order, here.pid + 1, 0xFE)),
        ("month 13", at(&order, here.time + 1, 0x31)),
        ("no digit in the minute", at(&order, here.time + 4, 0xAB)),
        ("west of Greenwich", at(&order, here.time + 6, 0x0A)),
        ("filled up with 00", padded),
        ("a part of one", with_elements(&order, &[0x00, 0x03, 0xA7, 0x01, 0x01, 0x70, 0x00])),
        ("part 0", with_elements(&order, &[0x00, 0x03, 0xA7, 0x01, 0x00, 0x70, 0x00])),
        ("ports", with_elements(&order, &[0x70, 0x00, 0x05, 0x04, 0x15, 0x8A, 0x15, 0x8A])),
        ("twice announced", with_elements(&order, &[0x70, 0x00, 0x7F, 0x01, 0x02, 0x70, 0x00])),
        ("a response in front", with_elements(&order, &[0x71, 0x00, 0x70, 0x00])),
    ];
    for (what, record) in served {
        let mut site = fresh.copy();
        put(&mut site, 3, &record);
        let report = site.insert(bank.now);
        let wanted = Outcome::Credited { orders: 1, amount: Fen(5000), balance: Fen(5000) };
        assert_eq!(report.outcome, wanted, "{what}: {:?}", report.cause);
        assert!(matches!(Content::of(&get(&mut site, 3)), Content::Receipt(_)), "{what}");
    }
    let mut cut = order;
    cut[here.udl] = 140;
    let mut long = order;
    long[here.udl] += 8;
    let others: [(&str, Record); 7] = [
        ("free", at(&order, 0, 0x40)),
        ("to be sent", at(&order, 0, 0x07)),
        ("a SUBMIT", at(&order, here.first, order[here.first] | 0x01)),
        ("a report", at(&order, here.first, order[here.first] | 0x02)),
        ("text", at(&order, here.pid + 1, 0x00)),
        ("compressed", at(&order, here.pid + 1, 0x24)),
        ("one part of two", with_elements(&order, &[0x00, 0x03, 0xA7, 0x02, 0x01, 0x70, 0x00])),
    ];
    for (what, record) in others {
        let mut site = fresh.copy();
        put(&mut site, 3, &record);
        let report = site.insert(bank.now);
        assert!(report.orders.is_empty(), "{what}: {:?}", report.orders);
        assert_eq!(get(&mut site, 3), record, "{what}");
    }
    // It says that it is an order, and is none that is whole: tried, refused as such, left as it is.
    for (what, record) in [("140 octets said", cut), ("8 octets too many", long)] {
        let mut site = fresh.copy();
        put(&mut site, 3, &record);
        let report = site.insert(bank.now);
        assert!(matches!(Content::of(&record), Content::Order(_)), "{what}");
        assert!(matches!(report.outcome, Outcome::Refused { refusal, .. } if refusal.name() == "format"));
        assert_eq!(get(&mut site, 3), record, "{what}");
    }
}

/// A damaged record in front of an order stops nothing, and a bent receipt settles what the meter credited.
#[test]
fn a_bent_receipt_settles() {
    let mut province = Province::new(Suite::TripleDes);
    let mut site = Site::new(&mut province, 0);
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    let order = bank.buy(&site, Fen(5000)).record.each()[0];
    for (number, status) in [(1, 0x03), (2, 0xFF), (3, 0x01)] {
        put(&mut site, number, &[status; RECORD_LEN]);
    }
    put(&mut site, 5, &order);
    assert!(matches!(site.insert(bank.now).outcome, Outcome::Credited { .. }));
    let receipt: Record = get(&mut site, 5).try_into().unwrap();
    assert_eq!(get(&mut site, 2), [0xFF; RECORD_LEN]);
    let udl = receipt.windows(3).position(|window| window == [0x02, 0x71, 0x00]).unwrap() - 1;
    let end = udl + 1 + usize::from(receipt[udl]);
    let elements = [0x7F, 0x01, 0x02, 0x00, 0x03, 0xA7, 0x01, 0x01, 0x71, 0x00];
    let mut bent = receipt[..udl].to_vec();
    bent.push((1 + elements.len() + end - udl - 4) as u8);
    bent.push(elements.len() as u8);
    bent.extend_from_slice(&elements);
    bent.extend_from_slice(&receipt[udl + 4..end]);
    bent.resize(RECORD_LEN, 0x00);
    bent[0] = 0x27;
    let bent: Record = bent.try_into().unwrap();
    assert!(matches!(Content::of(&bent), Content::Receipt(_)));
    let settlement = bank.settle(&site, &bent);
    let amount = match &settlement {
        Settlement::Settled(settled) => settled.amount,
        other => panic!("{other:?}"),
    };
    assert_eq!(amount, Fen(5000));
    bank.assert_sound(&mut site, "a bent receipt");
    // What is none is named, and settles nothing.
    let mut psam = reader::driver::psam::Psam::open(&mut bank.psam).unwrap();
    let origin = Origin::Meter(site.meter.state().config.number);
    for record in [order, [0xFF; RECORD_LEN], wire::sms::record::free_record()] {
        let refused = bank.store.settle(&mut psam, Incoming::Record(&record), &origin, bank.now);
        assert!(refused.is_err());
    }
}

/// Records that are anybody's else, readable or not, are never written over.
#[test]
fn a_writer_takes_free_records_and_sent_receipts_alone() {
    let mut province = Province::new(Suite::Aes128);
    let mut site = Site::new(&mut province, 0);
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    let order = bank.buy(&site, Fen(5000)).record.each()[0];
    let mut text = [0xFF; RECORD_LEN];
    let head = hex::decode("01000401910100006211309132542309D4371C5487836A30").unwrap();
    text[..head.len()].copy_from_slice(&head);
    let full = [
        [0xFF; RECORD_LEN],
        [0x03; RECORD_LEN],
        text,
        at(&text, 0, 0xE1),
        at(&text, 2, 0x06),
        at(&text, 1, 0x0C),
        at(&order, 0, 0xA3),
        at(&order, 0, 0x07),
        at(&order, 60, 0x00),
    ];
    for (number, record) in (1..).zip(full) {
        put(&mut site, number, &record);
    }
    // The tenth is free, by a status that no search finds.
    put(&mut site, 10, &at(&order, 0, 0xE6));
    let deliver = |site: &mut Site| {
        let mut sim = Sim::new(&mut site.sim);
        sim.reset().unwrap();
        sim.deliver(&[order])
    };
    assert_eq!(deliver(&mut site), Ok(vec![10]));
    for (number, record) in (1..).zip(full) {
        assert_eq!(get(&mut site, number), record, "record {number}");
    }
    let mut other = site.copy();
    put(&mut other, 10, &text);
    let full_now = deliver(&mut other).unwrap_err();
    assert!(matches!(full_now, SimError::Full { records: 10, users: 8, pending: 2 }), "{full_now:?}");
}
