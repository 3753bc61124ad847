//! A user card before a clerk who asks the bank's server: the same words as in the bank's folder, and what goes wrong on the way.

use crate::command::Ran;
use crate::url::lost::Line;
use crate::url::rows::{Both, Row, Step, ok, pin};
use crate::url::{NOON, Office, clerk, key_file, serve};
use crate::world::{CHEN, Party, Purse, World, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const READ: &[&str] = &["server", "card", "read", "user.card"];
const WRITE: &[&str] = &["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "50"];
const AGAIN: &[&str] = &["server", "card", "write", "user.card", "--customer", CHEN.number];

/// What is read and loaded at a server is what is read and loaded in the bank's folder, refusals included.
fn story() -> Vec<Step> {
    let row = Step::Row;
    vec![
        Step::Issue("330200000801", "user.card"),
        Step::Issue("330200000802", "second.card"),
        row(pin(READ)),
        row(pin(AGAIN).fails()),
        row(pin(WRITE)),
        row(pin(WRITE)),
        row(pin(&["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "60"])
            .fails()),
        row(pin(&["server", "card", "write", "user.card", "--customer", "330200000099", "--amount", "5"])
            .fails()),
        row(pin(&["server", "card", "write", "second.card", "--customer", CHEN.number])),
        row(pin(AGAIN)),
        row(pin(READ)),
        Step::Insert("user.card", &CHEN),
        row(pin(READ)),
        row(pin(READ)),
        row(pin(&["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "7"])),
        Step::Insert("user.card", &CHEN),
        // Settled on the way to the next sale.
        row(pin(WRITE)),
        row(ok(&["server", "orders"])),
        row(ok(&["server", "report"])),
        row(Row { code: 3, ..pin(&["server", "card", "read", "nothing.card"]) }),
    ]
}

#[test]
fn a_card_at_a_server_is_a_card_in_the_folder() {
    Both::new(false).tell(&story());
    Both::new(true).tell(&story());
}

fn issue(world: &World, number: &str, card: &str) -> PathBuf {
    let args = ["user-card", "issue", "--number", number, "--card", card, "--pin-file", "pin"];
    world.city(&args).run().ok();
    world.path(card)
}

fn office_with_card() -> Office {
    let office = Office::open(World::new());
    issue(&office.world, "330200000801", "user.card");
    office.world.at(NOON.parse().unwrap());
    office
}

fn insert(office: &Office, card: &Path) -> Value {
    office.world.meters(&["meter", "insert", CHEN.meter, text(card), "--json"]).run().ok().object()
}

fn json(office: &Office, args: &[&str]) -> Value {
    office.ask(args).with(&["--json"]).run().ok().object()
}

/// Sold and settled in fen, and orders.
fn sums(office: &Office) -> [u64; 3] {
    let report = json(office, &["server", "report"]);
    ["sold_fen", "settled_fen", "orders"].map(|name| report[name].as_u64().unwrap())
}

/// The answer is lost: the card has drawn for nothing. The same command sends another request, for which the order is outstanding.
#[test]
fn a_lost_answer_is_another_request_and_not_another_sale() {
    let office = office_with_card();
    let line = Line::losing(&office, 1);
    line.ask(&office, WRITE).fails(3, &["whether it was done is not known"]);
    assert_eq!((sums(&office), office.waiting().len()), ([50_00, 0, 1], 0));
    let card = office.world.path("user.card");
    assert_eq!(json(&office, READ)["meter"], Value::Null, "nothing was loaded");
    line.ask(&office, WRITE).ok().shows(&["loaded once more, nothing was sold", "purchase 1"]);
    assert_eq!(insert(&office, &card)["credited_fen"], 50_00);
    assert_eq!(json(&office, READ)["receipt"]["result"], "settled");
    assert_eq!(sums(&office), [50_00, 50_00, 1]);
    // A receipt whose answer is lost is settled, and the same command hears what became of it.
    json(&office, &["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "3"]);
    insert(&office, &card);
    let line = Line::losing(&office, 1);
    line.ask(&office, READ).fails(3, &["whether it was done is not known"]);
    assert_eq!(office.waiting().len(), 1);
    let ran = line.ask(&office, READ).ok().shows(&["settled"]);
    assert!(ran.stderr.contains("whose answer never came"), "{ran:?}");
    assert_eq!((sums(&office), office.waiting().len()), ([53_00, 53_00, 2], 0));
}

/// The machine of the server loses its power when the request has reached it: between challenge and load.
#[test]
fn a_server_that_dies_between_challenge_and_load_sells_once() {
    let Office { world, server, supervisor, other, url } = office_with_card();
    let address = server.address.clone();
    let line = Line::killing(server);
    let keys = ["--key-file", text(&supervisor.0), "--second-key-file", text(&other.0)];
    let ask = || clerk(&world, WRITE).with(&["--url", &line.url]).with(&keys).run();
    ask().fails(3, &["whether it was done is not known"]);
    let server = serve(&world, &address, &[]);
    ask().ok().shows(&["50.00 yuan", "purchase 1"]);
    let office = Office { world, server, supervisor, other, url };
    assert_eq!((sums(&office), office.waiting().len()), ([50_00, 0, 1], 0));
    assert_eq!(insert(&office, &office.world.path("user.card"))["credited_fen"], 50_00);
    assert_eq!(json(&office, READ)["receipt"]["result"], "settled");
    office.ask(&["server", "verify"]).run().ok();
}

/// Two tellers have two cards of one customer before them, at once: one sells, the other one's card gets the same purchase.
#[test]
fn two_tellers_with_two_cards_of_one_customer_sell_once() {
    let office = office_with_card();
    issue(&office.world, "330200000802", "second.card");
    let cards = ["user.card", "second.card"];
    let mut paid = 0;
    for round in 1..=4_u64 {
        let tellers: Vec<Ran> = std::thread::scope(|scope| {
            let at_once = cards.map(|card| {
                let args =
                    ["server", "card", "write", card, "--customer", CHEN.number, "--amount", "5", "--json"];
                let call = office.ask(&args);
                scope.spawn(move || call.run())
            });
            at_once.into_iter().map(|teller| teller.join().unwrap()).collect()
        });
        let mut what: Vec<String> =
            tellers.into_iter().map(|ran| ran.ok().object()["what"].as_str().unwrap().to_owned()).collect();
        what.sort();
        paid += 5_00;
        assert_eq!((&*what[0], &*what[1]), ("anew", "sold"), "round {round}");
        assert_eq!(sums(&office), [paid, paid - 5_00, round]);
        // Either card brings it; the other one is too late, and says so.
        let (first, late) = if round % 2 == 0 { (cards[0], cards[1]) } else { (cards[1], cards[0]) };
        assert_eq!(insert(&office, &office.world.path(first))["credited_fen"], 5_00, "round {round}");
        let second = office.world.meters(&["meter", "insert", CHEN.meter, late, "--json"]).run();
        assert_eq!(second.object()["credited_fen"], 0, "round {round}");
        let settled = json(&office, &["server", "card", "read", first]);
        assert_eq!(settled["receipt"]["result"], "settled", "round {round}");
        let purse = Purse { balance: paid, credited: paid, count: round };
        assert_eq!((office.world.purse(&CHEN), sums(&office)), (purse, [paid, paid, round]));
    }
    office.ask(&["server", "verify"]).run().ok();
}

/// Roles are those of a sale, one person is enough, and the log has him and the card. PINs are the server's.
#[test]
fn who_may_is_said_and_noted() {
    let office = office_with_card();
    let world = &office.world;
    // Its key is older than what the server does at noon.
    world.at("2026-11-23 11:50:00".parse().unwrap());
    let (auditor, _) = key_file(world, "auditor.key", "auditor", &[]);
    let ask = |key: &Path, args: &[&str]| {
        clerk(world, args).with(&["--url", &office.url, "--key-file", text(key)]).run()
    };
    ask(&auditor, WRITE).fails(1, &["may not", "clerk"]);
    ask(&auditor, READ).fails(1, &["may not", "clerk"]);
    office.ask(READ).with(&["--pin-file", "pin"]).run().fails(2, &["does not go with --url"]);
    assert_eq!(sums(&office), [0, 0, 0]);
    ask(&office.other.0, WRITE).ok();
    ask(&office.other.0, READ).ok();
    assert!(office.waiting().is_empty());
    office.server.end();
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let who = format!("key:{}", &office.other.1[3..11]);
    for deed in ["server card write", "server card read"] {
        let lines = log.lines().filter(|line| line.contains(deed) && line.contains(&who));
        let with_card = lines.filter(|line| line.contains("330200000801")).count();
        assert!(with_card >= 1, "{deed}: {log}");
    }
    world.bank(&["server", "audit", "verify"]).run().ok();
}
