//! The power company: contracts, tariffs and blocks in, what was sold, settled, read and changed out.

use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Party, WANG, World, ZHANG, text};
use serde_json::{Value, json};

fn events(server: &Server, key: &str, after: i64) -> Vec<Value> {
    let told = server.get(key, &format!("/v1/events?after={after}")).ok();
    told["events"].as_array().unwrap().clone()
}

/// Each message once, by its source and its id, whoever sends it and under whichever request.
#[test]
fn what_the_company_says_is_taken_once() {
    let world = World::new();
    let (company, clerk) = (key(&world, "company", &[]), key(&world, "clerk", &[]));
    let supervisor = key(&world, "supervisor", &[]);
    let server = Server::start(&world, &[]);
    let contract = json!({
        "source": "power", "id": "m-1", "contract": "HS-2026-17", "meter": CHEN.meter, "customer": CHEN.number,
        "tariff": "residential", "begins": "2026-12-01T00:00:00+08:00",
    });
    let first = server.post(&company, "a", "/v1/contracts", &contract).ok();
    assert_eq!((&first["kind"], &first["new"]), (&"contract".into(), &true.into()));
    // The same message under another request, by somebody else: known before.
    assert_eq!(server.post(&supervisor, "b", "/v1/contracts", &contract).ok()["new"], false);
    let mut other = contract.clone();
    other["meter"] = WANG.meter.into();
    server.post(&company, "c", "/v1/contracts", &other).fails(409, "company-message-reused");
    other["id"] = "m-2".into();
    assert_eq!(server.post(&company, "d", "/v1/contracts", &other).ok()["new"], true);
    // Another source has ids of its own.
    other["source"] = "grid".into();
    other["ends"] = "2027-12-01T00:00:00+08:00".into();
    server.post(&company, "e", "/v1/contracts", &other).ok();
    let shown = server.get(&clerk, "/v1/contracts/HS-2026-17").ok();
    assert_eq!((&shown["meter"], &shown["tariff"]), (&WANG.meter.into(), &"residential".into()));
    server.get(&clerk, "/v1/contracts/HS-9").fails(404, "unknown-contract");
    // What has not its form, or no sense.
    for (n, (name, value)) in [
        ("source", ""),
        ("id", &*"x".repeat(65)),
        ("contract", "a\u{0}b"),
        ("tariff", &*"x".repeat(33)),
        ("ends", "2026-01-01T00:00:00+08:00"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wrong = contract.clone();
        wrong["id"] = format!("w-{n}").into();
        wrong[name] = value.into();
        server.post(&company, &format!("w{n}"), "/v1/contracts", &wrong).fails(422, "company-malformed");
    }
    let mut wrong = contract;
    wrong["meter"] = "12".into();
    server.post(&company, "w", "/v1/contracts", &wrong).fails(400, "request-malformed");
    server.post(&clerk, "x", "/v1/contracts", &wrong).fails(403, "role-refused");
    server.end();
}

/// A price is taken in by two people, one of them a supervisor.
#[test]
fn a_tariff_wants_two_people() {
    let world = World::new();
    let [company, other] = [(); 2].map(|()| key(&world, "company", &[]));
    let (supervisor, clerk) = (key(&world, "supervisor", &[]), key(&world, "clerk", &[]));
    let server = Server::start(&world, &[]);
    let ask = |id: &str, second: Option<&str>, price: u32, begins: &str| {
        let bearer = format!("Bearer {company}");
        let mut headers = vec![("Authorization", &*bearer), ("Idempotency-Key", id)];
        headers.extend(second.map(|second| ("Gridcard-Second", second)));
        let body = json!({ "source": "power", "id": id, "tariff": "residential", "price_e4": price, "begins": begins });
        server.ask("POST", "/v1/tariffs", &headers, &body.to_string())
    };
    let (now, later) = ("2026-11-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00");
    ask("t1", None, 5383, now).fails(403, "security");
    ask("t2", Some(&other), 5383, now).fails(403, "second-key");
    ask("t3", Some(&company), 5383, now).fails(403, "second-key");
    ask("t4", Some(&supervisor), 0, now).fails(422, "company-malformed");
    ask("t5", Some(&supervisor), 5883, later).ok();
    ask("t6", Some(&supervisor), 5383, now).ok();
    // What was said of one moment first does not hold any more.
    ask("t7", Some(&supervisor), 5683, later).ok();
    let shown = server.get(&clerk, "/v1/tariffs").ok();
    let prices: Vec<(&str, u64)> = shown["tariffs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["tariff"].as_str().unwrap(), line["price_e4"].as_u64().unwrap()))
        .collect();
    assert_eq!(prices, [("residential", 5383), ("residential", 5683)]);
    server.end();
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let both = |line: &&str| {
        line.contains("company tariff") && line.contains(&format!("key:{}", &supervisor[3..11]))
    };
    // Three that were done, and the one that says nothing.
    let done = |line: &&str| line.contains(r#""outcome":"done""#);
    assert_eq!(log.lines().filter(both).count(), 4, "{log}");
    assert_eq!(log.lines().filter(both).filter(done).count(), 3, "{log}");
}

/// Whom the company has blocked nothing more is sold to; what was sold is settled, and made anew, as ever.
#[test]
fn nothing_is_sold_to_whom_the_company_blocks() {
    let world = World::new();
    let (company, clerk) = (key(&world, "company", &[]), key(&world, "clerk", &[]));
    let other = key(&world, "supervisor", &[]);
    let both = [&*clerk, &*other];
    let server = Server::start(&world, &[]);
    let order = server.post(&clerk, "o1", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let mut said = 0;
    let mut block = |name: &str, value: &str, blocked: bool| {
        said += 1;
        let id = format!("b-{said}");
        let body = json!({ "source": "power", "id": id, name: value, "blocked": blocked, "reason": "arrears of 80.00" });
        server.post(&company, &id, "/v1/blocks", &body).ok();
    };
    block("customer", CHEN.number, true);
    let told =
        server.post_by_two(both, "c1", "/v1/corrections", &sale(&CHEN, 6_00)).fails(422, "customer-blocked");
    assert!(told["detail"].as_str().unwrap().contains("arrears of 80.00"), "{told}");
    // Less is not more.
    let less = server.post_by_two(both, "c2", "/v1/corrections", &sale(&CHEN, 4_00)).ok();
    assert_eq!(less["count"], order["count"]);
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &less), "msisdn": CHEN.msisdn });
    assert_eq!(server.post(&clerk, "s1", "/v1/receipts", &receipt).ok()["result"], "settled");
    server.post(&clerk, "o2", "/v1/orders", &sale(&CHEN, 5_00)).fails(422, "customer-blocked");
    // By his meter as by his number, and both have to be lifted.
    block("meter", CHEN.meter, true);
    block("customer", CHEN.number, false);
    server.post(&clerk, "o3", "/v1/orders", &sale(&CHEN, 5_00)).fails(422, "customer-blocked");
    server.post(&clerk, "w1", "/v1/orders", &sale(&WANG, 5_00)).ok();
    block("meter", CHEN.meter, false);
    server.post(&clerk, "o4", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    for (id, body) in [
        ("n1", json!({ "source": "power", "id": "n1", "blocked": true })),
        (
            "n2",
            json!({ "source": "power", "id": "n2", "blocked": true, "customer": CHEN.number, "meter": CHEN.meter }),
        ),
    ] {
        server.post(&company, id, "/v1/blocks", &body).fails(400, "request-malformed");
    }
    server.end();
    // The command refuses as the server does.
    let list =
        world.file("blocks.csv", format!("id,customer,blocked,reason\n1,{},true,moved out\n", ZHANG.number));
    world.earnest(Party::Bank, &["company", "import", "blocks", text(&list), "--source", "csv"]).run().ok();
    let order = ["server", "order", "--customer", ZHANG.number, "--amount", "9", "--pin-file", "pin"];
    world.bank(&order).run().fails(1, &["the power company has blocked it (moved out)"]);
}

/// What was sold and settled is told with numbers that rise by one, whatever was refused in between, and reads the same again.
#[test]
fn the_company_is_told_without_a_hole() {
    let world = World::new();
    let (company, clerk) = (key(&world, "company", &[]), key(&world, "clerk", &["--office", "north"]));
    let supervisor = key(&world, "supervisor", &[]);
    let both = [&*clerk, &*supervisor];
    let head = key(&world, "clerk", &[]);
    world
        .earnest(Party::Bank, &["server", "office", "--customer", CHEN.number, "--office", "north"])
        .run()
        .ok();
    let server = Server::start(&world, &[]);
    assert_eq!(events(&server, &company, 0), Vec::<Value>::new());
    let order = server.post(&clerk, "o1", "/v1/orders", &sale(&CHEN, 50_00)).ok();
    server.post(&clerk, "o2", "/v1/orders", &sale(&CHEN, 50_00)).fails(422, "outstanding");
    server.post_by_two(both, "c1", "/v1/corrections", &sale(&CHEN, 60_00)).ok();
    let less = server.post_by_two(both, "c2", "/v1/corrections", &sale(&CHEN, 20_00)).ok();
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &less), "msisdn": CHEN.msisdn });
    server.post(&clerk, "s1", "/v1/receipts", &receipt).ok();
    server.post(&clerk, "s2", "/v1/receipts", &receipt).ok();
    server.post_by_two([&supervisor, &head], "r1", "/v1/refunds", &json!({ "customer": CHEN.number })).ok();
    let told = events(&server, &company, 0);
    let plain: Vec<(i64, &str, Option<i64>)> = told
        .iter()
        .map(|event| {
            (event["number"].as_i64().unwrap(), event["kind"].as_str().unwrap(), event["amount_fen"].as_i64())
        })
        .collect();
    assert_eq!(
        plain,
        [
            (1, "sale", Some(50_00)),
            (2, "correction", Some(10_00)),
            (3, "settlement", Some(20_00)),
            (4, "reading", None),
            (5, "refund", Some(40_00)),
        ]
    );
    for event in &told {
        assert_eq!(
            (&event["customer"], &event["meter"]),
            (&CHEN.number.into(), &CHEN.meter.into()),
            "{event}"
        );
        assert_eq!((&event["office"], &event["count"]), (&"north".into(), &1.into()), "{event}");
    }
    assert_eq!(told[0]["order"], order["order"]);
    assert_eq!((&told[2]["order"], &told[2]["balance_fen"]), (&less["order"], &20_00.into()));
    assert!(told[3]["register"].is_u64() && told[3]["at_meter"].is_string(), "{}", told[3]);
    // From any number on, so many at a time; the customer's office today changes nothing of what was told.
    world
        .earnest(Party::Bank, &["server", "office", "--customer", CHEN.number, "--office", "south"])
        .run()
        .ok();
    assert_eq!(events(&server, &company, 3), told[3..]);
    let two = server.get(&company, "/v1/events?after=1&limit=2").ok();
    assert_eq!((&two["events"], &two["last"]), (&json!(told[1..3]), &5.into()));
    assert_eq!(events(&server, &company, 5), Vec::<Value>::new());
    for wrong in ["limit=0", "limit=1001", "after=-1", "after=x", "after=1&after=2"] {
        server.get(&company, &format!("/v1/events?{wrong}")).fails(400, "request-malformed");
    }
    server.get(&clerk, "/v1/events").fails(403, "role-refused");
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains("gridcard_orders{state=\"settled\"} 1\n"), "{figures}");
    assert!(figures.contains("gridcard_outbox_lag 0\n"), "{figures}");
    server.end();
    // The same as a table.
    let out = world.path("events.csv");
    let export = ["company", "export", "--after", "2", "--out", text(&out)];
    world.earnest(Party::Bank, &export).run().ok().shows(&["3 event(s), the last is 5"]);
    let table = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(
        lines[0].starts_with("number,kind,at,office,customer,meter,serial,order,count,amount_fen"),
        "{table}"
    );
    assert!(
        lines[1].starts_with("3,settlement,") && lines[1].contains(&format!(",{},", CHEN.number)),
        "{table}"
    );
}

/// Tables in the place of requests: the same rules, line by line.
#[test]
fn tables_are_taken_line_by_line() {
    let world = World::new();
    let import = |list: &str, content: &str| {
        let file = world.file("list.csv", content);
        let args = ["company", "import", list, text(&file), "--source", "power", "--json"];
        world.earnest(Party::Bank, &args).run()
    };
    let contracts = format!(
        "id,contract,meter,customer,begins\n1,C-1,{},{},2026-11-01T00:00:00\n2,C-2,12,,2026-11-01T00:00:00\n3,C-3,{},,2026-11-01T00:00:00\n",
        CHEN.meter, CHEN.number, WANG.meter
    );
    let ran = import("contracts", &contracts).failed(1);
    let report = ran.object();
    assert_eq!((&report["new"], &report["again"]), (&2.into(), &0.into()), "{report}");
    assert!(report["rejected"][0].as_str().unwrap().starts_with("line 3: meter: "), "{report}");
    // The same again changes nothing; other words under a used id are not taken.
    let again = import("contracts", &contracts).failed(1).object();
    assert_eq!((&again["new"], &again["again"]), (&0.into(), &2.into()), "{again}");
    let other = contracts.replace("C-3", "C-4");
    let report = import("contracts", &other).failed(1).object();
    assert!(report["rejected"][1].as_str().unwrap().contains("was used for other words"), "{report}");
    let tariffs =
        "id,tariff,price_e4,begins\n10,night,3080,2026-11-01T00:00:00\n11,day,5383,2026-11-01T00:00:00\n";
    assert_eq!(import("tariffs", tariffs).ok().object()["new"], 2);
    assert_eq!(import("tariffs", tariffs).ok().object()["again"], 2);
    import("tariffs", "id,tariff\n1,a\n").failed(1).shows(&["the column price_e4 is missing"]);
    import("blocks", "id,blocked,customer,why\n1,true,330212012279,x\n")
        .failed(1)
        .shows(&["the column why is not known"]);
    let blocks = format!(
        "id,blocked,customer,meter\n20,true,{0},\n21,perhaps,{0},\n22,true,{0},{1}\n",
        WANG.number, WANG.meter
    );
    let report = import("blocks", &blocks).failed(1).object();
    assert_eq!(
        (&report["new"], report["rejected"].as_array().map(Vec::len)),
        (&1.into(), Some(2)),
        "{report}"
    );
    world.bank(&["server", "audit", "verify"]).run().ok();
}
