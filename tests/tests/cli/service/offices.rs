//! Offices are apart: what a customer of another one has is not there, whichever way it is asked for.

use crate::service::{Answer, Server, credit, key, sale};
use crate::world::{CHEN, Party, WANG, World, ZHANG, read_record, text};
use serde_json::{Map, Value, json};
use server::{Incoming, receipt_user_data};
use std::collections::BTreeSet;

/// Names in paths, queries and bodies that are of something that belongs to a customer.
const SOMEBODYS: [&str; 19] = [
    "bill",
    "change",
    "contract",
    "customer",
    "finding",
    "iccid",
    "imsi",
    "loaded_meter",
    "meter",
    "msisdn",
    "old_meter",
    "order",
    "payment",
    "phone",
    "purchase",
    "receipt",
    "record",
    "rest",
    "slip",
];
/// And those that are not: money, words, times, the bank's own.
const FREE: [&str; 22] = [
    "after",
    "all",
    "amount_fen",
    "begins",
    "blocked",
    "clock_tolerance_s",
    "ends",
    "esam",
    "first_purchase_fen",
    "id",
    "imei",
    "limit",
    "message",
    "name",
    "note",
    "office",
    "price_e4",
    "random",
    "reason",
    "server_number",
    "service_centre",
    "source",
];
const MORE_FREE: [&str; 33] = [
    "address",
    "authorisation_code",
    "balance_fen",
    "bank",
    "basis",
    "by",
    "by_channel",
    "by_office",
    "by_tariff",
    "card",
    "card_state",
    "challenge",
    "chip",
    "city",
    "count",
    "counted_fen",
    "day",
    "entry",
    "from",
    "items",
    "key_version",
    "limit_fen",
    "old_sim_record",
    "paper",
    "paper_number",
    "pay",
    "period",
    "provisional",
    "scan_sha256",
    "scope",
    "tariff",
    "to",
    "validity_days",
];
/// Routes, and which of their names are of something that comes to be.
const MAKING: [(&str, &[&str]); 4] = [
    ("register", &["customer", "meter", "msisdn", "imsi", "iccid"]),
    ("apply", &["customer", "meter", "msisdn", "imsi", "iccid", "bill"]),
    ("change-meter", &["meter"]),
    ("replace-sim", &["msisdn", "imsi", "iccid"]),
];

/// What one route takes.
struct Operation {
    name: String,
    method: String,
    path: String,
    roles: String,
    /// In the path, in the query, in the body; and which of the body must be there.
    places: Vec<String>,
    query: Vec<String>,
    fields: Map<String, Value>,
    must: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut out = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, one) in methods.as_object().unwrap() {
            let named = |place: &str| -> Vec<String> {
                let all = one["parameters"].as_array().unwrap().iter();
                let here = all.filter(|parameter| parameter["in"] == place);
                here.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
            };
            let schema = &one["requestBody"]["content"]["application/json"]["schema"];
            let must = schema["required"].as_array().cloned().unwrap_or_default();
            out.push(Operation {
                name: one["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                roles: one["description"].as_str().unwrap().to_owned(),
                places: named("path"),
                query: named("query"),
                fields: schema["properties"].as_object().cloned().unwrap_or_default(),
                must: must.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    out
}

/// Something that is not a customer's, of the kind that a field wants.
fn filler(name: &str, schema: &Value) -> Value {
    match (name, schema["type"].as_str()) {
        ("record", _) => "00".repeat(176).into(),
        ("esam" | "chip" | "challenge", _) => "00".repeat(8).into(),
        ("card", _) => "330200000801".into(),
        ("city", _) => "33020000".into(),
        ("card_state", _) => "test".into(),
        ("random", _) => "00".repeat(4).into(),
        ("begins" | "ends", _) => "2026-12-01T00:00:00+08:00".into(),
        (_, Some("integer")) => 100.into(),
        (_, Some("boolean")) => true.into(),
        _ => "x".into(),
    }
}

/// The request of a route that names one thing; everything else is of no customer, or of Chen, who is this office's own.
fn request(operation: &Operation, name: &str, value: &str) -> (String, Value) {
    let own = |name: &str| match name {
        "customer" => Some(CHEN.number),
        "meter" => Some(CHEN.meter),
        "msisdn" => Some(CHEN.msisdn),
        _ => None,
    };
    let mut path = operation.path.clone();
    for place in &operation.places {
        let text = if place == name { value } else { own(place).unwrap_or("x") };
        path = path.replace(&format!("{{{place}}}"), text);
    }
    if operation.query.iter().any(|one| one == name) {
        path.push_str(&format!("?{name}={value}"));
    }
    let mut body = Map::new();
    for (field, schema) in &operation.fields {
        if field == name {
            body.insert(field.clone(), value.into());
        } else if operation.must.contains(field) {
            let filled = own(field).map_or_else(|| filler(field, schema), Value::from);
            body.insert(field.clone(), filled);
        }
    }
    (path, body.into())
}

fn ask(server: &Server, key: &str, operation: &Operation, path: &str, body: &Value, id: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("Authorization", &*bearer)];
    if operation.method == "GET" {
        return server.ask("GET", path, &headers, "");
    }
    headers.push(("Idempotency-Key", id));
    server.ask(&operation.method, path, &headers, &body.to_string())
}

/// Two offices: Chen belongs to the north, Wang to the south; Zhang to nobody but the head office.
fn two_offices() -> World {
    let world = World::new();
    for (customer, office) in [(&CHEN, "north"), (&WANG, "south")] {
        let give = ["server", "office", "--customer", customer.number, "--office", office];
        world.earnest(Party::Bank, &give).run().ok();
    }
    world
}

fn of(world: &World, role: &str, office: &str) -> String {
    key(world, role, &["--office", office])
}

/// Every route of the table, asked for every name that it takes: of the south's customer, and of nobody. The north hears the same.
#[test]
fn what_another_office_has_is_not_there() {
    let world = two_offices();
    let [clerk, supervisor] = ["clerk", "supervisor"].map(|role| of(&world, role, "north"));
    let (theirs, head) = (of(&world, "clerk", "south"), key(&world, "supervisor", &[]));
    let company = key(&world, "company", &[]);
    let server = Server::start(&world, &[]);
    // The south has a settled order whose receipt is a finding, one that is outstanding, and a contract.
    let sold = server.post(&theirs, "o1", "/v1/orders", &sale(&WANG, 5_00)).ok();
    let sms = server.get(&theirs, &format!("/v1/orders/{}/sms", sold["order"].as_str().unwrap()));
    world.write(&WANG, &world.file("wang.sms", sms.body));
    let sim = world.sim(&WANG);
    let insert = ["meter", "insert", WANG.meter, text(&sim)];
    world.call_at(Party::Meters, "2020-01-01 00:00:00", &insert).run().ok();
    let record = hex::encode(read_record(&world.collect(&WANG)));
    let packet = receipt_user_data(Incoming::Record(&hex::decode(&record).unwrap())).unwrap();
    let packet = hex::encode(packet);
    let receipt = json!({ "record": record, "msisdn": WANG.msisdn });
    assert_eq!(server.post(&theirs, "s1", "/v1/receipts", &receipt).ok()["more"]["findings"], json!([1]));
    let order = server.post(&theirs, "o2", "/v1/orders", &sale(&WANG, 6_00)).ok()["order"].clone();
    let online = server.post(&theirs, "p1", "/v1/online-purchases", &json!({ "customer": WANG.number })).ok();
    let online = online["purchase"]["purchase"].as_str().unwrap().to_owned();
    let said = json!({ "source": "power", "id": "c1", "contract": "W-1", "meter": WANG.meter, "begins": "2026-11-01T00:00:00" });
    server.post(&company, "c1", "/v1/contracts", &said).ok();
    let slip =
        server.post(&theirs, "g1", "/v1/codes", &json!({ "customer": WANG.number })).ok()["slip"].clone();
    let slip = slip.as_str().unwrap().to_owned();
    let apply = json!({
        "customer": WANG.number, "meter": WANG.meter, "msisdn": WANG.msisdn, "imsi": WANG.imsi, "imei": WANG.imei,
        "iccid": WANG.iccid, "bill": "WANG-1",
    });
    server.post(&theirs, "a1", "/v1/applications", &apply).ok();
    let house = || {
        let mut report = server.get(&head, "/v1/report").ok();
        report["log"].take();
        report
    };
    let before = house();

    let document = server.ask("GET", "/openapi.json", &[], "").ok();
    let mut asked = BTreeSet::new();
    for operation in operations(&document) {
        let names = operation.places.iter().chain(&operation.query).chain(operation.fields.keys());
        let names: BTreeSet<&String> = names.collect();
        let key = match &operation.roles {
            roles if roles.contains("clerk") => &clerk,
            roles if roles.contains("supervisor") => &supervisor,
            _ => continue,
        };
        for name in &names {
            let free = FREE.iter().chain(&MORE_FREE).any(|free| free == name);
            assert!(free != SOMEBODYS.contains(&name.as_str()), "{name} is classed nowhere, or twice");
        }
        for name in names.into_iter().filter(|name| SOMEBODYS.contains(&name.as_str())) {
            let order = order.as_str().unwrap();
            let [wangs, nobodys] = match name.as_str() {
                "customer" => [WANG.number, "330299999999"],
                "meter" | "old_meter" | "loaded_meter" => [WANG.meter, "000099999998"],
                "msisdn" => [WANG.msisdn, "+8613999999999"],
                "imsi" => [WANG.imsi, "460009999999999"],
                "iccid" => [WANG.iccid, "89860099999999999996"],
                "order" => [order, "0011223344556677"],
                "finding" => ["1", "7777"],
                "contract" => ["W-1", "W-7777"],
                "payment" | "rest" => [order, "0011223344556677"],
                "purchase" => [&*online, "0011223344556677"],
                // Nobody here has one: the south hears what the north hears.
                "change" => ["1", "7777"],
                "slip" => [&*slip, "0A0B0C0D"],
                // Nobody here has enrolled one: the two are alike unknown.
                "phone" => ["0011223344556677", "7766554433221100"],
                "bill" => ["WANG-1", "WANG-7777"],
                _ => [&*record, ""],
            };
            if name == "record" {
                // A receipt that was settled for the south, as one of the north's own SIM.
                let body = json!({ "record": record, "msisdn": CHEN.msisdn });
                let told = server.post(key, "record", "/v1/receipts", &body);
                told.fails(422, "receipt-unknown-sim");
                continue;
            }
            if name == "receipt" {
                // The same on a card that says it was loaded for the north's own meter.
                let (path, mut body) = request(&operation, name, &packet);
                body["loaded_meter"] = CHEN.meter.into();
                let told =
                    ask(&server, key, &operation, &path, &body, &format!("{}-receipt", operation.name));
                told.fails(422, "receipt-unknown-sim");
                continue;
            }
            let making = MAKING.iter().find(|(making, _)| *making == operation.name);
            if making.is_some_and(|(_, names)| names.contains(&name.as_str())) {
                continue;
            }
            let id = format!("{}-{name}", operation.name);
            let hear = |value: &str, id: &str| {
                let (path, body) = request(&operation, name, value);
                let told = ask(&server, key, &operation, &path, &body, id);
                let is_none = matches!(told.status, 403 | 404) || told.json()["code"] == "code-ended";
                assert!(is_none, "{path} {body}: {told:?}");
                (told.status, told.body.replace(value, "THIS").replace(id, "ID"))
            };
            let (of_wang, of_nobody) = (hear(wangs, &format!("{id}-w")), hear(nobodys, &format!("{id}-n")));
            assert_eq!(of_wang, of_nobody, "{} {name}", operation.name);
            asked.insert(operation.name.clone());
        }
    }
    assert!(asked.len() >= 16, "{asked:?}");
    // Whoever registers what the south has hears that it is there, and nothing of it.
    let again = |customer: &str, meter: &str| {
        json!({
            "customer": customer, "meter": meter, "msisdn": "+8613999999999", "imsi": "460009999999999",
            "imei": CHEN.imei, "iccid": "89860099999999999996",
        })
    };
    for body in [again(WANG.number, "000099999998"), again("330299999999", WANG.meter)] {
        let id = format!("r-{}", body["customer"]);
        let told = server.post(&clerk, &id.replace('"', ""), "/v1/customers", &body);
        told.fails(422, "registration-rejected");
        assert!(told.body.contains("another office"), "{told:?}");
        let given = body.to_string();
        for secret in [WANG.number, WANG.meter, WANG.imsi, WANG.msisdn, WANG.iccid] {
            assert!(given.contains(secret) || !told.body.contains(secret), "{told:?}");
        }
    }
    // Nothing of the south's has changed, and every try is in the log, by the key that tried.
    assert_eq!(house(), before);
    assert_eq!(
        server.get(&theirs, &format!("/v1/orders/{}", order.as_str().unwrap())).ok()["state"],
        "sealed"
    );
    server.end();
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let tries = |key: &str, what: &str| {
        let who = format!("key:{}", &key[3..11]);
        log.lines()
            .filter(|line| line.contains(&who) && line.contains(what) && line.contains("refused"))
            .count()
    };
    assert!(tries(&clerk, &format!("customer {}", WANG.number)) >= 8, "{log}");
    assert!(tries(&clerk, &format!("order {}", order.as_str().unwrap())) >= 2, "{log}");
    assert!(tries(&clerk, "finding 1") >= 1 && tries(&clerk, "contract W-1") == 1, "{log}");
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// Its own customers are there for an office; all of them for the head office, auditors, the bank. A customer who moves goes with
/// what he has.
#[test]
fn each_office_sees_its_own_and_the_head_office_all() {
    let world = two_offices();
    let [north, south] = ["north", "south"].map(|office| of(&world, "clerk", office));
    let head = key(&world, "supervisor", &[]);
    let auditor = of(&world, "auditor", "north");
    let other = of(&world, "supervisor", "south");
    let (bank, north_supervisor) = (of(&world, "bank", "north"), of(&world, "supervisor", "north"));
    let server = Server::start(&world, &[]);
    let status = |key: &str, customer: &str| server.get(key, &format!("/v1/customers/{customer}")).status;
    for key in [&head, &auditor, &bank] {
        assert_eq!([&CHEN, &WANG, &ZHANG].map(|customer| status(key, customer.number)), [200; 3]);
    }
    assert_eq!([&CHEN, &WANG, &ZHANG].map(|customer| status(&north, customer.number)), [200, 404, 404]);
    assert_eq!([&CHEN, &WANG, &ZHANG].map(|customer| status(&south, customer.number)), [404, 200, 404]);
    // What the north registers is the north's.
    server.post(&north, "o", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    // The whole house is nothing for one office.
    for (method, path, body) in [
        ("GET", "/v1/report", json!({})),
        ("GET", "/v1/events", json!({})),
        ("POST", "/v1/verify", json!({})),
        ("PUT", "/v1/terms", json!({})),
        ("PUT", "/v1/customers/330212012279/office", json!({ "office": "south" })),
    ] {
        let bearer = format!("Bearer {north_supervisor}");
        let headers = [("Authorization", &*bearer), ("Idempotency-Key", "h")];
        let body = if method == "GET" { String::new() } else { body.to_string() };
        server.ask(method, path, &headers, &body).fails(403, "office-refused");
    }
    // Two people of two offices are no two people of one act.
    let chip = json!({ "customer": CHEN.number, "reason": "chip-replaced" }).to_string();
    let bearer = format!("Bearer {north}");
    let two = |second: &str, id: &str| {
        let headers = [("Authorization", &*bearer), ("Idempotency-Key", id), ("Gridcard-Second", second)];
        server.ask("POST", "/v1/reissues", &headers, &chip)
    };
    two(&other, "t1").fails(403, "second-key");
    two(&north_supervisor, "t2").fails(422, "not-the-reason");
    two(&head, "t3").fails(422, "not-the-reason");
    // Chen moves to the south, by the head office.
    let headers = [("Authorization", &*format!("Bearer {head}")), ("Idempotency-Key", "m")];
    let path = format!("/v1/customers/{}/office", CHEN.number);
    let moved = server.ask("PUT", &path, &headers, "{\"office\":\"south\"}").ok();
    assert_eq!((&moved["customer"], &moved["office"]), (&CHEN.number.into(), &"south".into()));
    assert_eq!((status(&north, CHEN.number), status(&south, CHEN.number)), (404, 200));
    let orders = server.get(&south, &format!("/v1/orders?customer={}", CHEN.number)).ok();
    assert_eq!(orders["orders"].as_array().unwrap().len(), 1);
    server.end();
    // Who looked at whom is in the log.
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let looks = |key: &str| {
        let who = format!("key:{}", &key[3..11]);
        let of_whom = format!("customer {}", ZHANG.number);
        let of_it =
            |line: &&str| line.contains(&who) && line.contains("server look") && line.contains(&of_whom);
        log.lines().filter(of_it).count()
    };
    assert_eq!([&auditor, &bank, &north].map(|key| looks(key)), [1, 1, 1], "{log}");
}

/// A list that is registered for an office is that office's, at the command as over HTTP; its settled receipt is too.
#[test]
fn what_an_office_registers_is_its_own() {
    let world = World::new();
    let west = of(&world, "clerk", "west");
    let csv = "customer,meter,msisdn,imsi,imei,iccid\n\
        330200000011,000020189991,+8613900000991,460000200009991,353328111726053,89860021047987999916\n";
    let list = world.file("west.csv", csv);
    world.earnest(Party::Bank, &["server", "register", text(&list), "--office", "west"]).run().ok();
    let long = "x".repeat(65);
    world
        .earnest(Party::Bank, &["server", "register", text(&list), "--office", &long])
        .run()
        .fails(1, &["the name of an office"]);
    let give = ["server", "office", "--customer", CHEN.number, "--office", "west"];
    world.earnest(Party::Bank, &give).run().ok().shows(&["belongs to west"]);
    let unknown = ["server", "office", "--customer", "330299999999", "--office", "west"];
    world.earnest(Party::Bank, &unknown).run().fails(1, &["not registered"]);
    let server = Server::start(&world, &[]);
    server.get(&west, "/v1/customers/330200000011").ok();
    let body = json!({
        "customer": "330200000012", "meter": "000020189992", "msisdn": "+8613900000992", "imsi": "460000200009992",
        "imei": "353328111726053", "iccid": "89860021047987999924",
    });
    let new = server.post(&west, "r", "/v1/customers", &body).ok();
    assert_eq!(new["registration"]["customer"], "330200000012");
    server.get(&west, "/v1/customers?meter=000020189992").ok();
    let order = server.post(&west, "o", "/v1/orders", &sale(&CHEN, 3_00)).ok();
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &west, &order), "msisdn": CHEN.msisdn });
    assert_eq!(server.post(&west, "s", "/v1/receipts", &receipt).ok()["result"], "settled");
    assert_eq!(server.post(&west, "s2", "/v1/receipts", &receipt).ok()["result"], "already settled");
    server.end();
}
