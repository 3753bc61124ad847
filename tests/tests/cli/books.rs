//! The bank's books through the command: what it refuses to sell, second orders and what is due after them, findings and
//! who clears them.

use crate::world::{CHEN, Customer, Party, WANG, World, ZHANG, read_record, record_line, text};
use std::path::{Path, PathBuf};

fn second_order(world: &World, verb: &[&str], customer: &Customer) -> PathBuf {
    let out = world.fresh("-order.sms");
    let to = ["--customer", customer.number, "--pin-file", "pin", "--out", text(&out)];
    world.bank(&[&["server"], verb, &to].concat()).run().ok();
    out
}

fn credited(world: &World, customer: &Customer, order: &Path) -> PathBuf {
    world.write(customer, order);
    world.insert(customer, customer).run().ok();
    world.collect(customer)
}

#[test]
fn a_bank_without_its_numbers_or_the_citys_list_sells_nothing() {
    let world = World::new();
    let bank = world.folder(Party::Bank);
    let kept: Vec<_> = ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm"]
        .iter()
        .filter_map(|name| std::fs::read(bank.join(name)).ok().map(|bytes| (name, bytes)))
        .collect();
    for name in ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm"] {
        let _ = std::fs::remove_file(bank.join(name));
    }
    world.bank(&["server", "register", "roster.csv"]).run().ok();
    let order = |yuan| world.order_call(&CHEN, yuan, &world.fresh(".sms"));
    order("50").run().fails(1, &["the bank's own numbers are not set", "server settings"]);
    let numbers = ["--server-number", "+8657495598", "--service-centre", "8613800574500"];
    world.bank(&["server", "settings"]).with(&numbers).run().ok().shows(&["+8657495598", "30 days"]);
    order("50").run().fails(1, &["does not know which ESAM is in meter", "server meters"]);
    world.deliver_list();
    order("0").run().fails(1, &["buys nothing", "server reverse"]);
    order("50").run().ok();
    world.bank(&["server", "settings", "--server-number", "95598 please"]).run().fails(1, &["95598 please"]);
    drop(kept);
}

#[test]
fn nothing_is_sold_above_the_ceiling() {
    let world = World::new();
    let order = |yuan: &str| world.order_call(&ZHANG, yuan, &world.fresh(".sms"));
    let refused = order("100.01").with(&["--json"]).run().failed(1);
    let object = refused.object();
    assert_eq!(object["code"], "amount-above-ceiling");
    assert!(
        object["error"].as_str().unwrap().contains("ceiling of meter 000020181168, 100.00 yuan"),
        "{object}"
    );
    assert_eq!(world.books()["sold_fen"], 0);
    order("100").run().ok();
}

/// Sold 50 where 30 were meant: corrected, and whichever order the meter takes, the rest is due.
#[test]
fn a_wrong_amount_is_corrected_and_the_rest_paid_back() {
    for first in [true, false] {
        let world = World::new();
        let refund = || world.bank(&["server", "refund", "--customer", CHEN.number]).run();
        let wrong = world.order(&CHEN, "50");
        let right = second_order(&world, &["correct", "--amount", "30"], &CHEN);
        refund().fails(1, &["nothing is due to customer"]);
        let receipt = credited(&world, &CHEN, if first { &wrong } else { &right });
        world.settle(&receipt).ok().shows(&["settled"]);
        let due = if first { 0 } else { 2000 };
        assert_eq!(world.books()["refund_due_fen"], due);
        if due > 0 {
            refund().ok().shows(&["20.00 yuan are paid back"]);
        }
        refund().fails(1, &["nothing is due"]);
        let books = world.books();
        assert_eq!((&books["refund_due_fen"], &books["refunded_fen"]), (&0.into(), &due.into()));
        assert_eq!((&books["outstanding_fen"], &books["orders"]), (&0.into(), &1.into()));
        let statement = world.bank(&["server", "statement", "--customer", CHEN.number]).run().ok();
        assert!(!statement.stdout.contains('-') || !statement.stdout.contains(" -"), "{}", statement.stdout);
    }
}

/// The customer does not want it any more: an order of nothing takes its count.
#[test]
fn an_order_is_reversed() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    world.order(&CHEN, "30");
    world
        .bank(&["server", "void", "--customer", CHEN.number])
        .run()
        .fails(1, &["cannot be voided", "server correct", "server reverse"]);
    let nothing = second_order(&world, &["reverse"], &CHEN);
    let receipt = credited(&world, &CHEN, &nothing);
    world.settle(&receipt).ok().shows(&["0.00 yuan credited", "30.00 yuan due to the customer"]);
    assert_eq!(world.purse(&CHEN).balance, 5000);
    world.bank(&["server", "refund", "--customer", CHEN.number]).run().ok().shows(&["30.00 yuan"]);
    world.purchase(&CHEN, "20");
    assert_eq!(world.purse(&CHEN).count, 3);
    world.bank(&["server", "verify", "--pin-file", "pin"]).run().ok().shows(&["agree"]);
}

/// A meter's clock years behind, and a settlement dated wrongly: the money comes in, the clock is a finding.
#[test]
fn a_strange_clock_is_a_finding_and_settles() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    let sim = world.sim(&CHEN);
    let insert = ["meter", "insert", CHEN.meter, text(&sim)];
    world.call_at(Party::Meters, "2020-01-01 00:00:00", &insert).run().ok();
    let receipt = world.collect(&CHEN);
    world.settle(&receipt).ok().shows(&["settled"]);
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&report["settled_fen"], &report["findings"]), (&5000.into(), &1.into()));
    let findings = world.bank(&["server", "findings"]).run().ok();
    findings.shows(&["meter-clock", CHEN.meter, "the meter says 2020-01-01 00:00:00"]);
    world.bank(&["server", "clear", "1", "--note", "clock set by the fitter"]).run().ok();
    world.bank(&["server", "findings"]).run().ok().shows(&["nothing to clear"]);
    world.bank(&["server", "findings", "--all"]).run().ok().shows(&["meter-clock"]);
    world.bank(&["server", "clear", "1", "--note", "again"]).run().fails(1, &["was cleared at"]);
    world.bank(&["server", "clear", "7", "--note", "what"]).run().fails(1, &["there is no finding 7"]);
}

/// A clock that went back stops selling, not settling.
#[test]
fn the_banks_clock() {
    let world = World::new();
    let receipt = credited(&world, &CHEN, &world.order(&CHEN, "50"));
    let settle = ["server", "settle", text(&receipt), "--pin-file", "pin"];
    world.call_at(Party::Bank, "2030-01-01 00:00:00", &settle).run().ok().shows(&["settled"]);
    let out = world.fresh(".sms");
    let order = [
        "server",
        "order",
        "--customer",
        WANG.number,
        "--amount",
        "50",
        "--pin-file",
        "pin",
        "--out",
        text(&out),
    ];
    let back = || world.call_at(Party::Bank, "2029-01-01 00:00:00", &order);
    back().run().fails(1, &["the clock went back", "--allow-clock-back"]);
    back().with(&["--allow-clock-back"]).run().ok();
}

/// A receipt says which SIM it was collected from, or somebody says it.
#[test]
fn a_receipt_knows_where_it_comes_from() {
    let world = World::new();
    let receipt = credited(&world, &CHEN, &world.order(&CHEN, "50"));
    let lines = std::fs::read_to_string(&receipt).unwrap();
    assert!(lines.lines().any(|line| line == format!("iccid {}", CHEN.iccid)), "{lines}");
    let bare = world.file("bare.sms", record_line(&read_record(&receipt)));
    world.settle(&bare).fails(1, &["does not say whose meter made it", "--from"]);
    let from = |msisdn: &str| {
        world.bank(&["server", "settle", "bare.sms", "--from", msisdn, "--pin-file", "pin"]).run()
    };
    from(WANG.msisdn).fails(1, &["was not made by meter", WANG.meter]);
    from("+8613900009999").fails(1, &["belongs to no registered customer"]);
    from(CHEN.msisdn).ok().shows(&["settled"]);
    world.settle(&receipt).ok().shows(&["already settled"]);
}

/// Whoever has the file can take the triggers away, delete or change a sale, and put them back. The ledger's chain names the
/// transfer; where the end was cut, the bank's log knows more than the books.
#[test]
fn a_sale_that_was_deleted_or_changed_by_hand_is_named() {
    let cases = [
        (
            "UPDATE transfer SET amount = 1 WHERE number = 3",
            "transfer 3 of server 1 does not carry the hash of what it says",
        ),
        ("DELETE FROM transfer WHERE number = 1", "transfer 1 of server 1 is missing"),
        ("DELETE FROM transfer WHERE number = 4", "of the bank's log says that the ledger stood at 1:4:"),
    ];
    for (act, words) in cases {
        let world = World::new();
        world.purchase(&CHEN, "50");
        world.purchase(&WANG, "30");
        world.bank(&["server", "verify"]).run().ok().shows(&["agree", "transfers of server 1", "4, "]);
        let conn = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
        let triggers: Vec<(String, String)> = {
            let mut find = conn
                .prepare(
                    "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'transfer' AND type = 'trigger'",
                )
                .unwrap();
            find.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(triggers.len(), 3);
        for (name, _) in &triggers {
            conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        conn.execute_batch(act).unwrap();
        for (_, sql) in &triggers {
            conn.execute_batch(sql).unwrap();
        }
        drop(conn);
        world.bank(&["server", "verify"]).run().fails(4, &[words]);
    }
}

/// What a store of the older make says: read and reported, nothing sold.
#[test]
fn books_of_the_older_make_sell_nothing() {
    let world = World::new();
    world.order(&CHEN, "50");
    let path = world.folder(Party::Bank).join("server.sqlite");
    let conn = rusqlite::Connection::open(&path).unwrap();
    // They never had settings; what is wrong with them is their make, not that.
    conn.execute("DELETE FROM setting", []).unwrap();
    conn.execute("INSERT INTO setting (name, value) VALUES ('make', 'older')", []).unwrap();
    drop(conn);
    let order = world.order_call(&WANG, "50", &world.fresh(".sms"));
    order.run().fails(4, &["of the older make", "PSAM of the present make"]);
    assert_eq!(world.bank(&["server", "report", "--json"]).run().ok().object()["older_make"], true);
    world.bank(&["server", "orders"]).run().ok().shows(&[CHEN.number]);
}

/// The days of an ESAM are said when something is sold that would outlive them, and stop nothing.
#[test]
fn the_days_of_an_esam_warn_at_a_sale_and_stop_nothing() {
    let world = World::new();
    let words = "note: the meter's ESAM is valid to 2036-11-22: it goes on crediting";
    let sell = |yuan: &str| {
        let record = world.fresh("-order.sms");
        let ran = world.order_call(&CHEN, yuan, &record).run().ok();
        (record, ran.stderr.contains(words))
    };
    // The ESAM was made on 2026-11-22 for ten years; an order is valid for 30 days.
    world.at("2036-10-20 12:00:00".parse().unwrap());
    let (order, told) = sell("50");
    assert!(!told, "it ends before the ESAM does");
    let receipt = credited(&world, &CHEN, &order);
    world.settle(&receipt).ok();
    world.at("2036-11-10 12:00:00".parse().unwrap());
    let (order, told) = sell("20");
    assert!(told);
    world.at("2036-11-30 12:00:00".parse().unwrap());
    let receipt = credited(&world, &CHEN, &order);
    world.settle(&receipt).ok().shows(&["20.00 yuan credited"]);
    assert_eq!(world.purse(&CHEN).balance, 7000);
    // A list that does not say it, as those before, is taken, and then nobody is told.
    let list = world.fresh("-delivery.json");
    world.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    let mut without: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    for esam in without["esams"].as_array_mut().unwrap() {
        assert_eq!(esam.as_object_mut().unwrap().remove("valid_to").unwrap(), "2036-11-22");
        esam.as_object_mut().unwrap().remove("state_since").unwrap();
    }
    let list = world.file("without.json", without.to_string());
    world.bank(&["server", "meters", text(&list)]).run().ok().shows(&["changed"]);
    without["esams"][0]["valid_to"] = "2036-02-30".into();
    let list = world.file("wrong.json", without.to_string());
    world.bank(&["server", "meters", text(&list)]).run().fails(1, &["line 1: valid to \"2036-02-30\""]);
}
