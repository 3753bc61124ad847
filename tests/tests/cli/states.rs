//! Test keys and formal keys never meet.

use crate::world::{CHEN, Kind, Party, World, text};
use std::path::Path;

fn world(formal: bool) -> World {
    World::of(Kind { apart: false, formal, suite: "3des" })
}

/// Exchanges the ESAM of Chen's meter for another.
fn exchange_esam(world: &World, by: &World) {
    std::fs::copy(by.esam(&CHEN), world.esam(&CHEN)).unwrap();
}

/// A meter of the one world with the ESAM of the other: a security stop, and not a byte changes on either card.
fn stopped(formal_meter: bool) {
    let (own, other) = (world(formal_meter), world(!formal_meter));
    let order = own.order(&CHEN, "50");
    own.write(&CHEN, &order);
    let good = std::fs::read(own.esam(&CHEN)).unwrap();
    let books = own.books();
    exchange_esam(&own, &other);
    let (esam, sim) = (std::fs::read(own.esam(&CHEN)).unwrap(), std::fs::read(own.sim(&CHEN)).unwrap());
    let words = "test card in a formal meter, or the reverse; nothing was tried";
    let sim_card = own.sim(&CHEN);
    // No seed: one of the two ESAMs may hold formal keys.
    let insert = own.earnest(Party::Meters, &["meter", "insert", CHEN.meter, text(&sim_card)]);
    let ran = insert.run().fails(4, &["Err-32 (card error 9, key-state)", words]);
    ran.shows(&["Err-32"]);
    assert!(std::fs::read(own.esam(&CHEN)).unwrap() == esam, "something was tried on the ESAM");
    assert!(std::fs::read(own.sim(&CHEN)).unwrap() == sim, "something was written to the SIM");
    assert_eq!(own.books(), books);
    // With its own ESAM again, it credits.
    std::fs::write(own.esam(&CHEN), good).unwrap();
    own.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_formal_meter_stops_at_a_test_esam() {
    stopped(true);
}

#[test]
fn a_test_meter_stops_at_a_formal_esam() {
    stopped(false);
}

#[test]
fn a_meter_stops_at_a_sim_of_the_other_state() {
    for formal in [false, true] {
        let (own, other) = (world(formal), world(!formal));
        let order = own.order(&CHEN, "50");
        own.write(&CHEN, &order);
        let money = own.money();
        let foreign = other.sim(&CHEN);
        let sim = std::fs::read(&foreign).unwrap();
        let ran = own.meters(&["meter", "insert", CHEN.meter, text(&foreign)]).run();
        ran.fails(4, &["card error 9, key-state"]);
        assert!(std::fs::read(&foreign).unwrap() == sim);
        assert_eq!(own.money(), money);
    }
}

/// Makes a meter of the number that Chen's had, from an ESAM and a pairing file.
fn new_meter(world: &World, esam: &Path, pairing: &Path, state: &[&str]) -> crate::command::Ran {
    let args = ["meter", "new", CHEN.meter, "--esam", text(esam), "--pairing", text(pairing)];
    world.earnest(Party::Meters, &args).with(state).with(world.transport()).run()
}

#[test]
fn a_meter_takes_no_pairing_of_the_other_state() {
    for formal in [false, true] {
        let world = world(formal);
        let esam = world.path("esam.card");
        std::fs::rename(world.esam(&CHEN), &esam).unwrap();
        std::fs::remove_dir_all(world.meter(&CHEN)).unwrap();
        let pairing = world.path(&format!("pairing-{}.json", CHEN.meter));
        let (right, wrong): (&[&str], &[&str]) =
            if formal { (&["--formal"], &[]) } else { (&[], &["--formal"]) };
        let words = if formal {
            "the pairing is in formal state, the meter in test state"
        } else {
            "the pairing is in test state, the meter in formal state"
        };
        new_meter(&world, &esam, &pairing, wrong).fails(4, &[words]);
        assert!(esam.exists() && !world.meter(&CHEN).join("flash.json").exists(), "half a meter was made");
        new_meter(&world, &esam, &pairing, right).ok();
    }
}

/// Orders of the one province are nothing to the meters of the other.
#[test]
fn an_order_under_test_keys_is_forged_to_a_formal_meter() {
    let (formal, test) = (world(true), world(false));
    let order = test.order(&CHEN, "50");
    formal.write(&CHEN, &order);
    let money = formal.money();
    formal.insert(&CHEN, &CHEN).run().fails(1, &["card error 10, mac"]);
    assert_eq!(formal.money(), money);
    let own = formal.order(&CHEN, "20");
    formal.write(&CHEN, &own);
    formal.insert(&CHEN, &CHEN).run().ok().shows(&["credited 20.00 yuan"]);
}
