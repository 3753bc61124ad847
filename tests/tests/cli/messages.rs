//! Orders and receipts as short messages: the payment server, a message centre and a phone, each in a process of its own.

use crate::meter_port::Port;
use crate::service::{Server, key, sale};
use crate::world::{CHEN, Party, World, text};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);
/// A clock that stands ahead of everything: whatever is sent meanwhile is due.
const AHEAD: &str = "2027-01-01T00:00:00";

#[track_caller]
fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The number that receipts go to.
fn server_number(world: &World) -> String {
    let terms = world.bank(&["server", "settings", "--json"]).run().ok().object();
    format!("+{}", terms["server_number"].as_str().unwrap().trim_start_matches('+'))
}

fn centre(world: &World, listen: &str, faults: &str) -> Port {
    world.file("centre-password", "secret\n");
    let account = format!("bank,{},centre-password", server_number(world));
    let args = ["simulate", "centre", "--listen", listen, "--account", &account, "--faults", faults];
    Port::open(world.call_at(Party::Sims, AHEAD, &args))
}

fn server(world: &World, centre: &str) -> Server {
    let number = server_number(world);
    let config = format!(
        "log = \"info\"\n[messages]\ncentre = \"{centre}\"\nname = \"bank\"\npassword_file = \"centre-password\"\nnumber = \"{number}\"\n"
    );
    let file = world.file("server.toml", config);
    Server::start(world, &["--config", text(&file)])
}

fn phone(world: &World) -> Port {
    let sim = world.sim(&CHEN);
    world.phones(&["phone", "new", "chen", "--sim", text(&sim), "--number", CHEN.msisdn]).run().ok();
    Port::open(world.call_at(Party::Sims, AHEAD, &["phone", "run", "chen"]))
}

fn has_order(world: &World, phone: &Port) -> Option<()> {
    let at = format!("at:{}", phone.line);
    let listed = world.phones(&["sim", "list", &at, "--json"]).run().ok().object();
    let orders = listed["messages"].as_array().unwrap().iter().filter(|one| one["kind"] == "order").count();
    assert!(orders <= 1, "an order stands there once, however often it came: {listed}");
    (orders == 1).then_some(())
}

fn state(server: &Server, key: &str, order: &Value) -> Value {
    server.get(key, &format!("/v1/orders/{}", order["order"].as_str().unwrap())).ok()["state"].clone()
}

/// Sells, waits for the order on the SIM, has the meter take it, waits for the receipt to be settled; nobody carries a file.
fn buys(world: &World, server: &Server, phone: &Port, clerk: &str, id: &str) {
    let order = server.post(clerk, id, "/v1/orders", &sale(&CHEN, 50_00)).ok();
    until("the order is on the SIM", || has_order(world, phone));
    let at = format!("at:{}", phone.line);
    let credited = world.meters(&["meter", "insert", CHEN.meter, &at]).run().ok();
    assert!(credited.stdout.contains("credited 50.00 yuan"), "{}", credited.stdout);
    until("the receipt is settled", || (state(server, clerk, &order) == "settled").then_some(()));
}

/// The figures a centre ends with: messages from servers, to them, octets.
fn counted(words: &str) -> Vec<u64> {
    let line = words
        .lines()
        .find(|line| line.contains("messages from servers"))
        .unwrap_or_else(|| panic!("{words}"));
    let figures = line.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    figures.map(|word| word.parse().unwrap()).collect()
}

#[test]
fn a_purchase_by_messages_alone() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let (phone, centre) = (phone(&world), centre(&world, "127.0.0.1:0", ""));
    let server = server(&world, &centre.line);
    buys(&world, &server, &phone, &clerk, "o-1");
    let (code, words) = server.end();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("took the bind") && !words.contains("secret"), "{words}");
    let (_, words) = centre.end("-TERM");
    let [sent, came, octets] = counted(&words)[..] else { panic!("{words}") };
    println!("a purchase by messages: {sent} from the server, {came} to it, {octets} octets");
    // One order; what became of it, and the meter's receipt.
    assert_eq!((sent, came), (1, 2), "{words}");
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert!(log.lines().any(|line| line.contains("server settle") && line.contains("service")), "{log}");
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn a_purchase_over_a_centre_that_does_much_wrong() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    // The first try is throttled, the second cut and taken, the third cut and not taken, the fourth goes twice; of what comes back the
    // first is cut, and the receipt comes twice.
    let faults = "throttle@1,cut@2,cut-before@3,double@4,cut-back@1,double-back=100%";
    let (phone, centre) = (phone(&world), centre(&world, "127.0.0.1:0", faults));
    let server = server(&world, &centre.line);
    buys(&world, &server, &phone, &clerk, "o-1");
    let (_, words) = server.end();
    assert!(words.contains("again in"), "{words}");
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!(
        (&report["sold_fen"], &report["settled_fen"]),
        (&50_00.into(), &50_00.into()),
        "money counts once: {report}"
    );
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn what_was_sold_while_there_was_no_centre_is_sent_when_there_is_one() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let phone = phone(&world);
    // An address that was free a moment ago.
    let first = centre(&world, "127.0.0.1:0", "");
    let address = first.line.clone();
    first.end("-TERM");
    let alone = server(&world, &address);
    alone.post(&clerk, "o-1", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    alone.kill();
    let _centre = centre(&world, &address, "");
    let server = server(&world, &address);
    until("the order is on the SIM", || has_order(&world, &phone));
    // It was answered, so it is not sent again.
    std::thread::sleep(Duration::from_secs(3));
    let (_, words) = server.end();
    assert!(words.contains("took the bind"), "{words}");
}

#[test]
fn what_a_centre_and_its_section_cannot_be_is_told() {
    let world = World::new();
    world.file("password", "secret\n");
    world.file("long", "much too long\n");
    let simulate =
        |more: &[&str]| world.phones(&["simulate", "centre", "--listen", "127.0.0.1:0"]).with(more).run();
    simulate(&["--account", "bank"]).fails(2, &["NAME,NUMBER,FILE"]);
    simulate(&["--account", "bank,+8613800250500,long"]).fails(2, &["1 to 8"]);
    simulate(&["--account", "bank,+8613800250500,nowhere"]).fails(2, &["nowhere"]);
    simulate(&["--account", "bank,+8613800250500,password", "--faults", "burn@1"])
        .fails(2, &["KIND@N", "receipt-first"]);
    let account = ["--account", "bank,+8613800250500,password"];
    let outside = world.phones(&["simulate", "centre", "--listen", "0.0.0.0:0"]).with(&account).run();
    outside.fails(4, &["in clear"]);
    // A network of phones wants phones.
    simulate(&account).fails(1, &["there is no phone"]);
    let _phone = phone(&world);
    let _one = centre(&world, "127.0.0.1:0", "");
    let again = simulate(&account);
    again.fails(1, &["another message centre"]);
    for (section, words) in [
        ("centre = \"x\"\nname = \"b\"\npassword_file = \"password\"\n", "number"),
        (
            "centre = \"x\"\nname = \"b\"\npassword_file = \"password\"\nnumber = \"95598\"\n",
            "number in [messages]",
        ),
        (
            "centre = \"x\"\nname = \"a b\"\npassword_file = \"password\"\nnumber = \"+8613800250500\"\n",
            "system id",
        ),
        ("centre = \"x\"\nname = \"b\"\npassword_file = \"long\"\nnumber = \"+8613800250500\"\n", "1 to 8"),
        ("centre = \"x\"\nname = \"b\"\npassword = \"secret\"\n", "password"),
    ] {
        let file = world.file("server.toml", format!("[messages]\n{section}"));
        let ran = world.bank(&["server", "run", "--config", text(&file)]).run();
        assert!(!ran.stderr.contains("much too long") && !ran.stderr.contains("secret"), "{}", ran.stderr);
        ran.fails(2, &[words]);
    }
}
