//! What a record is, the meter and everybody else say alike: whatever bytes stand on a SIM, the meter tries exactly the records
//! that are orders by [`Content`], writes none of the others, and is stopped by none.

use crate::world::{World, greeting, order};
use std::collections::BTreeSet;
use wire::sms::content::Content;
use wire::sms::parts;
use wire::sms::record::RECORD_LEN;

/// Printed when a test fails, with the round it failed in.
const SEED: u64 = 0x5EED_0F00_0000_51A5;
const RECORDS: usize = 25;

/// Small generator; its whole state is a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    fn below(&mut self, end: usize) -> usize {
        (usize::from(self.next()) << 8 | usize::from(self.next())) % end
    }

    /// A record: one that somebody wrote, bent in a few places; or bytes without sense.
    fn record(&mut self) -> [u8; RECORD_LEN] {
        const STATUS: [u8; 8] = [0x00, 0x01, 0x03, 0x05, 0x07, 0x0D, 0x1D, 0x15];
        let mut record = match self.below(8) {
            0..=3 => order(7, 100),
            4 => with_elements(&[0x7F, 0x01, 0x02, 0x70, 0x00]),
            5 => with_elements(&[0x00, 0x03, 0xA7, self.next() % 3, self.next() % 3, 0x70, 0x00]),
            6 => greeting(),
            _ => std::array::from_fn(|_| self.next()),
        };
        for _ in 0..self.below(4) {
            // The header of a message is where a byte matters.
            let at = if self.next() < 0xC0 { self.below(48) } else { self.below(RECORD_LEN) };
            record[at] = if self.next() < 0x80 { self.next() } else { record[at] ^ 1 << self.below(8) };
        }
        match self.below(6) {
            0 => record[0] = self.next(),
            1 => record[0] = STATUS[self.below(STATUS.len())],
            _ => {}
        }
        if self.next() < 0x08 {
            // Cut, and filled up with FF or 00.
            let filler = if self.next() < 0x80 { 0xFF } else { 0x00 };
            record[self.below(RECORD_LEN)..].fill(filler);
        }
        record
    }
}

/// An order whose user data header holds these elements instead of its one.
fn with_elements(elements: &[u8]) -> [u8; RECORD_LEN] {
    let old = order(7, 100);
    let header = old.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap();
    let body = &old[header + 3..header + old[header - 1] as usize];
    let mut record = old[..header - 1].to_vec();
    record.push((1 + elements.len() + body.len()) as u8);
    record.push(elements.len() as u8);
    record.extend_from_slice(elements);
    record.extend_from_slice(body);
    record.resize(RECORD_LEN, 0xFF);
    record.try_into().unwrap()
}

/// An order by itself: these SIMs have no second parts.
fn is_whole(content: &Content) -> bool {
    matches!(content, Content::Order(message) if parts::first(&message.record.tpdu).is_none())
}

#[test]
fn the_meter_tries_what_is_an_order_and_nothing_else() {
    let mut random = Random(SEED);
    let (mut orders, mut damaged, mut free) = (0, 0, 0);
    for round in 0..200 {
        let mut world = World::new();
        // Every order is refused, so that the meter looks through the whole SIM.
        world.esam.refuse = Some(0x6988);
        world.sim.records = (0..RECORDS).map(|_| random.record().to_vec()).collect();
        let before = world.sim.records.clone();
        let report = world.insert();
        let tried: BTreeSet<u8> = report.orders.iter().map(|order| order.record).collect();
        let contents: Vec<Content> = before.iter().map(|record| Content::of(record)).collect();
        let wanted: BTreeSet<u8> = (1..)
            .zip(&contents)
            .filter_map(|(number, content)| is_whole(content).then_some(number))
            .collect();
        assert_eq!(tried, wanted, "seed {SEED:X}, round {round}: {:02X?}", before);
        assert_eq!(report.orders.len(), wanted.len(), "seed {SEED:X}, round {round}: one was tried twice");
        assert_eq!(world.sim.records, before, "seed {SEED:X}, round {round}");
        orders += wanted.len();
        damaged += contents.iter().filter(|content| matches!(content, Content::Damaged(_))).count();
        free += contents.iter().filter(|content| **content == Content::Free).count();
    }
    // The records are of every sort, or the test would prove nothing.
    assert!(orders > 500 && damaged > 100 && free > 100, "{orders} {damaged} {free}");
}

/// Every status byte in front of an order: those of a message that was received, whatever their other bits, are credited.
#[test]
fn an_order_is_found_under_every_status_of_a_received_message() {
    for status in 0..=u8::MAX {
        let mut world = World::new();
        let mut record = order(1, 700);
        record[0] = status;
        world.sim.put(2, &greeting());
        world.sim.put(4, &record);
        let credited = world.insert().credited.0;
        let is_received = status & 0x05 == 0x01;
        assert_eq!(credited, if is_received { 700 } else { 0 }, "{status:02X}");
        assert_eq!(world.sim.written, if is_received { vec![4] } else { vec![] }, "{status:02X}");
    }
}
