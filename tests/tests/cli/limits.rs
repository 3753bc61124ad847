//! The limits of issuing cards, renewed by their province [docs/specs/cards.md 9].

use crate::command::Ran;
use crate::life::two_operators;
use crate::world::{CHEN, Kind, PSAM, Party, World, text};
use serde_json::Value;
use std::path::PathBuf;

const OFFICERS: [&str; 4] = ["--pin-file", "pin", "--second-pin-file", "pin2"];

/// A province with its cards, and the city's card of a kind taken into use.
fn office(kind: &str, number: &str, limit: &[&str]) -> (World, PathBuf) {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.issue_card(kind, number).with(limit).run().ok();
    let card = world.folder(Party::Province).join(format!("out/{kind}-{number}.card"));
    world.city(&["city", "open", text(&card)]).run().ok();
    let place = world.folder(Party::City).join(format!("{kind}.card"));
    (world, place)
}

fn entries(world: &World) -> Vec<Value> {
    let shown = world.province(&["kdc", "audit", "show", "--json"]).run().ok().object();
    shown["entries"].as_array().unwrap().clone()
}

/// The city brings its spent card, both officers let it make one more, and it makes one more.
#[test]
fn a_spent_issuing_card_goes_on_when_its_province_lets_it() {
    let (world, card) = office("esam-issuing", "000000000023", &["--count", "2"]);
    let issue = |meter: &str| world.city(&["esam", "issue", "--meter", meter, "--pin-file", "pin"]).run();
    issue("000000000012").ok();
    issue("000000000002").ok();
    issue("000000000003").fails(1, &["counter is spent", "`gridcard kdc limit CARD --count N`"]);
    let limit = |more: &[&str]| world.province(&["kdc", "limit", text(&card)]).with(more);
    let raised = limit(&["--count", "3"]).with(&OFFICERS).run().ok();
    let raised = raised
        .shows(&["ESAM issuing card  000000000023 of city 33020000", "cards              2 made, 1 left"]);
    assert!(!raised.stdout.contains("yuan"), "{raised:?}");
    issue("000000000003").ok();
    issue("000000000004").fails(1, &["counter is spent"]);
    // What it has made counts: a lower limit stops it, and says so.
    limit(&["--count", "1"]).with(&OFFICERS).run().ok().shows(&["3 made, 0 left"]);

    let entries = entries(&world);
    let acts: Vec<&Value> = entries.iter().filter(|entry| entry["act"] == "kdc limit").collect();
    let [first, second] = acts[..] else { panic!("{entries:?}") };
    assert_eq!(first["facts"]["card"], "esam-issuing 000000000023");
    assert_eq!((&first["facts"]["count"], &second["facts"]["count"]), (&"2 -> 3".into(), &"3 -> 1".into()));
    assert_eq!(first["facts"]["second"], "nobody: test state, no operators");
    let seen = entries.iter().find(|entry| entry["act"] == "statement").unwrap();
    assert_eq!((&seen["facts"]["cards"], &seen["card"]["number"]), (&"2".into(), &"000000000023".into()));
    world.province(&["kdc", "audit", "verify"]).run().ok().shows(&["findings    0"]);
}

/// The value a PSAM issuing card may grant is the province's to raise, and what was granted counts.
#[test]
fn the_value_a_city_may_grant_is_raised_by_its_province() {
    let (world, card) = office("psam-issuing", "000000000024", &["--value", "1000"]);
    let psam = world.folder(Party::City).join(format!("out/psam-{PSAM}.card"));
    let issue =
        ["psam", "issue", "--number", PSAM, "--value", "600", "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&issue).run().ok();
    let grant =
        |yuan: &str| world.city(&["psam", "limit", text(&psam), "--value", yuan, "--pin-file", "pin"]).run();
    grant("1000").ok();
    grant("1001").fails(
        1,
        &["has granted all the value its province allows", "`gridcard kdc limit CARD --value YUAN`"],
    );
    let limit = world.province(&["kdc", "limit", text(&card), "--value", "1500"]).with(&OFFICERS);
    limit.run().ok().shows(&["1 made, 999999 left", "1000.00 yuan granted, 500.00 yuan left"]);
    grant("1501").fails(1, &["has granted all the value"]);
    grant("1500").ok();
    let entries = entries(&world);
    let act = entries.iter().find(|entry| entry["act"] == "kdc limit").unwrap();
    assert_eq!(act["facts"]["value_fen"], "100000 -> 150000");
    assert_eq!(act["facts"]["count"], "1000000 -> 1000000");
}

/// An old copy of a card would make its cards twice: the province remembers how far it was.
#[test]
fn an_issuing_card_that_went_back_gets_no_limit() {
    let (world, card) = office("esam-issuing", "000000000023", &["--count", "2"]);
    let issue =
        |meter: &str| world.city(&["esam", "issue", "--meter", meter, "--pin-file", "pin"]).run().ok();
    let limit = || world.province(&["kdc", "limit", text(&card), "--count", "9"]).with(&OFFICERS).run();
    issue("000000000012");
    let old = std::fs::read(&card).unwrap();
    issue("000000000002");
    limit().ok();
    std::fs::write(&card, &old).unwrap();
    limit().fails(
        4,
        &[
            "ESAM issuing card 000000000023 is not as it was seen last: its counts went back",
            "2 card(s) then, it has made 1 card(s) now",
            "`gridcard kdc issue-card`",
        ],
    );
    assert!(std::fs::read(&card).unwrap() == old, "it was touched");
}

/// What is no issuing card of this province in force gets nothing, and nothing is written.
#[test]
fn limits_are_given_to_issuing_cards_in_force_by_both_officers() {
    let world = World::new();
    let place = |kind: &str| world.folder(Party::City).join(format!("{kind}.card"));
    let (psam_issuing, esam_issuing) = (place("psam-issuing"), place("esam-issuing"));
    let before = [&psam_issuing, &esam_issuing].map(|card| std::fs::read(card).unwrap());
    let limit = |card: &PathBuf, more: &[&str]| -> Ran {
        world.province(&["kdc", "limit", text(card)]).with(more).with(&OFFICERS).run()
    };
    limit(&esam_issuing, &[]).failed(2);
    limit(&esam_issuing, &["--count", "0"]).failed(2);
    limit(&esam_issuing, &["--value", "5"]).fails(2, &["--value is for a PSAM issuing card"]);
    let psam = world.psam();
    limit(&psam, &["--count", "5"]).fails(1, &["is a PSAM, no issuing card", "`gridcard psam limit`"]);
    limit(&world.esam(&CHEN), &["--count", "5"]).fails(1, &["no issuing card"]);
    world.file("wrong", "000000");
    let alone = ["--count", "5", "--pin-file", "pin", "--second-pin-file", "wrong"];
    let one = world.province(&["kdc", "limit", text(&psam_issuing)]).with(&alone).run();
    one.fails(1, &["main control card 000000000010: the second officer's PIN was wrong"]);
    let lost = ["kdc", "revoke", "psam-issuing", "000000000002", "--reason", "lost", "--why", "in the post"];
    world.province(&lost).with(&OFFICERS).run().ok();
    limit(&psam_issuing, &["--count", "5"]).fails(4, &["psam-issuing card 000000000002 was revoked on"]);
    // Another province's card: its own master is another, and a try of it says so.
    let other = World::empty(Kind { apart: false, formal: true, suite: "3des" });
    other.found_province();
    let stranger = other.folder(Party::Province).join("out/esam-issuing-000000000003.card");
    let strange = world.earnest(Party::Province, &["kdc", "limit", text(&stranger), "--count", "5"]);
    strange.with(&OFFICERS).run().fails(1, &["the card did not accept its master key; 2 tries left"]);
    let after = [&psam_issuing, &esam_issuing].map(|card| std::fs::read(card).unwrap());
    assert!(before == after, "a card was touched");
}

/// In formal state two operators act, beside the officers' two PINs.
#[test]
fn in_formal_state_two_operators_raise_a_limit() {
    let world = World::empty(Kind { apart: false, formal: true, suite: "3des" });
    world.found_province();
    let card = world.folder(Party::Province).join("out/esam-issuing-000000000003.card");
    let limit = || {
        let call = world.province(&["kdc", "limit", text(&card), "--count", "7"]);
        call.with(&OFFICERS)
    };
    limit().run().fails(4, &["wants two people, and no operators are registered"]);
    let two = two_operators(&world, Party::Province);
    let before = std::fs::read(&card).unwrap();
    limit().with(&two[..4]).run().fails(4, &["wants two people"]);
    assert!(std::fs::read(&card).unwrap() == before, "one operator touched the card");
    limit().with(&two).run().ok().shows(&["0 made, 7 left"]);
    let entries = entries(&world);
    let act = entries.iter().find(|entry| entry["act"] == "kdc limit").unwrap();
    assert_eq!((&act["who"], &act["facts"]["second"]), (&"wang".into(), &"zhao".into()));
    assert_eq!(act["facts"]["count"], "1000000 -> 7");
}
