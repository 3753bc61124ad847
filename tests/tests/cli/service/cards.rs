//! Purchases on user cards over HTTP, by a program that says what it likes of a card: what of it is refused before anybody pays, and
//! what is made for a card that is not there.

use crate::service::{Server, key};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};

const PATH: &str = "/v1/card-purchases";

/// What a program says of a card, and buys.
fn claim(customer: &Customer, fen: u32) -> Value {
    json!({
        "customer": customer.number, "amount_fen": fen, "card": "330200000801", "chip": "0102030405060708", "city": "33020000",
        "card_state": "test", "key_version": 1, "challenge": "1112131415161718",
    })
}

fn with(mut claim: Value, more: &[(&str, Value)]) -> Value {
    more.iter().for_each(|(name, value)| claim[*name] = value.clone());
    claim
}

#[test]
fn what_does_not_fit_is_refused_before_anybody_pays() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let server = Server::start(&world, &[]);
    let mut sent = 0;
    let mut tell = |more: &[(&str, Value)]| {
        sent += 1;
        server.post(&clerk, &format!("r{sent}"), PATH, &with(claim(&CHEN, 5_00), more))
    };
    let city = tell(&[("city", "33010000".into())]).fails(422, "card-sale-city");
    assert!(city["hint"].as_str().unwrap().contains("that the meter's city issued"), "{city}");
    let state = tell(&[("card_state", "formal".into())]).fails(403, "card-sale-state");
    assert!(state["hint"].as_str().unwrap().contains("test cards are for test meters"), "{state}");
    let version = tell(&[("key_version", 2.into())]).fails(422, "card-sale-version");
    assert!(version["hint"].as_str().unwrap().contains("have the city issue another card"), "{version}");
    tell(&[("customer", "330299999999".into())]).fails(404, "unknown-customer");
    tell(&[("meter", WANG.meter.into())]).fails(422, "customer-other-meter");
    tell(&[("amount_fen", 0.into())]).fails(422, "amount-nothing");
    tell(&[("amount_fen", Value::Null)]).fails(422, "refused");
    for (name, wrong) in [
        ("card", json!("33020000080")),
        ("chip", json!("01")),
        ("city", json!("3302")),
        ("card_state", json!("retired")),
        ("key_version", json!(256)),
        ("challenge", json!("11121314")),
        ("challenge", json!("no digits at all")),
        ("receipt", json!("00")),
        ("loaded_meter", json!("12")),
    ] {
        tell(&[(name, wrong)]).fails(400, "request-malformed");
    }
    let long = [("loaded_meter", json!(CHEN.meter)), ("receipt", json!("00".repeat(200)))];
    tell(&long).fails(400, "request-malformed");
    server.end();
    assert_eq!(world.books()["orders"], 0);
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// What stands on a card proves nothing: a receipt that somebody made up settles nothing and keeps nobody from buying; what is made
/// for a chip that is not there is one order of the customer's, paid once, and his own card takes it over.
#[test]
fn whoever_makes_a_card_up_pays_for_it_and_gets_nothing() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let card = world.path("user.card");
    let issue =
        ["user-card", "issue", "--number", "330200000802", "--card", text(&card), "--pin-file", "pin"];
    world.city(&issue).run().ok();
    let server = Server::start(&world, &[]);
    let forged =
        [("loaded_meter", json!(CHEN.meter)), ("receipt", json!("027100".to_owned() + &"00".repeat(60)))];
    let made = server.post(&clerk, "a", PATH, &with(claim(&CHEN, 5_00), &forged)).ok();
    assert_eq!(
        (&made["what"], &made["count"], &made["receipt"]["result"]),
        (&json!("sold"), &json!(1), &json!("refused"))
    );
    assert!(made["load"].as_str().unwrap().len() > 100, "{made}");
    // The same request once more is answered as it was; another challenge is another request for the same order.
    assert_eq!(server.post(&clerk, "a", PATH, &with(claim(&CHEN, 5_00), &forged)).ok(), made);
    server.post(&clerk, "a", PATH, &claim(&CHEN, 6_00)).fails(409, "request-id-reused");
    let other = with(claim(&CHEN, 5_00), &[("challenge", json!("2122232425262728"))]);
    let again = server.post(&clerk, "b", PATH, &other).ok();
    assert_eq!((&again["what"], &again["order"]), (&json!("again"), &made["order"]));
    assert_ne!(again["load"], made["load"]);
    server.post(&clerk, "c", PATH, &claim(&CHEN, 6_00)).fails(422, "outstanding");
    // Nor does what is no receipt at all.
    let garbage = [
        ("loaded_meter", json!(CHEN.meter)),
        ("receipt", json!("00FF")),
        ("challenge", json!("3132333435363738")),
    ];
    let told = server.post(&clerk, "g", PATH, &with(claim(&CHEN, 5_00), &garbage)).ok();
    assert_eq!((&told["what"], &told["receipt"]["result"]), (&json!("again"), &json!("refused")));
    // A receipt alone is asked of one route, and settles nothing either.
    let shown = json!({ "card": "330200000801", "chip": "0102030405060708", "loaded_meter": CHEN.meter, "receipt": "027100" });
    let told = server.post(&clerk, "d", "/v1/card-receipts", &shown).ok();
    assert_eq!(told["receipt"]["result"], "refused", "{told}");
    let none = json!({ "card": "330200000801", "chip": "0102030405060708" });
    assert_eq!(server.post(&clerk, "e", "/v1/card-receipts", &none).ok(), json!({ "receipt": null }));
    server.end();
    let write =
        ["server", "card", "write", text(&card), "--customer", CHEN.number, "--pin-file", "pin", "--json"];
    let written = world.bank(&write).run().ok().object();
    assert_eq!((&written["what"], &written["amount_fen"]), (&json!("anew"), &json!(5_00)));
    let insert = ["meter", "insert", CHEN.meter, text(&card), "--json"];
    assert_eq!(world.meters(&insert).run().ok().object()["credited_fen"], 5_00);
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["findings"]), (&json!(5_00), &json!(0)));
}

/// A card that the city revoked, by the number that is claimed; whoever claims another number gets what that chip does not take.
#[test]
fn a_revoked_card_buys_nothing() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let card = world.path("user.card");
    let issue =
        ["user-card", "issue", "--number", "330200000801", "--card", text(&card), "--pin-file", "pin"];
    world.city(&issue).run().ok();
    let revoke = [
        "city",
        "revoke",
        "user-card",
        "330200000801",
        "--pin-file",
        "pin",
        "--reason",
        "lost",
        "--why",
        "on the road",
    ];
    world.city(&revoke).run().ok();
    let list = world.folder(Party::City).join("revocation.json");
    world.bank(&["server", "revoked", text(&list)]).run().ok();
    let server = Server::start(&world, &[]);
    server.post(&clerk, "a", PATH, &claim(&CHEN, 5_00)).fails(403, "security");
    server.end();
    assert_eq!(world.books()["orders"], 0);
}
