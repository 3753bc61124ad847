//! Keys, forms and addresses: what may not be asked, or not so.

use crate::command::Call;
use crate::service::{Server, key, request, sale};
use crate::world::{CHEN, Party, World, text};
use serde_json::json;
use std::io::Write;
use std::net::Shutdown;

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
    let supervisor = key(&world, "supervisor", &[]);
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
        "{\"customer\":\"330212012279\",\"amount\":null}",
        "{\"customer\":\"330212012279\",\"\":null}",
        "\u{0}",
    ] {
        with(body).fails(400, "request-malformed");
    }
    with("{\"customer\":\"12\"}").fails(400, "request-malformed");
    for (n, body) in ["{\"validity_days\":0}", "{\"validity_days\":3651}"].into_iter().enumerate() {
        let id = format!("v{n}");
        let headers = [("Authorization", &*format!("Bearer {supervisor}")), ("Idempotency-Key", &id)];
        server.ask("PUT", "/v1/terms", &headers, body).fails(422, "refused");
    }
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
    // A list may be longer than fields, and not without end.
    let list = |body: String, id: &str| {
        let headers = [("Authorization", &*format!("Bearer {supervisor}")), ("Idempotency-Key", id)];
        server.ask("POST", "/v1/meters", &headers, &body)
    };
    world.city(&["city", "delivery", "--out", "delivery.json"]).run().ok();
    let delivery = std::fs::read_to_string(world.path("delivery.json")).unwrap();
    list(delivery.clone() + &" ".repeat(1 << 20), "long-list").ok();
    list(delivery + &" ".repeat(5 << 20), "too-long-a-list").fails(413, "body-too-large");
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
    assert_eq!(operations, 74);
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
