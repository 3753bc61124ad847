//! Every verb there is, in a life that needs it.

use super::*;

/// All of it, in the order in which a life has it.
pub(super) fn all(json: &Json<'_>) {
    found(json);
    live(json);
    prove(json);
    lives(json);
    batches(json);
    slots(json);
    phones(json);
    homes(json);
    offices(json);
    people(json);
    ports(json);
}

fn found(json: &Json<'_>) {
    let pins = ["--pin-file", "pin", "--card-pin-file", "pin"];
    let with = |args: &[&'static str]| [args, &pins].concat();
    // Its seed is for tests, and a component is in earnest.
    let (ran, object) = json.run(KDC, &["kdc", "component"]);
    ran.failed(4);
    assert!(object["error"].as_str().unwrap().contains("--seed is for test keys"), "{object}");
    let made =
        json.ok(KDC, &["kdc", "init", "--test-root", "--pin-file", "pin", "--second-pin-file", "pin2"]);
    assert_eq!((&made["state"], &made["suite"]), (&"test".into(), &"3des".into()));
    for (kind, number) in [("psam-issuing", "000000000002"), ("esam-issuing", "000000000003")] {
        let args = with(&["kdc", "issue-card", kind, "--city", REGION, "--number", number]);
        let args = [&args[..], &["--second-pin-file", "pin2", "--card-second-pin-file", "pin2"]].concat();
        assert!(json.ok(KDC, &[&args[..], &["--dry-run"]].concat())["plan"].is_string());
        let issued = json.ok(KDC, &args);
        assert_eq!(issued["number"], number);
        let certify = ["kdc", "signing", "certify", issued["card"].as_str().unwrap()];
        assert_eq!(json.ok(KDC, &certify)["use"], "city issuer");
        json.ok(Party::City, &["city", "open", issued["card"].as_str().unwrap()]);
    }
    assert_eq!(json.ok(KDC, &["kdc", "signing", "show"])["certificates"].as_array().unwrap().len(), 2);
    assert!(json.ok(KDC, &["kdc", "signing", "export"])["pem"].is_string());
    let (ran, object) = json.run(KDC, &["kdc", "signing", "init"]);
    ran.failed(1);
    assert!(object["error"].as_str().unwrap().contains("has its signing root"), "{object}");
    assert_eq!(json.ok(KDC, &["kdc", "status"])["cards_issued"], 3);
    let psam = json.ok(Party::City, &with(&["psam", "issue", "--number", PSAM]));
    let certify = ["psam", "certify", psam["card"].as_str().unwrap(), "--pin-file", "pin"];
    assert_eq!(json.ok(Party::City, &certify)["use"], "PSAM");
    json.ok(Party::Bank, &["server", "open", psam["card"].as_str().unwrap()]);
    json.world.file(
        "devices.csv",
        format!(
            "meter,serial\n{},{}\n{},{}\n",
            CHEN.meter,
            esam_serial(CHEN.meter),
            WANG.meter,
            esam_serial(WANG.meter)
        ),
    );
    let issue = ["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin"];
    let plans = json.ok(Party::City, &[&issue[..], &["--dry-run"]].concat());
    assert_eq!(plans["plans"].as_array().unwrap().len(), 2);
    assert_eq!(json.ok(Party::City, &issue)["issued"], 2);
    let (esam, _) = json.world.issued(&CHEN);
    let certify = ["esam", "certify", text(&esam), "--pin-file", "pin"];
    assert_eq!(json.ok(Party::City, &certify)["use"], "ESAM");
    for customer in [&CHEN, &WANG] {
        let (esam, pairing) = json.world.issued(customer);
        json.ok(
            Party::Meters,
            &["meter", "new", customer.meter, "--esam", text(&esam), "--pairing", text(&pairing)],
        );
    }
    assert_eq!(json.ok(Party::City, &["city", "delivery", "--out", "delivery.json"])["esams"], 2);
    assert_eq!(json.ok(Party::Bank, &["server", "meters", "delivery.json"])["new"], 2);
    let settings = ["--server-number", "8657495598", "--service-centre", "8613800574500"];
    let settings = json.ok(Party::Bank, &[&["server", "settings"][..], &settings].concat());
    assert_eq!(settings["validity_days"], 30);
}

/// What is signed, and what is proved by trying.
fn prove(json: &Json<'_>) {
    assert!(json.ok(KDC, &["kdc", "signing", "export", "--out", "root.cert"])["pem"].is_string());
    let init = ["server", "signing", "init", "--root", "root.cert", "--out", "server.key"];
    assert_eq!(json.ok(Party::Bank, &init)["certificate"], Value::Null);
    assert_eq!(json.ok(KDC, &["kdc", "signing", "raise-epoch"])["epoch"], 2);
    let certify = ["kdc", "signing", "certify-server", "server.key", "--out", "server.cert"];
    assert_eq!(json.ok(KDC, &certify)["use"], "payment server");
    json.ok(Party::Bank, &["server", "signing", "take", "server.cert"]);
    assert_eq!(json.ok(Party::Bank, &["server", "signing", "show"])["certificate"]["epoch"], 2);
    let send =
        ["server", "signing", "send", "--customer", CHEN.number, "--pin-file", "pin", "--out", "cert.sms"];
    assert_eq!(json.ok(Party::Bank, &send)["meter"], CHEN.meter);
    let esam = json.world.esam(&CHEN);
    let mode = ["esam", "mode", text(&esam), "--mode", "both", "--pin-file", "pin"];
    let mode = [&mode[..], &["--server-certificate", "server.cert"]].concat();
    assert_eq!(json.ok(Party::City, &mode)["mode"], "both");
    let (ran, object) = json.run(Party::Bank, &["receipt", "export", "0000000000000000", "--out", "r.json"]);
    ran.failed(1);
    assert!(object["error"].as_str().unwrap().contains("is not settled"), "{object}");
    let (ran, object) =
        json.run(Party::Bank, &["receipt", "verify", "root.cert", "--certificate", "root.cert"]);
    ran.failed(1);
    assert_eq!(object["code"], "no-exported-receipt");
    let lived = json.ok(Party::Bank, &["prove", "world", "--days", "30", "--meters", "3"]);
    assert_eq!((&lived["violations"], lived["events"].as_u64() > Some(90)), (&0.into(), true), "{lived}");
    let explained = json.ok(Party::Bank, &["explain", "9E17"]);
    assert_eq!(explained["parts"][0]["fails"]["check"], "count-older");
    let card = json.ok(Party::City, &["prove", "card", text(&esam), "--dry-run"]);
    assert!(card["plan"].as_array().is_some_and(|plan| plan.len() > 3), "{card}");
    let (ran, _) = json.run(Party::Bank, &["prove", "port", "127.0.0.1:1"]);
    ran.failed(3);
    for what in ["tamper", "guess", "protocols", "lines", "cuts"] {
        let proved = json.ok(Party::Bank, &["prove", what]);
        assert_eq!(
            (&proved["violations"], proved["tried"].as_u64() > Some(1000)),
            (&0.into(), true),
            "{what}"
        );
    }
}

fn live(json: &Json<'_>) {
    let world = json.world;
    let sim = world.sim(&CHEN);
    let line = [CHEN.number, CHEN.meter, CHEN.msisdn, CHEN.imsi, CHEN.imei, CHEN.iccid].join(",");
    world.file("roster.csv", format!("customer,meter,msisdn,imsi,imei,iccid\n{line}\n"));
    assert_eq!(json.ok(Party::Bank, &["server", "register", "roster.csv"])["registered"], 1);
    json.ok(Party::Sims, &["sim", "new", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi]);
    let order = [
        "server",
        "order",
        "--customer",
        CHEN.number,
        "--amount",
        "50",
        "--out",
        "o.sms",
        "--pin-file",
        "pin",
    ];
    assert_eq!(json.ok(Party::Bank, &order)["amount_fen"], 5000);
    json.ok(Party::Bank, &["server", "resume", "--pin-file", "pin"]);
    assert_eq!(json.ok(Party::Sims, &["sim", "write", text(&sim), "o.sms"])["record"], 1);
    assert_eq!(json.ok(Party::Sims, &["sim", "list", text(&sim)])["records"], 20);
    assert_eq!(json.ok(Party::Sims, &["sim", "read", text(&sim), "1"])["kind"], "order");
    assert_eq!(
        json.ok(Party::Sims, &["sim", "erase", text(&sim), "2"])["erased"].as_array().unwrap().len(),
        0
    );
    assert_eq!(json.ok(Party::Sims, &["sim", "export", text(&sim)])["identity"]["imsi"], CHEN.imsi);
    let inserted = json.ok(Party::Meters, &["meter", "insert", CHEN.meter, text(&sim)]);
    assert_eq!((&inserted["outcome"], &inserted["credited_fen"]), (&"credited".into(), &5000.into()));
    json.ok(Party::Sims, &["sim", "collect", text(&sim), "r.sms"]);
    let settled = json.ok(Party::Bank, &["server", "settle", "r.sms", "--pin-file", "pin"]);
    assert_eq!(settled["receipts"][0]["result"], "settled");
    let more = &settled["receipts"][0]["more"];
    assert_eq!((&more["credited_fen"], &more["balance_fen"]), (&5000.into(), &5000.into()));
    // What is refused says why by a name, and has no order in the place of one.
    let (ran, refused) = json.run(Party::Bank, &["server", "settle", "o.sms", "--pin-file", "pin"]);
    let line = &ran.failed(1).object()["receipts"][0];
    assert_eq!((&line["result"], &line["order"]), (&"refused".into(), &Value::Null), "{refused}");
    assert_eq!(line["code"], "message-still-an-order");
    json.ok(Party::Meters, &["meter", "consume", CHEN.meter, "--kwh", "1"]);
    assert_eq!(json.ok(Party::Meters, &["meter", "show", CHEN.meter])["balance_fen"], 5000 - 55);
    assert_eq!(json.ok(Party::Meters, &["meter", "list"])["meters"].as_array().unwrap().len(), 2);
    assert_eq!(json.ok(Party::Bank, &["server", "orders"])["orders"][0]["state"], "settled");
    let statement = json.ok(Party::Bank, &["server", "statement", "--customer", CHEN.number]);
    assert_eq!(statement["lines"][1]["kind"], "delivery");
    assert_eq!(statement["lines"][1]["not_confirmed_fen"], 0);
    assert_eq!(json.ok(Party::Bank, &["server", "findings"])["findings"].as_array().unwrap().len(), 0);
    assert_eq!(json.ok(Party::Bank, &["server", "verify", "--pin-file", "pin"])["agree"], true);
    assert_eq!(json.ok(Party::Bank, &["server", "report"])["settled_fen"], 5000);
    let psams = json.ok(Party::Bank, &["server", "psam", "list"]);
    assert_eq!((&psams["psams"][0]["sealed"], &psams["psams"][0]["not_settled"]), (&1.into(), &0.into()));
    let gone = json.ok(Party::Bank, &["server", "psam", "remove", PSAM]);
    let card = format!("{}/psam-{PSAM}.card", gone["to"].as_str().unwrap());
    assert_eq!(json.ok(Party::Bank, &["server", "psam", "add", &card])["key_version"], 1);
    let new = ["--msisdn", "+8613900000109", "--imsi", "460000207447768", "--iccid", "89860021047987991764"];
    json.ok(
        Party::Bank,
        &[&["server", "order", "--customer", CHEN.number, "--amount", "30", "--pin-file", "pin"][..]]
            .concat(),
    );
    json.ok(Party::Bank, &[&["server", "replace-sim", "--customer", CHEN.number][..], &new].concat());
    json.ok(Party::Bank, &["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin"]);
    let second = ["--customer", CHEN.number, "--pin-file", "pin"];
    let correct = [&["server", "correct", "--amount", "20"][..], &second].concat();
    assert_eq!(json.ok(Party::Bank, &correct)["amount_fen"], 2000);
    assert_eq!(json.ok(Party::Bank, &[&["server", "reverse"][..], &second].concat())["amount_fen"], 0);
    let (_, refused) = json.run(Party::Bank, &["server", "void", "--customer", CHEN.number]);
    assert_eq!(refused["code"], "may-be-credited");
    let (_, refused) = json.run(Party::Bank, &["server", "refund", "--customer", CHEN.number]);
    assert!(refused["error"].as_str().unwrap().contains("nothing is due"), "{refused}");
    let office = ["server", "office", "--customer", CHEN.number, "--office", "Haishu"];
    assert_eq!(json.ok(Party::Bank, &office)["office"], "Haishu");
    let blocks = json.world.file("blocks.csv", format!("id,blocked,customer\n1,false,{}\n", CHEN.number));
    let import = ["company", "import", "blocks", text(&blocks), "--source", "power"];
    assert_eq!(json.ok(Party::Bank, &import)["new"], 1);
    let events = json.world.path("events.csv");
    assert!(json.ok(Party::Bank, &["company", "export", "--out", text(&events)])["last"].as_u64() > Some(2));
    // A seed makes no key that protects money, and nobody listens where others hear.
    let (_, refused) = json.run(Party::Bank, &["server", "key", "add", "--role", "clerk"]);
    assert_eq!(refused["kind"], "security");
    assert_eq!(json.ok(Party::Bank, &["server", "key", "list"])["keys"].as_array().unwrap().len(), 0);
    let (_, refused) = json.run(Party::Bank, &["server", "key", "end", "00112233"]);
    assert_eq!(refused["kind"], "refused");
    let (_, refused) = json.run(Party::Bank, &["server", "run", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused["code"], "listen-plain");
    let (_, refused) = json.run(Party::Bank, &["server", "clear", "9", "--note", "none"]);
    assert!(refused["error"].as_str().unwrap().contains("there is no finding 9"), "{refused}");
    office::functions(json);
    office::user_cards(json);
    office::production_cards(json);
    office::bank_leg(json);
    office::customers_phone(json);
    json.ok(Party::Sims, &["card", "new", "blank.card", "--kind", "esam"]);
    json.ok(Party::Sims, &["card", "new", "plain.card", "--blank"]);
    json.world.file("plain.apdu", "> 80E00005072800 10F0F0FFFF\n");
    assert_eq!(json.ok(Party::Sims, &["card", "personalise", "plain.card", "plain.apdu"])["commands"], 1);
    assert_eq!(
        json.ok(Party::Sims, &["card", "dump", "plain.card"])["mf"]["children"][0]["path"],
        "3F00/0005"
    );
    assert_eq!(json.ok(Party::Sims, &["card", "diff", "plain.card", "plain.card"])["same"], true);
    #[cfg(unix)]
    {
        let line = ["card", "line", "plain.card", "--listen", "127.0.0.1:0", "--terminals", "0"];
        assert!(json.ok(Party::Sims, &line)["listen"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
    assert_eq!(json.ok(Party::Meters, &["card", "show", text(&world.esam(&CHEN))])["balance_fen"], 4945);
    assert!(json.ok(Party::Meters, &["card", "list", "."])["cards"].as_array().unwrap().len() >= 7);
    world.phones(&["card", "show", text(&sim), "--trace", "t.trace"]).run().ok();
    assert!(json.ok(Party::Sims, &["trace", "show", "t.trace"])["apdus"].as_u64().unwrap() > 3);
}

/// The people of a home: registered, asked for and approved, changed, put out.
fn people(json: &Json<'_>) {
    let world = json.world;
    for name in ["chen", "wang", "li"] {
        world.file(name, format!("{name}'s password"));
    }
    let party = ["--party", "sims"];
    let chen = ["--operator", "Chen", "--operator-password-file", "chen"];
    let wang = ["--second-operator", "Wang", "--second-password-file", "wang"];
    let ok = |args: &[&str], who: &[&str]| json.ok(Party::Sims, &[args, &party, who].concat());
    ok(&["operator", "add", "Chen", "--role", "clerk", "--password-file", "chen"], &[]);
    let added = ok(&["operator", "add", "Wang", "--role", "supervisor", "--password-file", "wang"], &chen);
    assert_eq!((&added["name"], &added["role"]), (&"Wang".into(), &"supervisor".into()));
    let li = ["operator", "add", "Li", "--role", "clerk", "--password-file", "li"];
    let asked = ok(&li, &[&chen[..], &["--request"]].concat());
    let id = asked["request"].as_str().unwrap();
    assert_eq!(json.ok(Party::Sims, &["operator", "requests"])["requests"][0]["request"], id);
    let approver = ["--operator", "Wang", "--operator-password-file", "wang"];
    assert_eq!(json.ok(Party::Sims, &[&["approve", id][..], &approver].concat())["name"], "Li");
    ok(&["operator", "passwd", "Chen", "--password-file", "chen"], &chen);
    assert_eq!(ok(&["operator", "disable", "Li"], &[&chen[..], &wang].concat())["disabled"], true);
    assert_eq!(ok(&["operator", "list"], &[])["operators"].as_array().unwrap().len(), 3);
    // Codes are never drawn from a seed.
    let (refused, object) = json.run(Party::Bank, &["operator", "totp", "Chen"]);
    assert_eq!((refused.code, &object["code"]), (4, &"security".into()));
}

/// What the offices keep: audit logs, and a key store that this province has not.
fn offices(json: &Json<'_>) {
    let makers =
        [(Party::Bank, "server"), (Party::Meters, "meter"), (Party::Sims, "sim"), (Party::Sims, "phone")];
    for (party, noun) in [(KDC, "kdc"), (Party::City, "city")].into_iter().chain(makers) {
        assert!(json.ok(party, &[noun, "audit", "export"])["head"].is_string());
        assert_eq!(json.ok(party, &[noun, "audit", "verify"])["findings"].as_array().unwrap().len(), 0);
        assert!(json.ok(party, &[noun, "audit", "head"])["lines"].as_u64().unwrap() > 0);
        assert!(!json.ok(party, &[noun, "audit", "show"])["entries"].as_array().unwrap().is_empty());
    }
    let plan = ["kdc", "ceremony", "plan", "--components", "2", "--formal-on-virtual"];
    let plan = json.ok(KDC, &[&plan[..], &["--transport-components", "2"]].concat());
    assert!(plan["steps"].as_array().unwrap().len() > 8);
    let (_, held) = json.run(KDC, &["kdc", "ceremony", "run", "--test-root"]);
    assert!(held["error"].as_str().unwrap().contains("this province has its roots"));
    let reshare = ["kdc", "keystore", "reshare", "--threshold", "2", "--custodian", "a", "--custodian", "b"];
    let passphrase = ["kdc", "keystore", "passphrase", "--custodian", "a"];
    for args in [&["kdc", "keystore", "show"][..], &["kdc", "keystore", "check"], &passphrase, &reshare] {
        let (_, object) = json.run(KDC, args);
        assert!(object["error"].as_str().unwrap().contains("has no key store"), "{object}");
    }
}

/// Test cards, counters, revocation, and the lives of ESAMs.
fn lives(json: &Json<'_>) {
    let (world, city) = (json.world, Party::City);
    let officers = ["--pin-file", "pin", "--second-pin-file", "pin2"];
    let with = |args: &[&'static str]| [args, &officers].concat();
    assert_eq!(json.ok(KDC, &with(&["kdc", "check", "--city", REGION]))["key_version"], 1);
    let revoke =
        ["kdc", "revoke", "esam-issuing", "000000000023", "--reason", "lost", "--why", "never arrived"];
    let made =
        [&["kdc", "issue-card", "esam-issuing", "--city", REGION, "--number", "000000000023"][..], &officers];
    let card = ["--card-pin-file", "pin", "--card-second-pin-file", "pin2"];
    json.ok(KDC, &[&made.concat()[..], &card].concat());
    assert_eq!(json.ok(KDC, &with(&revoke))["list_number"], 1);
    let list = world.folder(KDC).join("revocation.json");
    assert_eq!(json.ok(city, &["city", "revoked", text(&list)])["believed"], 2);
    let revoke =
        ["city", "revoke", "esam", WANG.meter, "--reason", "broken", "--why", "dead", "--pin-file", "pin"];
    assert_eq!(json.ok(city, &revoke)["macs"], 1);
    let list = world.folder(city).join("revocation.json");
    assert_eq!(json.ok(Party::Bank, &["server", "revoked", text(&list)])["list_number"], 1);
    let issue = with(&["kdc", "issue-card", "test-issuing", "--city", REGION, "--number", "000000000004"]);
    let issued = json.ok(KDC, &[&issue[..], &["--card-pin-file", "pin"]].concat());
    json.ok(city, &["city", "open", issued["card"].as_str().unwrap()]);
    let issue =
        ["test-card", "issue", "--number", "330200000009", "--pin-file", "pin", "--card-pin-file", "pin"];
    let card = json.ok(city, &issue)["card"].as_str().unwrap().to_owned();
    let psam = world.psam();
    assert_eq!(json.ok(city, &["psam", "show", text(&psam)])["limit"], 10_000);
    let limit = ["psam", "limit", text(&psam), "--orders", "100", "--pin-file", "pin"];
    assert_eq!(json.ok(city, &limit)["limit"], 100);
    office::limit_by_files(json);
    let again = json.world.fresh(".server");
    let pair =
        ["psam", "pair", text(&psam), "--pin-file", "pin", "--card-pin-file", "pin", "--out", text(&again)];
    assert_eq!(json.ok(city, &pair)["number"], "330200000001");
    let main = world.folder(KDC).join("main-control.card");
    let issuing = world.folder(city).join("psam-issuing.card");
    for (noun, card) in
        [("psam", text(&psam)), ("kdc", text(&main)), ("city", text(&issuing)), ("test-card", &card)]
    {
        let change = [noun, "pin", "change", card, "--pin-file", "pin", "--new-pin-file", "pin"];
        assert_eq!(json.ok(city, &change)["changed"], true);
    }
    for (noun, card) in [("psam", text(&psam)), ("test-card", &card)] {
        let unblock = [noun, "pin", "unblock", card, "--pin-file", "pin", "--new-pin-file", "pin"];
        assert_eq!(json.ok(city, &unblock)["unblocked"], true);
    }
    let unblock =
        [&["kdc", "pin", "unblock", text(&issuing), "--new-pin-file", "pin"][..], &officers].concat();
    assert_eq!(json.ok(KDC, &unblock)["unblocked"], true);
    world.file("zeros", "0000");
    world.file("puk", "00000000");
    let sim = world.sim(&CHEN);
    for (verb, code, new) in [
        ("enable", "--pin-file", None),
        ("change", "--pin-file", Some("zeros")),
        ("unblock", "--puk-file", Some("zeros")),
        ("disable", "--pin-file", None),
    ] {
        let file = if verb == "unblock" { "puk" } else { "zeros" };
        let new = new.map_or(vec![], |new| vec!["--new-pin-file", new]);
        let line = [vec!["sim", "pin", verb, text(&sim), code, file], new].concat();
        assert_eq!(json.ok(Party::Sims, &line)["code"], "CHV1");
    }
    let esam = world.esam(&WANG);
    assert_eq!(json.ok(city, &["esam", "show", text(&esam)])["state"], "test");
    let test = ["meter", "test", WANG.meter, "--card", &card, "--pin-file", "pin"];
    assert_eq!(json.ok(Party::Meters, &test)["passed"], true);
    let act = |act: &'static str| [&["esam", act, text(&esam)][..], &officers].concat();
    let done = json.ok(city, &act("change-keys"));
    assert_eq!(done["esams"][0]["what"], "was done");
    let pairing = done["esams"][0]["pairing"].as_str().unwrap();
    assert_eq!(json.ok(Party::Meters, &["meter", "pair", WANG.meter, "--pairing", pairing])["waits"], false);
    assert_eq!(json.run(city, &act("formal")).1["exit"], 1);
    let issue = ["psam", "issue", "--number", "330200000088", "--pin-file", "pin", "--card-pin-file", "pin"];
    let spent = json.ok(city, &issue)["card"].as_str().unwrap().to_owned();
    assert_eq!(json.ok(city, &[&["psam", "retire", &spent][..], &officers].concat())["before"], false);
    assert_eq!(json.ok(city, &["test-card", "retire", &card, "--pin-file", "pin"])["state"], "retired");
    let issue = with(&["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", "000000000077"]);
    let new = ["--card-pin-file", "pin", "--card-second-pin-file", "pin2"];
    let issued = json.ok(KDC, &[&issue[..], &new].concat());
    let spent = issued["card"].as_str().unwrap();
    let limit = [&["kdc", "limit", spent, "--count", "7", "--value", "9"][..], &officers].concat();
    let limited = json.ok(KDC, &limit);
    assert_eq!((&limited["left"], &limited["value_limit_fen"]), (&7.into(), &900.into()));
    let end = [&["kdc", "retire-card", "psam-issuing", spent][..], &officers].concat();
    assert_eq!(json.ok(KDC, &end)["kind"], "psam-issuing");
    let now = json.ok(city, &act("test"))["esams"][0].clone();
    assert_eq!((&now["state"], &now["key_version"]), (&"test".into(), &1.into()));
    let now = json.ok(city, &act("retire"))["esams"][0].clone();
    assert_eq!((&now["state"], &now["key_version"]), (&"retired".into(), &Value::Null));
}

/// Batches of every kind, and what the stock says of them.
fn batches(json: &Json<'_>) {
    let (world, city) = (json.world, Party::City);
    world.file("esams.csv", "number\n000000000071\n000000000072\n");
    world.file("psams.csv", "number\n330200000071\n");
    world.file("sims.csv", "iccid,imsi\n89860021047987991772,460000207447771\n");
    let pin = ["--pin-file", "pin", "--yes"];
    let batch = |kind, file| [&["issue", kind, "--batch", file][..], &pin].concat();
    assert_eq!(json.ok(city, &batch("esam", "esams.csv"))["good"], 2);
    let psams = [batch("psam", "psams.csv"), vec!["--card-pin-file", "pin"]].concat();
    assert_eq!(json.ok(city, &psams)["good"], 1);
    assert_eq!(json.ok(Party::Sims, &["issue", "sim", "--batch", "sims.csv", "--yes"])["good"], 1);
    assert_eq!(json.ok(city, &["issue", "list"])["batches"].as_array().unwrap().len(), 2);
    assert_eq!(json.ok(city, &["issue", "show", "1"])["asked"], 2);
    json.ok(city, &["issue", "result", "1", "--out", "result.csv"]);
    assert_eq!(json.ok(city, &["issue", "take", "--batch", "1", "--out", "taken"])["taken"], 2);

    world.file("blanks.csv", "kind,serial,box\nesam,00000000000000A1,B7\nesam,00000000000000A2,B7\n");
    assert_eq!(json.ok(city, &["stock", "in", "blanks.csv"])["taken_in"], 2);
    json.ok(city, &["stock", "move", "--box", "B7", "--to", "safe"]);
    json.ok(city, &["stock", "dispatch", "000000000071", "--to", "a meter factory"]);
    assert_eq!(json.ok(city, &["stock", "fit", "000000000071"])["items"], 1);
    json.ok(city, &["stock", "back", "000000000071", "--to", "house"]);
    json.ok(city, &["stock", "retire", "000000000071", "--why", "old"]);
    json.ok(city, &["stock", "scrap", "00000000000000A1", "--why", "bent"]);
    assert_eq!(json.ok(city, &["stock", "show", "00000000000000A1"])["state"], "scrapped");
    assert_eq!(json.ok(city, &["stock", "list", "--state", "blank"])["count"], 1);
    assert_eq!(json.ok(city, &["stock", "report"])["adds_up"], true);
}

/// Slots where nothing serves; what they say while something does is tested with `card serve`.
fn slots(json: &Json<'_>) {
    for verb in ["list", "insert", "remove", "cycle", "reset"] {
        let card: &[&str] = if verb == "list" { &[] } else { &["0"] };
        let (_, object) = json.run(Party::Sims, &[&["slot", verb][..], card].concat());
        assert_eq!(object["exit"], 3, "slot {verb}");
    }
    let (_, object) = json.run(Party::Sims, &["card", "serve", "no.card"]);
    assert_eq!(object["exit"], 3);
}

/// A phone that is not run; one that is, is tested with its line.
fn phones(json: &Json<'_>) {
    let sim = json.world.sim(&CHEN);
    let new = ["phone", "new", "chen", "--sim", text(&sim), "--number", CHEN.msisdn];
    assert_eq!(json.ok(Party::Sims, &new)["number"], CHEN.msisdn);
    let set = ["phone", "network", "--lose", "100", "--network-seed", "5"];
    assert_eq!(json.ok(Party::Sims, &set)["lose"], 100);
    let words = ["phone", "send", "chen", "--text", "hello", "--from", "+8613912345678"];
    assert_eq!(json.ok(Party::Sims, &words)["letters"][0]["arrives_s"].as_array().unwrap().len(), 0);
    let set = ["phone", "network", "--lose", "0", "--double", "100", "--delay", "1-60"];
    assert_eq!(json.ok(Party::Sims, &set)["seed"], 5);
    assert_eq!(json.ok(Party::Sims, &words)["letters"][0]["arrives_s"].as_array().unwrap().len(), 2);
    let list = json.ok(Party::Sims, &["phone", "list"]);
    assert_eq!(
        (&list["phones"][0]["phone"], list["under_way"].as_array().unwrap().len()),
        (&"chen".into(), 2)
    );
    let (ran, _) = json.run(Party::Sims, &["phone", "run", "wang"]);
    assert_eq!(ran.code, 1);
}

/// A home that is kept.
fn homes(json: &Json<'_>) {
    assert_eq!(json.ok(KDC, &["home", "check"])["findings"], 0);
    json.ok(KDC, &["home", "upgrade"]);
    json.ok(KDC, &["home", "backup", "home.tar"]);
    let own = json.world.path("elsewhere");
    let args = ["home", "restore", "home.tar", "--home", text(&own), "--json"];
    Call::plain(&json.world.path(""), &args).run().ok().object();
    json.seen.borrow_mut().insert("home restore".into());
}

/// Lines where nobody is.
fn ports(json: &Json<'_>) {
    let (ran, _) = json.run(Party::Meters, &["meter", "read", "127.0.0.1:1"]);
    assert_eq!(ran.code, 3);
    let acts: [(&str, &[&str]); 10] = [
        ("identify", &[]),
        ("open", &["1", "--customer", CHEN.number]),
        ("recharge", &["1"]),
        ("read-back", &[]),
        ("control", &["trip"]),
        ("parameter", &["04001001", "00005000"]),
        ("validity", &["5"]),
        ("tariff", &["--rate", "0.55"]),
        ("valve", &["close"]),
        ("infrared", &[]),
    ];
    for (act, rest) in acts {
        let at = ["meter", "station", act, "127.0.0.1:1", "--meter", CHEN.meter, "--city", REGION];
        let (ran, _) = json.run(Party::Meters, &[&at[..], rest].concat());
        assert_eq!(ran.code, 3, "{act}");
    }
    let telephone = ["--msisdn", CHEN.msisdn, "--imsi", CHEN.imsi, "--imei", CHEN.imei];
    let buy = ["meter", "buy", "127.0.0.1:1", "--customer", CHEN.number];
    let (ran, object) = json.run(Party::Meters, &[&buy[..], &telephone].concat());
    assert_eq!((ran.code, &object["code"]), (2, &"url-missing".into()));
    for verb in ["port", "board"] {
        let (ran, _) = json.run(Party::Meters, &["meter", verb, CHEN.meter, "--listen", "192.0.2.1:1"]);
        assert_eq!(ran.code, 3, "{verb}");
    }
    let sensors = ["meter", "sensors", CHEN.meter, "--battery", "3600"];
    assert_eq!(json.run(Party::Meters, &sensors).0.code, 1, "a meter of electricity has no battery");
    let twice = ["meter", "call", CHEN.meter, CHEN.meter, "--server", "127.0.0.1:1"];
    assert_eq!(json.run(Party::Meters, &twice).0.code, 2);
    let netmeter: [&[&str]; 3] =
        [&["list"], &["read", CHEN.meter], &["buy", CHEN.meter, "--customer", CHEN.number]];
    for verb in netmeter {
        let (ran, object) = json.run(Party::Bank, &[&["server", "netmeter"], verb].concat());
        assert_eq!((ran.code, &object["code"]), (2, &"url-missing".into()), "{verb:?}");
    }
}
