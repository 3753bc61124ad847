//! Another limit for a PSAM that stays at its bank: three files cross between city and bank [docs/specs/renewal.md].

use crate::command::Ran;
use crate::world::{CHEN, Kind, PSAM, Party, WANG, World, text};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A world in which city and bank share nothing but what is carried.
fn apart() -> World {
    World::of(Kind { apart: true, formal: false, suite: "3des" })
}

fn ask(world: &World) -> PathBuf {
    let file = world.fresh("-request.json");
    world.city(&["psam", "statement-request", PSAM, "--out", text(&file)]).run().ok();
    file
}

fn state(world: &World, request: &Path) -> PathBuf {
    let file = world.fresh("-statement.json");
    world.bank(&["server", "psam-statement", text(request), "--out", text(&file)]).run().ok();
    file
}

fn seal(world: &World, statement: &Path, orders: &str, out: &Path) -> Ran {
    world
        .city(&["psam", "limit", "--statement", text(statement), "--orders", orders, "--out", text(out)])
        .with(&["--pin-file", "pin"])
        .run()
}

fn take(world: &World, limit: &Path) -> Ran {
    world.bank(&["server", "psam-limit", text(limit)]).run()
}

fn shown(world: &World) -> Value {
    let psam = world.psam();
    world.bank(&["psam", "show", text(&psam), "--json"]).run().ok().object()
}

fn object(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_limit_crosses_by_three_files() {
    let world = apart();
    world.order(&CHEN, "50");
    let request = ask(&world);
    assert_eq!(object(&request)["since"]["orders"], 0);
    let statement = state(&world, &request);
    assert_eq!(object(&statement)["order_list"].as_array().unwrap().len(), 1);
    // The counter goes on while the files are under way.
    world.order(&WANG, "20");
    let limit = world.fresh("-limit.json");
    seal(&world, &statement, "100", &limit).ok().shows(&["1 made, 100 allowed", "50.00 yuan sealed"]);
    take(&world, &limit).ok().shows(&["2 made, 98 left"]);
    assert_eq!((&shown(&world)["limit"], &shown(&world)["sealed"]), (&100.into(), &2.into()));
    // Once: the same file again, and a statement answered already.
    take(&world, &limit).fails(1, &["does not wait for this limit", "statement-request"]);
    let other = world.fresh("-limit.json");
    seal(&world, &statement, "200", &other).fails(4, &["none that the city asked for last"]);
    assert!(!other.exists());
    // The next time the list begins where the city looked last.
    let request = ask(&world);
    assert_eq!(object(&request)["since"]["orders"], 1);
    let statement = state(&world, &request);
    assert_eq!(object(&statement)["order_list"].as_array().unwrap().len(), 1);
    seal(&world, &statement, "101", &other).ok().shows(&["2 made, 101 allowed", "70.00 yuan sealed"]);
    take(&world, &other).ok().shows(&["2 made, 99 left"]);
}

/// What is changed, how, and the exit code and words of the refusal.
type Case = (&'static str, Box<dyn Fn(&mut Value)>, i32, &'static str);

/// Whatever is changed in the statement or its list, the city gives nothing and writes nothing.
#[test]
fn a_statement_that_does_not_fit_is_refused() {
    let world = apart();
    world.order(&CHEN, "50");
    world.order(&WANG, "20");
    let statement = state(&world, &ask(&world));
    let whole = object(&statement);
    let list = whole["order_list"].as_array().unwrap().clone();
    let limit = world.fresh("-limit.json");
    let cases: Vec<Case> = vec![
        (
            "an order left out",
            Box::new(|file| drop(file["order_list"].as_array_mut().unwrap().remove(0))),
            4,
            "the list ends at 1",
        ),
        (
            "an order added",
            Box::new(|file| {
                let again = file["order_list"][0].clone();
                file["order_list"].as_array_mut().unwrap().push(again)
            }),
            4,
            "the list ends at 3",
        ),
        (
            "two exchanged",
            Box::new(|file| file["order_list"].as_array_mut().unwrap().swap(0, 1)),
            4,
            "an order was changed",
        ),
        (
            "another amount",
            Box::new(move |file| {
                // 50 yuan are 5000 fen, 00001388; tag 82.
                let order = list[0].as_str().unwrap().replacen("820400001388", "820400001389", 1);
                assert_ne!(order, list[0].as_str().unwrap());
                file["order_list"][0] = json!(order);
            }),
            4,
            "the list says 7001",
        ),
        (
            "no order",
            Box::new(|file| file["order_list"][1] = json!("E100")),
            4,
            "order 2 of the list is no order",
        ),
        (
            "fewer orders stated, with a list to it",
            Box::new(|file| {
                file["order_list"].as_array_mut().unwrap().pop();
                file["stand"] = json!({ "orders": 1, "value_fen": 5000, "chain": file["chain_before"] });
            }),
            1,
            "6988",
        ),
        (
            "a bit of the MAC",
            Box::new(|file| {
                let mac = file["mac"].as_str().unwrap();
                let flipped = if mac.starts_with('0') { "1" } else { "0" };
                file["mac"] = json!(format!("{flipped}{}", &mac[1..]));
            }),
            1,
            "6988",
        ),
        (
            "another challenge",
            Box::new(|file| file["challenge"] = json!("0102030405060708")),
            4,
            "none that the city asked for last",
        ),
        (
            "another PSAM",
            Box::new(|file| file["psam"] = json!("330200000099")),
            1,
            "no PSAM 330200000099 was issued here",
        ),
        ("another beginning", Box::new(|file| file["since"]["orders"] = json!(1)), 1, "begins after order 1"),
        ("another file", Box::new(|file| file["format"] = json!("gridcard limit 1")), 1, "is wanted"),
    ];
    for (what, change, exit, words) in cases {
        let mut changed = whole.clone();
        change(&mut changed);
        let file = world.file("changed.json", changed.to_string());
        seal(&world, &file, "100", &limit).fails(exit, &[words]);
        assert!(!limit.exists(), "{what}");
    }
    // A request is good until it is answered with a limit.
    seal(&world, &statement, "100", &limit).ok();
}

/// A clerk who takes an order out of the books, or sealed one past them, gets no statement, and no limit at the city either.
#[test]
fn an_order_past_the_books_is_found_before_the_limit_is_renewed() {
    let world = apart();
    world.order(&CHEN, "50");
    let books = world.folder(Party::Bank).join("server.sqlite");
    let kept: Vec<(PathBuf, Vec<u8>)> = ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm"]
        .map(|name| books.with_file_name(name))
        .into_iter()
        .filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes)))
        .collect();
    let psam = world.psam();
    let psam_before = fs::read(&psam).unwrap();
    world.order(&WANG, "20");
    let statement = state(&world, &ask(&world));
    // The books of before, the PSAM of now.
    for (path, bytes) in &kept {
        fs::write(path, bytes).unwrap();
    }
    let request = ask(&world);
    let answer = world.fresh("-statement.json");
    let refused = world.bank(&["server", "psam-statement", text(&request), "--out", text(&answer)]).run();
    refused.fails(4, &[]);
    assert!(!answer.exists());
    // Direct: the PSAM is carried to the city, with the list the bank had sent.
    let at_city = world.path("psam at the city.card");
    fs::copy(&psam, &at_city).unwrap();
    let direct = |list: &Path| {
        world
            .city(&["psam", "limit", text(&at_city), "--orders", "50", "--order-list", text(list)])
            .with(&["--pin-file", "pin"])
            .run()
    };
    let mut short = object(&statement);
    short["order_list"].as_array_mut().unwrap().pop();
    let short = world.file("short.json", short.to_string());
    direct(&short).fails(4, &["the list ends at 1", "orders were sealed past the bank's books"]);
    direct(&statement).ok().shows(&["2 made, 48 left"]);
    // An old copy of the card states less than the city saw.
    fs::write(&at_city, psam_before).unwrap();
    direct(&statement).fails(4, &["its chain went back"]);
}

/// Lets store and books of a folder forget where its log ended.
fn forget(folder: &Path) {
    for (name, statement) in [
        ("office.sqlite", "DELETE FROM setting WHERE name = 'log'"),
        ("server.sqlite", "DELETE FROM log_end"),
    ] {
        if folder.join(name).exists() {
            let conn = rusqlite::Connection::open(folder.join(name)).unwrap();
            conn.execute(statement, []).unwrap();
        }
    }
}

/// Every file says where the sender's log stood, the receiver keeps it, and a log that was cut or written anew is found by each.
#[test]
fn what_crosses_vouches_for_the_senders_log() {
    let world = apart();
    let list = world.fresh("-delivery.json");
    world.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    world.bank(&["server", "meters", text(&list)]).run().ok();
    world.order(&CHEN, "50");
    let request = ask(&world);
    let statement = state(&world, &request);
    let limit = world.fresh("-limit.json");
    seal(&world, &statement, "100", &limit).ok();
    take(&world, &limit).ok();
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    let report = world.file("report.json", report.to_string());
    // As they stand now: what a receiver's log keeps, it keeps whatever the sender does later.
    let log = |party: Party, name: &str| {
        world.file(name, fs::read(world.folder(party).join("audit.jsonl")).unwrap())
    };
    let (at_city, at_bank) = (log(Party::City, "city.jsonl"), log(Party::Bank, "bank.jsonl"));
    let verify = |party: Party, noun: &str, file: &Path| {
        world.call(party, &[noun, "audit", "verify", "--against", text(file), "--json"]).run()
    };
    let of_city = [&list, &request, &limit, &at_bank];
    let of_bank = [&statement, &report, &at_city];
    of_city.iter().for_each(|file| drop(verify(Party::City, "city", file).ok()));
    of_bank.iter().for_each(|file| drop(verify(Party::Bank, "server", file).ok()));
    // Each party begins its log anew, with everything it has; only what crossed is left to speak.
    for (party, noun, files, act) in [
        (Party::City, "city", &of_city[..], ["city", "delivery", "--out", "anew.json"]),
        (Party::Bank, "server", &of_bank[..], ["server", "settings", "--validity-days", "20"]),
    ] {
        for name in ["audit.jsonl", "audit.head"] {
            fs::remove_file(world.folder(party).join(name)).unwrap();
        }
        forget(&world.folder(party));
        world.call(party, &act).run().ok();
        for file in files {
            let found = verify(party, noun, file).failed(1).object();
            let findings =
                found["findings"].as_array().unwrap_or_else(|| panic!("{}: {found}", file.display()));
            assert!(findings.iter().any(|one| one["code"] == "vouched"), "{}: {found}", file.display());
        }
    }
}

/// The key of before is dead as soon as the PSAM has answered, so the log says that before the file is written.
#[test]
fn a_pairing_whose_key_file_is_not_written_stands_in_the_log() {
    let world = World::new();
    let psam = world.psam();
    // What should be a folder is a file.
    let nowhere = world.file("a file", "").join("psam.server");
    let pair = ["psam", "pair", text(&psam), "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&pair).with(&["--out", text(&nowhere)]).run().fails(1, &["psam.server"]);
    let shown = world.city(&["city", "audit", "show", "--json"]).run().ok().object();
    let acts: Vec<&str> =
        shown["entries"].as_array().unwrap().iter().map(|line| line["act"].as_str().unwrap()).collect();
    let [.., pairing, failed] = acts[..] else { panic!("{acts:?}") };
    assert_eq!((pairing, failed), ("pairing", "command"));
    // The bank's key is dead; pairing again makes one that lives.
    let record = world.fresh("-order.sms");
    world.order_call(&CHEN, "50", &record).run().fails(1, &[]);
    let file = world.path("anew.server");
    world.city(&pair).with(&["--out", text(&file)]).run().ok();
    fs::copy(&file, world.psam().with_extension("server")).unwrap();
    world.order_call(&WANG, "50", &world.fresh("-order.sms")).run().ok();
}
