//! Who refuses a card, when, and what he says is to be done: the bank before anybody pays, the meter by the field's numbers.

use super::{agree, insert, issue, read, write};
use crate::command::{Call, Ran};
use crate::signed::signed_meter;
use crate::world::{CHEN, Customer, FOUR_PINS, Kind, Party, WANG, World, ZHANG, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn write_call(world: &World, card: &Path, customer: &Customer) -> Ran {
    let args = ["server", "card", "write", text(card), "--customer", customer.number, "--amount", "50"];
    world.bank(&args).with(&["--pin-file", "pin"]).run()
}

/// A copy of a meter, its ESAM with it, as it stands now.
fn meter_copy(world: &World, meter: &Customer, name: &str) -> PathBuf {
    let copy = world.path(name);
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(world.meter(meter)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    copy
}

/// Puts a copy in the place of the meter; gives a copy of what stood there.
fn swap(world: &World, meter: &Customer, copy: &Path, name: &str) -> PathBuf {
    let before = meter_copy(world, meter, name);
    for entry in std::fs::read_dir(copy).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), world.meter(meter).join(entry.file_name())).unwrap();
    }
    before
}

/// A meter refuses a card: the number and the words on its screen, three short tones, and what its hint says.
#[track_caller]
fn refused(world: &World, card: &Path, meter: &Customer, error: u8, screen: &str, cure: &str) {
    let call = world.meters(&["meter", "insert", meter.meter, text(card)]);
    let number = format!("card error {error}");
    call.run().fails(1, &[screen, &number, cure]);
    let call = world.meters(&["meter", "insert", meter.meter, text(card), "--json"]).run();
    let report = call.object();
    assert_eq!(
        (&report["credited_fen"], &report["beeps_ms"]),
        (&0.into(), &serde_json::json!([125, 125, 125]))
    );
}

/// Real cards of another city, of another key version and of another state.
#[test]
fn a_card_of_others_is_refused_before_anybody_pays() {
    let world = World::new();
    let books = world.books();
    let lost = issue(&world, "330200000804");
    // Another city, of the same province.
    let home = world.path("other-city");
    let out = world.path("other.card");
    let made = [
        "kdc",
        "issue-card",
        "psam-issuing",
        "--city",
        "33010000",
        "--number",
        "000000000031",
        "--card",
        text(&out),
    ];
    world.province(&made).with(&FOUR_PINS).run().ok();
    let there = |args: &[&str]| Call::new(&world.path(""), &home, world.now(), args);
    there(&["city", "open", text(&out)]).run().ok();
    let foreign = world.path("foreign.card");
    let issue_there =
        ["user-card", "issue", "--number", "330100000801", "--card", text(&foreign), "--pin-file", "pin"];
    there(&issue_there).run().ok();
    write_call(&world, &foreign, &CHEN).fails(
        1,
        &["the card is of city 33010000", "of city 33020000", "take a card that the meter's city issued"],
    );
    // A card that the city revoked.
    world
        .city(&[
            "city",
            "revoke",
            "user-card",
            "330200000804",
            "--pin-file",
            "pin",
            "--reason",
            "lost",
            "--why",
            "found",
        ])
        .run()
        .ok();
    let list = world.folder(Party::City).join("revocation.json");
    world.bank(&["server", "revoked", text(&list)]).run().ok();
    write_call(&world, &lost, &CHEN)
        .fails(4, &["user-card card 330200000804 was revoked", "use its successor"]);
    // The city's next key version: its PSAM is not here, and the meter has the first one.
    world.issue_card("psam-issuing", "000000000022").with(&["--key-version", "2"]).run().ok();
    let next = world.folder(Party::Province).join("out/psam-issuing-000000000022.card");
    world.city(&["city", "open", text(&next)]).run().ok();
    let newer = issue(&world, "330200000802");
    write_call(&world, &newer, &CHEN)
        .fails(1, &["keys of version 2", "of version 1", "have the city issue another card"]);
    // A formal card at a bank of test meters.
    let formal = World::of(Kind { apart: false, formal: true, suite: "3des" });
    let card = world.path("formal.card");
    let args = ["user-card", "issue", "--number", "330200000803", "--card", text(&card), "--pin-file", "pin"];
    formal.earnest(Party::City, &args).with(formal.transport()).run().ok();
    let args = ["server", "card", "write", text(&card), "--customer", CHEN.number, "--amount", "50"];
    let ran = world.earnest(Party::Bank, &args).with(&["--pin-file", "pin"]).run();
    ran.fails(4, &["in formal state", "are test", "test cards are for test meters"]);
    // 9: nor does a test meter look further than at its state.
    let args = ["meter", "insert", CHEN.meter, text(&card)];
    let ran = world.earnest(Party::Meters, &args).run();
    ran.fails(4, &["Err-32", "card error 9", "test card in a formal meter, or the reverse"]);
    assert_eq!(world.books(), books);
}

#[test]
fn each_number_of_the_field_is_on_the_screen_with_what_to_do() {
    let world = World::new();
    let unopened = meter_copy(&world, &CHEN, "unopened");
    let card = issue(&world, "330200000801");
    write(&world, &card, &CHEN, Some("50"));
    insert(&world, &card, &CHEN);
    read(&world, &card);
    // 15: a purchase at a meter that was never opened.
    write(&world, &card, &CHEN, Some("7"));
    let now = swap(&world, &CHEN, &unopened, "now");
    refused(&world, &card, &CHEN, 15, "Err-34", "opening card first");
    swap(&world, &CHEN, &now, "spare");
    insert(&world, &card, &CHEN);
    read(&world, &card);
    // 16: a replacement at a meter that was never opened; and 13: the card before at a meter that knows the next one.
    let second = issue(&world, "330200000802");
    let report = write(&world, &second, &CHEN, Some("3"));
    assert_eq!(report["kind"], "replacement card");
    let now = swap(&world, &CHEN, &unopened, "now-2");
    refused(&world, &second, &CHEN, 16, "Err-34", "opening card before a replacement");
    swap(&world, &CHEN, &now, "spare");
    insert(&world, &second, &CHEN);
    refused(&world, &card, &CHEN, 13, "Err-33", "have the bank write a replacement card");
    read(&world, &second);
    agree(&world, &CHEN, 60_00, 3);
    // 17: a meter that has not seen what came between; it writes back, so that 18 follows at the card's own meter.
    let early = meter_copy(&world, &CHEN, "early");
    write(&world, &second, &CHEN, Some("4"));
    insert(&world, &second, &CHEN);
    read(&world, &second);
    write(&world, &second, &CHEN, Some("2"));
    let now = swap(&world, &CHEN, &early, "now-3");
    refused(&world, &second, &CHEN, 17, "Err-34", "take the card to the bank");
    swap(&world, &CHEN, &now, "spare");
    let report = read(&world, &second);
    assert_eq!((&report["written_back"], &report["meter_count"]), (&true.into(), &3.into()));
    refused(&world, &second, &CHEN, 18, "Err-34", "take it to the bank");
    let again = write(&world, &second, &CHEN, None);
    assert_eq!(again["what"], "again");
    insert(&world, &second, &CHEN);
    read(&world, &second);
    agree(&world, &CHEN, 66_00, 5);
    // 21: a purse with a ceiling.
    let third = issue(&world, "330200000803");
    write(&world, &third, &ZHANG, Some("80"));
    insert(&world, &third, &ZHANG);
    read(&world, &third);
    write(&world, &third, &ZHANG, Some("30"));
    refused(&world, &third, &ZHANG, 21, "Err-36", "use up some of it");
    assert_eq!(world.purse(&ZHANG).balance, 80_00);
}

/// 12: the meter's account is another customer's than the card's.
#[test]
fn a_card_of_another_customer_of_the_meter_brings_nothing() {
    let (world, other) = (World::new(), World::new());
    // In another life of the same town the meter was handed to Wang before anybody bought.
    let hand =
        ["server", "hand-over", "--meter", CHEN.meter, "--to", WANG.number, "--note", "sold the house"];
    other.bank(&hand).run().ok();
    let card = issue(&other, "330200000801");
    let args = ["server", "card", "write", text(&card), "--customer", WANG.number, "--meter", CHEN.meter];
    other.bank(&args).with(&["--amount", "50", "--pin-file", "pin"]).run().ok();
    world.purchase(&CHEN, "20");
    refused(&world, &card, &CHEN, 12, "Err-33", "another customer");
    assert_eq!(world.purse(&CHEN).balance, 20_00);
    // In its own life it opens the account.
    let report = insert(&other, &card, &CHEN);
    assert_eq!(report["credited_fen"], 50_00);
}

/// A meter that takes signed orders alone: the bank loads no card for it, and where the bank does not know yet the meter says so.
#[test]
fn a_meter_that_takes_signed_orders_alone_takes_no_card() {
    let (world, _) = signed_meter("sm4");
    let card = issue(&world, "330200000801");
    write(&world, &card, &CHEN, Some("50"));
    let call = world.meters(&["meter", "insert", CHEN.meter, text(&card)]).run();
    call.fails(1, &["Err-32", "the meter takes signed orders alone"]);
    world.deliver_list();
    write_call(&world, &card, &CHEN).fails(1, &["takes signed orders alone", "and a user card brings none"]);
    // What was paid is not lost: it goes to the SIM.
    let sms = world.path("signed.sms");
    let reissue = ["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", text(&sms)];
    world.bank(&reissue).run().ok();
    world.write(&CHEN, &sms);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    world.settle(&world.collect(&CHEN)).ok();
    agree(&world, &CHEN, 50_00, 1);
}

/// The card is lost: the bank writes another one, which replaces it at the meter; the one that is found again brings nothing.
#[test]
fn a_lost_card_is_replaced_at_the_bank() {
    let world = World::new();
    let lost = issue(&world, "330200000801");
    write(&world, &lost, &CHEN, Some("50"));
    insert(&world, &lost, &CHEN);
    read(&world, &lost);
    // Lost with a purchase on it: the purchase goes to the next card, and nobody pays twice.
    write(&world, &lost, &CHEN, Some("9"));
    let next = issue(&world, "330200000802");
    let anew = write(&world, &next, &CHEN, None);
    assert_eq!(
        (&anew["what"], &anew["kind"], &anew["count"]),
        (&"anew".into(), &"replacement card".into(), &2.into())
    );
    insert(&world, &next, &CHEN);
    let found: Value = world.meters(&["meter", "insert", CHEN.meter, text(&lost), "--json"]).run().object();
    assert_eq!(found["credited_fen"], 0, "{found}");
    assert_eq!(read(&world, &next)["receipt"]["result"], "settled");
    agree(&world, &CHEN, 59_00, 2);
    let again = write(&world, &next, &CHEN, Some("1"));
    assert_eq!((&again["what"], &again["kind"]), (&"sold".into(), &"purchase".into()));
    insert(&world, &next, &CHEN);
    read(&world, &next);
    agree(&world, &CHEN, 60_00, 3);
}

/// A card's order is given to the SIM (`server reissue`), and both are put in, in either sequence: one credit, whichever came first.
#[test]
fn an_order_that_went_to_the_sim_is_credited_once_whichever_comes_first() {
    for card_first in [true, false] {
        let world = World::new();
        let card = issue(&world, "330200000801");
        write(&world, &card, &CHEN, Some("50"));
        let sms = world.path("sim.sms");
        let reissue =
            ["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", text(&sms)];
        world.bank(&reissue).run().ok();
        world.write(&CHEN, &sms);
        let by_card = || world.meters(&["meter", "insert", CHEN.meter, text(&card), "--json"]).run().object();
        if card_first {
            assert_eq!(by_card()["credited_fen"], 50_00);
            let late = world.insert(&CHEN, &CHEN).run();
            assert!(!late.stdout.contains("credited 50.00"), "{late:?}");
            assert_eq!(read(&world, &card)["receipt"]["result"], "settled");
        } else {
            world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
            assert_eq!(by_card()["credited_fen"], 0);
            world.settle(&world.collect(&CHEN)).ok().shows(&["settled"]);
            let line = read(&world, &card);
            assert_ne!(line["receipt"]["result"], "settled", "{line}");
        }
        agree(&world, &CHEN, 50_00, 1);
    }
}
