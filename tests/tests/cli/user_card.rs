//! The classic purchase card from outside: issued, loaded, put into a meter, read back; a customer goes from card to SIM and back
//! [docs/specs/user-card.md].

mod refused;

use crate::world::{CHEN, Customer, Party, Purse, WANG, World, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn issue(world: &World, number: &str) -> PathBuf {
    let card = world.path(&format!("{number}.card"));
    let args = ["user-card", "issue", "--number", number, "--card", text(&card), "--pin-file", "pin"];
    world.city(&args).run().ok().shows(&["issued user card"]);
    card
}

/// `server card write`, and what it says.
fn write(world: &World, card: &Path, customer: &Customer, amount: Option<&str>) -> Value {
    let args =
        ["server", "card", "write", text(card), "--customer", customer.number, "--pin-file", "pin", "--json"];
    let call = world.bank(&args);
    match amount {
        Some(yuan) => call.with(&["--amount", yuan]),
        None => call,
    }
    .run()
    .ok()
    .object()
}

fn read(world: &World, card: &Path) -> Value {
    world.bank(&["server", "card", "read", text(card), "--pin-file", "pin", "--json"]).run().ok().object()
}

fn insert(world: &World, card: &Path, meter: &Customer) -> Value {
    world.meters(&["meter", "insert", meter.meter, text(card), "--json"]).run().ok().object()
}

/// What the purse has, and that the books say the same.
fn agree(world: &World, customer: &Customer, balance: u64, count: u64) {
    assert_eq!(world.purse(customer), Purse { balance, credited: balance, count });
    let books = world.books();
    assert_eq!(
        (books["sold_fen"].as_u64(), books["settled_fen"].as_u64()),
        (Some(balance), Some(balance)),
        "{books}"
    );
}

#[test]
fn a_customer_goes_from_card_to_sim_and_back_without_losing_a_fen() {
    let world = World::new();
    let card = issue(&world, "330200000801");
    let report = write(&world, &card, &CHEN, Some("50"));
    assert_eq!(
        (&report["what"], &report["kind"], &report["count"]),
        (&"sold".into(), &"open account".into(), &1.into())
    );
    let shown = world.bank(&["server", "card", "read", text(&card), "--pin-file", "pin"]).run().ok();
    shown.shows(&["for meter 000020181114, purchase 1", "not yet"]);
    let report = insert(&world, &card, &CHEN);
    assert_eq!((&report["outcome"], &report["credited_fen"]), (&"credited".into(), &5000.into()));
    assert_eq!(report["beeps_ms"], serde_json::json!([625]));
    let report = read(&world, &card);
    assert_eq!(report["receipt"]["result"], "settled", "{report}");
    assert_eq!(
        (&report["remaining_fen"], &report["meter_count"], &report["illegal"]),
        (&5000.into(), &1.into(), &0.into())
    );
    agree(&world, &CHEN, 50_00, 1);
    assert_eq!(read(&world, &card)["receipt"]["result"], "already settled");
    // A purchase, of which somebody keeps a copy of the card.
    write(&world, &card, &CHEN, Some("7"));
    let copy = world.path("copy.card");
    std::fs::copy(&card, &copy).unwrap();
    insert(&world, &card, &CHEN);
    // To the SIM: the sale on the SIM is refused until the card's receipt is there.
    let early = world.order_call(&CHEN, "30", &world.path("early.sms")).run();
    early.fails(1, &["outstanding"]);
    read(&world, &card);
    agree(&world, &CHEN, 57_00, 2);
    world.purchase(&CHEN, "30");
    agree(&world, &CHEN, 87_00, 3);
    // The card that was written before the move, and its copy, bring nothing.
    for card in [&card, &copy] {
        let report = insert(&world, card, &CHEN);
        assert_eq!((&report["outcome"], &report["credited_fen"]), (&"receipt-repeated".into(), &0.into()));
    }
    agree(&world, &CHEN, 87_00, 3);
    // Back to the card, which replaces the SIM.
    let report = write(&world, &card, &CHEN, Some("10"));
    assert_eq!((&report["kind"], &report["count"]), (&"replacement card".into(), &4.into()));
    insert(&world, &card, &CHEN);
    read(&world, &card);
    agree(&world, &CHEN, 97_00, 4);
    world.purchase(&CHEN, "3");
    agree(&world, &CHEN, 100_00, 5);
}

#[test]
fn what_broke_off_at_the_bank_is_said_again_and_nothing_is_sold_twice() {
    let world = World::new();
    let card = issue(&world, "330200000801");
    let sold = write(&world, &card, &CHEN, Some("50"));
    let again = write(&world, &card, &CHEN, None);
    assert_eq!((&again["what"], &again["order"]), (&"again".into(), &sold["order"]));
    let other = [
        "server",
        "card",
        "write",
        text(&card),
        "--customer",
        CHEN.number,
        "--amount",
        "60",
        "--pin-file",
        "pin",
    ];
    world.bank(&other).run().fails(1, &["outstanding"]);
    // Another card of his takes it over: one of the two is credited.
    let second = issue(&world, "330200000802");
    let anew = write(&world, &second, &CHEN, None);
    assert_eq!(
        (&anew["what"], &anew["count"], &anew["amount_fen"]),
        (&"anew".into(), &1.into(), &5000.into())
    );
    insert(&world, &second, &CHEN);
    // The meter has stored the one it opened with; the first is an opening card of the count that was taken.
    let late = insert(&world, &card, &CHEN);
    assert_eq!(late["credited_fen"], 0);
    let report = read(&world, &card);
    assert_eq!(report["receipt"]["result"], "settled", "{report}");
    agree(&world, &CHEN, 50_00, 1);
}

/// An order for a card is none for a SIM: nobody is given its record, and nobody is told to make it anew.
#[test]
fn an_order_on_a_card_is_no_order_for_a_sim() {
    let world = World::new();
    let card = issue(&world, "330200000801");
    write(&world, &card, &CHEN, Some("50"));
    let orders = world.bank(&["server", "orders", "--json"]).run().ok().object();
    assert_eq!(orders["orders"][0]["card"], "330200000801", "{orders}");
    let waiting = world.bank(&["server", "ageing", "--json"]).run().ok().object();
    assert_eq!(waiting["waiting"][0]["next"], "wait", "{waiting}");
    let resume = ["server", "resume", "--customer", CHEN.number, "--pin-file", "pin"];
    world.bank(&resume).run().fails(1, &["is for user card 330200000801", "gridcard server card write"]);
    world.bank(&["server", "resume", "--pin-file", "pin"]).run().ok();
    let out = world.folder(Party::Bank).join("out");
    let records = std::fs::read_dir(out).map_or(0, |all| {
        all.flatten().filter(|one| one.path().extension().is_some_and(|end| end == "sms")).count()
    });
    assert_eq!(records, 0);
    // Of the SIM it is one again.
    world.purchase(&WANG, "5");
    let reissue = ["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", "sim.sms"];
    world.bank(&reissue).run().ok();
    let orders = world.bank(&["server", "orders", "--json"]).run().ok().object();
    let last = orders["orders"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["card"], &last["state"]), (&Value::Null, &"sealed".into()));
}

#[test]
fn what_a_meter_and_a_bank_do_not_take_says_what_to_do() {
    let world = World::new();
    let card = issue(&world, "330200000801");
    let put = |card: &Path, meter: &Customer, more: &[&str]| {
        world.meters(&["meter", "insert", meter.meter, text(card)]).with(more).run()
    };
    put(&card, &CHEN, &[]).fails(1, &["Err-32", "card error 7", "have the bank write one"]);
    write(&world, &card, &CHEN, Some("50"));
    put(&card, &WANG, &[]).fails(1, &["Err-33", "card error 11", "its own meter"]);
    put(&card, &CHEN, &["--supply", "75"]).fails(1, &["Err-31", "card error 1"]);
    put(&world.psam(), &CHEN, &[]).fails(1, &["Err-32", "card error 8", "the card from the bank"]);
    put(&card, &CHEN, &[]).ok().shows(&["credited 50.00", "625 ms"]);
    // A SIM is no user card for the bank, nor a user card a SIM for the phone.
    let sim = world.sim(&CHEN);
    world.bank(&["server", "card", "read", text(&sim), "--pin-file", "pin"]).run().failed(1);
    world.phones(&["sim", "list", text(&card)]).run().failed(1);
    // Its end: nothing can be loaded any more.
    let retire = ["user-card", "retire", text(&card), "--pin-file", "pin", "--second-pin-file", "pin2"];
    world.city(&retire).run().ok();
    world.bank(&["server", "card", "read", text(&card), "--pin-file", "pin"]).run().failed(1);
}
