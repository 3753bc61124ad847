//! A purchase and what follows it, over HTTP.

use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Kind, Party, WANG, World, read_record, text};
use serde_json::{Value, json};

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

    let new = json!({
        "customer": "330299999999", "meter": "000029999999", "msisdn": "+8613900009999", "imsi": "460000000009999",
        "imei": CHEN.imei, "iccid": "89860021047987999990", "name": "Qiu Lan", "first_purchase_fen": 25_50,
    });
    let registered = server.post(&clerk, "r-2", "/v1/customers", &new).ok();
    assert_eq!(registered["registration"]["first_purchase_fen"], 25_50);

    let order = server.post(&clerk, "o-1", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    let again = server.post(&clerk, "f-1", "/v1/resumes", &json!({ "customer": CHEN.number })).ok();
    assert_eq!(again["resumed"], 1, "its record is there, and no second order");
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
    assert_eq!([lines("server order"), lines("server settle"), lines("server register")], [1, 2, 2], "{log}");
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

/// Whoever could give himself two keys would be both persons of every act that wants two.
#[test]
fn a_key_is_given_by_two_people() {
    let add = ["server", "key", "add", "--role", "supervisor"];
    // Earnest money, and nobody is known: nobody gets a key.
    let formal = World::of(Kind { apart: false, formal: true, suite: "3des" });
    formal.bank_knows();
    formal
        .earnest(Party::Bank, &add)
        .run()
        .fails(4, &["giving a program a key wants two people, and no operators are registered"]);
    // Where people are known it is two of them, whatever the state.
    let world = World::new();
    for name in ["chen", "wang"] {
        world.file(name, format!("{name}'s password"));
    }
    let person = |name: &str, role: &str| {
        let file = name.to_lowercase();
        let args = ["operator", "add", name, "--role", role, "--password-file", &file, "--party", "bank"];
        world.earnest(Party::Bank, &args)
    };
    let chen = ["--operator", "Chen", "--operator-password-file", "chen"];
    let wang_too = ["--second-operator", "Wang", "--second-password-file", "wang"];
    person("Chen", "clerk").run().ok();
    person("Wang", "supervisor").with(&chen).run().ok();
    world.earnest(Party::Bank, &add).with(&chen).run().fails(4, &["wants two people; Chen alone is one"]);
    let kept =
        world.earnest(Party::Bank, &["server", "key", "list", "--json"]).with(&chen).run().ok().object();
    assert_eq!(kept["keys"].as_array().map(Vec::len), Some(0), "{kept}");
    key(&world, "supervisor", &[chen, wang_too].concat());
    let shown =
        world.earnest(Party::Bank, &["server", "audit", "show", "--json"]).with(&chen).run().ok().object();
    let line =
        shown["entries"].as_array().unwrap().iter().rfind(|entry| entry["act"] == "server key add").unwrap();
    assert_eq!((&line["who"], &line["facts"]["second"]), (&"Chen".into(), &"Wang".into()));
}

/// Moving what was paid to another chip wants two people: two keys, one of them a supervisor's.
#[test]
fn an_act_of_two_people_wants_two_keys() {
    let world = World::new();
    let [clerk, other] = [(); 2].map(|()| key(&world, "clerk", &[]));
    let (supervisor, auditor) = (key(&world, "supervisor", &[]), key(&world, "auditor", &[]));
    let programs = ["bank", "company"].map(|role| key(&world, role, &[]));
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
    ask(&clerk, Some(&auditor)).fails(403, "second-key");
    // Nor is a program a person, beside whom a supervisor would act alone.
    for program in programs {
        ask(&supervisor, Some(&program)).fails(403, "second-key");
    }
    // Two people may, and the books know that it is not so.
    ask(&clerk, Some(&supervisor)).fails(422, "not-the-reason");
    ask(&supervisor, Some(&clerk)).fails(422, "not-the-reason");
    server.end();
    assert_eq!(world.books()["orders"], 1);
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
    // What wants two people, asked by one alone, is not done.
    let both = |id: &str, path: &str, body: Value| {
        let keys: [&str; 2] =
            if path == "/v1/refunds" { [&supervisor, &clerk] } else { [&clerk, &supervisor] };
        server.post(keys[0], &format!("{id}-alone"), path, &body).fails(403, "security");
        let first = server.post_by_two(keys, id, path, &body);
        assert_eq!(server.post_by_two(keys, id, path, &body).body, first.body, "{path}");
        first
    };
    let chen = json!({ "customer": CHEN.number });
    twice(&clerk, "o", "/v1/orders", sale(&CHEN, 50_00)).ok();
    let right = json!({ "customer": CHEN.number, "amount_fen": 20_00 });
    let corrected = both("c", "/v1/corrections", right).ok();
    assert_eq!((&corrected["count"], &corrected["amount_fen"]), (&1.into(), &20_00.into()));
    // Sealed is sealed: it is not given up, and nothing is due before a receipt says what was credited.
    twice(&clerk, "v", "/v1/voids", chen.clone()).fails(422, "may-be-credited");
    both("r-0", "/v1/refunds", chen.clone()).fails(422, "refused");
    let receipt = json!({
        "record": credit(&world, &CHEN, &server, &clerk, &corrected), "msisdn": CHEN.msisdn,
    });
    let settled = twice(&clerk, "s", "/v1/receipts", receipt).ok();
    assert_eq!(settled["more"]["refund_due_fen"], 30_00);
    assert_eq!(both("r-1", "/v1/refunds", chen.clone()).ok()["refunded_fen"], 30_00);
    both("r-2", "/v1/refunds", chen.clone()).fails(422, "refused");
    // Taken back before the meter saw it: the order of nothing is credited, and all of it is due.
    twice(&clerk, "o2", "/v1/orders", sale(&CHEN, 10_00)).ok();
    let nothing = both("n", "/v1/reversals", chen.clone()).ok();
    assert_eq!((&nothing["count"], &nothing["amount_fen"]), (&2.into(), &0.into()));
    twice(&clerk, "i", "/v1/reissues", chen.clone()).fails(422, "no-need");
    let receipt = json!({
        "record": credit(&world, &CHEN, &server, &clerk, &nothing), "msisdn": CHEN.msisdn,
    });
    twice(&clerk, "s2", "/v1/receipts", receipt).ok();
    assert_eq!(both("r-3", "/v1/refunds", chen).ok()["refunded_fen"], 10_00);
    let orders = server.get(&clerk, &format!("/v1/orders?customer={}", CHEN.number)).ok();
    let made: Vec<&str> =
        orders["orders"].as_array().unwrap().iter().map(|order| order["made_as"].as_str().unwrap()).collect();
    assert_eq!(made, ["sale", "correction", "sale", "reversal"]);
    // A receipt that was changed is refused; one of a meter with another clock settles and is a finding, which two people clear.
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
    let cleared = both("f-1", "/v1/findings/1/clear", note.clone()).ok();
    assert_eq!(
        (&cleared["kind"], &cleared["by"]),
        (&"meter-clock".into(), &format!("key:{}", &clerk[3..11]).into())
    );
    assert_eq!(open(), 0);
    assert_eq!(server.get(&supervisor, "/v1/findings?all=true").ok()["findings"][0]["finding"], 1);
    both("f-2", "/v1/findings/1/clear", note.clone()).fails(422, "finding-cleared");
    twice(&clerk, "f-3", "/v1/findings/7/clear", note).fails(404, "finding-unknown");
    server.end();
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["refunded_fen"]), (&65_00.into(), &40_00.into()));
    world.bank(&["server", "verify"]).run().ok();
}
