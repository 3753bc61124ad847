//! `prove card` and `prove port`: somebody's own card and meter, and nothing that costs them anything.

use crate::meter_port::Port;
use crate::world::{CHEN, Party, World, text};
use serde_json::Value;
use std::fs;

/// Rows by what was tried.
fn row<'v>(object: &'v Value, attack: &str) -> &'v Value {
    let rows = object["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["attack"].as_str().unwrap().contains(attack));
    row.unwrap_or_else(|| panic!("no row {attack} in {object}"))
}

#[test]
fn a_card_is_as_it_was_afterwards() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    for (card, party) in
        [(world.esam(&CHEN), Party::Meters), (world.psam(), Party::Bank), (world.sim(&CHEN), Party::Meters)]
    {
        let before = fs::read(&card).unwrap();
        let args = ["prove", "card", text(&card), "--json"];
        let ran = world.call(party, &args).run().ok();
        assert!(
            ran.stderr.contains("what will be tried") && ran.stderr.contains("no try is spent"),
            "{}",
            ran.stderr
        );
        let object = ran.object();
        assert_eq!(object["violations"], 0, "{object}");
        assert!(object["tried"].as_u64().unwrap() >= 32, "{object}");
        assert!(fs::read(&card).unwrap() == before, "{}: changed by looking", card.display());
    }
    // Only said.
    let esam = world.esam(&CHEN);
    let said = world.meters(&["prove", "card", text(&esam), "--dry-run", "--spend-tries", "2"]).run().ok();
    said.shows(&["up to 2 wrong guess(es)", "leave the last try alone"]);
}

#[test]
fn tries_are_spent_by_name_alone_and_never_the_last() {
    let world = World::new();
    let esam = world.esam(&CHEN);
    let tries = || {
        let shown = world.meters(&["apdu", text(&esam), "803C390000", "--json"]).run().ok().object();
        shown["session"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned()
    };
    let whole = tries();
    let prove = |options: &[&str]| {
        world.meters(&[&["prove", "card", text(&esam), "--json"], options].concat()).run().ok().object()
    };
    prove(&[]);
    assert_eq!(tries(), whole);
    let object = prove(&["--spend-tries", "15", "--at-the-cards-risk"]);
    assert_eq!(object["violations"], 0, "{object}");
    let master = row(&object, "39/00");
    assert_eq!(
        (&master["stopped_by"]["a try"], &master["stopped_by"]["1 left: left alone"]),
        (&2.into(), &1.into())
    );
    assert_eq!(row(&object, "wiped or filled")["tried"], 3);
    // The meter goes on.
    world.purchase(&CHEN, "20");
}

#[test]
fn a_bent_order_before_an_esam_changes_nothing_and_the_order_is_still_worth_its_money() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let esam = world.esam(&CHEN);
    let args = ["prove", "card", text(&esam), "--meter", CHEN.meter, "--order", text(&order), "--json"];
    let object = world.meters(&args).run().ok().object();
    assert_eq!(object["violations"], 0, "{object}");
    let bent = row(&object, "an order with a bit flipped");
    assert!(
        bent["tried"].as_u64().unwrap() > 80 && bent["stopped_by"]["mac"].as_u64().unwrap() > 50,
        "{bent}"
    );
    assert_eq!(world.purse(&CHEN).credited, 0);
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_meter_at_its_port_takes_nothing_from_nobody() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let port = Port::of(&world, &[&CHEN]);
    let capture = world.fresh(".capture");
    fs::write(&capture, "> 68AAAAAAAAAAAA68110433333433AE16\n> 6814111820000068031E3235343A33333333435A333335333333060504036745333335660A090807A116\n").unwrap();
    let args = ["prove", "port", &port.line, "--spend-tries", "6", "--replay", text(&capture), "--json"];
    let ran = world.meters(&args).run().ok();
    assert!(ran.stderr.contains("SENT AGAIN") || ran.stderr.contains("AGAIN: a meter"), "{}", ran.stderr);
    let object = ran.object();
    assert_eq!(object["violations"], 0, "{object}");
    assert!(row(&object, "a frame with a bit flipped")["tried"].as_u64().unwrap() >= 16);
    assert_eq!(row(&object, "wrong MAC")["tried"], 6);
    assert!(row(&object, "recorded requests")["tried"].as_u64().unwrap() >= 1);
    assert_eq!(world.purse(&CHEN).credited, 5000);
    port.end("-TERM");
}
