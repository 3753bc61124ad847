//! `--wire-time`: how long the cards' lines would take at 9600 bit/s.

use crate::world::{CHEN, Customer, WANG, World, text};
use reader::driver::sim::Sim;
use serde_json::Value;
use vcard::slot::Keep;
use vcard::{OsChance, Slot};
use wire::Channel;

/// Two seconds in etu.
const TWO_SECONDS: u64 = 19_200;

/// A world where one customer's SIM has 50 records.
fn world() -> World {
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.make_sim(&CHEN, &["--sms-records", "50"]);
    world
}

/// Fills what is free on a SIM with messages of the user's, as no command does.
fn fill(world: &World, customer: &Customer, status: u8) -> usize {
    let mut slot = Slot::open(&world.sim(customer), Box::new(OsChance), Keep::AtClose).unwrap();
    slot.reset().unwrap();
    let mut sim = Sim::new(&mut slot);
    let file = sim.sms_file().unwrap();
    let mut message = [0xFF; 176];
    let start = hex::decode("01069168310800F5240B918196785634F20000621122803500230548E8329BFD06").unwrap();
    message[..start.len()].copy_from_slice(&start);
    message[0] = status;
    let free = sim.sms_seek(file, &[0x00]).unwrap();
    for number in &free {
        sim.update_record(*number, &message).unwrap();
    }
    slot.close().unwrap();
    free.len()
}

/// The line time of an insertion that credits.
fn insert(world: &World) -> Value {
    let inserted = world.insert(&CHEN, &CHEN).with(&["--wire-time", "--json"]).run().ok().object();
    assert_eq!(inserted["outcome"], "credited");
    inserted["wire_time"].clone()
}

fn etu(time: &Value) -> u64 {
    time["etu"].as_u64().unwrap()
}

fn step<'v>(time: &'v Value, card: &str, name: &str, act: &str) -> &'v Value {
    let steps = time["steps"].as_array().unwrap();
    let fits = |step: &&Value| step["card"] == card && step["step"] == name && step["act"] == act;
    steps.iter().find(fits).unwrap_or_else(|| panic!("no {card} {name} {act}"))
}

#[test]
fn a_full_sim_takes_less_than_two_seconds_at_every_purchase() {
    let world = world();
    for (purchase, status) in [0x01, 0x03, 0x01].into_iter().enumerate() {
        let order = world.order(&CHEN, "50");
        world.write(&CHEN, &order);
        if purchase == 0 {
            assert_eq!(fill(&world, &CHEN, status), 49, "one record of fifty is ours");
        }
        let time = insert(&world);
        assert!(etu(&time) < TWO_SECONDS, "purchase {purchase}: {time}");
        // Both ATRs are in it, one record is read and one written.
        assert_eq!(etu(step(&time, "ESAM", "esam-reset", "ATR")), 156);
        assert_eq!(etu(step(&time, "SIM", "sim-reset", "ATR")), 144);
        assert_eq!(etu(step(&time, "SIM", "sim-messages", "READ RECORD")), 2216);
        assert_eq!(etu(step(&time, "SIM", "write-back", "UPDATE RECORD")), 2224);
        // What stands in the rows is the whole.
        let rows = time["steps"].as_array().unwrap();
        assert_eq!(rows.iter().map(etu).sum::<u64>(), etu(&time));
        assert_eq!(etu(&time["esam"]) + etu(&time["sim"]), etu(&time));
        assert_eq!(time["us_9600"].as_u64().unwrap(), etu(&time) * 1_000_000 / 9600);
        let least = time["least_etu"].as_u64().unwrap();
        assert!(2216 + 2224 < least && least < etu(&time), "{least}");
        assert!(world.settle(&world.collect(&CHEN)).code == 0);
    }
}

#[test]
fn the_table_stands_under_the_outcome() {
    let world = world();
    world.write(&CHEN, &world.order(&CHEN, "50"));
    let shown = world.insert(&CHEN, &CHEN).with(&["--wire-time"]).run().ok();
    for words in [
        "credited 50.00 yuan",
        "CARD",
        "LEAST MS",
        "write-back",
        "UPDATE RECORD",
        "231.6",
        "ms at 9600 bit/s",
    ] {
        assert!(shown.stdout.contains(words), "{words}\n{}", shown.stdout);
    }
    assert!(shown.stderr.contains("line time: "), "{}", shown.stderr);
    // A refusal has a table too.
    let refused = world.insert(&CHEN, &CHEN).with(&["--wire-time"]).run();
    assert_eq!(refused.code, 1);
    assert!(refused.stdout.contains("sim-messages"), "{}", refused.stdout);
    // Nobody asked.
    let plain = world.insert(&WANG, &WANG).run();
    assert!(!plain.stdout.contains("9600") && !plain.stderr.contains("line time"));
}

#[test]
fn every_command_can_tell() {
    let world = world();
    let sim = world.sim(&CHEN);
    let shown = world.phones(&["card", "show", text(&sim), "--wire-time"]).run().ok();
    assert!(
        shown.stderr.contains("line time: ") && shown.stderr.contains(" ms at 9600 bit/s"),
        "{}",
        shown.stderr
    );
    let told = world.phones(&["card", "show", text(&sim), "--wire-time", "--json"]).run().ok().object();
    let time = &told["wire_time"];
    assert_eq!(time["resets"], 1);
    assert!(etu(time) > 1000 && time["apdus"].as_u64().unwrap() > 5, "{time}");
    let list = world.meters(&["meter", "list", "--wire-time"]).run().ok();
    assert!(list.stderr.contains("line time: no card was used"), "{}", list.stderr);
}
