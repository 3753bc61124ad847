//! Keys that are guessed, heads that could be read in two ways, clients that dawdle, a clock that went back, a disk that is full.

use crate::service::{Answer, Server, credit, key, read, request, sale};
use crate::world::{CHEN, Party, WANG, World};
use serde_json::{Value, json};
use std::io::{Read, Write};

fn log_of(world: &World) -> String {
    std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap()
}

/// An address that shows keys that are none is not looked at any more; who was let in from there before still is. Each such key
/// leaves a line, without the key.
#[test]
fn guessed_keys_are_limited_and_logged() {
    let world = World::new();
    let [good, late] = [(); 2].map(|()| key(&world, "clerk", &[]));
    let server = Server::start(&world, &[]);
    server.get(&good, "/v1/terms").ok();
    let guess = |n: u32| format!("gk_{}_{n:064x}", &late[3..11]);
    let mut refused = 0;
    let told = loop {
        let told = server.get(&guess(refused), "/v1/terms");
        if told.status != 401 {
            break told;
        }
        told.fails(401, "key-unknown");
        refused += 1;
        assert!(refused < 1000, "nobody counts");
    };
    assert!(refused >= 20, "{refused}");
    assert_eq!(told.fails(429, "key-tries")["retry"], true);
    assert!(told.head.to_lowercase().contains("retry-after: "), "{told:?}");
    server.get(&good, "/v1/terms").ok();
    // What is no key at all is no guess.
    server.ask("GET", "/v1/terms", &[], "").fails(401, "key-unknown");
    let figures = server.ask("GET", "/metrics", &[], "").body;
    let counted = figures.lines().find_map(|line| line.strip_prefix("gridcard_keys_refused_total "));
    assert!(counted.unwrap().parse::<u32>().unwrap() > refused, "{figures}");
    server.end();
    let log = log_of(&world);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("server ask")).collect();
    assert_eq!(lines.len(), refused as usize, "{log}");
    for line in &lines {
        assert!(
            line.contains("127.0.0.1") && line.contains(&late[3..11]) && line.contains("key:unknown"),
            "{line}"
        );
        assert!(!line.contains(&guess(0)[12..76]), "{line}");
    }
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// A look at somebody's data leaves a line that says who looked at whom; one at the bank's own leaves none.
#[test]
fn a_look_at_somebodys_data_is_in_the_log() {
    let world = World::new();
    let (clerk, auditor) = (key(&world, "clerk", &[]), key(&world, "auditor", &[]));
    let server = Server::start(&world, &[]);
    let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let order = order["order"].as_str().unwrap();
    for path in [
        format!("/v1/customers/{}", CHEN.number),
        format!("/v1/customers/{}/statement", CHEN.number),
        format!("/v1/customers?meter={}", CHEN.meter),
        format!("/v1/customers?msisdn={}", CHEN.msisdn),
        format!("/v1/orders?customer={}", CHEN.number),
        format!("/v1/orders/{order}"),
        "/v1/findings".to_owned(),
        "/v1/terms".to_owned(),
    ] {
        server.get(&auditor, &path).ok();
    }
    assert_eq!(server.get(&clerk, &format!("/v1/orders/{order}/sms")).status, 200);
    server.end();
    let log = log_of(&world);
    let looks =
        |what: &str| log.lines().filter(|line| line.contains("server look") && line.contains(what)).count();
    assert_eq!(looks(&format!("key:{}", &auditor[3..11])), 7, "{log}");
    assert_eq!(looks(&format!("key:{}", &clerk[3..11])), 1, "{log}");
    assert_eq!(looks(&format!("customer {}", CHEN.number)), 3, "{log}");
    assert_eq!([looks(CHEN.meter), looks(CHEN.msisdn), looks(&format!("order {order}"))], [1, 1, 2], "{log}");
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// Sends a head as it is, and gives all that comes back until the server closes.
fn raw(server: &Server, text: &str) -> String {
    let mut stream = server.connect();
    let _ = stream.write_all(text.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answers(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")).map(|line| &line[..3]).collect()
}

/// Heads that a proxy and the server could read in two ways, and paths that mean another one.
#[test]
fn games_with_heads_and_paths_win_nothing() {
    let world = World::new();
    let [clerk, other] = [(); 2].map(|()| key(&world, "clerk", &[]));
    let server = Server::start(&world, &[]);
    let bearer = format!("Authorization: Bearer {clerk}\r\n");
    let close = "Connection: close\r\n\r\n";
    let get = |line: &str, headers: &str| raw(&server, &format!("{line}\r\n{headers}{close}"));
    let host = format!("Host: bank\r\n{bearer}");
    // Twice is once too often, the same or not.
    for twice in [
        format!("{host}{bearer}"),
        format!("{host}Authorization: Bearer {other}\r\n"),
        format!("{host}Host: evil\r\n"),
        format!("{host}Idempotency-Key: a\r\nIdempotency-Key: b\r\n"),
        format!("{host}Gridcard-Second: {other}\r\nGridcard-Second: {other}\r\n"),
        bearer.clone(),
    ] {
        let told = get("GET /v1/terms HTTP/1.1", &twice);
        assert_eq!(answers(&told), ["400"], "{twice}: {told}");
    }
    // A second request hidden in a body: whatever is answered, it is not.
    let hidden = format!("GET /v1/report HTTP/1.1\r\nHost: bank\r\n{bearer}\r\n");
    let body = format!("0\r\n\r\n{hidden}");
    for lengths in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", body.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", body.len()),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: x\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: 5, 5\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 99999999999999999999\r\n".to_owned(),
    ] {
        let head = format!("POST /v1/orders HTTP/1.1\r\n{host}Idempotency-Key: h\r\n{lengths}\r\n{body}");
        let told = raw(&server, &head);
        assert_eq!(answers(&told).len(), 1, "{lengths}: {told}");
        assert!(matches!(answers(&told)[0], "400" | "413"), "{lengths}: {told}");
    }
    for (line, status) in [
        ("GET /v1/../v1/terms HTTP/1.1", "404"),
        ("GET /v1/./terms HTTP/1.1", "404"),
        ("GET //v1/terms HTTP/1.1", "404"),
        ("GET /v1/terms/ HTTP/1.1", "404"),
        ("GET /v1/%74erms HTTP/1.1", "404"),
        ("GET /V1/terms HTTP/1.1", "404"),
        ("GET /v1/terms%00 HTTP/1.1", "404"),
        ("GET /v1/terms;a=b HTTP/1.1", "404"),
        ("GET /live/../v1/terms HTTP/1.1", "404"),
        ("GET /v1/orders/..%2fterms HTTP/1.1", "400"),
        ("GET /v1/orders/%2e%2e HTTP/1.1", "400"),
        ("GET /v1/orders/%ff%fe HTTP/1.1", "400"),
        ("GET /v1/orders?customer=330212012279&customer=330203079649 HTTP/1.1", "400"),
        // The absolute form is a form [RFC 9112 3.2.2]; what is asked is the path, of this server.
        ("GET http://evil.example/v1/terms HTTP/1.1", "200"),
        ("GET http://evil.example/../etc/passwd HTTP/1.1", "404"),
        ("OPTIONS * HTTP/1.1", "404"),
        ("TRACE /v1/terms HTTP/1.1", "405"),
        ("HEAD /v1/orders HTTP/1.1", "400"),
        ("GET /v1/terms HTTP/2.0", "400"),
        ("GET\t/v1/terms HTTP/1.1", "400"),
        ("GET /v1/terms", "400"),
    ] {
        let told = get(line, &host);
        let first = answers(&told).first().map(|status| (*status).to_owned()).unwrap_or_default();
        assert_eq!(first, status, "{line}: {told}");
    }
    assert_eq!(answers(&raw(&server, &format!("CONNECT evil:1 HTTP/1.1\r\n{host}{close}"))), ["404"]);
    // A header's name decides nothing that another one says.
    for header in [
        "X-HTTP-Method-Override: PUT",
        "X-Original-URL: /v1/report",
        "X-Rewrite-URL: /v1/report",
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: for=10.0.0.1",
    ] {
        let told = get("GET /v1/terms HTTP/1.1", &format!("{host}{header}\r\n"));
        assert_eq!(answers(&told), ["200"], "{header}: {told}");
    }
    assert_eq!(server.end().0, Some(0));
    assert_eq!(world.books()["orders"], 0);
}

/// Clients that dawdle, by head and by body, more of them than there is room for: everybody else is served. Who dawdles alone is told
/// so; where there is no room he gives way.
#[test]
fn clients_that_dawdle_keep_nobody_out() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", "slow")];
    let whole = request("POST", "/v1/orders", &headers, &sale(&CHEN, 1_00).to_string());
    let slow_body = || {
        let mut stream = server.connect();
        stream.write_all(&whole.as_bytes()[..whole.len() - 3]).unwrap();
        stream
    };
    read(slow_body()).fails(408, "body-slow");
    let mut in_the_way = slow_body();
    let silent: Vec<_> = (0..300)
        .map(|n: usize| {
            let mut stream = server.connect();
            stream.write_all(&whole.as_bytes()[..n % 80]).unwrap();
            stream
        })
        .collect();
    server.get(&clerk, "/v1/terms").ok();
    let mut told = Vec::new();
    // Closed in the middle of what he said: some systems tell it as an end, some as a reset.
    let _ = in_the_way.read_to_end(&mut told);
    assert!(told.is_empty(), "{}", String::from_utf8_lossy(&told));
    drop(silent);
    assert_eq!(server.end().0, Some(0));
    assert_eq!(world.books()["orders"], 0);
}

/// The clock stands before the last act: nothing is sold, whoever looks may look, and a receipt settles as ever.
#[test]
fn a_clock_that_went_back_sells_nothing() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let record = credit(&world, &CHEN, &server, &clerk, &order);
    // Somebody acts a day later; now the server's clock stands before the last act.
    let now = world.now();
    world.wait(86_400);
    let office = ["server", "office", "--customer", WANG.number, "--office", ""];
    world.earnest(Party::Bank, &office).run().ok();
    world.at(now);
    let told = server.post(&clerk, "o2", "/v1/orders", &sale(&WANG, 5_00)).fails(503, "log-clock-back");
    assert_eq!(
        (&told["retry"], &told["outcome"]),
        (&true.into(), &"final".into()),
        "no word about the request"
    );
    server.get(&clerk, &format!("/v1/customers/{}", WANG.number)).ok();
    server.get(&supervisor, "/v1/report").ok();
    let receipt = json!({ "record": record, "msisdn": CHEN.msisdn });
    assert_eq!(server.post(&clerk, "s", "/v1/receipts", &receipt).ok()["result"], "settled");
    server.end();
    world.wait(2 * 86_400);
    let server = Server::start(&world, &[]);
    server.post(&clerk, "o2", "/v1/orders", &sale(&WANG, 5_00)).ok();
    server.end();
    let books = world.books();
    assert_eq!((&books["orders"], &books["settled"]), (&2.into(), &1.into()));
}

/// The disk takes no more in the middle of business: what is answered as done is kept, what is not is finished by the same request
/// when there is room, and nothing is paid twice.
#[test]
fn a_full_disk_loses_nothing_that_was_answered() {
    let world = World::new();
    let (clerk, other) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let largest = World::bytes(&world.folder(Party::Bank)).values().map(Vec::len).max().unwrap();
    let kib = u32::try_from(largest / 1024).unwrap() + 16;
    let run = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin"];
    let server = Server::of(world.earnest(Party::Bank, &run).on_small_disk(kib));
    let body = |n: usize| {
        if n == 0 { sale(&CHEN, 5_00) } else { json!({ "customer": CHEN.number, "amount_fen": 5_00 + n }) }
    };
    let ask = |server: &Server, n: usize| {
        let path = if n == 0 { "/v1/orders" } else { "/v1/corrections" };
        server.post_by_two([&clerk, &other], &format!("f{n}"), path, &body(n))
    };
    let mut done: Vec<Answer> = Vec::new();
    let told = loop {
        let told = ask(&server, done.len());
        if told.status != 200 {
            break told;
        }
        done.push(told);
        assert!(done.len() < 2000, "the disk is never full");
    };
    assert_eq!(told.status, 503, "{told:?}");
    assert_eq!(told.json()["retry"], true);
    // It is still there, and says what it can.
    server.ask("GET", "/live", &[], "").ok();
    let _ = server.end();
    let server = Server::start(&world, &[]);
    for (n, before) in done.iter().enumerate() {
        assert_eq!(ask(&server, n).body, before.body, "request {n}");
    }
    let order: Value = ask(&server, done.len()).ok();
    assert_eq!(order["count"], 1);
    let orders = server.get(&clerk, &format!("/v1/orders?customer={}", CHEN.number)).ok();
    assert_eq!(orders["orders"].as_array().unwrap().len(), done.len() + 1);
    server.end();
    let most = u64::try_from(5_00 + done.len()).unwrap();
    assert_eq!(world.books()["sold_fen"], most);
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn books_of_a_newer_program_are_not_served() {
    let world = World::new();
    let path = world.folder(Party::Bank).join("server.sqlite");
    let books = rusqlite::Connection::open(&path).unwrap();
    books.execute("INSERT INTO schema_version (version) VALUES (999)", []).unwrap();
    drop(books);
    let bytes = std::fs::read(&path).unwrap();
    let run = ["server", "run", "--listen", "127.0.0.1:0", "--json"];
    let ran = world.earnest(Party::Bank, &run).run().failed(1);
    assert_eq!(ran.object()["code"], "books-newer", "{}", ran.stdout);
    assert!(std::fs::read(&path).unwrap() == bytes, "the books were touched");
}
