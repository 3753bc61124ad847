//! Several people at once, before one card.

use crate::command::{Call, Ran};
use crate::world::{PSAM, Party, World, text};
use std::process::{Command, Stdio};

/// Customers beside those of the world, so that each of six has one order outstanding.
const MORE: [[&str; 7]; 3] = [
    [
        "330200000011",
        "000020181111",
        "+8613900000011",
        "460000000000011",
        "860123040001108",
        "89860026330000001109",
        "000000000000C111",
    ],
    [
        "330200000012",
        "000020181112",
        "+8613900000012",
        "460000000000012",
        "860123040001116",
        "89860026330000001117",
        "000000000000C112",
    ],
    [
        "330200000013",
        "000020181113",
        "+8613900000013",
        "460000000000013",
        "860123040001124",
        "89860026330000001125",
        "000000000000C113",
    ],
];

/// Longer than any command takes beside others, even on a busy machine.
const LONG: [&str; 2] = ["--wait", "300"];

fn six(world: &World) -> Vec<String> {
    let mut roster = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
    let list = world.fresh("-delivery.json");
    world.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    let mut delivery: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    let esams = delivery["esams"].as_array_mut().unwrap();
    for [who @ .., serial] in MORE {
        roster.push_str(&format!("{}\n", who.join(",")));
        let mut esam = esams[0].clone();
        esam["meter"] = who[1].into();
        esam["serial"] = serial.into();
        esams.push(esam);
    }
    std::fs::write(&list, delivery.to_string()).unwrap();
    world.bank(&["server", "meters", text(&list)]).run().ok();
    world.file("more.csv", roster);
    world.bank(&["server", "register", "more.csv"]).run().ok();
    let known = crate::world::CUSTOMERS.iter().map(|customer| customer.number.to_owned());
    known.chain(MORE.iter().map(|line| line[0].to_owned())).collect()
}

/// Six clerks sell at once with one PSAM: each waits for the card, and each order is sealed.
#[test]
fn six_clerks_share_one_psam() {
    let world = World::new();
    let customers = six(&world);
    // One clock for all: whoever comes later must not be told an earlier time.
    world.wait(60);
    let (folder, home, at) = (world.path(""), world.home(Party::Bank), world.now());
    let ran: Vec<Ran> = std::thread::scope(|scope| {
        let orders: Vec<_> = customers
            .iter()
            .map(|customer| {
                let record = world.fresh("-order.sms");
                let order =
                    ["server", "order", "--customer", customer, "--amount", "50", "--pin-file", "pin"];
                let call = Call::new(&folder, &home, at, &order).with(&["--out", text(&record)]).with(&LONG);
                scope.spawn(move || call.run())
            })
            .collect();
        orders.into_iter().map(|order| order.join().unwrap()).collect()
    });
    for ran in ran {
        ran.ok();
    }
    assert_eq!(world.books()["sold_fen"], 6 * 5000);
    let card = world.psam();
    world.bank(&["psam", "show", text(&card)]).run().ok().shows(&["6 made"]);
}

/// Who does not wait is told who holds the card; a card that is served is not waited for at all.
#[test]
fn whoever_holds_a_card_is_named() {
    let world = World::new();
    let card = world.psam();
    // A clerk who was asked for a new PIN and went away: the command holds the card until he types.
    let mut clerk = Command::new(crate::command::binary())
        .args(["psam", "pin", "change", text(&card)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = card.with_file_name(".330200000001.card.lock");
    let holder = loop {
        let held = std::fs::read_to_string(&lock).unwrap_or_default();
        if held.ends_with('\n') {
            break held;
        }
        assert!(clerk.try_wait().unwrap().is_none(), "the clerk's command ended");
        std::thread::yield_now();
    };
    assert_eq!(holder, format!("{} psam pin change\n", clerk.id()));
    let words =
        format!("stands in the slot of another command: process {}, gridcard psam pin change", clerk.id());
    let show = world.bank(&["psam", "show", text(&card), "--wait", "0"]);
    show.run().fails(3, &[&words, "--wait SECONDS"]);
    // Whoever waits has the card when the clerk has gone.
    let show = world.bank(&["psam", "show", text(&card)]).with(&LONG);
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(move || show.run());
        drop(clerk.stdin.take());
        clerk.wait().unwrap();
        waiting.join().unwrap()
    });
    waited.ok().shows(&[PSAM]);
}
