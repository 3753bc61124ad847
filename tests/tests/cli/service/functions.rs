//! Functions of an office over HTTP: a meter is changed, what waits, drawers and days, applications and codes, limits.

use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};

/// A meter on the shelf, with an ESAM that nobody has an account in.
const SPARE: Customer = Customer { meter: "000020181199", ..CHEN };

/// The spare meter is made, and the ESAM of Chen's is ended by the city, with what is in it.
pub fn spare(world: &World) {
    world.city(&["esam", "issue", "--meter", SPARE.meter, "--pin-file", "pin"]).run().ok();
    let (esam, pairing) = world.issued(&SPARE);
    let (esam, pairing) = (world.carry(&esam), world.carry(&pairing));
    let new = ["meter", "new", SPARE.meter, "--esam", text(&esam), "--pairing", text(&pairing)];
    world.meters(&new).run().ok();
}

/// The city ends the ESAM of Chen's meter, and tells the bank.
pub fn end_old(world: &World) {
    let old = world.esam(&CHEN);
    let retire =
        ["esam", "retire", text(&old), "--forfeit", "--pin-file", "pin", "--second-pin-file", "pin2"];
    world.city(&retire).run().ok();
    world.deliver_list();
}

#[test]
fn a_meter_is_changed() {
    let world = World::new();
    spare(&world);
    world.purchase(&CHEN, "50");
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    end_old(&world);
    let server = Server::start(&world, &[]);
    let change = json!({
        "customer": CHEN.number, "meter": SPARE.meter, "balance_fen": 50_00, "count": 1, "note": "display dark",
    });
    let estimate = json!({
        "customer": CHEN.number, "meter": SPARE.meter, "balance_fen": 10_00, "basis": "burnt", "note": "fire",
    });
    server.post(&clerk, "e", "/v1/meter-changes", &estimate).fails(403, "security");
    let above = json!({
        "customer": CHEN.number, "meter": SPARE.meter, "balance_fen": 50_01, "count": 1, "note": "display dark",
    });
    server.post(&clerk, "a", "/v1/meter-changes", &above).fails(422, "change-too-much");
    let first = server.post(&clerk, "c", "/v1/meter-changes", &change);
    let changed = first.ok();
    assert_eq!(server.post(&clerk, "c", "/v1/meter-changes", &change).body, first.body);
    assert_eq!(
        (&changed["old_meter"], &changed["new_meter"], &changed["carried_fen"], &changed["provisional"]),
        (&CHEN.meter.into(), &SPARE.meter.into(), &50_00.into(), &false.into())
    );
    assert_eq!(
        (&changed["sealed"]["count"], &changed["sealed"]["kind"]),
        (&1.into(), &"open account".into())
    );
    let report = server.get(&supervisor, "/v1/report").ok();
    let sums = ["sold_fen", "settled_fen", "outstanding_fen", "transferred_fen", "refunded_fen"];
    assert_eq!(sums.map(|name| report[name].as_i64().unwrap()), [5000, 0, 0, 5000, 0]);
    // The same with the same id is the same; another id finds it changed.
    server.post(&clerk, "d", "/v1/meter-changes", &change).fails(422, "change-same-meter");
    let record = server.get(&clerk, &format!("/v1/orders/{}/sms", changed["order"].as_str().unwrap()));
    world.write(&CHEN, &world.file("carried.sms", record.body));
    world.insert(&CHEN, &SPARE).run().ok().shows(&["credited"]);
    let receipt = hex::encode(crate::world::read_record(&world.collect(&CHEN)));
    let receipt = json!({ "record": receipt, "msisdn": CHEN.msisdn });
    assert_eq!(server.post(&clerk, "s", "/v1/receipts", &receipt).ok()["result"], "settled");
    let report = server.get(&supervisor, "/v1/report").ok();
    assert_eq!(sums.map(|name| report[name].as_i64().unwrap()), [5000, 5000, 0, 0, 0]);
    let changes = server.get(&clerk, &format!("/v1/meter-changes?customer={}", CHEN.number)).ok();
    assert_eq!(changes["changes"][0]["note"], "display dark");
    let held = server.get(&clerk, &format!("/v1/customers/{}/contract", CHEN.number)).ok();
    assert_eq!(held["meters"].as_array().unwrap().len(), 2);
    server.end();
    assert_eq!(world.purse(&SPARE).balance, 5000);
    world.bank(&["server", "verify"]).run().ok();
}

/// Two people estimate, and two correct.
#[test]
fn an_estimate_is_provisional_until_two_people_correct_it() {
    let world = World::new();
    spare(&world);
    world.purchase(&CHEN, "50");
    world.deliver_list();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let both = [&*clerk, &*supervisor];
    let estimate = json!({
        "customer": CHEN.number, "meter": SPARE.meter, "balance_fen": 20_00, "basis": "burnt", "note": "fire",
    });
    let changed = server.post_by_two(both, "c", "/v1/meter-changes", &estimate).ok();
    assert_eq!((&changed["provisional"], &changed["sealed"]["amount_fen"]), (&true.into(), &20_00.into()));
    let ageing = server.get(&clerk, "/v1/ageing").ok();
    assert_eq!(
        (&ageing["provisional"][0]["change"], &ageing["waiting"][0]["paid_fen"]),
        (&1.into(), &20_00.into())
    );
    let last = json!({ "balance_fen": 30_00, "note": "by the meter's photo" });
    server.post(&clerk, "one", "/v1/meter-changes/1/finish", &last).fails(403, "security");
    server.post_by_two(both, "u", "/v1/meter-changes/7/finish", &last).fails(404, "change-unknown");
    let first = server.post_by_two(both, "f", "/v1/meter-changes/1/finish", &last);
    let finished = first.ok();
    assert_eq!(server.post_by_two(both, "f", "/v1/meter-changes/1/finish", &last).body, first.body);
    assert_eq!(
        (
            &finished["corrected"]["missing_fen"],
            &finished["sealed"]["amount_fen"],
            &finished["sealed"]["count"]
        ),
        (&10_00.into(), &30_00.into(), &1.into())
    );
    server.post_by_two(both, "g", "/v1/meter-changes/1/finish", &last).fails(422, "change-final");
    assert_eq!(server.get(&clerk, "/v1/ageing").ok()["provisional"], json!([]));
    server.end();
    world.bank(&["server", "verify"]).run().ok();
}

/// Chen and Wang are customers of the office in Haishu.
fn of_haishu(world: &World) {
    for customer in [&CHEN, &WANG] {
        let give = ["server", "office", "--customer", customer.number, "--office", "Haishu"];
        world.earnest(Party::Bank, &give).run().ok();
    }
}

#[test]
fn a_day_ends() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &["--office", "Haishu"]), key(&world, "supervisor", &[]));
    of_haishu(&world);
    let server = Server::start(&world, &[]);
    let fen = |fen: u32| json!({ "counted_fen": fen });
    server.post(&clerk, "d-0", "/v1/drawers/close", &fen(0)).fails(422, "drawer-none");
    server.post(&clerk, "d-1", "/v1/drawers", &fen(100_00)).ok();
    server.post(&clerk, "d-2", "/v1/drawers", &fen(0)).fails(422, "drawer-open");
    let order = server.post(&clerk, "o", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    let open = server.get(&supervisor, "/v1/ageing?office=Haishu").ok();
    assert_eq!(
        (&open["waiting"][0]["office"], &open["waiting"][0]["next"]),
        (&"Haishu".into(), &"wait".into())
    );
    assert_eq!(server.get(&supervisor, "/v1/ageing?office=Jiangbei").ok()["waiting"], json!([]));
    assert_eq!(server.get(&clerk, "/v1/drawers").ok()["drawers"][0]["expected_fen"], 150_00);
    server.post(&supervisor, "c-0", "/v1/closings", &json!({})).fails(422, "drawer-open");
    let closed = server
        .post(&clerk, "d-3", "/v1/drawers/close", &json!({ "counted_fen": 149_00, "note": "one short" }))
        .ok();
    assert_eq!((&closed["expected_fen"], &closed["difference_fen"]), (&150_00.into(), &(-1_00).into()));
    let record = credit(&world, &CHEN, &server, &clerk, &order);
    server.post(&clerk, "s", "/v1/receipts", &json!({ "record": record, "msisdn": CHEN.msisdn })).ok();
    server.post(&clerk, "c-1", "/v1/closings", &json!({})).fails(403, "role-refused");
    server.post(&supervisor, "c-2", "/v1/closings", &json!({ "day": "tomorrow" })).fails(422, "day-none");
    let day = server.post(&supervisor, "c-3", "/v1/closings", &json!({})).ok();
    assert_eq!(
        (&day["day"], &day["sold_fen"], &day["settled_fen"], &day["transfers"]),
        (&"2026-11-22".into(), &50_00.into(), &50_00.into(), &5.into())
    );
    assert!(day["heads"].as_str().unwrap().starts_with("1:5:"), "{day}");
    server.post(&supervisor, "c-4", "/v1/closings", &json!({})).fails(422, "day-closed");
    // Late: it counts for the next day.
    server.post(&clerk, "o-2", "/v1/orders", &sale(&WANG, 7_00)).ok();
    let asked = "/v1/statistics?from=2026-11-01&to=2026-11-30&by_office=true&by_channel=true";
    let lines = server.get(&supervisor, asked).ok()["lines"].clone();
    let line = |n: usize, names: [&str; 4]| names.map(|name| lines[n][name].clone());
    let names = ["period", "office", "channel", "sold_fen"];
    assert_eq!(line(0, names), [json!("2026-11-22"), json!("Haishu"), json!("counter"), json!(50_00)]);
    assert_eq!(line(1, names), [json!("2026-11-23"), json!("Haishu"), json!("counter"), json!(7_00)]);
    let csv = server.get(&supervisor, &asked.replace("statistics?", "statistics.csv?"));
    let (table, sum) = csv.body.trim_end().rsplit_once('\n').unwrap();
    let sum = sum.strip_prefix("sha256,").unwrap();
    use sha2::{Digest, Sha256};
    assert_eq!(hex::encode(Sha256::digest(format!("{table}\n"))), sum);
    assert_eq!(server.get(&supervisor, "/v1/closings/verify").ok()["agree"], true);
    assert_eq!(server.get(&supervisor, "/v1/closings").ok()["closings"].as_array().unwrap().len(), 1);
    server.get(&supervisor, "/v1/statistics?period=week").fails(400, "request-malformed");
    server.get(&supervisor, "/v1/statistics?from=2026-11-31").fails(422, "day-none");
    server.end();
    world.bank(&["server", "close", "--verify"]).run().ok().shows(&["agree"]);
}

#[test]
fn an_application_and_its_code() {
    let world = World::new();
    let clerk = key(&world, "clerk", &["--office", "Haishu"]);
    of_haishu(&world);
    let server = Server::start(&world, &[]);
    let form = json!({
        "customer": CHEN.number, "meter": CHEN.meter, "msisdn": CHEN.msisdn, "imsi": CHEN.imsi, "imei": CHEN.imei,
        "iccid": CHEN.iccid, "paper": "identity card", "paper_number": "330203196001010011",
        "address": "1 Zhongshan Road", "bill": "2026-0001", "bank": "tok_1",
    });
    let applied = server.post(&clerk, "a", "/v1/applications", &form).ok();
    let agreement = applied["agreement"].as_str().unwrap();
    for words in ["330203196001010011", "1 Zhongshan Road", CHEN.meter, "Haishu", "2026-0001"] {
        assert!(agreement.contains(words), "{agreement}");
    }
    assert!(!agreement.contains("tok_1"));
    // Asked again it is the same but for what is shown once.
    let again = server.post(&clerk, "a", "/v1/applications", &form).ok();
    assert_eq!((&again["agreement"], &again["application"]), (&Value::Null, &applied["application"]));
    let found = server.get(&clerk, "/v1/customers?bill=2026-0001").ok();
    assert_eq!(found["customer"], CHEN.number);
    server.get(&clerk, "/v1/customers?bill=2026-0002").fails(404, "unknown-customer");
    let known = server.get(&clerk, &format!("/v1/customers/{}/contract", CHEN.number)).ok();
    assert_eq!(
        (&known["person"]["paper_number"], &known["debits"]),
        (&"330203196001010011".into(), &true.into())
    );
    let other = json!({
        "customer": WANG.number, "meter": WANG.meter, "msisdn": WANG.msisdn, "imsi": WANG.imsi, "imei": WANG.imei,
        "iccid": WANG.iccid, "bill": "2026-0001",
    });
    server.post(&clerk, "b", "/v1/applications", &other).fails(422, "bill-taken");

    let chen = json!({ "customer": CHEN.number });
    let slip = |id: &str| server.post(&clerk, id, "/v1/codes", &chen).ok();
    let (old, new) = (slip("c-1"), slip("c-2"));
    assert_eq!(server.post(&clerk, "c-2", "/v1/codes", &chen).ok()["authorisation_code"], Value::Null);
    let mut asked = 0;
    let mut try_code = |slip: &Value, code: &str| {
        asked += 1;
        let body = json!({ "slip": slip["slip"], "authorisation_code": code });
        server.post(&clerk, &format!("u-{asked}"), "/v1/codes/use", &body)
    };
    let code = |slip: &Value| slip["authorisation_code"].as_str().unwrap().to_owned();
    assert_eq!(code(&new).len(), 19, "four groups of four");
    try_code(&old, &code(&old)).fails(422, "code-ended");
    try_code(&new, "0000-0000-0000-0000").fails(422, "code-form");
    for left in [4, 3, 2, 1] {
        let wrong = try_code(&new, &code(&old)).fails(422, "code-wrong");
        assert!(wrong["detail"].as_str().unwrap().contains(&format!("{left} tries")), "{wrong}");
    }
    try_code(&new, &code(&old)).fails(422, "code-ended");
    try_code(&new, &code(&new)).fails(422, "code-ended");
    // Another one unlocks; capitals and dashes are as one likes.
    let third = slip("c-3");
    let typed = code(&third).to_lowercase().replace('-', " ");
    assert_eq!(try_code(&third, &typed).ok()["customer"], CHEN.number);
    try_code(&third, &typed).fails(422, "code-ended");
    server.end();
    // Neither codes nor who he is stand in the books, the log or a file in clear.
    for (path, bytes) in World::bytes(&world.folder(Party::Bank)) {
        for secret in
            [code(&third), code(&third).replace('-', ""), "330203196001010011".into(), "Zhongshan".into()]
        {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {}", path.display());
        }
    }
}

#[test]
fn limits_and_sims_want_two_people() {
    let world = World::new();
    let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
    let server = Server::start(&world, &[]);
    let both = [&*clerk, &*supervisor];
    let limit = json!({ "scope": "order", "limit_fen": 40_00 });
    let headers = [("Authorization", &*format!("Bearer {supervisor}")), ("Idempotency-Key", "l")];
    server.ask("PUT", "/v1/limits", &headers, &limit.to_string()).fails(403, "security");
    server.by_two("PUT", both, "l-0", "/v1/limits", &limit).ok();
    server
        .by_two("PUT", both, "l-1", "/v1/limits", &json!({ "scope": "week" }))
        .fails(400, "request-malformed");
    server.post(&clerk, "o-1", "/v1/orders", &sale(&CHEN, 40_01)).fails(422, "limit-order");
    let order = server.post(&clerk, "o-2", "/v1/orders", &sale(&CHEN, 40_00)).ok();
    assert_eq!(server.get(&clerk, "/v1/limits").ok()["limits"][0]["limit_fen"], 40_00);
    server.by_two("PUT", both, "l-2", "/v1/limits", &json!({ "scope": "order" })).ok();
    server.by_two("PUT", both, "l-3", "/v1/limits", &json!({ "scope": "order" })).fails(422, "limit-none");

    let path = format!("/v1/orders/{}/reprints", order["order"].as_str().unwrap());
    for copy in [1, 2] {
        let printed = server.post(&clerk, &format!("p-{copy}"), &path, &json!({})).ok();
        assert_eq!((&printed["copy"], &printed["record"]), (&copy.into(), &order["record"]));
    }

    let record = credit(&world, &CHEN, &server, &clerk, &order);
    let new = json!({
        "customer": CHEN.number, "msisdn": "+8613900000109", "imsi": "460000207447768", "iccid": "89860021047987991764",
    });
    server.post(&clerk, "s-1", "/v1/sims", &new).fails(403, "security");
    let with = |record: &str| {
        let mut with = new.clone();
        with["old_sim_record"] = record.into();
        with
    };
    server.post(&clerk, "s-2", "/v1/sims", &with(&"00".repeat(176))).fails(422, "message-empty");
    // Whoever has the old SIM's receipt has the old SIM.
    let replaced = server.post(&clerk, "s-3", "/v1/sims", &with(&record)).ok();
    assert_eq!((&replaced["iccid"], &replaced["outstanding"]), (&new["iccid"], &Value::Null));
    assert_eq!(server.get(&supervisor, "/v1/report").ok()["settled_fen"], 40_00, "and it is settled");
    // That receipt is of a SIM he has no more; the next time it proves nothing.
    server.post(&clerk, "o-3", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let back = json!({
        "customer": CHEN.number, "msisdn": CHEN.msisdn, "imsi": CHEN.imsi, "iccid": CHEN.iccid, "old_sim_record": record,
    });
    server.post(&clerk, "s-4", "/v1/sims", &back).fails(422, "sim-receipt");
    server.end();
    assert_eq!(world.books()["settled"], 1);
}
