//! A telephone buys for a meter that is online: the meter's port, the payment server, the customer's bank and the telephone's command
//! each in its own process.

use super::{Bank, joined};
use crate::command::Call;
use crate::meter_port::Port;
use crate::service::{Server, key};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

/// The eye of a customer's meter, where somebody with a telephone stands.
fn eye(world: &World, customer: &Customer) -> Port {
    Port::open(world.meters(&["meter", "port", customer.meter, "--listen", "127.0.0.1:0", "--infrared"]))
}

/// The customer's telephone, which has no folder of any party.
fn telephone(world: &World, eye: &Port, server: &Server, customer: &Customer, more: &[&str]) -> Call {
    let file = world.path("telephone.key");
    let (home, url) = (world.path("telephone"), format!("http://{}", server.address));
    let who = ["--msisdn", customer.msisdn, "--imsi", customer.imsi, "--imei", customer.imei];
    let asks = ["--home", text(&home), "--url", &url, "--key-file", text(&file)];
    let buy = ["meter", "buy", &eye.line, "--customer", customer.number];
    Call::plain(&world.path(""), &buy).with(&who).with(&asks).with(more)
}

fn balance(world: &World, customer: &Customer) -> u64 {
    let shown = world.meters(&["meter", "show", customer.meter, "--json"]).run().ok().object();
    shown["balance_fen"].as_u64().unwrap()
}

/// The telephone is held to the meter itself, over each line; one line a purchase, and one purse.
#[test]
fn a_telephone_buys_over_each_line() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    telephone_key(&world);
    let server = joined(&world, &bank);
    let file = world.path("telephone.key");
    let url = format!("http://{}", server.address);
    let who = ["--msisdn", CHEN.msisdn, "--imsi", CHEN.imsi, "--imei", CHEN.imei];
    // As on any telephone: the server's clock and its chance are its own.
    let home = world.path("home");
    let buy = |line: &str, more: &[&str]| {
        let buy = ["meter", "buy", CHEN.meter, "--line", line, "--customer", CHEN.number, "--json"];
        let asks = ["--home", text(&home), "--url", &url, "--key-file", text(&file)];
        let pays = ["--amount", "10", "--bank-account", "chen"];
        Call::plain(&world.path(""), &buy).with(&who).with(&asks).with(&pays).with(more).run()
    };
    for (n, line) in (1..).zip(["infrared", "irda", "bluetooth", "ble", "nfc"]) {
        let told = buy(line, &[]).ok().object();
        assert_eq!(
            (&told["receipt"]["result"], &told["line_time"]["line"]),
            (&json!("settled"), &json!(line))
        );
        assert_eq!((bank.balance("chen"), balance(&world, &CHEN)), (1000_00 - n * 10_00, n as u64 * 10_00));
    }
    // Out of reach nothing is sold.
    assert_eq!(buy("nfc", &["--distance", "9"]).code, 3);
    assert_eq!((bank.balance("chen"), balance(&world, &CHEN)), (950_00, 50_00));
    server.end();
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn a_telephone_buys_from_its_bank_for_its_meter() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    telephone_key(&world);
    let server = joined(&world, &bank);
    let port = eye(&world, &CHEN);
    let pay = ["--amount", "50", "--bank-account", "chen"];
    let told = telephone(&world, &port, &server, &CHEN, &pay).with(&["--json"]).run().ok().object();
    assert_eq!(told["receipt"]["result"], "settled");
    assert_eq!(told["purchase"]["state"], "settled");
    let sizes: Vec<&Value> = told["passed"].as_array().unwrap().iter().map(|one| &one["bytes"]).collect();
    assert_eq!(sizes, [&json!([40, 40]), &json!([127, 127]), &json!([105, 105]), &json!([105, 105])]);
    for passed in told["passed"].as_array().unwrap() {
        assert_eq!(passed["sha256"][0], passed["sha256"][1], "{passed}");
    }
    assert!(told["line"]["ms_1200"].as_u64() > told["line"]["least_ms_1200"].as_u64(), "{told}");
    assert_eq!((bank.balance("chen"), bank.ours(), balance(&world, &CHEN)), (950_00, 50_00, 50_00));
    // The bank has not so much: nothing is sealed, nothing credited, and the next purchase is as if it had not been.
    let much = ["--amount", "2000", "--bank-account", "chen"];
    let refused = telephone(&world, &port, &server, &CHEN, &much).with(&["--json"]).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &json!("payment-refused")), "{refused:?}");
    let more = ["--amount", "20", "--bank-account", "chen", "--wire-time"];
    telephone(&world, &port, &server, &CHEN, &more).run().ok().shows(&[
        "settled",
        "as it came",
        "1200 bit/s",
    ]);
    assert_eq!((bank.balance("chen"), bank.ours(), balance(&world, &CHEN)), (930_00, 70_00, 70_00));
    // Somebody else's SIM in the telephone; and a server that nobody named.
    let other = Customer { imsi: WANG.imsi, ..CHEN };
    let differs = telephone(&world, &port, &server, &other, &more).with(&["--json"]).run();
    assert_eq!((differs.code, &differs.object()["code"]), (1, &json!("online-differs")), "{differs:?}");
    assert_eq!((bank.balance("chen"), balance(&world, &CHEN)), (930_00, 70_00));
    let nobody = ["meter", "buy", &port.line, "--customer", CHEN.number, "--msisdn", CHEN.msisdn];
    let nobody = Call::plain(&world.path(""), &nobody).with(&["--imsi", CHEN.imsi, "--imei", CHEN.imei]);
    nobody.run().fails(2, &["--url"]);
    assert_eq!(port.end("-TERM").0, Some(0));
    server.end();
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&report["sold_fen"], &report["settled_fen"]), (&json!(70_00), &json!(70_00)), "{report}");
    world.bank(&["server", "verify"]).run().ok();
}

/// The same by the field's frames: account opened by the session, then recharges of which the telephone says nothing of itself.
#[test]
fn a_telephone_brings_a_recharge_by_frames() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    telephone_key(&world);
    let server = joined(&world, &bank);
    let port = eye(&world, &CHEN);
    let pay = ["--amount", "50", "--bank-account", "chen"];
    let (home, url) = (world.path("telephone"), format!("http://{}", server.address));
    let file = world.path("telephone.key");
    let frames = || {
        let buy = ["meter", "buy", &port.line, "--customer", CHEN.number, "--by", "recharge", "--json"];
        let asks = ["--home", text(&home), "--url", &url, "--key-file", text(&file)];
        Call::plain(&world.path(""), &buy).with(&asks).with(&pay).run()
    };
    let early = frames();
    assert_eq!((early.code, &early.object()["code"]), (1, &json!("recharge-kind")), "{early:?}");
    telephone(&world, &port, &server, &CHEN, &pay).run().ok();
    let told = frames().ok().object();
    assert_eq!(
        (&told["receipt"]["result"], &told["purchase"]["state"]),
        (&json!("settled"), &json!("settled"))
    );
    let sizes: Vec<&Value> = told["passed"].as_array().unwrap().iter().map(|one| &one["bytes"]).collect();
    assert_eq!(sizes, [&json!([16, 16]), &json!([22, 22]), &json!([113, 113])]);
    assert_eq!((bank.balance("chen"), bank.ours(), balance(&world, &CHEN)), (900_00, 100_00, 100_00));
    // The bank has not so much any more: nothing is made.
    let much = ["--amount", "2000", "--bank-account", "chen"];
    let buy = ["meter", "buy", &port.line, "--customer", CHEN.number, "--by", "recharge", "--json"];
    let asks = ["--home", text(&home), "--url", &url, "--key-file", text(&file)];
    let refused = Call::plain(&world.path(""), &buy).with(&asks).with(&much).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &json!("payment-refused")), "{refused:?}");
    assert_eq!((bank.balance("chen"), balance(&world, &CHEN)), (900_00, 100_00));
    assert_eq!(port.end("-TERM").0, Some(0));
    server.end();
    world.bank(&["server", "verify"]).run().ok();
}

fn telephone_key(world: &World) {
    let file = world.path("telephone.key");
    std::fs::write(&file, key(world, "bank", &["--by-phone"])).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What the server says to whoever asks it by hand.
#[test]
fn the_routes_of_an_online_purchase() {
    let world = World::new();
    let (clerk, auditor) = (key(&world, "clerk", &[]), key(&world, "auditor", &[]));
    let server = Server::start(&world, &[]);
    let wanted = json!({ "customer": CHEN.number, "amount_fen": 50_00 });
    server.post(&auditor, "b0", "/v1/online-purchases", &wanted).fails(403, "role-refused");
    let begun = server.post(&clerk, "b1", "/v1/online-purchases", &wanted);
    assert_eq!(begun.body, server.post(&clerk, "b1", "/v1/online-purchases", &wanted).body);
    let begun = begun.ok();
    let message = begun["message"].as_str().unwrap();
    assert_eq!((message.len(), &message[..4]), (80, "A001"));
    let id = begun["purchase"]["purchase"].as_str().unwrap();
    let at = format!("/v1/online-purchases/{id}");
    assert_eq!(server.get(&auditor, &at).ok(), begun["purchase"]);
    assert_eq!(begun["purchase"]["state"], "begun");
    let other = server.post(&clerk, "b2", "/v1/online-purchases", &wanted).ok();
    assert_ne!(other["purchase"]["purchase"], begun["purchase"]["purchase"]);
    // S1 by nobody who has the meter's keys; and messages that are none, or come too early.
    let forged = format!("A101{}{}{}", &message[4..18], id, "00".repeat(110));
    let say = |id: &str, what: &str, text: &str| {
        server.post(&clerk, id, &format!("{at}/{what}"), &json!({ "message": text }))
    };
    say("q1", "request", &forged).fails(422, "online-not-genuine");
    say("q2", "request", "A1").fails(422, "online-refused");
    say("q3", "request", "").fails(400, "request-malformed");
    say("q4", "request", &"00".repeat(256)).fails(400, "request-malformed");
    say("q5", "result", &"A3".repeat(105)).fails(422, "online-turn");
    let nobody = "/v1/online-purchases/0011223344556677";
    server.get(&clerk, nobody).fails(404, "online-unknown");
    server
        .post(&clerk, "q6", &format!("{nobody}/request"), &json!({ "message": forged }))
        .fails(404, "online-unknown");
    // Nothing of it is an order.
    assert_eq!(server.get(&clerk, &format!("/v1/orders?customer={}", CHEN.number)).ok()["orders"], json!([]));
    server.end();
    world.call(Party::Bank, &["server", "audit", "verify"]).run().ok();
}

/// Purchases of eight meters stand side by side; that of a ninth waits, and pushes none of them out. Whoever begins for one meter again and
/// again pushes out his own, and keeps nobody else from buying.
#[test]
fn who_begins_again_and_again_keeps_nobody_out() {
    let world = World::new();
    let people = ::world::people::made_up(7).unwrap();
    world.file("many.csv", &people.csv);
    world.bank(&["server", "register", "many.csv"]).run().ok();
    let chips: Vec<Value> = (1..)
        .zip(&people.registrations)
        .map(|(n, registration)| {
            let (meter, serial) = (registration.meter.to_string(), format!("00112233445566{n:02}"));
            json!({ "meter": meter, "serial": serial, "key_version": 1, "key_state": "test" })
        })
        .collect();
    let list = json!({ "format": "gridcard delivery 1", "city": "33020000", "made_at": "2026-11-22 08:00:00", "esams": chips });
    world.file("chips.json", list.to_string());
    world.bank(&["server", "meters", "chips.json"]).run().ok();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let begin = |id: &str, customer: &str| {
        let wanted = json!({ "customer": customer, "amount_fen": 50_00 });
        server.post(&clerk, id, "/v1/online-purchases", &wanted)
    };
    let say = |id: &str, begun: &Value, code: &str| {
        let (sid, hello) =
            (begun["purchase"]["purchase"].as_str().unwrap(), begun["message"].as_str().unwrap());
        let forged = format!("A101{}{sid}{}", &hello[4..18], "00".repeat(110));
        let at = format!("/v1/online-purchases/{sid}/request");
        server.post(&clerk, id, &at, &json!({ "message": forged })).fails(422, code);
    };
    let chens = begin("b0", CHEN.number).ok();
    let wangs: Vec<Value> = (0..20).map(|n| begin(&format!("w{n}"), WANG.number).ok()).collect();
    say("q0", &chens, "online-not-genuine");
    say("q1", &wangs[0], "online-forgotten");
    say("q2", &wangs[19], "online-not-genuine");
    let more: Vec<String> =
        people.registrations.iter().map(|registration| registration.customer.to_string()).collect();
    for (n, customer) in more.iter().take(6).enumerate() {
        begin(&format!("m{n}"), customer).ok();
    }
    let ninth = begin("m8", &more[6]).fails(503, "psam-busy");
    assert_eq!(ninth["retry"], true, "{ninth}");
    begin("b1", CHEN.number).ok();
    say("q3", &wangs[19], "online-not-genuine");
    server.end();
}
