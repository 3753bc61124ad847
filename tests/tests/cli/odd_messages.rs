//! A SIM of the field: records that nobody's program should have written. The clerk's list, the writer, the meter, the phone and
//! the bank say of each the same, and none of them stops the others.

use crate::command::SEED;
use crate::world::{CHEN, World, read_record, text, with_record};
use reader::driver::sim::Sim;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use vcard::slot::Keep;
use vcard::{SeededChance, Slot};

const RECORDS: usize = 50;

/// Does something with the SIM that no command does.
fn with_sim<T>(card: &Path, act: impl FnOnce(&mut Sim<'_>) -> T) -> T {
    let seed = SEED.parse().unwrap();
    let mut slot = Slot::open(card, Box::new(SeededChance::new(seed, "phone")), Keep::EveryCommand).unwrap();
    let mut sim = Sim::new(&mut slot);
    sim.reset().unwrap();
    sim.sms_file().unwrap();
    let done = act(&mut sim);
    slot.close().unwrap();
    done
}

fn record(hex: &str) -> [u8; 176] {
    let mut record = [0xFF; 176];
    let bytes = hex::decode(hex.replace(' ', "")).unwrap();
    record[..bytes.len()].copy_from_slice(&bytes);
    record
}

/// A record, and what the list says of it: kind, what, time; and words of its note, when it has one.
type Row = (&'static str, &'static str, &'static str, Option<&'static str>, &'static str);

const AT: Option<&str> = Some("2026-11-03T19:23:45+08:00");

/// Each is somebody else's; +86138020505 says "Top up 50" in most of them.
const ROWS: [Row; 26] = [
    ("0300 04 0B916831080205F5 0000 62113091325423 09D4371C5487836A30", "text", "Top up 50", AT, ""),
    (
        "E300 04 0B916831080205F5 0000 62113091325423 09D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "status at byte 0",
    ),
    (
        "0300 07 0B916831080205F5 0000 62113091325423 09D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "type 3 is reserved",
    ),
    (
        "0700 04 0B916831080205F5 0000 62113091325423 09D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "the other way",
    ),
    ("0100 01 00 0B916831080205F5 0000 09D4371C5487836A30", "text", "Top up 50", None, "the other way"),
    ("0700 11 00 0B916831080205F5 0000 A7 09D4371C5487836A30", "text", "Top up 50", None, ""),
    ("0700 09 00 0B916831080205F5 0000 01A70000000000 09D4371C5487836A30", "text", "Top up 50", None, ""),
    ("0700 19 00 0B916831080205F5 0000 62113091325423 09D4371C5487836A30", "text", "Top up 50", None, ""),
    (
        "0100 06 A7 0B916831080205F5 62113091325423 62113091428023 00",
        "report",
        "report of message 167: delivered",
        AT,
        "",
    ),
    (
        "0300 04 0B916831080205F5 0000 00000000000000 09D4371C5487836A30",
        "text",
        "Top up 50",
        None,
        "no such time",
    ),
    (
        "0300 04 0B916831080205F5 0000 62113091325497 09D4371C5487836A30",
        "text",
        "Top up 50",
        Some("2026-11-03 19:23:45 +79 quarters"),
        "no zone",
    ),
    ("0300 04 0080 0000 62113091325423 09D4371C5487836A30", "text", "Top up 50", AT, ""),
    ("0300 04 0DD0CD32BD2C1FBE01 0000 62113091325423 09D4371C5487836A30", "text", "Top up 50", AT, ""),
    (
        "0300 04 0C916831080205F5 0000 62113091325423 09D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "a filler stands",
    ),
    (
        "0300 04 0B916831080205F5 008C 62113091325423 09D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "8C is reserved",
    ),
    ("0300 04 0B916831080205F5 00E4 62113091325423 024E2D", "text", "\u{4E2D}", AT, ""),
    (
        "0300 04 0B916831080205F5 0024 62113091325423 0548656C6C6F",
        "data",
        "48656C6C6F",
        AT,
        "compressed text",
    ),
    ("0300 04 0B916831080205F5 0008 62113091325423 034E2D56", "text", "\u{4E2D}", AT, "half a character"),
    (
        "0300 44 0B916831080205F5 0000 62113091325423 10050003A70001A86F38A80E07D560",
        "text",
        "Top up 50",
        AT,
        "element 00 makes no sense",
    ),
    ("0300 44 0B916831080205F5 0000 62113091325423 0703250101382E00", "text", "G\u{11E}", AT, ""),
    (
        "0300 44 0B916831080205F5 0000 62113091325423 11060003A7020100D4371C5487836A30",
        "text",
        "Top up 50",
        AT,
        "all are ignored",
    ),
    (
        "0300 44 0B916831080205F5 0004 62113091325423 0340371C",
        "data",
        "40371C",
        AT,
        "65 octets claimed, 3 there",
    ),
    (
        "0300 44 0B916831080205F5 00F6 62113091325423 0C 04 7000 7100 000E0AB0001100",
        "packet",
        "000E0AB0001100",
        AT,
        "element 70 is overruled",
    ),
    (
        "030C 04 0B916831080205F5 0000 62113091325423 09D4371C5487836A30",
        "unreadable",
        "length 12, at most 11",
        None,
        "",
    ),
    (
        "0500 06 A7 0B916831080205F5 62113091325423 62113091428023 00",
        "unreadable",
        "message type 2",
        None,
        "",
    ),
    ("", "unreadable", "FF alone: never written", None, ""),
];

fn listed(messages: &Value, number: usize) -> &Value {
    let messages = messages["messages"].as_array().unwrap();
    let stands = |message: &&Value| message["records"].as_array().unwrap().contains(&number.into());
    messages.iter().find(stands).unwrap_or_else(|| panic!("record {number} is not listed"))
}

#[test]
fn every_record_of_the_field_is_read_as_the_standards_say() {
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.make_sim(&CHEN, &["--sms-records", "50"]);
    let card = world.sim(&CHEN);
    with_sim(&card, |sim| {
        for (number, row) in (1..).zip(&ROWS) {
            sim.update_record(number, &record(row.0)).unwrap();
        }
    });
    let list = ["sim", "list", text(&card)];
    let found = world.phones(&list).with(&["--json"]).run().ok().object();
    assert_eq!(found["free"], RECORDS - ROWS.len());
    for (number, (bytes, kind, what, time, note)) in (1..).zip(ROWS) {
        let message = listed(&found, number);
        assert_eq!((&message["whose"], &message["kind"]), (&"user".into(), &kind.into()), "{bytes}");
        assert!(message["what"].as_str().unwrap().contains(what), "{bytes}: {message}");
        assert_eq!(message["time"], time.map_or(Value::Null, Into::into), "{bytes}");
        let notes = message.get("notes").map(ToString::to_string).unwrap_or_default();
        assert!(notes.contains(note) && note.is_empty() == notes.is_empty(), "{bytes}: {notes}, not {note}");
        let read = world.phones(&["sim", "read", text(&card), &number.to_string()]).run();
        match kind {
            "unreadable" => drop(read.fails(1, &["holds no message this program can read", what])),
            _ => drop(read.ok().shows(&[what, note])),
        }
    }
    let read = |number: &str| world.phones(&["sim", "read", text(&card), number]).run().ok();
    read("6").shows(&["valid for  ", "1 day"]);
    read("7").shows(&["1 day"]);
    read("8").shows(&["until 2026-11-03 19:23:45+08:00"]);
    read("2").shows(&["E3 (unread)"]);
    // In words the notes stand beside the table; the meter and the writer go past all of it.
    let ran = world.phones(&list).run().ok();
    assert!(ran.stderr.contains("note: record 2: status at byte 0: E3"), "{}", ran.stderr);
    let order = world.order(&CHEN, "50");
    world.insert(&CHEN, &CHEN).run().fails(1, &["no-order"]);
    let first_free = ROWS.len() + 1;
    world.write_call(&CHEN, &order).run().ok().shows(&[&format!("the order is in record {first_free}")]);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    world.settle(&world.collect(&CHEN)).ok().shows(&["settled"]);
    with_sim(&card, |sim| {
        for (number, row) in (1..).zip(&ROWS) {
            assert_eq!(sim.read_record(number, 176).unwrap(), record(row.0), "record {number}");
        }
    });
}

/// An order whose status has bits that mean nothing is an order to everybody, and so is its receipt.
#[test]
fn a_status_with_reserved_bits_is_followed_by_all() {
    let world = World::new();
    let card = world.sim(&CHEN);
    let order = world.order(&CHEN, "50");
    let mut bent = read_record(&order);
    bent[0] = 0x63;
    let bent = world.file("bent.sms", with_record(&order, &bent));
    world.write(&CHEN, &bent);
    let list = || world.phones(&["sim", "list", text(&card), "--json"]).run().ok().object();
    assert_eq!(
        (&list()["messages"][0]["kind"], &list()["messages"][0]["status"]),
        (&"order".into(), &"unread".into())
    );
    world.phones(&["sim", "erase", text(&card), "1", "--user"]).run().fails(1, &["not yet settled"]);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    with_sim(&card, |sim| {
        let mut receipt = sim.read_record(1, 176).unwrap();
        receipt[0] = 0xA7;
        sim.update_record(1, &receipt).unwrap();
    });
    assert_eq!(
        (&list()["messages"][0]["kind"], &list()["messages"][0]["status"]),
        (&"receipt".into(), &"to be sent".into())
    );
    world.settle(&world.collect(&CHEN)).ok().shows(&["settled"]);
    // Sent, the bits without meaning as they were; and its place is taken by the next order.
    assert_eq!(with_sim(&card, |sim| sim.read_record(1, 176).unwrap()[0]), 0xA5);
    world.phones(&["sim", "erase", text(&card), "1"]).run().ok().shows(&["record(s) 1 erased"]);
}

/// Small generator; its whole state is a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % end
    }
}

/// Records bent at random: what the list calls orders is what the meter tries, all of it and nothing else.
#[test]
fn the_list_and_the_meter_agree_about_any_bytes() {
    const START: u64 = 0x5EED_C0DE_1357_9BDF;
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.make_sim(&CHEN, &["--sms-records", "50"]);
    let card = world.sim(&CHEN);
    // The packet of every copy is broken: the ESAM refuses them all, so the meter looks at everything.
    let mut order = read_record(&world.order(&CHEN, "50"));
    order[100] ^= 0x01;
    let mut random = Random(START);
    for round in 0..4 {
        let records: Vec<[u8; 176]> = (0..RECORDS)
            .map(|_| {
                let mut record: [u8; 176] = order.clone().try_into().unwrap();
                for _ in 0..random.below(4) {
                    record[random.below(48)] = random.below(256) as u8;
                }
                record
            })
            .collect();
        with_sim(&card, |sim| {
            for (number, record) in (1..).zip(&records) {
                sim.update_record(number, record).unwrap();
            }
        });
        let what = format!("seed {START:X}, round {round}");
        let found = world.phones(&["sim", "list", text(&card), "--json"]).run().ok().object();
        let messages = found["messages"].as_array().unwrap();
        let orders = messages.iter().filter(|message| message["kind"] == "order");
        let listed: BTreeSet<u64> = orders
            .flat_map(|message| message["records"].as_array().unwrap())
            .map(|n| n.as_u64().unwrap())
            .collect();
        let ran = world.insert(&CHEN, &CHEN).run();
        let tried: BTreeSet<u64> = ran
            .stdout
            .lines()
            .filter_map(|line| {
                line.strip_prefix("order")?.trim().strip_prefix("record ")?.split(':').next()?.parse().ok()
            })
            .collect();
        assert_eq!(tried, listed, "{what}: {}", ran.stdout);
        assert!(!listed.is_empty() && listed.len() < RECORDS, "{what}: {} orders", listed.len());
        with_sim(&card, |sim| {
            for (number, record) in (1..).zip(&records) {
                assert_eq!(sim.read_record(number, 176).unwrap(), record, "{what}, record {number}");
            }
        });
    }
}
