//! Customers with several meters, and meters that change hands, over HTTP and by command.

use crate::service::functions::spare;
use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};

/// Another meter of Chen's.
const SECOND: Customer = Customer { meter: "000020181199", ..CHEN };
const SUMS: [&str; 5] = ["sold_fen", "settled_fen", "outstanding_fen", "transferred_fen", "refunded_fen"];

fn registration(customer: &Customer, meter: Option<&str>) -> Value {
    json!({
        "customer": customer.number, "meter": meter, "msisdn": customer.msisdn, "imsi": customer.imsi,
        "imei": customer.imei, "iccid": customer.iccid,
    })
}

/// The second meter is made and in the city's list.
fn with_second() -> World {
    let world = World::new();
    spare(&world);
    world.deliver_list();
    world
}

fn sums(server: &Server, key: &str) -> [i64; 5] {
    let report = server.get(key, "/v1/report").ok();
    SUMS.map(|name| report[name].as_i64().unwrap())
}

fn for_meter(customer: &Customer, meter: &str, fen: u32) -> Value {
    let mut sale = sale(customer, fen);
    sale["meter"] = meter.into();
    sale
}

#[test]
fn a_customer_with_two_meters_names_the_one_that_is_meant() {
    let world = with_second();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let told = server.post(&clerk, "r", "/v1/customers", &registration(&CHEN, Some(SECOND.meter))).ok();
    let known = &told["registration"];
    assert_eq!((&told["new"], &known["meter"]), (&true.into(), &Value::Null));
    let holds: Vec<&str> =
        known["holds"].as_array().unwrap().iter().map(|held| held["meter"].as_str().unwrap()).collect();
    assert_eq!(holds, [CHEN.meter, SECOND.meter]);
    let again = server.post(&clerk, "r2", "/v1/customers", &registration(&CHEN, Some(SECOND.meter))).ok();
    assert_eq!(again["new"], false);
    let mut other = registration(&CHEN, Some("000020181198"));
    other["imei"] = WANG.imei.into();
    server.post(&clerk, "r3", "/v1/customers", &other).fails(422, "registration-rejected");
    // Which is meant has to be said, and what there is stands in the answer.
    let which = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 5_00)).fails(422, "customer-which-meter");
    let words = which.to_string();
    assert!(words.contains(CHEN.meter) && words.contains(SECOND.meter), "{words}");
    server
        .post(&clerk, "o1", "/v1/orders", &for_meter(&CHEN, WANG.meter, 5_00))
        .fails(422, "customer-other-meter");
    for (id, path) in [("v", "/v1/voids"), ("e", "/v1/resumes"), ("i", "/v1/reissues")] {
        server.post(&clerk, id, path, &json!({ "customer": CHEN.number })).fails(422, "customer-which-meter");
    }
    let first = server.post(&clerk, "o2", "/v1/orders", &for_meter(&CHEN, CHEN.meter, 5_00)).ok();
    let second = server.post(&clerk, "o3", "/v1/orders", &for_meter(&CHEN, SECOND.meter, 7_00)).ok();
    assert_eq!((&first["count"], &second["count"]), (&1.into(), &1.into()));
    let of = |meter: &str| {
        server.get(&clerk, &format!("/v1/customers/{}?meter={meter}", CHEN.number)).ok()["outstanding"]["order"]
            .clone()
    };
    assert_eq!((of(CHEN.meter), of(SECOND.meter)), (first["order"].clone(), second["order"].clone()));
    // One SIM carries both, and each meter takes its own.
    for order in [&first, &second] {
        let sms = server.get(&clerk, &format!("/v1/orders/{}/sms", order["order"].as_str().unwrap()));
        world.write(&CHEN, &world.file(&format!("{}.sms", order["order"].as_str().unwrap()), sms.body));
    }
    world.insert(&CHEN, &SECOND).run().ok().shows(&["credited"]);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited"]);
    assert_eq!((world.purse(&CHEN).balance, world.purse(&SECOND).balance), (500, 700));
    for n in 0..2 {
        let record = hex::encode(crate::world::read_record(&world.collect(&CHEN)));
        let receipt = json!({ "record": record, "msisdn": CHEN.msisdn });
        let settled = server.post(&clerk, &format!("s{n}"), "/v1/receipts", &receipt).ok();
        assert_eq!(settled["result"], "settled", "{settled}");
    }
    assert_eq!(sums(&server, &supervisor), [12_00, 12_00, 0, 0, 0]);
    let statement = server.get(&clerk, &format!("/v1/customers/{}/statement", CHEN.number)).ok();
    let meters: Vec<&str> = statement["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["kind"] == "sale")
        .map(|line| line["meter"].as_str().unwrap())
        .collect();
    assert_eq!(meters, [CHEN.meter, SECOND.meter]);
    server.end();
    // By command it is the same; the records of two meters of one count lie beside each other.
    world
        .bank(&["server", "order", "--customer", CHEN.number, "--amount", "1", "--pin-file", "pin"])
        .run()
        .fails(1, &["several meters", CHEN.meter, SECOND.meter, "hint: ", "--meter"]);
    for meter in [CHEN.meter, SECOND.meter] {
        let order = [
            "server",
            "order",
            "--customer",
            CHEN.number,
            "--meter",
            meter,
            "--amount",
            "1",
            "--pin-file",
            "pin",
        ];
        let told = world.bank(&order).run().ok();
        let file = format!("{}-{meter}-2.sms", CHEN.number);
        assert!(told.stdout.contains(&file), "{}", told.stdout);
    }
    let known = world.bank(&["server", "customer", "--customer", CHEN.number]).run().ok();
    known.shows(&[&format!("{}, {}", CHEN.meter, SECOND.meter)]);
    world.bank(&["server", "verify"]).run().ok();
}

#[test]
fn a_meter_is_handed_over_with_its_purse() {
    let world = World::new();
    world.deliver_list();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let company = key(&world, "company", &[]);
    let server = Server::start(&world, &[]);
    let both = [&*clerk, &*supervisor];
    let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    let over = json!({ "meter": CHEN.meter, "customer": WANG.number, "note": "sold the flat" });
    server.post(&clerk, "h", "/v1/hand-overs", &over).fails(403, "security");
    server.post_by_two(both, "h1", "/v1/hand-overs", &over).fails(422, "hand-over-outstanding");
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "msisdn": CHEN.msisdn });
    server.post(&clerk, "s", "/v1/receipts", &receipt).ok();
    for (id, field, value, code) in [
        ("h2", "customer", CHEN.number, "hand-over-same-customer"),
        ("h3", "customer", "330200000099", "hand-over-unknown-customer"),
        ("h4", "meter", "000020189999", "hand-over-unknown-meter"),
    ] {
        let mut wrong = over.clone();
        wrong[field] = value.into();
        let told = server.post_by_two(both, id, "/v1/hand-overs", &wrong);
        assert_eq!(told.json()["code"], code, "{told:?}");
    }
    let before = sums(&server, &supervisor);
    let first = server.post_by_two(both, "h5", "/v1/hand-overs", &over);
    let done = first.ok();
    assert_eq!(server.post_by_two(both, "h5", "/v1/hand-overs", &over).body, first.body);
    assert_eq!(
        (&done["former_customer"], &done["customer"], &done["balance_fen"]),
        (&CHEN.number.into(), &WANG.number.into(), &50_00.into())
    );
    assert_eq!(sums(&server, &supervisor), before, "no fen moved");
    let events = server.get(&company, "/v1/events?after=0").ok();
    let event = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&event["kind"], &event["meter"], &event["customer"], &event["former_customer"]),
        (&"hand-over".into(), &CHEN.meter.into(), &WANG.number.into(), &CHEN.number.into())
    );
    // Who had it has none; who has it buys for it with his own SIM, and the purse goes on.
    server.post(&clerk, "n", "/v1/orders", &sale(&CHEN, 1_00)).fails(422, "customer-no-meter");
    let next = server.post(&clerk, "w", "/v1/orders", &for_meter(&WANG, CHEN.meter, 20_00)).ok();
    assert_eq!((&next["count"], &next["kind"]), (&2.into(), &"replacement SIM".into()));
    let sms = server.get(&clerk, &format!("/v1/orders/{}/sms", next["order"].as_str().unwrap()));
    world.write(&WANG, &world.file("next.sms", sms.body));
    world.insert(&WANG, &CHEN).run().ok().shows(&["credited"]);
    assert_eq!(world.purse(&CHEN).balance, 70_00);
    let record = hex::encode(crate::world::read_record(&world.collect(&WANG)));
    let receipt = json!({ "record": record, "msisdn": WANG.msisdn });
    assert_eq!(server.post(&clerk, "t", "/v1/receipts", &receipt).ok()["result"], "settled");
    let paid = |customer: &Customer| -> i64 {
        let told = server.get(&clerk, &format!("/v1/customers/{}/statement", customer.number)).ok();
        let lines = told["lines"].as_array().unwrap().clone();
        lines
            .iter()
            .filter(|line| line["kind"] == "sale")
            .map(|line| line["amount_fen"].as_i64().unwrap())
            .sum()
    };
    assert_eq!((paid(&CHEN), paid(&WANG)), (50_00, 20_00));
    let held = server.get(&clerk, &format!("/v1/customers/{}/contract", CHEN.number)).ok();
    assert!(held["meters"][0]["until"].is_string() && held["meter"].is_null(), "{held}");
    server.end();
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert!(
        log.lines().any(|line| line.contains("server hand-over") && line.contains("former_customer")),
        "{log}"
    );
    world.bank(&["server", "verify"]).run().ok();
    world.bank(&["server", "report", "--check"]).run().ok();
}

/// Somebody who moves in is registered without a meter, and gets one from whoever moves out.
#[test]
fn who_moves_in_is_registered_without_a_meter() {
    const NEW: Customer = Customer {
        number: "330200000777",
        msisdn: "+8613900000777",
        imsi: "460000207440777",
        iccid: "89860021047987990774",
        ..WANG
    };
    let world = World::new();
    let line = [NEW.number, "-", NEW.msisdn, NEW.imsi, NEW.imei, NEW.iccid].join(",");
    let list = world.file("moves-in.csv", format!("customer,meter,msisdn,imsi,imei,iccid\n{line}\n"));
    world.bank(&["server", "register", text(&list)]).run().ok().shows(&["registered"]);
    world.bank(&["server", "customer", "--customer", NEW.number]).run().ok();
    let order = ["server", "order", "--customer", NEW.number, "--amount", "1", "--pin-file", "pin"];
    world.bank(&order).run().fails(1, &["has no meter", "hint: "]);
    let over = ["server", "hand-over", "--meter", CHEN.meter, "--to", NEW.number, "--note", "moves in"];
    world.earnest(Party::Bank, &over).run().ok().shows(&[NEW.number, CHEN.number, CHEN.meter]);
    world.bank(&order).run().ok().shows(&[CHEN.meter]);
    world.bank(&["server", "audit", "verify"]).run().ok();
}
