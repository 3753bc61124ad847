//! The primary of the books is killed in the middle of the work, and its standby takes its place:
//! `tests/standby.sh 3 cargo test -p gridcard-tests --test cli -- --ignored a_primary_that_is_killed`.

use crate::service::{Answer, Server, credit, key, request, sale};
use crate::world::{CHEN, Customer, WANG, World, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

/// How often a request is sent again, and the time between: longer than any failover takes.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(200);

/// What a clerk's program does: the same request again until it is answered for good. Gives the answer, and how often it was sent.
fn until_done(server: &Server, key: &str, id: &str, path: &str, body: &Value) -> (Value, u32) {
    let headers = [("Authorization", &*format!("Bearer {key}")), ("Idempotency-Key", id)];
    let asked = request("POST", path, &headers, &body.to_string());
    let mut last = None;
    for tries in 1..=TRIES {
        let mut stream = server.connect();
        stream.write_all(asked.as_bytes()).unwrap();
        let answer: Answer = crate::service::read(stream);
        if answer.status == 200 {
            return (answer.json(), tries);
        }
        // Nothing else than "ask again" may come of a database that changes place.
        let object = answer.json();
        assert_eq!((answer.status, &object["retry"]), (503, &true.into()), "{path} {id}: {answer:?}");
        last = Some(answer);
        std::thread::sleep(PAUSE);
    }
    panic!("{path} {id}: no end of it: {last:?}");
}

fn psql(url: &str, sql: &str) -> String {
    let done = Command::new("psql").args([url, "-qtAc", sql]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "wants a primary and a standby: tests/standby.sh"]
fn a_primary_that_is_killed_loses_nothing_that_was_acknowledged() {
    let url = std::env::var("GRIDCARD_POSTGRES").expect("run it by tests/standby.sh");
    let failover = std::env::var("GRIDCARD_FAILOVER").expect("run it by tests/standby.sh");
    let round: u64 = std::env::var("GRIDCARD_ROUND").expect("run it by tests/standby.sh").parse().unwrap();
    let shared = ["--database", &*url];
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &shared), key(&world, "supervisor", &shared));
    let server = Server::start(&world, &shared);
    let headers = [("Authorization", &*format!("Bearer {supervisor}")), ("Idempotency-Key", "t")];
    let terms = json!({ "server_number": "8657495598", "service_centre": "8613800574500" });
    server.ask("PUT", "/v1/terms", &headers, &terms.to_string()).ok();
    let list = world.path("delivery.json");
    world.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    let list = serde_json::from_slice(&std::fs::read(list).unwrap()).unwrap();
    server.post(&supervisor, "m", "/v1/meters", &list).ok();
    for (n, customer) in [&CHEN, &WANG].into_iter().enumerate() {
        let Customer { number, meter, msisdn, imsi, imei, iccid } = customer;
        let body = json!({
            "customer": number, "meter": meter, "msisdn": msisdn, "imsi": imsi, "imei": imei, "iccid": iccid,
        });
        server.post(&clerk, &format!("c{n}"), "/v1/customers", &body).ok();
    }
    // What was answered with 200: order by order, and whether its settlement was.
    let mut sold: BTreeMap<String, bool> = BTreeMap::new();
    let (mut again, mut killer) = (0, None);
    let before = psql(&url, "SELECT pg_is_in_recovery()::text");
    assert_eq!(before, "false");
    for n in 0..10 {
        let customer = if n % 2 == 0 { &CHEN } else { &WANG };
        if n == 4 {
            // Other moments in other rounds: while it is idle, in the midst of a sale, at its end.
            let failover = failover.clone();
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis((round - 1) * 3));
                assert!(Command::new(failover).status().unwrap().success());
            }));
        }
        let (order, tries) =
            until_done(&server, &clerk, &format!("o{n}"), "/v1/orders", &sale(customer, 3_00));
        again += tries - 1;
        sold.insert(order["order"].as_str().unwrap().to_owned(), false);
        if let Some(killer) = killer.take() {
            killer.join().unwrap();
            // Looks are not asked again here: the server has found the standby first.
            let is_ready = || server.ask("GET", "/ready", &[], "").status == 200;
            assert!(
                (0..TRIES).any(|_| is_ready() || {
                    std::thread::sleep(PAUSE);
                    false
                }),
                "it finds no primary"
            );
        }
        let receipt = json!({
            "record": credit(&world, customer, &server, &clerk, &order), "msisdn": customer.msisdn,
        });
        let (settled, tries) = until_done(&server, &clerk, &format!("s{n}"), "/v1/receipts", &receipt);
        again += tries - 1;
        assert_eq!(settled["result"], "settled", "{settled}");
        sold.insert(order["order"].as_str().unwrap().to_owned(), true);
    }
    // Everything that was acknowledged stands in what is the primary now.
    let kept = sold.iter().filter(|(order, settled)| {
        let found = server.get(&clerk, &format!("/v1/orders/{order}")).ok();
        **settled && found["state"] == "settled"
    });
    assert_eq!(kept.count(), 10);
    let report = server.get(&supervisor, "/v1/report").ok();
    assert_eq!(
        (&report["orders"], &report["sold_fen"], &report["settled_fen"], &report["sum_fen"]),
        (&10.into(), &30_00.into(), &30_00.into(), &0.into())
    );
    let verified = server.post(&supervisor, "v", "/v1/verify", &json!({})).ok();
    assert_eq!(verified["agree"], true, "{verified}");
    assert_eq!(server.end().0, Some(0));
    println!(
        "round {round}: 20 acts acknowledged, 20 kept, 0 lost, 0 doubled; asked again {again} times while the database \
         changed place"
    );
}
