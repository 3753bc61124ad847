//! SIMs that have no room, or ask for their PIN.

use crate::command::SEED;
use crate::records::users_message;
use crate::world::{CHEN, Customer, World, read_record, with_record};
use reader::driver::sim::Sim;
use std::path::{Path, PathBuf};
use vcard::slot::Keep;
use vcard::{SeededChance, Slot};

/// Least records a SIM may have, so that it is soon full.
const RECORDS: u8 = 10;
const FEW: [&str; 2] = ["--sms-records", "10"];

/// Stores messages in the first records of a SIM, as a phone does; no command does so. Gives how many records it has.
pub fn store_messages(card: &Path, messages: &[[u8; 176]]) -> u8 {
    let seed = SEED.parse().unwrap();
    let mut slot = Slot::open(card, Box::new(SeededChance::new(seed, "phone")), Keep::EveryCommand).unwrap();
    let mut sim = Sim::new(&mut slot);
    sim.reset().unwrap();
    let records = sim.sms_file().unwrap().records;
    for (number, message) in (1..).zip(messages) {
        sim.update_record(number, message).unwrap();
    }
    slot.close().unwrap();
    records
}

/// Messages of the user's friends in the first records of a SIM of ten.
fn fill(card: &Path, records: u8) {
    let friends: Vec<_> = (1..=records).map(|number| users_message(&format!("friend {number}"))).collect();
    assert_eq!(store_messages(card, &friends), RECORDS);
}

/// A world in which the SIM of Chen has ten records.
fn with_small_sim() -> World {
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.make_sim(&CHEN, &FEW);
    world
}

#[test]
fn a_sim_full_of_the_users_own_messages_takes_no_order() {
    let world = with_small_sim();
    fill(&world.sim(&CHEN), RECORDS);
    let order = world.order(&CHEN, "50");
    let (card, money) = (std::fs::read(world.sim(&CHEN)).unwrap(), world.money());
    let words =
        "SIM full: 10 message records, 10 hold the user's own messages, 0 hold purchases not yet settled";
    world.write_call(&CHEN, &order).run().fails(1, &[words, "hint: delete messages in the phone"]);
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == card);
    assert_eq!(world.money(), money);
}

#[test]
fn an_order_leaves_the_users_own_messages_alone() {
    let world = with_small_sim();
    fill(&world.sim(&CHEN), RECORDS - 1);
    let card = world.sim(&CHEN);
    let list = |world: &World| {
        let listed = world.phones(&["sim", "list", card.to_str().unwrap(), "--json"]).run().ok().object();
        let friends = |m: &&serde_json::Value| m["what"].as_str().unwrap().starts_with("friend ");
        listed["messages"].as_array().unwrap().iter().filter(friends).cloned().collect::<Vec<_>>()
    };
    let before = list(&world);
    assert_eq!(before.len(), 9);
    // Twice, through the one record that is left: order, receipt, and the next order over the receipt that was sent.
    world.purchase(&CHEN, "50");
    world.purchase(&CHEN, "30");
    assert_eq!(list(&world), before);
}

/// The same order in a message of another second, which nothing protects.
fn sent_again(world: &World, order: &Path, second: u8) -> PathBuf {
    let mut record = read_record(order);
    let user_data = record.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap();
    // The last of the time stamp's seven bytes is the zone; then comes the length of the user data.
    record[user_data - 3] = ((second % 10) << 4) | (second / 10);
    world.file("again.sms", with_record(order, &record))
}

#[test]
fn a_sim_full_of_what_is_not_settled_takes_no_order() {
    let world = with_small_sim();
    let order = world.order(&CHEN, "50");
    // The same message again is no second one.
    world.write(&CHEN, &order);
    world.write_call(&CHEN, &order).run().ok().shows(&["the order is in record 1"]);
    for second in 1..RECORDS {
        world.write(&CHEN, &sent_again(&world, &order, second));
    }
    let order = sent_again(&world, &order, RECORDS);
    let card = std::fs::read(world.sim(&CHEN)).unwrap();
    let words =
        "SIM full: 10 message records, 0 hold the user's own messages, 10 hold purchases not yet settled";
    world.write_call(&CHEN, &order).run().fails(1, &[words, "or send the receipts that wait"]);
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == card);
    // Ten times the same order is one purchase.
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    assert_eq!(world.purse(&CHEN).credited, 5000);
}

/// A world in which the SIM of Chen asks for 4711, which stands in the file `chv`; `wrong` holds another.
fn with_locked_sim() -> World {
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.file("chv", "4711\n");
    world.file("wrong", "0815\n");
    world.make_sim(&CHEN, &["--chv1-file", "chv"]);
    world
}

fn try_chv(world: &World, customer: &Customer, chv: &str, order: &Path) -> crate::command::Ran {
    world.write_call(customer, order).with(&["--chv1-file", chv]).run()
}

#[test]
fn a_sim_that_asks_for_its_chv_keeps_its_messages_to_itself() {
    let world = with_locked_sim();
    let order = world.order(&CHEN, "50");
    let (card, money) = (std::fs::read(world.sim(&CHEN)).unwrap(), world.money());
    world
        .write_call(&CHEN, &order)
        .run()
        .fails(1, &["the SIM wants its PIN (CHV) first", "--chv1-file FILE"]);
    let list = world.phones(&["sim", "list", world.sim(&CHEN).to_str().unwrap()]);
    list.run().fails(1, &["the SIM wants its PIN (CHV) first"]);
    // The meter has no keypad and tries nothing.
    let words = "the SIM asks for its PIN (CHV1); switch it off in a phone and insert the SIM again";
    world.insert(&CHEN, &CHEN).run().fails(1, &["Err-32 (card error 5, chv)", words]);
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == card, "a try was spent, or a record written");
    assert_eq!(world.money(), money);
    // Who knows it may write; the meter still may not read.
    try_chv(&world, &CHEN, "chv", &order).ok();
    world.insert(&CHEN, &CHEN).run().fails(1, &["card error 5, chv"]);
    assert_eq!(world.money(), money);
}

#[test]
fn wrong_chvs_are_counted_until_the_sim_is_blocked() {
    let world = with_locked_sim();
    let order = world.order(&CHEN, "50");
    let name = format!("SIM {}: its PIN (CHV1)", CHEN.iccid);
    let says = |words: &str| format!("{name} {words}");
    try_chv(&world, &CHEN, "wrong", &order).fails(1, &[&says("was wrong; 2 tries left")]);
    try_chv(&world, &CHEN, "wrong", &order).fails(1, &[&says("was wrong; 1 try left")]);
    // The last try is kept, whatever the code; the right one by name gives all tries back.
    for code in ["wrong", "chv"] {
        try_chv(&world, &CHEN, code, &order).fails(4, &[&says("has 1 try left"), "--spend-last-try"]);
    }
    let last =
        |code: &str| world.write_call(&CHEN, &order).with(&["--chv1-file", code, "--spend-last-try"]).run();
    last("chv").ok();
    try_chv(&world, &CHEN, "wrong", &order).fails(1, &[&says("was wrong; 2 tries left")]);
    try_chv(&world, &CHEN, "wrong", &order).fails(1, &[&says("was wrong; 1 try left")]);
    last("wrong")
        .fails(1, &[&says("was wrong; no tries left, it is blocked now"), "gridcard sim pin unblock"]);
    try_chv(&world, &CHEN, "chv", &order)
        .fails(1, &[&says("is blocked: no tries left"), "gridcard sim pin unblock"]);
    world.insert(&CHEN, &CHEN).run().fails(1, &["card error 5, chv"]);
}

/// Change, switch off and on, block and unblock: each with its own guard, the new code asked for twice.
#[test]
fn the_codes_of_a_sim_are_changed_switched_and_unblocked() {
    for profile in ["sim", "uicc"] {
        let world = with_locked_sim();
        std::fs::remove_file(world.sim(&CHEN)).unwrap();
        world.make_sim(&CHEN, &["--chv1-file", "chv", "--profile", profile]);
        let order = world.order(&CHEN, "50");
        world.file("new", "2222");
        world.file("puk", "00000000");
        world.file("no-puk", "11111111");
        let card = world.sim(&CHEN);
        let pin = |verb: &str, more: &[&str]| {
            world.phones(&["sim", "pin", verb, card.to_str().unwrap()]).with(more)
        };
        let name = format!("SIM {}", CHEN.iccid);
        pin("change", &["--pin-file", "wrong", "--new-pin-file", "new"])
            .run()
            .fails(1, &[&format!("{name}: its PIN (CHV1) was wrong; 2 tries left")]);
        // At the prompts: the present one, then the new one twice.
        pin("change", &[]).stdin("4711\n2222\n2223\n").run().fails(1, &["the second time was not the same"]);
        pin("change", &[]).stdin("4711\n2222\n2222\n").run().ok().shows(&[&format!("{name}: CHV1 changed")]);
        try_chv(&world, &CHEN, "chv", &order).fails(1, &["was wrong; 2 tries left"]);
        try_chv(&world, &CHEN, "new", &order).ok();
        pin("enable", &["--pin-file", "new"]).run().fails(1, &["its PIN is on already"]);
        pin("disable", &["--pin-file", "new"]).run().ok();
        pin("disable", &["--pin-file", "new"]).run().fails(1, &["its PIN is off already"]);
        pin("change", &["--pin-file", "new", "--new-pin-file", "chv"])
            .run()
            .fails(1, &["the SIM's PIN is off"]);
        world.phones(&["sim", "list", card.to_str().unwrap()]).run().ok();
        pin("enable", &["--pin-file", "new"]).run().ok();
        // Blocked by name, then unblocked.
        let wrong = ["--pin-file", "wrong", "--new-pin-file", "chv"];
        pin("change", &wrong).run().fails(1, &["2 tries left"]);
        pin("change", &wrong).run().fails(1, &["1 try left"]);
        pin("change", &wrong).run().fails(4, &["has 1 try left"]);
        pin("change", &wrong).with(&["--spend-last-try"]).run().fails(1, &["it is blocked now"]);
        let unblock = |puk: &str| pin("unblock", &["--puk-file", puk, "--new-pin-file", "chv"]).run();
        unblock("no-puk")
            .fails(1, &[&format!("{name}: the unblocking code (PUK) of its PIN was wrong; 9 tries left")]);
        unblock("puk").ok().shows(&[&format!("{name}: CHV1 unblocked")]);
        try_chv(&world, &CHEN, "chv", &order).ok();
        // The unblocking code has a last try too, and that one is kept as well.
        for left in (2..=9).rev() {
            unblock("no-puk").fails(1, &[&format!("was wrong; {left} tries left")]);
        }
        unblock("no-puk").fails(1, &["was wrong; 1 try left"]);
        unblock("puk").fails(4, &["the unblocking code (PUK) of its PIN has 1 try left"]);
        // CHV2, which is always on.
        world.file("zeros", "0000");
        pin("change", &["--chv", "2", "--pin-file", "zeros", "--new-pin-file", "new"])
            .run()
            .ok()
            .shows(&["CHV2 changed"]);
        pin("change", &["--chv", "2", "--pin-file", "zeros", "--new-pin-file", "new"])
            .run()
            .fails(1, &[&format!("{name}: its second PIN (CHV2) was wrong; 2 tries left")]);
    }
}
