//! Who is behind a number: sales by telephone after a swap, the tariff he has, what is written out for him and taken out of the books,
//! and a bundle for whoever helps that says nothing of anybody.

use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};

/// A customer who is registered and never buys: his name is nowhere else.
const NAME: &str = "Hua Mulan";

/// A world with people in it: an application with papers and a bank's token, a code, a name.
fn peopled() -> World {
    let world = World::new();
    let apply = [
        "server",
        "apply",
        "--customer",
        CHEN.number,
        "--meter",
        CHEN.meter,
        "--msisdn",
        CHEN.msisdn,
        "--imsi",
        CHEN.imsi,
        "--imei",
        CHEN.imei,
        "--iccid",
        CHEN.iccid,
        "--bill",
        "BILL-2026-77",
        "--bank",
        "token-of-chen-99",
        "--paper",
        "identity card",
        "--paper-number",
        "330203196001010011",
        "--address",
        "1 Zhongshan Road",
    ];
    world.earnest(Party::Bank, &apply).run().ok();
    let csv = format!(
        "customer,meter,msisdn,imsi,imei,iccid,name\n330200000099,000020189999,+8613900000999,460000200009999,864123055984053,\
         89860021047987999999,{NAME}\n"
    );
    let list = world.file("hua.csv", csv);
    world.bank(&["server", "register", text(&list)]).run().ok();
    world.earnest(Party::Bank, &["server", "code", "new", "--customer", CHEN.number]).run().ok();
    world
}

fn of(customer: &Customer) -> [&str; 5] {
    [customer.number, customer.msisdn, customer.imsi, customer.imei, customer.iccid]
}

#[test]
fn a_new_sim_sells_nothing_by_telephone_for_a_day() {
    let world = World::new();
    let by_phone = ["server", "key", "add", "--role", "clerk", "--by-phone"];
    world.earnest(Party::Bank, &by_phone).run().fails(1, &["role bank", "leave --by-phone out"]);
    let phone = key(&world, "bank", &["--by-phone"]);
    let (host, clerk) = (key(&world, "bank", &[]), key(&world, "clerk", &[]));
    world.bank(&["server", "key", "list"]).run().ok().shows(&["by telephone"]);
    let swap = [
        "server",
        "replace-sim",
        "--customer",
        CHEN.number,
        "--msisdn",
        "+8613900000111",
        "--imsi",
        CHEN.imsi,
        "--iccid",
        CHEN.iccid,
    ];
    world.bank(&swap).run().ok();
    let swapped = world.now();
    let server = Server::start(&world, &[]);
    let refused = server.post(&phone, "p", "/v1/orders", &sale(&CHEN, 5_00)).fails(422, "sim-new");
    assert!(refused["detail"].as_str().unwrap().contains("until 2026-11-23"), "{refused}");
    // Who has his SIM as before buys; so does he at a counter, or through his bank.
    server.post(&phone, "w", "/v1/orders", &sale(&WANG, 5_00)).ok();
    let order = server.post(&clerk, "c", "/v1/orders", &sale(&CHEN, 6_00)).ok();
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "meter": CHEN.meter });
    server.post(&clerk, "s", "/v1/receipts", &receipt).ok();
    let order = server.post(&host, "h", "/v1/orders", &sale(&CHEN, 7_00)).ok();
    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "meter": CHEN.meter });
    server.post(&clerk, "s2", "/v1/receipts", &receipt).ok();
    server.end();
    world.at(swapped.add_seconds(86_400).unwrap());
    let supervisor = key(&world, "supervisor", &[]);
    let server = Server::start(&world, &[]);
    // The refusal stands under its id; another one sells.
    server.post(&phone, "p", "/v1/orders", &sale(&CHEN, 5_00)).fails(422, "sim-new");
    server.post(&phone, "p2", "/v1/orders", &sale(&CHEN, 5_00)).ok();
    let lines = server.get(&supervisor, "/v1/statistics?by_channel=true&period=whole").ok()["lines"].clone();
    let channels: Vec<(&Value, &Value)> =
        lines.as_array().unwrap().iter().map(|line| (&line["channel"], &line["sold_fen"])).collect();
    assert_eq!(
        channels,
        [(&json!("bank"), &json!(7_00)), (&json!("counter"), &json!(6_00)), (&json!("phone"), &json!(10_00))]
    );
    server.end();
}

#[test]
fn figures_are_parted_by_tariff() {
    let world = World::new();
    let (company, supervisor) = (key(&world, "company", &[]), key(&world, "supervisor", &[]));
    let said = json!({
        "source": "power", "id": "1", "contract": "C-1", "meter": CHEN.meter, "tariff": "residential",
        "begins": "2026-11-01T00:00:00+08:00",
    });
    let server = Server::start(&world, &[]);
    server.post(&company, "1", "/v1/contracts", &said).ok();
    server.end();
    world.wait(60);
    let server = Server::start(&world, &[]);
    for (customer, fen) in [(&CHEN, 50_00), (&WANG, 7_00)] {
        server.post(&supervisor, customer.number, "/v1/orders", &sale(customer, fen)).ok();
    }
    let lines = server.get(&company, "/v1/statistics?by_tariff=true&period=month").ok()["lines"].clone();
    let seen: Vec<(&Value, &Value)> =
        lines.as_array().unwrap().iter().map(|line| (&line["tariff"], &line["sold_fen"])).collect();
    assert_eq!(seen, [(&json!(""), &json!(7_00)), (&json!("residential"), &json!(50_00))]);
    let csv = server.get(&company, "/v1/statistics.csv?by_tariff=true").body;
    assert!(
        csv.starts_with("period,office,channel,tariff,sales,") && csv.contains(",residential,1,5000,"),
        "{csv}"
    );
    server.end();
    let told = world.bank(&["server", "statistics", "--by-tariff", "--period", "whole"]).run().ok();
    told.shows(&["TARIFF", "residential", "50.00 yuan"]);
}

/// The bundle, each file of it by its name.
fn bundle(world: &World, more: &[&str]) -> Vec<(String, String)> {
    let file = world.fresh(".tar");
    let args = ["server", "support", "--output", text(&file)];
    world.earnest(Party::Bank, &args).with(more).run().ok().shows(&["SHA-256"]);
    world.earnest(Party::Bank, &args).with(more).run().fails(1, &["is there already"]);
    // A header of 512 bytes, the file, filled up to 512 again; two empty headers at the end.
    let (bytes, mut at, mut files) = (std::fs::read(&file).unwrap(), 0, Vec::new());
    while bytes[at] != 0 {
        let field = |from: usize, to: usize| {
            let text = std::str::from_utf8(&bytes[at + from..at + to]).unwrap();
            text.trim_end_matches(['\0', ' ']).to_owned()
        };
        let (name, length) = (field(0, 100), usize::from_str_radix(&field(124, 136), 8).unwrap());
        let words = &bytes[at + 512..at + 512 + length];
        files.push((name, String::from_utf8(words.to_vec()).unwrap()));
        at += 512 + length.div_ceil(512) * 512;
    }
    files
}

#[test]
fn a_bundle_says_how_the_bank_stands_and_nothing_of_anybody() {
    let world = peopled();
    for (name, password) in [("zhao", "zhao's password"), ("li", "li's password")] {
        world.file(name, password);
    }
    world.purchase(&CHEN, "50");
    world.order(&WANG, "20");
    let clerk = key(&world, "clerk", &["--office", "Haishu"]);
    let zhao =
        ["operator", "add", "Zhao Yun", "--role", "clerk", "--password-file", "zhao", "--party", "bank"];
    world.earnest(Party::Bank, &zhao).run().ok();
    let login = ["--operator", "Zhao Yun", "--operator-password-file", "zhao"];
    world.bank(&["server", "void", "--customer", WANG.number]).with(&login).run().failed(1);
    let config = world
        .file("server.toml", "listen = \"127.0.0.1:8080\"\npin_files = [\"/etc/zhao-yun/pin\"]\nrate = 60\n");
    let files = bundle(&world, &[&login[..], &["--config", text(&config)]].concat());
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["about.json", "configuration.json", "books.json", "findings.json", "psams.json", "log.json"]
    );
    let read = |name: &str| -> Value {
        serde_json::from_str(&files.iter().find(|(known, _)| known == name).unwrap().1).unwrap()
    };
    assert_eq!(
        (&read("about.json")["format"], &read("about.json")["schema"]),
        (&json!("gridcard support 1"), &json!(21))
    );
    let books = read("books.json");
    assert_eq!(
        (
            &books["engine_check"],
            &books["sum_fen"],
            &books["faults"],
            &books["ledger_agrees"],
            &books["sums_agree"]
        ),
        (&json!("sound"), &json!(0), &json!([]), &json!(true), &json!(true))
    );
    assert_eq!((&books["rows"]["purchase_order"], &books["rows"]["customer"]), (&json!(2), &json!(4)));
    let psam = &read("psams.json")[0];
    assert_eq!(
        (&psam["number"], &psam["sealed"], &psam["not_settled"]),
        (&json!("330200000001"), &json!(2), &json!(1))
    );
    let log = read("log.json");
    let acts: Vec<&str> =
        log["last"].as_array().unwrap().iter().map(|line| line["act"].as_str().unwrap()).collect();
    assert!(acts.contains(&"server order") && acts.contains(&"command"), "{log}");
    assert_eq!(
        (&read("configuration.json")["file"]["rate"], &read("configuration.json")["file"]["pin_files"]),
        (&json!(60), &json!(1))
    );

    // Every secret of this world, and everybody's data: none of it is in there, in any file.
    let folder = world.folder(Party::Bank);
    let mut secrets: Vec<String> = vec![
        clerk[12..].to_owned(),
        clerk[3..11].to_owned(),
        "zhao's password".into(),
        "Zhao".into(),
        "zhao-yun".into(),
        NAME.into(),
        "Mulan".into(),
        "330200000099".into(),
        "000020189999".into(),
        "13900000999".into(),
        "BILL-2026-77".into(),
        "token-of-chen-99".into(),
        "330203196001010011".into(),
        "Zhongshan".into(),
        "123456".into(),
        "Haishu".into(),
        "root".into(),
        folder.display().to_string(),
    ];
    for customer in [&CHEN, &WANG] {
        secrets.extend(of(customer).map(|text| text.trim_start_matches('+').to_owned()));
        secrets.push(customer.meter.to_owned());
    }
    secrets.push(std::fs::read_to_string(folder.join("phone.key")).unwrap().trim().to_owned());
    let server_key = std::fs::read_to_string(folder.join("psams/330200000001.server")).unwrap();
    let server_key: Value = serde_json::from_str(&server_key).unwrap();
    let long =
        server_key.as_object().unwrap().values().filter_map(Value::as_str).filter(|text| text.len() >= 32);
    secrets.extend(long.map(str::to_owned));
    for (name, words) in &files {
        let words = words.to_lowercase();
        for secret in &secrets {
            assert!(!words.contains(&secret.to_lowercase()), "{secret:?} is in {name}: {words}");
        }
    }
    assert!(secrets.len() >= 30, "{secrets:?}");
    world
        .bank(&["server", "audit", "show", "--last", "3"])
        .with(&login)
        .run()
        .ok()
        .shows(&["server support"]);
}

#[test]
fn a_persons_data_are_written_out_and_taken_out() {
    let world = peopled();
    world.purchase(&CHEN, "50");
    let export = |customer: &Customer| -> String {
        let file = world.fresh(".json");
        let args = ["server", "person", "export", customer.number, "--output", text(&file)];
        world.earnest(Party::Bank, &args).run().ok().shows(&["SHA-256", customer.number]);
        std::fs::read_to_string(file).unwrap()
    };
    let written = export(&CHEN);
    let value: Value = serde_json::from_str(&written).unwrap();
    for known in of(&CHEN).iter().chain(&["BILL-2026-77", "330203196001010011", "1 Zhongshan Road"]) {
        assert!(written.contains(known), "{known}: {written}");
    }
    assert!(!written.contains("token-of-chen-99") && value["bank"] == "****99", "{written}");
    assert_eq!(
        (&value["known"]["person"]["paper"], &value["orders"][0]["amount_fen"]),
        (&json!("identity card"), &json!(50_00))
    );
    assert!(value["acts"].as_array().unwrap().iter().any(|act| act["act"] == "server order"), "{written}");
    assert!(!written.contains(WANG.number));

    let erase = |customer: &Customer| {
        let args = ["server", "person", "erase", customer.number, "--note", "he asked"];
        world.bank(&args).run()
    };
    world.order(&WANG, "5");
    erase(&WANG).fails(1, &["outstanding", "server reverse"]);
    let before = [&["server", "orders", "--json"][..], &["server", "report", "--json"]];
    let look = |args: &[&str]| {
        let mut object = world.bank(args).run().ok().object();
        object["log"].take();
        object
    };
    let shown = before.map(look);
    let statement = ["server", "statement", "--customer", CHEN.number, "--json"];
    let lines = world.bank(&statement).run().ok().object()["lines"].clone();
    erase(&CHEN).ok().shows(&["taken out by"]);
    erase(&CHEN).fails(1, &["was taken out at"]);
    assert_eq!(before.map(look), shown, "orders and figures are as they were");
    assert_eq!(world.bank(&statement).run().ok().object()["lines"], lines);
    world.bank(&["server", "verify"]).run().ok().shows(&["agree"]);
    let sold = ["server", "order", "--customer", CHEN.number, "--amount", "5", "--pin-file", "pin"];
    let refused = world.bank(&sold).with(&["--json"]).run().failed(1).object();
    assert_eq!(refused["code"], "customer-erased", "{refused}");
    let after = export(&CHEN);
    for gone in [
        CHEN.msisdn,
        CHEN.imsi,
        CHEN.imei,
        "BILL-2026-77",
        "330203196001010011",
        "Zhongshan",
        "token-of-chen-99",
    ] {
        assert!(!after.contains(gone), "{gone}: {after}");
    }
    assert!(after.contains("\"erased\": \"2026-11-22"), "{after}");
    // Nor has the file itself: what was replaced is overwritten in its pages.
    let file = std::fs::read(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    for gone in [CHEN.msisdn, CHEN.imsi, CHEN.imei, "BILL-2026-77", "token-of-chen-99"] {
        assert!(!file.windows(gone.len()).any(|window| window == gone.as_bytes()), "{gone} is in the file");
    }
    let books = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    let left: i64 = books
        .query_row(
            "SELECT (SELECT count(*) FROM sim WHERE msisdn = ?1) + (SELECT count(*) FROM slip WHERE msisdn = ?1) \
             + (SELECT count(*) FROM customer WHERE imei = ?2)",
            [CHEN.msisdn, CHEN.imei],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    world
        .bank(&["server", "audit", "show", "--last", "12"])
        .run()
        .ok()
        .shows(&["server person erase", "server person export"]);
}
