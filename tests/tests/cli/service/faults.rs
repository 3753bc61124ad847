//! A server that is killed, has too much to do, shares its books, or holds a card that others want.

use crate::command::Call;
use crate::service::{Answer, Server, credit, key, read, request, sale};
use crate::world::{CHEN, Party, WANG, World, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

#[test]
fn a_server_killed_in_the_middle_of_a_sale_sells_once() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    // Killed at other places each time: before the request was read, in the middle of it, when it had been answered.
    for (n, wait) in [0, 1, 2, 4, 6, 8, 12, 20, 40].into_iter().enumerate() {
        let id = format!("k-{n}");
        let server = Server::start(&world, &[]);
        let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", &*id)];
        let asked = request("POST", "/v1/orders", &headers, &sale(&CHEN, 3_00).to_string());
        server.connect().write_all(asked.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        server.kill();
        let server = Server::start(&world, &[]);
        let order = server.post(&clerk, &id, "/v1/orders", &sale(&CHEN, 3_00)).ok();
        assert_eq!(server.post(&clerk, &id, "/v1/orders", &sale(&CHEN, 3_00)).json(), order);
        let count = u64::try_from(n).unwrap() + 1;
        assert_eq!(order["count"], count);
        let receipt = json!({
            "record": credit(&world, &CHEN, &server, &clerk, &order), "msisdn": CHEN.msisdn,
        });
        assert_eq!(
            server.post(&clerk, &format!("s-{n}"), "/v1/receipts", &receipt).ok()["result"],
            "settled"
        );
        assert_eq!(server.end().0, Some(0));
        let books = world.books();
        assert_eq!((&books["orders"], &books["sold_fen"]), (&count.into(), &(count * 3_00).into()));
    }
    world.bank(&["server", "verify"]).run().ok();
}

/// A PSAM's PIN is verified once, however much is sold; and the command finds it held until the server has ended.
#[test]
fn the_psam_stays_open_from_sale_to_sale() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &["--trace", "server.trace"]);
    for (n, customer) in [&CHEN, &WANG].into_iter().enumerate() {
        server.post(&clerk, &format!("o{n}"), "/v1/orders", &sale(customer, 5_00)).ok();
    }
    let again = json!({ "customer": CHEN.number, "amount_fen": 6_00 });
    server.post_by_two([&clerk, &supervisor], "c", "/v1/corrections", &again).ok();
    let sent = |start: &str| {
        let trace = std::fs::read_to_string(world.path("server.trace")).unwrap();
        trace.lines().filter(|line| line.starts_with(&format!("> {start}"))).count()
    };
    assert_eq!((sent("0020"), sent("8040")), (1, 3), "VERIFY once, SEAL ORDER three times");
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains("gridcard_psam_sessions 1\n"), "{figures}");
    let left =
        figures.lines().find_map(|line| line.strip_prefix("gridcard_psam_left{psam=\"330200000001\"} "));
    assert!(left.is_some_and(|left| left.parse::<u32>().is_ok()), "{figures}");
    assert!(figures.contains("gridcard_orders{state=\"sealed\"} 2\n"), "{figures}");
    assert!(figures.contains("gridcard_orders_older{days=\"1\"} 0\n"), "{figures}");
    let order =
        ["server", "correct", "--customer", WANG.number, "--amount", "9", "--pin-file", "pin", "--wait", "0"];
    world.bank(&order).run().fails(3, &["hint: "]);
    server.end();
    world.bank(&order).run().ok();
}

/// Who comes when as much waits as may wait is told so at once, and nothing of his is done; the others are served.
#[test]
fn more_than_may_wait_is_refused() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let books = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    books.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = json!({ "customer": "330299999999" }).to_string();
    let asked: Vec<TcpStream> = (0..100)
        .map(|n| {
            let mut stream = server.connect();
            let id = format!("w{n}");
            let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", &*id)];
            stream.write_all(request("POST", "/v1/voids", &headers, &body).as_bytes()).unwrap();
            stream
        })
        .collect();
    // One is at the counter and 64 wait; who has an answer while the counter stands still was refused.
    let mut refused = 0;
    while refused < 35 {
        let figures = server.ask("GET", "/metrics", &[], "").body;
        let line = figures
            .lines()
            .find_map(|line| line.strip_prefix("gridcard_answers_total{route=\"void\",status=\"503\"} "));
        refused = line.map_or(0, |count| count.parse().unwrap());
    }
    books.execute_batch("ROLLBACK").unwrap();
    let answers: Vec<Answer> = asked.into_iter().map(read).collect();
    let busy = answers.iter().filter(|answer| answer.status == 503);
    let busy: Vec<Value> = busy.map(|answer| answer.fails(503, "server-busy")).collect();
    assert_eq!(busy.len(), 35);
    assert!(busy.iter().all(|one| one["outcome"] == "final" && one["retry"] == true));
    assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 65);
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains("gridcard_waiting 0\n"), "{figures}");
}

/// Two servers, each with a bank's folder and a PSAM of its own, share books in PostgreSQL:
/// `tests/postgres.sh cargo test -p gridcard-tests --test cli -- --ignored two_servers`.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn two_servers_sell_to_one_meter_at_once() {
    let url = std::env::var("GRIDCARD_POSTGRES").expect("run it by tests/postgres.sh");
    let shared = ["--database", &*url];
    let world = World::new();
    // The other bank's folder: as the first, with another PSAM of the same keys.
    let (home, second) = (world.path("other"), "330200000002");
    for (path, bytes) in World::bytes(&world.folder(Party::Bank)) {
        let path = home.join("bank").join(path.strip_prefix(world.folder(Party::Bank)).unwrap());
        if !path.to_str().unwrap().contains("psams") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let issue = ["psam", "issue", "--number", second, "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&issue).run().ok();
    let card = world.folder(Party::City).join(format!("out/psam-{second}.card"));
    let other = |args: &[&str]| Call::earnest(&world.path(""), &home, world.now(), args);
    other(&["server", "psam", "add", text(&card)]).run().ok();
    let (clerk, supervisor) = (key(&world, "clerk", &shared), key(&world, "supervisor", &shared));
    let run = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin", "--server", "b"];
    let servers = [
        Server::start(&world, &[&shared[..], &["--server", "a"]].concat()),
        Server::of(other(&run).with(&shared)),
    ];
    let headers = [("Authorization", &*format!("Bearer {supervisor}")), ("Idempotency-Key", "t")];
    let terms = json!({ "server_number": "8657495598", "service_centre": "8613800574500" });
    servers[0].ask("PUT", "/v1/terms", &headers, &terms.to_string()).ok();
    let list = world.path("delivery.json");
    world.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    let list = serde_json::from_slice(&std::fs::read(list).unwrap()).unwrap();
    servers[0].post(&supervisor, "m", "/v1/meters", &list).ok();
    let chen = json!({
        "customer": CHEN.number, "meter": CHEN.meter, "msisdn": CHEN.msisdn, "imsi": CHEN.imsi, "imei": CHEN.imei,
        "iccid": CHEN.iccid,
    });
    servers[1].post(&clerk, "c", "/v1/customers", &chen).ok();
    for round in 0..6 {
        // Two requests: one is sold, and the other refused. One request at both: one order, and both say so.
        let ids = if round % 2 == 0 { ["a", "b"] } else { ["a", "a"] }.map(|id| format!("{id}{round}"));
        let sell = |n: usize| servers[n].post(&clerk, &ids[n], "/v1/orders", &sale(&CHEN, 2_00));
        let sold = std::thread::scope(|scope| {
            [0, 1].map(|n| scope.spawn(move || sell(n))).map(|asked| asked.join().unwrap())
        });
        let done: Vec<&Answer> = sold.iter().filter(|answer| answer.status == 200).collect();
        if round % 2 == 0 {
            assert_eq!(done.len(), 1, "{sold:?}");
            sold.iter().find(|answer| answer.status != 200).unwrap().fails(422, "outstanding");
        }
        // Who came in the middle of the other's sale asks again.
        let order = sell(0);
        let order = if order.status == 200 { order.ok() } else { sell(1).ok() };
        assert!(done.iter().all(|answer| answer.json()["order"] == order["order"]), "{sold:?}");
        assert_eq!(order["count"], round + 1);
        let [near, far] = if round % 4 < 2 { [0, 1] } else { [1, 0] };
        let receipt = json!({
            "record": credit(&world, &CHEN, &servers[near], &clerk, &order), "msisdn": CHEN.msisdn,
        });
        let settled = servers[far].post(&clerk, &format!("s{round}"), "/v1/receipts", &receipt).ok();
        assert_eq!(settled["result"], "settled");
    }
    // The database ends all connections: each server opens its own anew, and nothing is lost.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
    assert!(std::process::Command::new("psql").args([&*url, "-c", cut]).status().unwrap().success());
    for (n, server) in servers.iter().enumerate() {
        let (id, body) = (format!("after{n}"), json!({ "customer": CHEN.number }));
        let first = server.post_by_two([&supervisor, &clerk], &id, "/v1/refunds", &body);
        if first.status == 503 {
            assert_eq!((&first.json()["outcome"], &first.json()["retry"]), (&"unknown".into(), &true.into()));
        }
        let again = server.post_by_two([&supervisor, &clerk], &id, "/v1/refunds", &body);
        assert_eq!(again.status, 422, "nothing is due: {first:?} {again:?}");
        server.ask("GET", "/ready", &[], "").ok();
    }
    for server in &servers {
        let report = server.get(&supervisor, "/v1/report").ok();
        assert_eq!(
            (&report["orders"], &report["sold_fen"], &report["settled_fen"], &report["sum_fen"]),
            (&6.into(), &12_00.into(), &12_00.into(), &0.into())
        );
        let verified =
            server.post(&supervisor, &server.address.replace(':', "-"), "/v1/verify", &json!({})).ok();
        assert_eq!(verified["agree"], true, "{verified}");
    }
    for server in servers {
        assert_eq!(server.end().0, Some(0));
    }
}

/// A server under strace, which kills it at its nth write to a disk. Killed before it listened: nobody.
#[cfg(target_os = "linux")]
fn doomed(world: &World, nth: u32) -> (Child, Option<Value>) {
    let points = "pwrite64,ftruncate,fdatasync,fsync,rename,renameat,renameat2,linkat,unlink";
    let mut child = std::process::Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={points}")])
        .args(["-e", &format!("inject={points}:signal=KILL:when={nth}")])
        .arg(crate::command::binary())
        .args([
            "server",
            "run",
            "--listen",
            "127.0.0.1:0",
            "--pin-file",
            "pin",
            "--at",
            &world.now().to_string(),
        ])
        .args(["--json", "--home"])
        .arg(world.home(Party::Bank))
        .current_dir(world.path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("strace is there");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).ok())
}

/// A sale and a settlement, killed at every write to a disk in turn; each time the same requests again make one order, paid once,
/// and settle it once.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "wants strace, and takes minutes"]
fn a_server_killed_at_every_write_sells_and_settles_once() {
    let (mut sales, mut settlements, mut early) = (0, 0, 0);
    for settles in [false, true] {
        for nth in 1.. {
            let world = World::new();
            let clerk = key(&world, "clerk", &[]);
            let receipt = |order: &Value, server: &Server| json!({ "record": credit(&world, &CHEN, server, &clerk, order), "msisdn": CHEN.msisdn });
            let sold = settles.then(|| {
                let server = Server::start(&world, &[]);
                let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 3_00)).ok();
                (receipt(&order, &server), server.end())
            });
            world.wait(60);
            let (mut strace, server) = doomed(&world, nth);
            let mut whole = false;
            if let Some(server) = server {
                let (path, id, body) = match &sold {
                    Some((receipt, _)) => ("/v1/receipts", "s", receipt.to_string()),
                    None => ("/v1/orders", "o", sale(&CHEN, 3_00).to_string()),
                };
                let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", id)];
                let mut stream = TcpStream::connect(server["address"].as_str().unwrap()).unwrap();
                let mut answer = String::new();
                let _ = stream.write_all(request("POST", path, &headers, &body).as_bytes());
                let _ = stream.read_to_string(&mut answer);
                whole = answer.starts_with("HTTP/1.1 200");
                *(if settles { &mut settlements } else { &mut sales }) += u32::from(!whole);
                if whole {
                    // Beyond the last write: it goes on until it is ended.
                    std::process::Command::new("kill")
                        .args(["-KILL", &server["pid"].to_string()])
                        .status()
                        .unwrap();
                }
            } else {
                early += 1;
            }
            strace.wait().unwrap();
            let server = Server::start(&world, &[]);
            let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 3_00)).ok();
            assert_eq!(order["count"], 1);
            let receipt = sold.map_or_else(|| receipt(&order, &server), |(receipt, _)| receipt);
            let settled = server.post(&clerk, "s", "/v1/receipts", &receipt).ok();
            assert!(
                ["settled", "already settled"].contains(&settled["result"].as_str().unwrap()),
                "{settled}"
            );
            assert_eq!(server.post(&clerk, "s", "/v1/receipts", &receipt).json(), settled);
            assert_eq!(server.end().0, Some(0));
            let books = world.books();
            assert_eq!(
                (&books["orders"], &books["sold_fen"], &books["settled_fen"], &books["outstanding_fen"]),
                (&1.into(), &3_00.into(), &3_00.into(), &0.into()),
                "killed at write {nth}"
            );
            world.bank(&["server", "verify"]).run().ok();
            world.bank(&["server", "audit", "verify"]).run().ok();
            if whole {
                break;
            }
        }
    }
    println!(
        "killed {early} times before it listened, {sales} times in a sale, {settlements} times in a settlement"
    );
    assert!(sales > 5 && settlements > 5);
}
