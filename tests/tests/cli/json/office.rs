//! What an office, a bank and a customer's phone do beside sales.

use super::*;

/// Payments through a bank, where there is none.
pub(super) fn bank_leg(json: &Json<'_>) {
    assert_eq!(json.ok(Party::Bank, &["bank", "payments"])["payments"].as_array().unwrap().len(), 0);
    let away = ["bank", "ask", "--bank", "http://127.0.0.1:1"];
    assert_eq!(json.ok(Party::Bank, &away)["payments"].as_array().unwrap().len(), 0);
    for verb in ["show", "leave"] {
        let (_, refused) = json.run(Party::Bank, &["bank", verb, "0011223344556677"]);
        assert_eq!(refused["code"], "unknown-payment");
    }
    let day = json.world.file("day.csv", "day,entry,reference,kind,amount_fen\n");
    let compared = json.ok(Party::Bank, &["bank", "reconcile", text(&day), "--day", "2026-11-22"]);
    assert_eq!((&compared["entries"], &compared["again"]), (&0.into(), &false.into()));
    let (_, refused) = json.run(Party::Bank, &["bank", "clear", "9", "--book", "--note", "none"]);
    assert_eq!(refused["code"], "finding-unknown");
    assert_eq!(json.ok(Party::Bank, &["bank", "suspense"])["suspense_fen"], 0);
    let end = ["bank", "suspense-end", "finding:9", "--to", "refund", "--note", "none"];
    assert_eq!(json.run(Party::Bank, &end).1["code"], "suspense-nothing");
    let (_, refused) =
        json.run(Party::Bank, &["simulate", "bank", "--state", "bank.journal", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused["code"], "listen-plain");
    let account = "bank,+8613800250500,pin";
    let centre = ["simulate", "centre", "--account", account, "--listen", "0.0.0.0:0"];
    assert_eq!(json.run(Party::Sims, &centre).1["code"], "listen-plain");
}

/// A customer's phone that is known nowhere; what it is answered is tried by `bank::phone`.
pub(super) fn customers_phone(json: &Json<'_>) {
    for (verb, more) in [
        ("pay", &["--amount", "5"][..]),
        ("purchase", &[]),
        ("contracts", &[]),
        ("records", &[]),
        ("balance", &[]),
        ("forget", &[]),
    ] {
        let args = [&["phone", verb, "--phone", "none.phone"], more].concat();
        assert_eq!(json.run(Party::Sims, &args).1["code"], "phone-file", "{verb}");
    }
    let receipt = ["phone", "receipt", "--phone", "none.phone", "not-there.sms"];
    assert_eq!(json.run(Party::Sims, &receipt).1["code"], "io");
    json.world.file("code", "ABCD EFGH IJKL MNOP");
    let key = "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13";
    let at = ["--phone", "new.phone", "--server", "http://127.0.0.1:1", "--server-key", key];
    let who = ["--slip", "A1B2C3D4", "--msisdn", CHEN.msisdn, "--user", "chen", "--code-file", "code"];
    let enrol = [&["phone", "enrol"][..], &at, &who].concat();
    assert_eq!(json.run(Party::Sims, &enrol).1["code"], "usage", "nobody is there to type the password");
}

/// Purchase cards of the classic kind, where there are none.
pub(super) fn user_cards(json: &Json<'_>) {
    let issue =
        ["user-card", "issue", "--number", "330200000801", "--pin-file", "pin", "--card", "user.card"];
    assert_eq!(json.ok(Party::City, &issue)["number"], "330200000801");
    let write = ["server", "card", "write", "no.card", "--customer", CHEN.number, "--pin-file", "pin"];
    let absent: [(Party, &[&str]); 3] = [
        (Party::Bank, &["server", "card", "read", "no.card", "--pin-file", "pin"]),
        (Party::Bank, &write),
        (Party::City, &["user-card", "retire", "no.card", "--pin-file", "pin", "--second-pin-file", "pin2"]),
    ];
    for (party, args) in absent {
        assert_eq!(json.run(party, args).0.code, 3, "{args:?}");
    }
}

/// Cards for the makers of meters.
pub(super) fn production_cards(json: &Json<'_>) {
    let city = |args: &[&str]| json.ok(Party::City, args);
    for (number, card) in [("330200000901", "number.card"), ("330200000902", "preset.card")] {
        let issue = ["production-card", "issue", "--number", number, "--pin-file", "pin", "--card", card];
        assert_eq!(city(&issue)["number"], number);
    }
    assert_eq!(city(&["production-card", "read", "number.card"])["work"], "empty");
    let range = ["--from", "261100000101", "--to", "261100000199", "--pin-file", "pin"];
    let written = city(&[&["production-card", "number", "number.card"][..], &range].concat());
    assert_eq!((&written["work"], &written["next"]), (&"number".into(), &"261100000101".into()));
    let preset = ["production-card", "preset", "preset.card", "--amount", "5", "--pin-file", "pin"];
    assert_eq!(city(&preset)["preset_fen"], 500);
    // A city of test keys has none that are worth a card.
    let esam = "6A1F0C2233445566:261100000101";
    let key = ["production-card", "key", "preset.card", "--esam", esam, "--pin-file", "pin"];
    assert_eq!(json.run(Party::City, &key).0.code, 1);
    let retire = ["production-card", "retire", "no.card", "--pin-file", "pin", "--second-pin-file", "pin2"];
    assert_eq!(json.run(Party::City, &retire).0.code, 3);
}

/// What an office does beside sales.
pub(super) fn functions(json: &Json<'_>) {
    let bank = |args: &[&str]| json.ok(Party::Bank, args);
    let fails = |args: &[&str]| json.run(Party::Bank, args).1["code"].clone();
    assert_eq!(
        bank(&["server", "phone", "list", "--customer", CHEN.number])["phones"],
        Value::Array(Vec::new())
    );
    for verb in ["freeze", "thaw", "forget"] {
        let args = ["server", "phone", verb, "4E244839E2DF17F5", "--reason", "as he asked"];
        assert_eq!(fails(&args), "phone-unknown", "{verb}");
    }
    let registered = ["--meter", CHEN.meter, "--msisdn", "+8613900000109", "--imsi", "460000207447768"];
    let more =
        ["--imei", CHEN.imei, "--iccid", "89860021047987991764", "--bill", "2026-0001", "--address", "here"];
    let apply = [&["server", "apply", "--customer", CHEN.number][..], &registered, &more].concat();
    assert_eq!(bank(&apply)["new"], false);
    let slip = bank(&["server", "code", "new", "--customer", CHEN.number]);
    json.world.file("code", slip["authorisation_code"].as_str().unwrap());
    let used = ["server", "code", "use", "--slip", slip["slip"].as_str().unwrap(), "--code-file", "code"];
    assert_eq!(bank(&used)["customer"], CHEN.number);
    let known = bank(&["server", "customer", "--bill", "2026-0001"]);
    assert_eq!(
        (&known["person"]["address"], &known["authorisation"]["ended"]),
        (&"here".into(), &"used".into())
    );
    assert_eq!(
        bank(&["server", "limits", "set", "--of", "order", "--amount", "500"])["limits"][0]["limit_fen"],
        50000
    );
    assert_eq!(bank(&["server", "limits", "show"])["limits"].as_array().unwrap().len(), 1);
    let change =
        ["server", "change-meter", "--customer", CHEN.number, "--meter", "000020181177", "--balance", "1"];
    assert_eq!(fails(&[&change[..], &["--note", "dark", "--pin-file", "pin"]].concat()), "no-esam");
    let over = ["server", "hand-over", "--meter", "000020181177", "--to", CHEN.number, "--note", "moves out"];
    assert_eq!(fails(&over), "hand-over-unknown-meter");
    assert_eq!(bank(&["server", "ageing"])["waiting"][0]["next"], "wait");
    assert_eq!(bank(&["server", "hand-overs"])["hand_overs"].as_array().unwrap().len(), 0);
    assert_eq!(bank(&["server", "drawer", "open", "--counted", "10"])["opening_fen"], 1000);
    assert_eq!(bank(&["server", "drawer", "list"])["drawers"].as_array().unwrap().len(), 1);
    assert_eq!(bank(&["server", "drawer", "close", "--counted", "9"])["difference_fen"], -100);
    assert_eq!(bank(&["server", "statistics"])["lines"].as_array().unwrap().len(), 1);
    assert!(bank(&["server", "close"])["head"].is_string());
    assert_eq!(bank(&["server", "backup", "--out", "copy.sqlite"])["sum_fen"], 0);
    assert!(bank(&["server", "restore", "copy.sqlite"])["before"].is_string());
    assert_eq!(bank(&["server", "support", "--output", "help.tar"])["files"].as_array().unwrap().len(), 6);
    let export = ["server", "person", "export", CHEN.number, "--output", "chen.json"];
    assert_eq!(bank(&export)["customer"], CHEN.number);
    let erase = ["server", "person", "erase", CHEN.number, "--note", "he asked"];
    assert_eq!(fails(&erase), "erase-outstanding");
    let into = ["server", "move", "--from", "sqlite:copy.sqlite", "--to", "host=/nowhere user=bank"];
    assert_eq!(fails(&into), "books-gone");
}

/// Another limit for the bank's PSAM, by the files that cross.
pub(super) fn limit_by_files(json: &Json<'_>) {
    let [request, statement, limit] =
        ["-request.json", "-statement.json", "-limit.json"].map(|end| json.world.fresh(end));
    let ask = ["psam", "statement-request", "330200000001", "--out", text(&request)];
    assert_eq!(json.ok(Party::City, &ask)["number"], "330200000001");
    let state = ["server", "psam-statement", text(&request), "--out", text(&statement)];
    assert_eq!(json.ok(Party::Bank, &state)["number"], "330200000001");
    let seal = ["psam", "limit", "--statement", text(&statement), "--orders", "200", "--out", text(&limit)];
    assert_eq!(json.ok(Party::City, &[&seal[..], &["--pin-file", "pin"]].concat())["limit"], 200);
    assert_eq!(json.ok(Party::Bank, &["server", "psam-limit", text(&limit)])["limit"], 200);
}
