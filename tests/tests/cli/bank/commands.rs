//! The same by commands: `server order --bank-account`, `bank payments|show|ask|leave|reconcile|clear|suspense|suspense-end`, `simulate bank`.

use super::{Bank, OPENING, agree, reconcile};
use crate::service::{Server, key};
use crate::world::{CHEN, Party, WANG, World, text};

fn buy<'a>(bank: &str, customer: &'a str, account: &'a str, yuan: &'a str) -> Vec<String> {
    [
        "server",
        "order",
        "--customer",
        customer,
        "--amount",
        yuan,
        "--pin-file",
        "pin",
        "--bank-account",
        account,
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(["--bank".to_owned(), bank.to_owned()])
    .collect()
}

fn call(world: &World, args: &[String]) -> crate::command::Call {
    world.bank(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_sale_at_the_counter_is_paid_by_a_bank() {
    let world = World::new();
    // The second debit is refused, the third cut.
    let bank = Bank::start(&world, "cut@3");
    let url = bank.url();
    call(&world, &buy(&url, CHEN.number, "chen", "50")).run().ok().shows(&["50.00"]);
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING - 50_00, 50_00));
    call(&world, &buy(&url, WANG.number, "wang", "2000"))
        .run()
        .fails(1, &["the bank did not pay for order", "insufficient-funds"]);
    // Nobody knows: the clerk hears what to do, and does it.
    let unknown =
        call(&world, &buy(&url, WANG.number, "wang", "20")).with(&["--json"]).run().failed(3).object();
    assert_eq!(unknown["code"], "payment-unknown", "{unknown}");
    let open = world.bank(&["bank", "payments", "--json"]).run().ok().object();
    let payment = open["payments"][0]["payment"].as_str().unwrap().to_owned();
    assert_eq!(open["payments"][0]["state"], "unknown");
    world.bank(&["server", "resume", "--pin-file", "pin"]).run().ok().shows(&["no order was interrupted"]);
    // Its time has not come; by hand it is asked at once.
    let asked = world.bank(&["bank", "ask", "--bank", &url]).run().ok();
    asked.shows(&[&payment, "paid"]);
    world.bank(&["bank", "show", &payment]).run().ok().shows(&["paid", "finish the order"]);
    world.bank(&["bank", "leave", "0011223344556677"]).run().fails(1, &["no payment has the id"]);
    world.bank(&["server", "resume", "--pin-file", "pin"]).run().ok();
    world.bank(&["bank", "payments"]).run().ok().shows(&["no payment waits for anything"]);
    world.bank(&["bank", "leave", &payment]).run().fails(1, &["cannot be voided"]);
    assert_eq!((bank.balance("wang"), bank.ours()), (OPENING - 20_00, 70_00));
    assert_eq!(reconcile(&world, &bank)["equal"], 2);
    let books = agree(&world, &bank);
    assert_eq!((&books["outstanding_fen"], &books["orders"]), (&70_00.into(), &2.into()));
}

/// The bank takes a debit twice: what is booked of it stands in suspense until two people end it, here or over HTTP.
#[test]
fn what_stands_in_suspense_is_ended_once() {
    let world = World::new();
    let bank = Bank::start(&world, "twice@1,twice@2");
    let url = bank.url();
    for (customer, account) in [(&CHEN, "chen"), (&WANG, "wang")] {
        call(&world, &buy(&url, customer.number, account, "50")).run().ok();
    }
    world.bank(&["bank", "suspense"]).run().ok().shows(&["nothing stands in suspense"]);
    let found = reconcile(&world, &bank);
    assert_eq!(found["theirs_only"], 2, "{found}");
    let [one, two] = [0, 1].map(|n: usize| found["differences"][n]["finding"].as_i64().unwrap());
    for finding in [one, two] {
        let finding = finding.to_string();
        world.bank(&["bank", "clear", &finding, "--book", "--note", "taken twice"]).run().ok();
    }
    let listed = world.bank(&["bank", "suspense"]).run().ok();
    listed.shows(&[
        &format!("finding:{one}"),
        CHEN.number,
        "50.00 yuan",
        "difference",
        "in suspense  100.00 yuan",
    ]);
    let end = |rest: &str, to: &str| {
        let args = ["bank", "suspense-end", rest, "--to", to, "--note", "the bank's letter"];
        world.bank(&args).run()
    };
    end("finding:77", "refund").fails(1, &["nothing stands in suspense", "`gridcard bank suspense`"]);
    end("chen", "refund").fails(2, &["finding:NUMBER"]);
    end(&format!("finding:{one}"), "gift").fails(2, &["refund, bank, income or difference"]);
    end(&format!("finding:{one}"), "difference").fails(1, &["nothing is missing"]);
    end(&format!("finding:{one}"), "bank").ok().shows(&["50.00 yuan", "to ", "bank"]);
    end(&format!("finding:{one}"), "bank").fails(1, &["nothing stands in suspense"]);

    let [clerk, head, other] = ["clerk", "supervisor", "supervisor"].map(|role| key(&world, role, &[]));
    let server = Server::start(&world, &[]);
    let stands = server.get(&clerk, "/v1/suspense").ok();
    assert_eq!((&stands["suspense_fen"], &stands["rests"][0]["fen"]), (&50_00.into(), &50_00.into()));
    assert_eq!(stands["rests"][0]["customer"], WANG.number);
    let path = format!("/v1/suspense/finding:{two}/end");
    let body = serde_json::json!({ "to": "refund", "note": "paid back" });
    server.post(&clerk, "e0", &path, &body).fails(403, "role-refused");
    server.post_by_two([&head, &head], "e1", &path, &body).fails(403, "second-key");
    let wrong = serde_json::json!({ "to": "gift", "note": "paid back" });
    server.post_by_two([&head, &other], "e2", &path, &wrong).fails(400, "request-malformed");
    let ended = server.post_by_two([&head, &other], "e3", &path, &body).ok();
    assert_eq!(
        (&ended["fen"], &ended["to"], &ended["customer"]),
        (&50_00.into(), &"refund".into(), &WANG.number.into())
    );
    assert_eq!(server.post_by_two([&head, &other], "e3", &path, &body).ok(), ended, "once");
    server.post_by_two([&head, &other], "e4", &path, &body).fails(422, "suspense-nothing");
    assert_eq!(server.get(&head, "/v1/report").ok()["refunded_fen"], 50_00);
    server.end();
    let books = world.books();
    assert_eq!(
        (&books["suspense_fen"], &books["sum_fen"], &books["faults"]),
        (&0.into(), &0.into(), &serde_json::json!([]))
    );
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert_eq!(log.matches("\"act\":\"bank suspense-end\"").count(), 2, "{log}");
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn a_bank_that_is_away_costs_nothing() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    let url = bank.url();
    bank.server.kill();
    call(&world, &buy(&url, CHEN.number, "chen", "50")).run().fails(3, &["do not sell again", "bank leave"]);
    let open = world.bank(&["bank", "payments", "--json"]).run().ok().object();
    let payment = open["payments"][0]["payment"].as_str().unwrap().to_owned();
    world.bank(&["server", "void", "--customer", CHEN.number]).run().fails(1, &["which has to be told"]);
    world.bank(&["bank", "leave", &payment]).run().ok().shows(&["leaving", "another sale may be made"]);
    world.bank(&["bank", "ask", "--bank", &url]).run().ok().shows(&["leaving"]);
    let record = world.order(&CHEN, "10");
    assert!(record.exists());
    // It is back, and hears of it.
    let bank = Bank::at(&world, url.strip_prefix("http://").unwrap(), "");
    world.bank(&["bank", "ask", "--bank", &url]).run().ok().shows(&[&payment, "reversed"]);
    world.bank(&["bank", "ask", "--bank", &url]).run().ok().shows(&["asked nothing"]);
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING, 0));
    assert_eq!(agree(&world, &bank)["bank_cash_fen"], 10_00);
}

#[test]
fn what_is_no_file_of_a_bank_is_not_taken() {
    let world = World::new();
    let head = "day,entry,reference,kind,amount_fen\n";
    let line = |line: &str| format!("{head}2026-11-22,{line}\n");
    for (file, words) in [
        (String::new(), "no file of a bank"),
        ("day,entry,reference,kind\n".to_owned(), "missing: amount_fen"),
        (format!("{head}2026-11-23,B1,x,debit,5\n"), "line 2, day: is 2026-11-23"),
        (line("B1,x,debit,0"), "line 2, amount_fen"),
        (line("B1,x,debit,-5"), "line 2, amount_fen"),
        (line("B1,x,debit,4294967296"), "line 2, amount_fen"),
        (line("B1,x,gift,5"), "neither debit nor reversal"),
        (line(",x,debit,5"), "line 2, entry"),
        (line("B1,a|b,debit,5"), "line 2, reference"),
        (line("B1,x,debit,5\n2026-11-22,B1,y,debit,5"), "line 3, entry: B1 stands in the file twice"),
    ] {
        let path = world.file("bank.csv", &file);
        let args = ["bank", "reconcile", text(&path), "--day", "2026-11-22"];
        world.bank(&args).run().fails(1, &[words]);
    }
    world
        .bank(&["bank", "reconcile", "gone.csv", "--day", "2026-11-22"])
        .run()
        .fails(1, &["cannot read gone.csv"]);
    assert_eq!(world.books()["findings"], 0);
}

#[test]
fn a_bank_is_on_this_machine_and_has_its_journal_alone() {
    let world = World::new();
    let simulate = ["simulate", "bank", "--state", "bank.journal"];
    world.bank(&simulate).with(&["--listen", "0.0.0.0:0"]).run().fails(4, &["in clear"]);
    world.bank(&simulate).with(&["--faults", "cut"]).run().fails(2, &["KIND@N"]);
    world.bank(&simulate).with(&["--account", "chen"]).run().fails(2, &["TOKEN=YUAN"]);
    let bank = Bank::start(&world, "");
    world.bank(&simulate).with(&["--listen", "127.0.0.1:0"]).run().fails(1, &["open in another bank"]);
    // An account that is there keeps what is on it.
    let again = bank.killed(&world);
    assert_eq!(again.balance("chen"), OPENING);
    let other = world.file("other.journal", "no journal\n");
    let args = ["simulate", "bank", "--listen", "127.0.0.1:0", "--state", text(&other)];
    world.bank(&args).run().fails(1, &["line 1: no journal of a bank"]);
    for (address, words, code) in [
        ("http://bank.example:80", "in clear", 4),
        ("ftp://127.0.0.1", "no address", 2),
        ("here", "no address", 2),
    ] {
        world.bank(&["bank", "ask", "--bank", address]).run().fails(code, &[words]);
    }
}
