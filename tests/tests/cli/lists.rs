//! Lists with a bad line: the line is named, the others go on, and the command says that not all was done.

use crate::world::{CHEN, CUSTOMERS, Customer, Kind, Party, WANG, World, ZHANG};

const HEADER: &str = "customer,meter,msisdn,imsi,imei,iccid";

fn line(c: &Customer) -> String {
    [c.number, c.meter, c.msisdn, c.imsi, c.imei, c.iccid].join(",")
}

/// A world whose bank knows no customer yet.
fn with_empty_bank() -> World {
    let world = World::new();
    let folder = world.folder(Party::Bank);
    for (path, _) in
        World::bytes(&folder).into_iter().filter(|(path, _)| path.to_str().unwrap().contains("sqlite"))
    {
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(world.books()["customers"], 0);
    world
}

#[test]
fn a_bad_line_of_a_roster_is_named_and_the_others_are_registered() {
    let world = with_empty_bank();
    // Line 3 has a meter number with a letter, line 5 too few fields.
    let bad = line(&WANG).replace(WANG.meter, "00002018114X");
    world.file("roster.csv", [HEADER, &line(&CHEN), &bad, &line(&ZHANG), "330200000000,1"].join("\n"));
    let ran = world.bank(&["server", "register", "roster.csv"]).run();
    let ran = ran.fails(1, &["line 3, meter", "line 5", "2 line(s) were rejected"]);
    ran.shows(&["registered  2", "rejected    2"]);
    assert_eq!(world.books()["customers"], 2);
    world.bank_knows();
    world.order(&CHEN, "50");
    world.order(&ZHANG, "50");
    let wang = world.order_call(&WANG, "50", &world.fresh("-order.sms")).run();
    wang.fails(1, &["customer 330203079649 is not registered", "hint: "]);
    // The corrected file, as a whole once more.
    world.file("roster.csv", [HEADER, &line(&CHEN), &line(&WANG), &line(&ZHANG)].join("\n"));
    world.bank(&["server", "register", "roster.csv"]).run().ok().shows(&["registered  1", "unchanged   2"]);
}

#[test]
fn a_roster_without_its_columns_registers_nobody() {
    let world = with_empty_bank();
    world.file("roster.csv", format!("customer,meter,msisdn\n{}\n", line(&CHEN)));
    world.bank(&["server", "register", "roster.csv"]).run().fails(1, &["roster.csv", "missing: imsi"]);
    world.file("roster.csv", "");
    world.bank(&["server", "register", "roster.csv"]).run().fails(1, &["roster.csv"]);
    assert_eq!(world.books()["customers"], 0);
}

#[test]
fn a_number_with_a_wrong_check_digit_or_of_another_customer_is_rejected() {
    let world = with_empty_bank();
    let mistyped = line(&CHEN).replace(CHEN.imei, "353328111726054");
    let stolen = line(&WANG).replace(WANG.iccid, ZHANG.iccid);
    world.file("roster.csv", [HEADER, &mistyped, &line(&ZHANG), &stolen].join("\n"));
    let ran = world.bank(&["server", "register", "roster.csv"]).run();
    ran.fails(1, &["line 2, imei: ends in 4, its check digit would be 3", "line 4, iccid"]);
    assert_eq!(world.books()["customers"], 1);
}

/// A world before its meters.
fn without_meters() -> World {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    world
}

#[test]
fn a_bad_line_of_a_device_list_is_named_and_the_others_are_issued() {
    let world = without_meters();
    let lines = [
        "meter,ceiling",
        CHEN.meter,
        "20181144,100",
        CHEN.meter,
        "000020181168,12.345",
        "000020181199,100.00",
    ];
    world.file(
        "devices.csv",
        lines.map(|line| if line.contains(',') { line.into() } else { format!("{line},") }).join("\n"),
    );
    let issue = ["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin"];
    // What would be done names the same lines, and does nothing.
    let plan = world.city(&issue).with(&["--dry-run"]).run();
    plan.fails(1, &["line 3: ", "line 4: ", "line 5: "]).shows(&["esam 000020181114", "esam 000020181199"]);
    assert!(!world.issued(&CHEN).0.exists());
    let ran = world.city(&issue).run();
    let ran =
        ran.fails(1, &["line 3: ", "line 4: meter 000020181114 stands in line 2 already", "line 5: ceiling"]);
    ran.shows(&[CHEN.meter, "000020181199"]);
    let issued = |customer: &Customer| world.issued(customer).0.exists() && world.issued(customer).1.exists();
    assert!(issued(&CHEN) && issued(&Customer { meter: "000020181199", ..CHEN }));
    assert!(!issued(&WANG) && !issued(&ZHANG));
    // Once more with the corrected file: what is issued stays as it is.
    let before = std::fs::read(world.issued(&CHEN).0).unwrap();
    world.file("devices.csv", format!("meter\n{}\n", CUSTOMERS.map(|customer| customer.meter).join("\n")));
    let again = world.city(&issue).run();
    again.fails(1, &["line 2: meter 000020181114", "issued already"]);
    assert!(issued(&WANG) && issued(&ZHANG));
    assert!(std::fs::read(world.issued(&CHEN).0).unwrap() == before);
}

#[test]
fn a_device_list_with_a_column_nobody_knows_issues_nothing() {
    let world = without_meters();
    world.file("devices.csv", "meter,ceilling\n000020181114,100\n");
    let ran = world.city(&["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin"]).run();
    ran.fails(1, &["\"ceilling\"", "known are meter, serial and ceiling"]);
    assert!(!world.issued(&CHEN).0.exists());
}

/// The chip of a meter is at its end: another one gets its number, under a higher key version and no other, and the bank
/// sells to the new one from its first count on.
#[test]
fn a_number_goes_to_another_chip_under_a_higher_key_version() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let issue = || world.city(&["esam", "issue", "--meter", CHEN.meter, "--pin-file", "pin"]);
    issue().run().fails(1, &["issued"]);
    let esam = world.esam(&CHEN);
    let retire = ["esam", "retire", esam.to_str().unwrap(), "--pin-file", "pin", "--second-pin-file", "pin2"];
    world.city(&retire).with(&["--forfeit"]).run().ok().shows(&["retired"]);
    issue()
        .run()
        .fails(1, &["was on another chip under key version 1", "hint: take an issuing card of a higher"]);
    world.issue_card("esam-issuing", "000000000023").with(&["--key-version", "2"]).run().ok();
    let card = world.folder(Party::Province).join("out/esam-issuing-000000000023.card");
    world.city(&["city", "open", card.to_str().unwrap()]).run().ok();
    issue().run().ok();
    issue().run().fails(1, &["issued"]);
    world.deliver_list();
    let list = world.path("list.json");
    world.city(&["city", "delivery", "--out", list.to_str().unwrap()]).run().ok();
    let list: serde_json::Value = serde_json::from_slice(&std::fs::read(list).unwrap()).unwrap();
    let of_chen: Vec<_> =
        list["esams"].as_array().unwrap().iter().filter(|esam| esam["meter"] == CHEN.meter).collect();
    let told: Vec<_> = of_chen
        .iter()
        .map(|esam| (esam["key_state"].as_str().unwrap(), esam["key_version"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("retired", 1), ("test", 2)]);
    // No PSAM of the bank has the second version yet.
    world.order_call(&CHEN, "20", &world.fresh(".sms")).run().fails(1, &["test keys of version 2"]);
}
