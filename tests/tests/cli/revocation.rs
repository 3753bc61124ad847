//! Revoked cards, and cards out of their days, as the offices and the bank meet them.

use crate::world::{CHEN, PSAM, Party, WANG, World, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const OFFICERS: [&str; 4] = ["--pin-file", "pin", "--second-pin-file", "pin2"];
const WHY: [&str; 4] = ["--reason", "lost", "--why", "lost on the road"];

fn list(world: &World, party: Party) -> PathBuf {
    world.folder(party).join("revocation.json")
}

fn number(path: &Path) -> Value {
    let list: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    list["number"].clone()
}

/// An act like the others: a known card of a kind that is made here, a reason, two officers, and nothing done in a rehearsal.
#[test]
fn a_revocation_is_an_act_of_two_officers_about_a_known_card() {
    let world = World::new();
    let revoke = |args: &[&str]| world.province(&[&["kdc", "revoke"][..], args].concat()).with(&WHY);
    revoke(&["psam-issuing", "000000000099"])
        .with(&OFFICERS)
        .run()
        .fails(1, &["no psam-issuing card 000000000099 was issued here"]);
    revoke(&["psam", PSAM])
        .with(&OFFICERS)
        .run()
        .fails(1, &["a card of kind psam is not made here", "psam-issuing, esam-issuing, test-issuing"]);
    revoke(&["psam-issuing", "000000000003"])
        .with(&OFFICERS)
        .run()
        .fails(1, &["no psam-issuing card 000000000003 was issued here"]);
    world.file("wrong", "000000");
    let one = ["--pin-file", "pin", "--second-pin-file", "wrong"];
    revoke(&["psam-issuing", "000000000002"]).with(&one).run().fails(1, &["the second officer's PIN"]);
    let planned = revoke(&["psam-issuing", "000000000002"]).with(&OFFICERS).with(&["--dry-run"]).run().ok();
    planned.shows(&["nothing was done", "list 1"]);
    assert!(!list(&world, Party::Province).exists());
    world
        .province(&["kdc", "revoke", "psam-issuing", "000000000002", "--reason", "bored", "--why", "x"])
        .run()
        .failed(2);
    revoke(&["psam-issuing", "000000000002"])
        .with(&OFFICERS)
        .run()
        .ok()
        .shows(&["list 1", "a MAC for 2 card(s)"]);
    revoke(&["psam-issuing", "000000000002"])
        .with(&OFFICERS)
        .run()
        .fails(1, &["was revoked on", "already (lost)"]);
    let shown = world.province(&["kdc", "audit", "show", "--json"]).run().ok().object();
    let entries = shown["entries"].as_array().unwrap();
    let line = entries.iter().find(|entry| entry["act"] == "revoke").unwrap();
    assert_eq!(line["card"]["number"], "000000000002");
    let why = line["facts"]["why"].as_str().unwrap();
    assert!(why.contains("lost on the road") && why.contains("second person nobody: test state"), "{why}");
}

/// The city takes the list alone; its cards say that it is genuine; the highest number stays; and what is on it is used no more.
#[test]
fn a_city_believes_the_provinces_list_by_its_cards() {
    let world = World::new();
    world.issue_card("esam-issuing", "000000000013").run().ok();
    let revoke = |number: &str| {
        world.province(&["kdc", "revoke", "esam-issuing", number]).with(&WHY).with(&OFFICERS).run().ok()
    };
    revoke("000000000013");
    let first = world.fresh("-first.json");
    std::fs::copy(list(&world, Party::Province), &first).unwrap();
    revoke("000000000003");
    let second = list(&world, Party::Province);
    let take = |path: &Path| world.city(&["city", "revoked", text(path)]).run();
    // Any change is told by the cards.
    let whole = std::fs::read_to_string(&second).unwrap();
    let changed = [
        whole.replace("\"number\": 2", "\"number\": 9"),
        whole.replace("\"lost\"", "\"stolen\""),
        whole.replacen("000000000003", "000000000007", 1),
    ];
    for text_of in changed {
        assert_ne!(text_of, whole);
        let path = world.file("changed.json", text_of);
        take(&path).fails(4, &["does not believe this list: its MAC is wrong"]);
    }
    let mut bare: Value = serde_json::from_str(&whole).unwrap();
    bare["macs"] = serde_json::json!([]);
    let bare = world.file("bare.json", bare.to_string());
    take(&bare).fails(4, &["no card here can say that this list is genuine"]);
    world.city(&["esam", "issue", "--meter", "000020181201", "--pin-file", "pin"]).run().ok();
    take(&second).ok().shows(&["list 2", "2 card(s) revoked"]);
    take(&second).ok();
    take(&first).fails(4, &["this is list 1, and list 2 is kept here"]);
    assert_eq!(number(&world.folder(Party::City).join("revoked-above.json")), 2);
    // At every use.
    let issue = ["esam", "issue", "--meter", "000020181202", "--pin-file", "pin"];
    world.city(&issue).run().fails(4, &["esam-issuing card 000000000003 was revoked on", "lost (list 2)"]);
    world.file("batch.csv", "number\n000020181203\n");
    let batch = ["issue", "esam", "--batch", "batch.csv", "--pin-file", "pin", "--yes"];
    world.city(&batch).run().fails(4, &["esam-issuing card 000000000003 was revoked on"]);
    let esam = world.esam(&CHEN);
    let keys = ["esam", "change-keys", text(&esam), "--pin-file", "pin"];
    world.city(&keys).run().fails(4, &["esam-issuing card 000000000003 was revoked on"]);
    let card = world.folder(Party::Province).join("out/esam-issuing-000000000013.card");
    world
        .city(&["city", "open", text(&card)])
        .run()
        .fails(4, &["esam-issuing card 000000000013 was revoked on"]);
    world.issue_card("esam-issuing", "000000000013").run().fails(4, &["was revoked on"]);
    // The other card of the city goes on.
    world
        .city(&["psam", "issue", "--number", "330200000007", "--pin-file", "pin", "--card-pin-file", "pin"])
        .run()
        .ok();
    // The city's log keeps the province's.
    let log = world.folder(Party::City).join("audit.jsonl");
    world.province(&["kdc", "audit", "verify", "--against", text(&log), text(&second)]).run().ok();
}

/// A revoked issuing card ends nothing either: whoever stole it would put the bank's PSAM out of use.
#[test]
fn a_revoked_issuing_card_ends_no_card() {
    let world = World::new();
    world.issue_card("test-issuing", "000000000005").run().ok();
    let card = world.folder(Party::Province).join("out/test-issuing-000000000005.card");
    world.city(&["city", "open", text(&card)]).run().ok();
    let test = world.path("test.card");
    let issue =
        ["test-card", "issue", "--number", "330299000001", "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&issue).with(&["--card", text(&test)]).run().ok();
    for (kind, number) in [("psam-issuing", "000000000002"), ("test-issuing", "000000000005")] {
        world.province(&["kdc", "revoke", kind, number]).with(&WHY).with(&OFFICERS).run().ok();
    }
    world.city(&["city", "revoked", text(&list(&world, Party::Province))]).run().ok();
    let psam = world.psam();
    let cards = [&psam, &test].map(|card| std::fs::read(card).unwrap());
    let issuing = ["psam-issuing.card", "test-issuing.card"].map(|card| world.folder(Party::City).join(card));
    let issuers = issuing.clone().map(|card| std::fs::read(card).unwrap());
    let end = world.city(&["psam", "retire", text(&psam)]).with(&OFFICERS).run();
    end.fails(4, &["psam-issuing card 000000000002 was revoked on", "lost (list 2)"]);
    let end = world.city(&["test-card", "retire", text(&test), "--pin-file", "pin"]).run();
    end.fails(4, &["test-issuing card 000000000005 was revoked on", "lost (list 2)"]);
    assert!([&psam, &test].map(|card| std::fs::read(card).unwrap()) == cards, "a card was touched");
    assert!(issuing.map(|card| std::fs::read(card).unwrap()) == issuers, "a PIN was tried");
}

fn revoke_in_city(world: &World, kind: &str, number: &str) {
    world.city(&["city", "revoke", kind, number, "--pin-file", "pin"]).with(&WHY).run().ok();
}

/// A revoked PSAM seals no more, whatever the act; what it sealed before comes home and settles.
#[test]
fn a_revoked_psam_seals_no_more() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let stranger = world.city(&["city", "revoke", "psam", "330200000099", "--pin-file", "pin"]).with(&WHY);
    stranger.run().fails(1, &["no psam card 330200000099 was issued here"]);
    revoke_in_city(&world, "psam", PSAM);
    let list = list(&world, Party::City);
    let whole = std::fs::read_to_string(&list).unwrap();
    let changed = world.file("changed.json", whole.replace("\"lost\"", "\"stolen\""));
    world.bank(&["server", "revoked", text(&changed)]).run().fails(4, &["does not believe this list"]);
    world.bank(&["server", "revoked", text(&list)]).run().ok();
    let next = world.fresh("-order.sms");
    world.order_call(&WANG, "50", &next).run().fails(4, &["psam card 330200000001 was revoked on"]);
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    world.settle(&receipt).ok().shows(&["settled"]);
}

/// Nothing more is sold to the meter of a revoked ESAM.
#[test]
fn a_revoked_esam_gets_no_more_orders() {
    let world = World::new();
    revoke_in_city(&world, "esam", CHEN.meter);
    world.bank(&["server", "revoked", text(&list(&world, Party::City))]).run().ok();
    let next = world.fresh("-order.sms");
    world.order_call(&CHEN, "50", &next).run().fails(4, &["was revoked on"]);
    world.order(&WANG, "50");
}

/// The province's list is no bank's, and a city's no city's.
#[test]
fn a_list_is_of_who_made_the_cards() {
    let world = World::new();
    revoke_in_city(&world, "esam", CHEN.meter);
    world
        .city(&["city", "revoked", text(&list(&world, Party::City))])
        .run()
        .fails(4, &["is the list of 33020000"]);
    world.province(&["kdc", "revoke", "esam-issuing", "000000000003"]).with(&WHY).with(&OFFICERS).run().ok();
    let province = list(&world, Party::Province);
    world.bank(&["server", "revoked", text(&province)]).run().fails(4, &["is the list of 00000000"]);
}

/// The days on a card stop making and sealing, each edge to the day, and nothing else.
#[test]
fn days_stop_making_and_sealing_and_never_settling() {
    let world = World::new();
    let issue = |number: &str| {
        world.city(&["psam", "issue", "--number", number, "--pin-file", "pin", "--card-pin-file", "pin"])
    };
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    let day = |text: &str| world.at(text.parse().unwrap());
    // The cards were made on 2026-11-22 and are good for ten years, both days included.
    day("2036-10-20 12:00:00");
    let quiet = issue("330200000011").run().ok();
    assert!(!quiet.stderr.contains("warning"), "{quiet:?}");
    day("2036-10-25 12:00:00");
    let warned = issue("330200000012").run().ok();
    assert!(
        warned.stderr.contains("warning: psam-issuing card 000000000002 is valid to 2036-11-22"),
        "{warned:?}"
    );
    day("2036-11-22 23:50:00");
    issue("330200000013").run().ok();
    let sold = world.order_call(&WANG, "50", &world.fresh("-o.sms")).run().ok();
    assert!(sold.stderr.contains("warning: psam card 330200000001 is valid to 2036-11-22"), "{sold:?}");
    day("2036-11-23 00:00:00");
    let late = ["was valid to 2036-11-22: it makes no more cards", "hint: "];
    issue("330200000014").run().fails(4, &late);
    world.city(&["esam", "issue", "--meter", "000020181201", "--pin-file", "pin"]).run().fails(4, &late);
    let over = world.order_call(&crate::world::ZHANG, "50", &world.fresh("-o.sms")).run();
    over.fails(4, &["psam card 330200000001 was valid to 2036-11-22: it seals no more orders"]);
    world
        .issue_card("psam-issuing", "000000000021")
        .run()
        .fails(4, &["main-control card", "was valid to 2036-11-22"]);
    world.settle(&receipt).ok().shows(&["settled"]);
}

/// Before its first day a card is not used either.
#[test]
fn a_card_is_not_used_before_its_first_day() {
    let world = World::new();
    world.at("2026-11-21 23:50:00".parse().unwrap());
    let issue = ["psam", "issue", "--number", "330200000011", "--pin-file", "pin", "--card-pin-file", "pin"];
    let early = world.city(&issue).with(&["--allow-clock-back"]).run();
    early.fails(4, &["is valid from 2026-11-22 on, and today is 2026-11-2"]);
}
