//! Functions of an office through the command: who may do what alone, a day's closing that nobody changes afterwards, a meter
//! that is changed while an order is out.

use crate::command::Call;
use crate::life::two_operators;
use crate::service::functions::{end_old, spare};
use crate::world::{CHEN, Customer, Party, WANG, World, text};

const SPARE: Customer = Customer { meter: "000020181199", ..CHEN };

/// Where two people are wanted, one is not enough; where one is, he is.
#[test]
fn two_people_are_wanted_where_money_goes_back() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    world.order(&CHEN, "30");
    let two = two_operators(&world, Party::Bank);
    let (one, new) = (
        &two[..4],
        ["--msisdn", "+8613900000109", "--imsi", "460000207447768", "--iccid", "89860021047987991764"],
    );
    let of = ["--customer", CHEN.number];
    let pin = ["--pin-file", "pin"];
    let alone: [&[&str]; 8] = [
        &[&["server", "correct", "--amount", "20"][..], &of, &pin].concat(),
        &[&["server", "reverse"][..], &of, &pin].concat(),
        &[&["server", "refund"][..], &of].concat(),
        &[&["server", "replace-sim"][..], &of, &new].concat(),
        &["server", "limits", "set", "--of", "order", "--amount", "100"],
        &["server", "clear", "1", "--note", "looked at"],
        &[
            &["server", "change-meter", "--meter", SPARE.meter, "--basis", "burnt", "--balance", "10"][..],
            &["--note", "fire"],
            &of,
            &pin,
        ]
        .concat(),
        &["server", "key", "add", "--role", "clerk"],
    ];
    for act in alone {
        // What does not exist is told before anybody is asked.
        let code = if act[1] == "clear" { 1 } else { 4 };
        let ran = world.earnest(Party::Bank, act).with(one).run();
        ran.fails(code, &[if code == 4 { "wants two people" } else { "there is no finding 1" }]);
    }
    let done = |act: &[&str]| world.bank(act).with(&two).run().ok();
    done(&[&["server", "correct", "--amount", "20"][..], &of, &pin].concat());
    done(&[&["server", "reverse"][..], &of, &pin].concat());
    done(&["server", "limits", "set", "--of", "order", "--amount", "100"]);
    done(&[&["server", "replace-sim"][..], &of, &new].concat());
    // Asked for by one, approved by another.
    let asked = ["server", "limits", "set", "--of", "customer-day", "--amount", "200", "--request"];
    world.bank(&asked).with(one).run().ok();
    world.bank(&["server", "limits", "show"]).run().ok().shows(&["order", "100.00"]);
    let limits = world.bank(&["server", "limits", "show", "--json"]).run().ok().object();
    assert_eq!(limits["limits"].as_array().unwrap().len(), 1, "it waits for its second person");
    world
        .bank(&["server", "order", "--customer", WANG.number, "--amount", "100.01"])
        .with(&pin)
        .with(one)
        .run()
        .fails(1, &["are more than may be sold", "limits set"]);
}

/// The old meter still has the order's count before it: the order dies with it, and what was paid goes to the new one.
#[test]
fn a_meter_is_changed_while_an_order_is_out() {
    let world = World::new();
    spare(&world);
    world.purchase(&CHEN, "50");
    let out = world.order(&CHEN, "7");
    end_old(&world);
    let change = |more: &[&str]| {
        let to =
            ["server", "change-meter", "--customer", CHEN.number, "--meter", SPARE.meter, "--note", "dark"];
        world.bank(&to).with(&["--pin-file", "pin", "--out", "carried.sms"]).with(more)
    };
    change(&["--balance", "50"]).run().fails(1, &["the count that the old ESAM shows", "--count"]);
    change(&["--balance", "50", "--count", "2"]).run().fails(1, &["has credited order", "server settle"]);
    change(&["--balance", "50.01", "--count", "1"]).run().fails(1, &["cannot stand in the purse"]);
    let done = change(&["--balance", "50", "--count", "1", "--json"]).run().ok().object();
    assert_eq!((&done["carried_fen"], &done["outstanding_fen"]), (&5700.into(), &700.into()));
    let books = world.books();
    let sums = ["sold_fen", "settled_fen", "outstanding_fen", "transferred_fen", "refunded_fen"];
    assert_eq!(sums.map(|name| books[name].as_i64().unwrap()), [5700, 0, 0, 5700, 0]);
    // The record of the old meter is refused by the new one, whichever SIM it is on.
    world.write(&CHEN, &out);
    world.insert(&CHEN, &SPARE).run().fails(1, &["mac"]);
    world.write(&CHEN, &world.path("carried.sms"));
    world.insert(&CHEN, &SPARE).run().ok().shows(&["credited"]);
    world.settle(&world.collect(&CHEN)).ok().shows(&["57.00 yuan credited"]);
    assert_eq!(world.purse(&SPARE).balance, 5700);
    let books = world.books();
    assert_eq!(sums.map(|name| books[name].as_i64().unwrap()), [5700, 5700, 0, 0, 0]);
    world.bank(&["server", "customer", "--meter", SPARE.meter]).run().ok().shows(&["had meter", CHEN.meter]);
    world.bank(&["server", "verify"]).run().ok().shows(&["agree"]);
}

/// Whoever has the file can take the triggers away and change a sum or a day that is closed; it is named.
#[test]
fn a_sum_or_a_day_that_was_changed_by_hand_is_named() {
    let cases = [
        ("rollup", "UPDATE rollup SET fen = fen + 1 WHERE code = 'sale'", "the ledger has 1 of 5000 fen"),
        (
            "day_close",
            "UPDATE day_close SET sold = sold - 1, settled = settled - 1",
            "day 20261122 was closed with",
        ),
        ("day_close", "UPDATE day_close SET heads = replace(heads, ':2:', ':1:')", "closed with other heads"),
        ("booking", "UPDATE booking SET day = '20261121'", "the ledger has 0 of 0 fen"),
    ];
    for (table, act, words) in cases {
        let world = World::new();
        world.purchase(&CHEN, "50");
        let day = world.bank(&["server", "close", "--json"]).run().ok().object();
        assert_eq!((&day["transfers"], &day["settled_fen"]), (&2.into(), &5000.into()));
        world.bank(&["server", "close", "--verify"]).run().ok().shows(&["agree"]);
        let conn = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
        assert!(conn.execute_batch(act).is_err(), "a trigger refuses it: {act}");
        let triggers: Vec<String> = {
            let sql = "SELECT name FROM sqlite_schema WHERE tbl_name = ?1 AND type = 'trigger'";
            let mut find = conn.prepare(sql).unwrap();
            find.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        for name in triggers {
            conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        conn.execute_batch(act).unwrap();
        drop(conn);
        world.bank(&["server", "close", "--verify"]).run().fails(4, &[words]);
        world.bank(&["server", "verify"]).run().fails(4, &[words]);
    }
}

/// The head is printed at the day's close, and the next head is another.
#[test]
fn the_heads_of_two_days() {
    let world = World::new();
    world.bank(&["server", "settings", "--office", "Haishu"]).run().ok();
    world.purchase(&CHEN, "50");
    let first = world.bank(&["server", "close"]).run().ok();
    first.shows(&["2026-11-22", "head of the day", "1:2:"]);
    world.wait(86_400);
    world.purchase(&WANG, "30");
    let csv = world.path("days.csv");
    let file = ["server", "statistics", "--from", "2026-11-22", "--by-office", "--csv", text(&csv)];
    world.bank(&file).run().ok().shows(&["2 line(s)", "SHA-256"]);
    let table = std::fs::read_to_string(&csv).unwrap();
    assert!(table.contains("2026-11-22,Haishu,,,1,5000,1,5000,0,0"), "{table}");
    assert!(table.contains("2026-11-23,Haishu,,,1,3000,1,3000,0,0"), "{table}");
    world.bank(&["server", "close"]).run().ok();
    world.bank(&["server", "close", "--list"]).run().ok().shows(&["2026-11-22", "2026-11-23", "80.00"]);
    let log = ["server", "audit", "show", "--json"];
    let entries = world.bank(&log).run().ok().object()["entries"].clone();
    let heads: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["act"] == "server close")
        .map(|entry| entry["facts"]["head"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(heads.len(), 2);
    assert_ne!(heads[0], heads[1]);
}

/// A code is typed, or in a file; never an argument.
#[test]
fn a_code_is_used_once() {
    let world = World::new();
    let new = ["server", "code", "new", "--customer", CHEN.number, "--json"];
    let slip = world.bank(&new).run().ok().object();
    world.file("code", slip["authorisation_code"].as_str().unwrap());
    let slip = slip["slip"].as_str().unwrap().to_owned();
    let use_code =
        |call: fn(Call) -> Call| call(world.bank(&["server", "code", "use", "--slip", &slip])).run();
    use_code(|call| call.stdin("AAAA-AAAA-AAAA-AAAA\n")).fails(1, &["4 tries are left"]);
    use_code(|call| call.with(&["--code-file", "code"])).ok().shows(&["is used"]);
    use_code(|call| call.with(&["--code-file", "code"])).fails(1, &["it was used", "server code new"]);
    let key = world.folder(Party::Bank).join("phone.key");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

/// A copy says what the books said; what came after it is told by the log and by the PSAM.
#[test]
fn books_are_copied_and_put_back() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let copy = world.path("copy.sqlite");
    let back_up = || world.bank(&["server", "backup", "--out", text(&copy), "--json"]).run();
    let first = back_up().ok().object();
    assert_eq!(
        (&first["transfers"], &first["sold_fen"], &first["sum_fen"]),
        (&2.into(), &5000.into(), &0.into())
    );
    back_up().failed(1);
    world.purchase(&WANG, "30");
    let before = world.books();
    let restore = |file: &str| world.bank(&["server", "restore", file, "--json"]).run();
    // What is no copy changes nothing.
    restore("nothing.sqlite").failed(1);
    let half = std::fs::read(&copy).unwrap();
    let half = world.file("half.sqlite", &half[..half.len() / 2]);
    restore(text(&half)).failed(1);
    assert_eq!(world.books(), before);
    let put = restore(text(&copy)).ok().object();
    assert_eq!((&put["heads"], &put["rows"]), (&first["heads"], &first["rows"]));
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["orders"]), (&5000.into(), &1.into()));
    world.bank(&["server", "verify"]).run().fails(4, &["the PSAM has sealed 2 order(s)", "the books have 1"]);
    world.order_call(&WANG, "1", &world.fresh(".sms")).run().failed(4);
    let log = world.bank(&["server", "audit", "show", "--json"]).run().ok().object()["entries"].clone();
    assert!(log.as_array().unwrap().iter().any(|entry| entry["facts"]["restored"] == first["heads"]));
    // Those that were there before lie beside them, and can be put back.
    let aside = put["before"].as_str().unwrap().to_owned();
    restore(&aside).ok();
    assert_eq!(world.bank(&["server", "report", "--json"]).run().ok().object()["sold_fen"], 8000);
    world.bank(&["server", "verify"]).run().ok().shows(&["agree"]);
}

/// An act after the cut says a shorter ledger; the line before it stands all the same.
#[test]
fn a_ledger_that_was_cut_is_named_after_further_acts() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let conn = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    conn.execute_batch(
        "DROP TRIGGER transfer_stays; DROP TRIGGER booking_stays; DROP TRIGGER rollup_stays; DROP TRIGGER settlement_stays; \
         DELETE FROM booking WHERE transfer = 2; DELETE FROM rollup WHERE code = 'delivery'; \
         DELETE FROM transfer WHERE number = 2; DELETE FROM settlement",
    )
    .unwrap();
    drop(conn);
    world.bank(&["server", "settings", "--validity-days", "20"]).run().ok();
    let found = world.bank(&["server", "verify"]).run();
    found.fails(4, &["of the bank's log says that the ledger stood at 1:2:", "it was cut"]);
}

/// A record that is written once more is the same, counted and marked.
#[test]
fn copies_of_a_record_are_counted() {
    let world = World::new();
    let first = world.order(&CHEN, "50");
    for copy in [1, 2] {
        let again =
            world.bank(&["server", "resume", "--customer", CHEN.number, "--json"]).run().ok().object();
        assert_eq!(again["copies"], serde_json::json!([copy]));
        let text = std::fs::read_to_string(again["records"][0].as_str().unwrap()).unwrap();
        assert!(text.lines().any(|line| line == format!("copy {copy}")), "{text}");
        assert_eq!(text.lines().next(), std::fs::read_to_string(&first).unwrap().lines().next());
    }
    // A marked copy is as good as the first.
    let copy = world.folder(Party::Bank).join(format!("out/{}-1.sms", CHEN.number));
    world.write(&CHEN, &copy);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited"]);
}

/// The old SIM's receipt stands for the second person; a receipt of somebody else does not.
#[test]
fn the_old_sims_receipt_stands_for_the_second_person() {
    let world = World::new();
    let receipt = |customer: &Customer, yuan: &str| {
        let order = world.order(customer, yuan);
        world.write(customer, &order);
        world.insert(customer, customer).run().ok();
        world.collect(customer)
    };
    let (theirs, receipt) = (receipt(&WANG, "20"), receipt(&CHEN, "50"));
    world.settle(&theirs).ok();
    let two = two_operators(&world, Party::Bank);
    let new = ["--msisdn", "+8613900000109", "--imsi", "460000207447768", "--iccid", "89860021047987991764"];
    let swap = |more: &[&str]| {
        let swap = ["server", "replace-sim", "--customer", CHEN.number, "--pin-file", "pin"];
        world.bank(&swap).with(&new).with(&two[..4]).with(more).run()
    };
    swap(&[]).fails(4, &["wants two people"]);
    swap(&["--receipt", text(&theirs)]).fails(1, &["not the receipt of the customer's last purchase"]);
    swap(&["--receipt", text(&receipt)]).ok().shows(&["has SIM 89860021047987991764 now"]);
    assert_eq!(world.bank(&["server", "report", "--json"]).run().ok().object()["settled_fen"], 7000);
}
