//! The payment server over HTTP, as programs of others ask it: `server run` in its own process, plain HTTP/1.1 over a socket.

use crate::command::Call;
use crate::world::{CHEN, Customer, Party, WANG, World, read_record, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Child;
use std::time::Duration;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that ends with its test.
pub struct Server {
    child: Child,
    pub address: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It was done.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// It was not, and says so as every failure does.
    #[track_caller]
    pub fn fails(&self, status: u16, code: &str) -> Value {
        let object = self.json();
        assert_eq!((self.status, object["code"].as_str()), (status, Some(code)), "{self:?}");
        assert!(self.head.contains("application/problem+json"), "{self:?}");
        assert_eq!(object["status"], status);
        object
    }
}

impl Server {
    pub fn start(world: &World, more: &[&str]) -> Self {
        let args = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin"];
        Server::of(world.earnest(Party::Bank, &args).with(more))
    }

    fn of(call: Call) -> Self {
        let mut child = call.start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("http://") else {
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            panic!("no address but {line:?}: {words}");
        };
        Server { child, address: address.to_owned() }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads to the end.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // Who is refused in the middle may have nobody left to write to; what he was told stands all the same.
        let _ = stream.write_all(bytes);
        read(stream)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request(method, path, headers, body).as_bytes())
    }

    pub fn get(&self, key: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("Authorization", &format!("Bearer {key}"))], "")
    }

    pub fn post(&self, key: &str, id: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Authorization", &*format!("Bearer {key}")), ("Idempotency-Key", id)];
        self.ask("POST", path, &headers, &body.to_string())
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to end; gives its exit code and what it said.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (self.child.wait().unwrap().code(), words)
    }

    /// As when the machine's power goes.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bank\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

pub fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that closes on somebody who still writes resets the connection behind its answer.
    let end = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{end:?}: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// `server key add`.
pub fn key(world: &World, role: &str, more: &[&str]) -> String {
    let made = world.earnest(Party::Bank, &["server", "key", "add", "--role", role, "--json"]).with(more);
    made.run().ok().object()["key"].as_str().unwrap().to_owned()
}

fn sale(customer: &Customer, fen: u32) -> Value {
    json!({ "customer": customer.number, "amount_fen": fen })
}

/// The phone stores what the server sold, the meter credits it; gives what goes back.
fn credit(world: &World, customer: &Customer, server: &Server, key: &str, order: &Value) -> String {
    let record = server.get(key, &format!("/v1/orders/{}/sms", order["order"].as_str().unwrap()));
    assert_eq!(record.body.lines().next(), order["record"].as_str(), "{record:?}");
    let file = world.file("order.sms", record.body);
    world.write(customer, &file);
    world.insert(customer, customer).run().ok().shows(&["credited"]);
    hex::encode(read_record(&world.collect(customer)))
}

#[test]
fn a_purchase_from_registration_to_settlement() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let chen = json!({
        "customer": CHEN.number, "meter": CHEN.meter, "msisdn": CHEN.msisdn, "imsi": CHEN.imsi, "imei": CHEN.imei,
        "iccid": CHEN.iccid,
    });
    let registered = server.post(&clerk, "r-1", "/v1/customers", &chen).ok();
    assert_eq!(
        (&registered["new"], &registered["registration"]["meter"]),
        (&false.into(), &CHEN.meter.into())
    );
    let found = server.get(&clerk, &format!("/v1/customers?msisdn={}", CHEN.msisdn)).ok();
    assert_eq!((&found["customer"], &found["outstanding"]), (&CHEN.number.into(), &Value::Null));

    let order = server.post(&clerk, "o-1", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    assert_eq!((&order["amount_fen"], &order["count"]), (&50_00.into(), &1.into()));
    let id = order["order"].as_str().unwrap();
    assert_eq!(server.get(&clerk, &format!("/v1/orders/{id}")).ok()["state"], "sealed");

    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "msisdn": CHEN.msisdn });
    let settled = server.post(&clerk, "s-1", "/v1/receipts", &receipt).ok();
    assert_eq!(
        (&settled["result"], &settled["order"], &settled["more"]["credited_fen"]),
        (&"settled".into(), &id.into(), &50_00.into())
    );
    let again = server.post(&clerk, "s-2", "/v1/receipts", &receipt).ok();
    assert_eq!(again["result"], "already settled");
    let statement = server.get(&clerk, &format!("/v1/customers/{}/statement", CHEN.number)).ok();
    let kinds: Vec<&str> =
        statement["lines"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["sale", "delivery"]);
    let report = server.get(&supervisor, "/v1/report").ok();
    assert_eq!(
        (&report["sold_fen"], &report["settled_fen"], &report["sum_fen"]),
        (&50_00.into(), &50_00.into(), &0.into())
    );
    let verified = server.post(&supervisor, "v-1", "/v1/verify", &json!({})).ok();
    assert_eq!((&verified["agree"], &verified["psams"][0]["sealed"]), (&true.into(), &1.into()));

    let (code, words) = server.end();
    assert_eq!(code, Some(0), "{words}");
    // What the command sees is the same, and the log names the key that did each act.
    assert_eq!(world.books()["settled"], 1);
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let whose = format!("key:{}", &clerk[3..11]);
    let lines = |act: &str| log.lines().filter(|line| line.contains(act) && line.contains(&whose)).count();
    assert_eq!([lines("server order"), lines("server settle"), lines("server register")], [1, 2, 1], "{log}");
    assert!(!log.contains(&clerk[12..]), "no key stands in a log");
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn a_request_is_answered_the_same_for_ever() {
    let world = World::new();
    let (clerk, other) = (key(&world, "clerk", &[]), key(&world, "clerk", &[]));
    let server = Server::start(&world, &[]);
    let first = server.post(&clerk, "a", "/v1/orders", &sale(&CHEN, 10_00));
    first.ok();
    let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", "a")];
    // The same fields in another order are the same.
    let turned = format!("{{ \"amount_fen\": 1000,  \"customer\":\"{}\"}}", CHEN.number);
    assert_eq!(server.ask("POST", "/v1/orders", &headers, &turned).body, first.body);
    let reused = server.post(&clerk, "a", "/v1/orders", &sale(&CHEN, 10_01)).fails(409, "request-id-reused");
    assert_eq!(
        (&reused["request_id"], &reused["outcome"], &reused["retry"]),
        (&"a".into(), &"final".into(), &false.into())
    );
    server
        .post(&clerk, "a", "/v1/reversals", &json!({ "customer": CHEN.number }))
        .fails(409, "request-id-reused");
    // A refusal stays one; ids of another key are others.
    let refused = server.post(&clerk, "b", "/v1/orders", &sale(&CHEN, 10_00));
    assert_eq!((refused.status, &refused.json()["outcome"]), (422, &"final".into()), "{refused:?}");
    assert_eq!(server.post(&clerk, "b", "/v1/orders", &sale(&CHEN, 10_00)).body, refused.body);
    server.post(&other, "a", "/v1/orders", &sale(&WANG, 5_00)).ok();
    assert_eq!(server.end().0, Some(0));
    // Another server answers as this one did.
    let server = Server::start(&world, &[]);
    assert_eq!(server.post(&clerk, "a", "/v1/orders", &sale(&CHEN, 10_00)).body, first.body);
    assert_eq!(server.post(&clerk, "b", "/v1/orders", &sale(&CHEN, 10_00)).body, refused.body);
    server.end();
    let books = world.books();
    assert_eq!((&books["orders"], &books["sold_fen"]), (&2.into(), &15_00.into()));
}

#[test]
fn only_good_keys_of_the_right_role_may_ask() {
    let world = World::new();
    let (clerk, auditor, supervisor) =
        (key(&world, "clerk", &[]), key(&world, "auditor", &[]), key(&world, "supervisor", &[]));
    let bank = key(&world, "bank", &[]);
    let expired = key(&world, "clerk", &["--expires", "2026-11-22T00:00:00"]);
    let ended = key(&world, "clerk", &[]);
    world.earnest(Party::Bank, &["server", "key", "end", &ended[3..11]]).run().ok();
    world.earnest(Party::Bank, &["server", "key", "end", &ended[3..11]]).run().fails(1, &["no key"]);
    let server = Server::start(&world, &[]);
    let order = sale(&CHEN, 1_00);
    server
        .ask("POST", "/v1/orders", &[("Idempotency-Key", "x")], &order.to_string())
        .fails(401, "key-unknown");
    let mut forged = clerk.clone();
    forged.replace_range(12..13, if &clerk[12..13] == "0" { "1" } else { "0" });
    for wrong in ["", "gk_", "secret", &clerk[..75], &forged, "gk_00000000_"] {
        server.post(wrong, "x", "/v1/orders", &order).fails(401, "key-unknown");
    }
    server.post(&expired, "x", "/v1/orders", &order).fails(401, "key-ended");
    server.post(&ended, "x", "/v1/orders", &order).fails(401, "key-ended");
    server.post(&auditor, "x", "/v1/orders", &order).fails(403, "role-refused");
    server.get(&bank, "/v1/report").fails(403, "role-refused");
    server.get(&clerk, "/v1/findings").fails(403, "role-refused");
    server.post(&clerk, "x", "/v1/refunds", &json!({ "customer": CHEN.number })).fails(403, "role-refused");
    server.get(&auditor, "/v1/report").ok();
    server.get(&supervisor, "/v1/findings").ok();
    server.post(&clerk, "no id!", "/v1/orders", &order).fails(400, "request-id-missing");
    let without = [("Authorization", &*format!("Bearer {clerk}"))];
    server.ask("POST", "/v1/orders", &without, &order.to_string()).fails(400, "request-id-missing");
    server.end();
    assert_eq!(world.books()["orders"], 0);
    let list = world.bank(&["server", "key", "list"]).run().ok();
    assert!(list.stdout.contains("ended ") && !list.stdout.contains(&clerk[12..]), "{}", list.stdout);
}

#[test]
fn what_is_malformed_changes_nothing_and_hurts_nobody() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let with = |body: &str| {
        let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", "m")];
        server.ask("POST", "/v1/orders", &headers, body)
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"customer\":1}",
        "{\"customer\":\"330212012279\",\"amount_fen\":-1}",
        "{\"customer\":\"330212012279\",\"amount_fen\":1.5}",
        "{\"customer\":\"330212012279\",\"amount_fen\":4294967296}",
        "{\"customer\":\"330212012279\",\"amount\":1}",
        "\u{0}",
    ] {
        with(body).fails(400, "request-malformed");
    }
    with("{\"customer\":\"12\"}").fails(400, "request-malformed");
    server.get(&clerk, "/v1/customers/330299999999").fails(404, "unknown-customer");
    server.get(&clerk, "/v1/customers/33%3").fails(400, "request-malformed");
    server.get(&clerk, "/v1/customers?nobody=1").fails(400, "request-malformed");
    server.get(&clerk, "/v1/customers?msisdn=%zz").fails(400, "request-malformed");
    server.get(&clerk, "/v1/orders/0011223344556677").fails(404, "unknown-order");
    server.get(&clerk, "/v1/orders/../terms").fails(404, "no-such-path");
    server.get(&clerk, "/v2").fails(404, "no-such-path");
    server.ask("DELETE", "/v1/orders", &[], "").fails(405, "no-such-method");

    // Ten megabytes, told before or not.
    let long = "x".repeat(10 << 20);
    with(&long).fails(413, "body-too-large");
    let chunks = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer {clerk}\r\nIdempotency-Key: m\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    server.send(chunks.as_bytes()).fails(413, "body-too-large");
    let header = ("X-Long", &*"y".repeat(1 << 20));
    assert_eq!(server.ask("GET", "/live", &[header], "").status, 431);

    // Half of a head, half of a body, then nobody: and one who says nothing more until the end.
    let whole = request(
        "POST",
        "/v1/orders",
        &[("Authorization", &format!("Bearer {clerk}")), ("Idempotency-Key", "h")],
        &sale(&CHEN, 1_00).to_string(),
    );
    let mut held = Vec::new();
    for part in [10, whole.len() - 5] {
        let mut gone = server.connect();
        gone.write_all(&whole.as_bytes()[..part]).unwrap();
        gone.shutdown(Shutdown::Both).unwrap();
        let mut silent = server.connect();
        silent.write_all(&whole.as_bytes()[..part]).unwrap();
        held.push(silent);
    }
    server.ask("GET", "/live", &[], "").ok();
    server.ask("GET", "/ready", &[], "").ok();
    let (code, words) = server.end();
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(world.books()["orders"], 0);
}

#[test]
fn the_document_says_what_can_be_asked() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let document = server.ask("GET", "/openapi.json", &[], "").ok();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let places = path.matches('{').count();
            let named = operation["parameters"].as_array().unwrap();
            assert_eq!(named.iter().filter(|one| one["in"] == "path").count(), places, "{path}");
            // Each is there, and asks for a key before anything else.
            let path = path.replace(['{', '}'], "");
            server.ask(&method.to_uppercase(), &path, &[], "").fails(401, "key-unknown");
        }
        // And nothing beside it.
        let path = path.replace(['{', '}'], "");
        server.ask("DELETE", &path, &[], "").fails(405, "no-such-method");
    }
    assert_eq!(operations, 21);
    server.get(&clerk, "/v1/terms").ok();
    let figures = server.ask("GET", "/metrics", &[], "");
    assert_eq!(figures.status, 200);
    assert!(
        figures.body.contains("gridcard_answers_total{route=\"terms\",status=\"200\"} 1\n"),
        "{figures:?}"
    );
    assert!(figures.body.contains("gridcard_waiting 0\n"), "{figures:?}");
    let limited = Server::start(&world, &["--rate", "1", "--server", "1"]);
    limited.get(&clerk, "/v1/terms").ok();
    let refused = limited.get(&clerk, "/v1/terms");
    assert_eq!(refused.fails(429, "rate-limited")["retry"], true);
    assert!(refused.head.to_lowercase().contains("retry-after: "), "{refused:?}");
}

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

#[test]
fn it_listens_on_this_machine_alone() {
    let world = World::new();
    let run = |listen: &str| world.earnest(Party::Bank, &["server", "run", "--listen", listen]).run();
    run("0.0.0.0:0").fails(4, &["no address of this machine alone", "hint: "]);
    run("[::]:0").fails(4, &["no address of this machine alone"]);
    run("nowhere").fails(2, &[]);
    let server = Server::start(&world, &[]);
    run(&server.address).fails(3, &["cannot listen on", "hint: "]);
    let empty = World::empty(crate::world::Kind { apart: false, formal: false, suite: "3des" });
    Call::plain(&empty.path(""), &["server", "run", "--home", text(&empty.path("home"))])
        .run()
        .fails(1, &["an act of the bank"]);
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
        let first = server.post(&supervisor, &id, "/v1/refunds", &body);
        if first.status == 503 {
            assert_eq!((&first.json()["outcome"], &first.json()["retry"]), (&"unknown".into(), &true.into()));
        }
        let again = server.post(&supervisor, &id, "/v1/refunds", &body);
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

/// Moving what was paid to another chip wants two people: two keys, one of them a supervisor's.
#[test]
fn an_act_of_two_people_wants_two_keys() {
    let world = World::new();
    let [clerk, other] = [(); 2].map(|()| key(&world, "clerk", &[]));
    let (supervisor, auditor) = (key(&world, "supervisor", &[]), key(&world, "auditor", &[]));
    let server = Server::start(&world, &[]);
    server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let mut asked = 0;
    let mut ask = |first: &str, second: Option<&str>| {
        asked += 1;
        let (bearer, id) = (format!("Bearer {first}"), format!("two-{asked}"));
        let mut headers = vec![("Authorization", &*bearer), ("Idempotency-Key", &*id)];
        headers.extend(second.map(|second| ("Gridcard-Second", second)));
        let body = json!({ "customer": CHEN.number, "reason": "chip-replaced" }).to_string();
        server.ask("POST", "/v1/reissues", &headers, &body)
    };
    ask(&clerk, None).fails(403, "security");
    ask(&supervisor, None).fails(403, "security");
    ask(&clerk, Some(&clerk)).fails(403, "second-key");
    ask(&clerk, Some("gk_nobody")).fails(403, "second-key");
    ask(&clerk, Some(&clerk.replace(&clerk[3..11], &other[3..11]))).fails(403, "second-key");
    ask(&clerk, Some(&other)).fails(403, "security");
    ask(&clerk, Some(&auditor)).fails(403, "security");
    // Two people may, and the books know that it is not so.
    ask(&clerk, Some(&supervisor)).fails(422, "not-the-reason");
    ask(&supervisor, Some(&clerk)).fails(422, "not-the-reason");
    server.end();
    assert_eq!(world.books()["orders"], 1);
}

/// A PSAM's PIN is verified once, however much is sold; and the command finds it held until the server has ended.
#[test]
fn the_psam_stays_open_from_sale_to_sale() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &["--trace", "server.trace"]);
    for (n, customer) in [&CHEN, &WANG].into_iter().enumerate() {
        server.post(&clerk, &format!("o{n}"), "/v1/orders", &sale(customer, 5_00)).ok();
    }
    let again = json!({ "customer": CHEN.number, "amount_fen": 6_00 });
    server.post(&clerk, "c", "/v1/corrections", &again).ok();
    let sent = |start: &str| {
        let trace = std::fs::read_to_string(world.path("server.trace")).unwrap();
        trace.lines().filter(|line| line.starts_with(&format!("> {start}"))).count()
    };
    assert_eq!((sent("0020"), sent("8040")), (1, 3), "VERIFY once, SEAL ORDER three times");
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains("gridcard_psam_sessions 1\n"), "{figures}");
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

/// The other acts on money, each asked twice: corrected, paid back once, given up, and a finding cleared.
#[test]
fn what_was_sold_is_corrected_and_paid_back_once() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let twice = |key: &str, id: &str, path: &str, body: Value| {
        let first = server.post(key, id, path, &body);
        assert_eq!(server.post(key, id, path, &body).body, first.body, "{path}");
        first
    };
    let chen = json!({ "customer": CHEN.number });
    twice(&clerk, "o", "/v1/orders", sale(&CHEN, 50_00)).ok();
    let right = json!({ "customer": CHEN.number, "amount_fen": 20_00 });
    let corrected = twice(&clerk, "c", "/v1/corrections", right).ok();
    assert_eq!((&corrected["count"], &corrected["amount_fen"]), (&1.into(), &20_00.into()));
    // Sealed is sealed: it is not given up, and nothing is due before a receipt says what was credited.
    twice(&clerk, "v", "/v1/voids", chen.clone()).fails(422, "may-be-credited");
    twice(&supervisor, "r-0", "/v1/refunds", chen.clone()).fails(422, "refused");
    let receipt = json!({
        "record": credit(&world, &CHEN, &server, &clerk, &corrected), "msisdn": CHEN.msisdn,
    });
    let settled = twice(&clerk, "s", "/v1/receipts", receipt).ok();
    assert_eq!(settled["more"]["refund_due_fen"], 30_00);
    assert_eq!(twice(&supervisor, "r-1", "/v1/refunds", chen.clone()).ok()["refunded_fen"], 30_00);
    twice(&supervisor, "r-2", "/v1/refunds", chen.clone()).fails(422, "refused");
    // Taken back before the meter saw it: the order of nothing is credited, and all of it is due.
    twice(&clerk, "o2", "/v1/orders", sale(&CHEN, 10_00)).ok();
    let nothing = twice(&clerk, "n", "/v1/reversals", chen.clone()).ok();
    assert_eq!((&nothing["count"], &nothing["amount_fen"]), (&2.into(), &0.into()));
    twice(&clerk, "i", "/v1/reissues", chen.clone()).fails(422, "no-need");
    let receipt = json!({
        "record": credit(&world, &CHEN, &server, &clerk, &nothing), "msisdn": CHEN.msisdn,
    });
    twice(&clerk, "s2", "/v1/receipts", receipt).ok();
    assert_eq!(twice(&supervisor, "r-3", "/v1/refunds", chen).ok()["refunded_fen"], 10_00);
    let orders = server.get(&clerk, &format!("/v1/orders?customer={}", CHEN.number)).ok();
    let made: Vec<&str> =
        orders["orders"].as_array().unwrap().iter().map(|order| order["made_as"].as_str().unwrap()).collect();
    assert_eq!(made, ["sale", "correction", "sale", "reversal"]);
    // A receipt that was changed is refused; one of a meter with another clock settles and is a finding, which one person clears.
    let forged = json!({ "record": "00".repeat(176), "msisdn": CHEN.msisdn });
    assert_eq!(twice(&clerk, "f", "/v1/receipts", forged).status, 422);
    let order = twice(&clerk, "o3", "/v1/orders", sale(&WANG, 5_00)).ok();
    let record = server.get(&clerk, &format!("/v1/orders/{}/sms", order["order"].as_str().unwrap()));
    world.write(&WANG, &world.file("wang.sms", record.body));
    let sim = world.sim(&WANG);
    let insert = ["meter", "insert", WANG.meter, text(&sim)];
    world.call_at(Party::Meters, "2020-01-01 00:00:00", &insert).run().ok();
    let record = hex::encode(read_record(&world.collect(&WANG)));
    let settled =
        twice(&clerk, "s3", "/v1/receipts", json!({ "record": record, "msisdn": WANG.msisdn })).ok();
    assert_eq!(settled["more"]["findings"], json!([1]));
    let open = || server.get(&supervisor, "/v1/findings").ok()["findings"].as_array().unwrap().len();
    assert_eq!(open(), 1);
    let note = json!({ "note": "clock set by the fitter" });
    let cleared = twice(&clerk, "f-1", "/v1/findings/1/clear", note.clone()).ok();
    assert_eq!(
        (&cleared["kind"], &cleared["by"]),
        (&"meter-clock".into(), &format!("key:{}", &clerk[3..11]).into())
    );
    assert_eq!(open(), 0);
    assert_eq!(server.get(&supervisor, "/v1/findings?all=true").ok()["findings"][0]["finding"], 1);
    twice(&clerk, "f-2", "/v1/findings/1/clear", note.clone()).fails(422, "finding-cleared");
    twice(&clerk, "f-3", "/v1/findings/7/clear", note).fails(404, "finding-unknown");
    server.end();
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["refunded_fen"]), (&65_00.into(), &40_00.into()));
    world.bank(&["server", "verify"]).run().ok();
}
