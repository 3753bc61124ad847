//! Many who ask at once, and several PSAMs that serve them: what goes wrong with one takes nothing from another.

use crate::command::Call;
use crate::service::{Answer, Server, request};
use ::world::{PIN, Town, World, people};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

const AT: &str = "2026-11-22 08:00:00";
const FIRST: &str = "330200000001";
const SECOND: &str = "330200000002";

/// A town with two PSAMs of the same keys.
struct Pool {
    folder: TempDir,
    town: Mutex<Town>,
}

impl Pool {
    fn new(customers: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::kept(folder.path().join("home"), AT.parse().unwrap(), Some(7), "tests");
        let town = Town::new(world, people::made_up(customers).unwrap(), keys::Suite::TripleDes).unwrap();
        town.found().unwrap();
        std::fs::write(folder.path().join("pin"), PIN).unwrap();
        let pool = Pool { folder, town: Mutex::new(town) };
        for number in [FIRST, SECOND] {
            pool.run(&["psam", "issue", "--number", number, "--pin-file", "pin", "--card-pin-file", "pin"]);
        }
        {
            let town = pool.town.lock().unwrap();
            town.issue_esams().unwrap();
            for person in town.people() {
                town.make_meter(person).unwrap();
                town.make_sim(person).unwrap();
            }
            town.open_bank().unwrap();
        }
        let card = pool.home().join(format!("city-33020000/out/psam-{SECOND}.card"));
        pool.run(&["server", "psam", "add", card.to_str().unwrap()]);
        pool
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn call(&self, args: &[&str]) -> Call {
        Call::earnest(self.folder.path(), &self.home(), AT.parse().unwrap(), args)
    }

    fn run(&self, args: &[&str]) -> Value {
        self.call(args).with(&["--json"]).run().ok().object()
    }

    fn key(&self, role: &str) -> String {
        self.run(&["server", "key", "add", "--role", role])["key"].as_str().unwrap().to_owned()
    }

    fn server(&self, pins: [&str; 2], more: &[&str]) -> Server {
        let pins = [format!("{FIRST}={}", pins[0]), format!("{SECOND}={}", pins[1])];
        let args =
            ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", &pins[0], "--pin-file", &pins[1]];
        Server::of(self.call(&args).with(more))
    }

    fn customer(&self, n: usize) -> String {
        self.town.lock().unwrap().people()[n].customer.to_string()
    }

    fn sell(&self, server: &Server, key: &str, n: usize, id: &str) -> Answer {
        server.post(key, id, "/v1/orders", &json!({ "customer": self.customer(n), "amount_fen": 10_00 }))
    }

    /// The meter credits an order; what goes back to the bank.
    fn credit(&self, server: &Server, key: &str, n: usize, order: &Value) -> Value {
        let record = server.get(key, &format!("/v1/orders/{}/sms", order["order"].as_str().unwrap()));
        let town = self.town.lock().unwrap();
        let (person, path) = (&town.people()[n], self.folder.path().join("order.sms"));
        std::fs::write(&path, record.body).unwrap();
        town.deliver(person, &path).unwrap();
        assert_eq!(town.insert(person, person).unwrap().outcome, "credited");
        // The town's clock stands still, and a receipt's file is called by the time.
        let collected = town.collect(person).unwrap();
        let receipt = std::fs::read_to_string(&collected).unwrap();
        std::fs::remove_file(collected).unwrap();
        json!({ "record": receipt.lines().next(), "iccid": person.sim.iccid.to_string() })
    }

    /// Books, ledger, log and chains agree, and so many orders of 10 yuan were sold and settled.
    #[track_caller]
    fn agrees(&self, orders: u64, settled: u64) {
        let books = self.run(&["server", "report"]);
        assert_eq!(
            (&books["orders"], &books["sold_fen"], &books["settled_fen"], &books["sum_fen"]),
            (&orders.into(), &(orders * 10_00).into(), &(settled * 10_00).into(), &0.into()),
            "{books}"
        );
        self.call(&["server", "verify"]).run().ok();
        self.call(&["server", "audit", "verify"]).run().ok();
    }
}

fn psam(server: &Server, key: &str, number: &str) -> Value {
    let all = server.get(key, "/v1/psams").ok();
    all["psams"].as_array().unwrap().iter().find(|psam| psam["number"] == number).unwrap().clone()
}

/// Sales, settlements, looks and requests that are refused, all at once: each has the answer it would have had alone.
#[test]
fn many_at_once_are_served_as_one_after_the_other() {
    const CUSTOMERS: usize = 8;
    const TIMES: u64 = 3;
    let pool = Pool::new(CUSTOMERS.try_into().unwrap());
    let (clerk, supervisor) = (pool.key("clerk"), pool.key("supervisor"));
    let server = pool.server(["pin", "pin"], &[]);
    std::thread::scope(|scope| {
        for n in 0..CUSTOMERS {
            let (pool, server, clerk) = (&pool, &server, &clerk);
            scope.spawn(move || {
                for count in 1..=TIMES {
                    let id = format!("o{n}-{count}");
                    // The same request twice at once is one order.
                    let (once, twice) = std::thread::scope(|both| {
                        let other = both.spawn(|| pool.sell(server, clerk, n, &id).ok());
                        (pool.sell(server, clerk, n, &id).ok(), other.join().unwrap())
                    });
                    assert_eq!(once, twice);
                    assert_eq!(once["count"], count);
                    pool.sell(server, clerk, n, &format!("{id}-again")).fails(422, "outstanding");
                    let receipt = pool.credit(server, clerk, n, &once);
                    let settled = server.post(clerk, &format!("s{n}-{count}"), "/v1/receipts", &receipt).ok();
                    assert_eq!(settled["result"], "settled");
                    let path = format!("/v1/customers/{}/statement", pool.customer(n));
                    server.get(clerk, &path).ok();
                }
            });
        }
        for one in 0..2 {
            let (server, clerk) = (&server, &clerk);
            scope.spawn(move || {
                for n in 0..20 {
                    let (id, nobody) = (format!("bad{one}-{n}"), json!({ "customer": "330299999999" }));
                    server.post(clerk, &id, "/v1/orders", &nobody).fails(404, "unknown-customer");
                    let junk = json!({ "record": "00".repeat(176), "iccid": "89860026330000000010" });
                    let junk = server.post(clerk, &format!("{id}-r"), "/v1/receipts", &junk);
                    assert!((400..500).contains(&junk.status), "{junk:?}");
                }
            });
        }
    });
    assert_eq!(server.post(&supervisor, "v", "/v1/verify", &json!({})).ok()["agree"], true);
    let all = server.get(&supervisor, "/v1/psams").ok();
    let open = |psam: &&Value| psam["state"] == "open" && psam["waiting"] == 0 && psam["low"] == false;
    assert_eq!(all["psams"].as_array().unwrap().iter().filter(open).count(), 2, "both had work: {all}");
    server.get(&clerk, "/v1/psams").fails(403, "role-refused");
    let left: u64 =
        [FIRST, SECOND].iter().map(|n| psam(&server, &supervisor, n)["orders_left"].as_u64().unwrap()).sum();
    let orders = CUSTOMERS as u64 * TIMES;
    assert_eq!(left, 2 * 10_000 - orders, "each order was sealed once");
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains(&format!("gridcard_psam_open{{psam=\"{SECOND}\"}} 1\n")), "{figures}");
    assert_eq!(server.end().0, Some(0));
    pool.agrees(orders, orders);
}

/// A PSAM whose PIN is refused is not tried again by itself; another with the same keys takes the orders.
#[test]
fn a_pin_that_was_refused_is_tried_once() {
    let pool = Pool::new(3);
    std::fs::write(pool.folder.path().join("wrong"), "111111").unwrap();
    let (clerk, auditor) = (pool.key("clerk"), pool.key("auditor"));
    let server = pool.server(["wrong", "pin"], &["--trace", "server.trace"]);
    for n in 0..3 {
        assert_eq!(pool.sell(&server, &clerk, n, &format!("o{n}")).ok()["count"], 1);
    }
    let refused = psam(&server, &auditor, FIRST);
    assert_eq!(
        (&refused["state"], &refused["code"]),
        (&"pin-refused".into(), &"pin-wrong".into()),
        "{refused}"
    );
    assert_eq!(psam(&server, &auditor, SECOND)["state"], "open");
    assert_eq!(server.end().0, Some(0));
    let trace = std::fs::read_to_string(pool.folder.path().join("server.trace")).unwrap();
    let tries = trace.lines().filter(|line| line.starts_with("> 0020")).count();
    assert_eq!(tries, 2, "each PIN once");
    pool.agrees(3, 0);
}

/// A PSAM that is in no reader is asked a few times, then left alone for a time, and opened when it is back; meanwhile another sells.
#[test]
fn a_psam_that_is_away_is_left_alone_for_a_time() {
    let pool = Pool::new(5);
    let (clerk, auditor) = (pool.key("clerk"), pool.key("auditor"));
    let card = pool.home().join(format!("bank/psams/{FIRST}.card"));
    let (link, away) = (card.with_extension("card.link"), pool.folder.path().join("away.card"));
    std::fs::rename(&card, &away).unwrap();
    std::fs::write(&link, "pcsc:no such reader\n").unwrap();
    let server = pool.server(["pin", "pin"], &["--wait", "0"]);
    for n in 0..4 {
        assert_eq!(pool.sell(&server, &clerk, n, &format!("o{n}")).ok()["count"], 1);
    }
    let gone = psam(&server, &auditor, FIRST);
    assert_eq!(gone["state"], "paused", "{gone}");
    assert!(gone["pause_s"].as_u64().unwrap() >= 1);
    std::fs::remove_file(&link).unwrap();
    std::fs::rename(&away, &card).unwrap();
    while psam(&server, &auditor, FIRST)["state"] == "paused" {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(pool.sell(&server, &clerk, 4, "o4").ok()["count"], 1);
    assert_eq!(psam(&server, &auditor, FIRST)["state"], "open");
    assert_eq!(server.end().0, Some(0));
    pool.agrees(5, 0);
}

/// What strace is to do to a server, and where it listens; none where it was killed before.
#[cfg(target_os = "linux")]
fn under_strace(
    pool: &Pool,
    inject: &str,
    path: Option<&Path>,
) -> (std::process::Child, Option<String>, Option<u64>) {
    use std::io::{BufRead, BufReader};
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={inject}")]);
    if let Some(path) = path {
        command.arg("-P").arg(path);
    }
    let pins = [format!("{FIRST}=pin"), format!("{SECOND}=pin")];
    command.arg(crate::command::binary());
    command.args([
        "server",
        "run",
        "--listen",
        "127.0.0.1:0",
        "--pin-file",
        &pins[0],
        "--pin-file",
        &pins[1],
    ]);
    command.args(["--at", AT, "--json", "--home"]).arg(pool.home()).current_dir(pool.folder.path());
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("strace is there");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap_or_default();
    (child, said["address"].as_str().map(str::to_owned), said["pid"].as_u64())
}

#[cfg(target_os = "linux")]
fn end(mut child: std::process::Child, pid: Option<u64>) {
    if let Some(pid) = pid {
        let mut kill = std::process::Command::new("kill");
        // One that was killed before is not there any more.
        let _ = kill.args(["-KILL", &pid.to_string()]).stderr(std::process::Stdio::null()).status();
    }
    child.wait().unwrap();
}

/// Sends a sale for each customer at the same time, whatever comes of it; how many were sold.
#[cfg(target_os = "linux")]
fn all_buy(pool: &Pool, address: &str, clerk: &str, customers: usize) -> usize {
    use std::io::{Read, Write};
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..customers)
            .map(|n| {
                let body = json!({ "customer": pool.customer(n), "amount_fen": 10_00 }).to_string();
                scope.spawn(move || {
                    let (bearer, id) = (format!("Bearer {clerk}"), format!("o{n}"));
                    let headers = [("Authorization", &*bearer), ("Idempotency-Key", &*id)];
                    let mut answer = String::new();
                    if let Ok(mut stream) = std::net::TcpStream::connect(address) {
                        let _ = stream.write_all(request("POST", "/v1/orders", &headers, &body).as_bytes());
                        let _ = stream.read_to_string(&mut answer);
                    }
                    usize::from(answer.starts_with("HTTP/1.1 200"))
                })
            })
            .collect();
        asked.into_iter().map(|one| one.join().unwrap()).sum()
    })
}

/// A card that breaks while it seals: what it may have sealed is asked of it again, and of another when it does not come back.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "wants strace"]
fn a_psam_that_breaks_in_the_middle_hands_its_orders_on() {
    for when in [1, 5, 9, 10, 14] {
        let pool = Pool::new(6);
        let clerk = pool.key("clerk");
        let card = pool.home().join(format!("bank/psams/{FIRST}.card"));
        let inject = format!("write:error=EIO:when={when}+");
        let (child, address, pid) = under_strace(&pool, &inject, Some(&card));
        let sold = all_buy(&pool, &address.unwrap(), &clerk, 6);
        end(child, pid);
        assert_eq!(sold, 6, "from write {when} on the first card fails, and the second seals");
        let server = pool.server(["pin", "pin"], &[]);
        for n in 0..6 {
            assert_eq!(pool.sell(&server, &clerk, n, &format!("o{n}")).ok()["count"], 1);
        }
        assert_eq!(server.end().0, Some(0));
        pool.agrees(6, 0);
    }
}

/// Killed at every few writes while several buy at once: asked again, each has one order, paid once.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "wants strace, and takes minutes"]
fn several_who_buy_at_once_are_killed_at_every_write_and_sold_to_once() {
    let (mut killed, mut before) = (0, 0);
    for call in ["pwrite64", "fdatasync", "write"] {
        for nth in (1..).step_by(3) {
            let pool = Pool::new(4);
            let clerk = pool.key("clerk");
            let (child, address, pid) = under_strace(&pool, &format!("{call}:signal=KILL:when={nth}"), None);
            let sold = address.map(|address| all_buy(&pool, &address, &clerk, 4));
            end(child, pid);
            match sold {
                None => before += 1,
                Some(4) => {}
                Some(_) => killed += 1,
            }
            let server = pool.server(["pin", "pin"], &[]);
            for n in 0..4 {
                let order = pool.sell(&server, &clerk, n, &format!("o{n}")).ok();
                assert_eq!(
                    (&order["count"], &order["amount_fen"]),
                    (&1.into(), &10_00.into()),
                    "{call} {nth}"
                );
            }
            assert_eq!(server.end().0, Some(0));
            pool.agrees(4, 0);
            if sold == Some(4) {
                break;
            }
        }
    }
    println!("killed {before} times before it listened, {killed} times while four bought at once");
    assert!(killed > 5);
}
