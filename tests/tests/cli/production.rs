//! A production line from outside: a maker's meters take their numbers, what they begin with and a formal city's keys from three cards, are
//! opened by a user card, sold to, and settled [docs/specs/production-cards.md].

use crate::world::{Kind, Party, World, text};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Meters of the line: works number, and the number they get.
const METERS: [(&str, &str); 3] =
    [("990000000001", "261100000101"), ("990000000002", "261100000102"), ("990000000003", "261100000103")];
const CUSTOMER: &str = "330219000001";

/// A formal city with a bank, and a maker of meters with test keys, under one transport root.
struct Line {
    city: World,
    maker: World,
}

impl Line {
    fn new() -> Self {
        let city = World::empty(Kind { apart: false, formal: true, suite: "3des" });
        city.found_province();
        city.found_city();
        let maker = World::maker("3des");
        maker.found_province();
        maker.found_city();
        let line = Line { city, maker };
        METERS.iter().for_each(|(works, _)| line.make(works, &["--unnumbered"]));
        line
    }

    /// A meter of the maker's.
    fn make(&self, works: &str, more: &[&str]) {
        let maker = &self.maker;
        let issue = ["esam", "issue", "--meter", works, "--formal-on-virtual", "--pin-file", "pin"];
        maker.earnest(Party::City, &issue).with(more).with(maker.transport()).run().ok();
        let out = maker.folder(Party::City).join("out");
        let (esam, pairing) =
            (out.join(format!("esam-{works}.card")), out.join(format!("pairing-{works}.json")));
        let new = ["meter", "new", works, "--esam", text(&esam), "--pairing", text(&pairing)];
        maker.earnest(Party::Meters, &new).with(maker.transport()).run().ok();
    }

    /// A production card of the city, with something on it.
    fn card(&self, number: &str, work: &[&str]) -> PathBuf {
        let card = self.city.path(&format!("{number}.card"));
        let issue =
            ["production-card", "issue", "--number", number, "--card", text(&card), "--pin-file", "pin"];
        self.city.city(&issue).with(self.city.transport()).run().ok().shows(&["issued production card"]);
        self.write(&card, work);
        card
    }

    fn write(&self, card: &Path, work: &[&str]) -> Value {
        let (verb, options) = work.split_first().unwrap();
        let args = ["production-card", verb, text(card), "--pin-file", "pin", "--json"];
        self.city.city(&args).with(options).run().ok().object()
    }

    fn read(&self, card: &Path) -> Value {
        self.city.city(&["production-card", "read", text(card), "--json"]).run().ok().object()
    }

    fn insert(&self, meter: &str, card: &Path) -> crate::command::Call {
        self.maker.earnest(Party::Meters, &["meter", "insert", meter, text(card)])
    }

    /// The same, of a key card.
    fn key(&self, meter: &str, card: &Path) -> crate::command::Call {
        let root = self.city.path("transport");
        self.insert(meter, card).with(&["--formal", "--transport-file", text(&root)])
    }

    fn meter(&self, number: &str) -> Value {
        self.maker.earnest(Party::Meters, &["meter", "show", number, "--json"]).run().ok().object()
    }
}

#[test]
fn three_fresh_meters_are_numbered_preset_keyed_and_sold_to() {
    let line = Line::new();
    let range = ["number", "--from", METERS[0].1, "--to", METERS[2].1];
    let numbers = line.card("330200000901", &range);
    let presets = line.card("330200000902", &["preset", "--amount", "5", "--alarm1", "10", "--alarm2", "5"]);
    for (works, number) in METERS {
        let report = line.insert(works, &numbers).with(&["--json"]).run().ok().object();
        assert_eq!((&report["outcome"], &report["meter"]), (&"numbered".into(), &number.into()));
        assert_eq!(report["beeps_ms"], json!([625]));
        // The meter is called so from now on, and nothing stands under its works number.
        line.insert(works, &presets).run().fails(1, &["there is no meter"]);
        let report = line.insert(number, &presets).with(&["--json"]).run().ok().object();
        assert_eq!((&report["outcome"], &report["credited_fen"]), (&"preset".into(), &0.into()));
        assert_eq!(line.meter(number)["balance_fen"], 500);
    }
    let listed = line.read(&numbers);
    assert_eq!((&listed["work"], &listed["next"]), (&"number".into(), &Value::Null));
    assert_eq!(listed["meters"].as_array().unwrap().len(), 3);
    assert_eq!(listed["meters"][1]["meter"], METERS[1].1);

    // The city seals keys for the chips on that list.
    let keys = line.card("330200000903", &["key", "--from", text(&numbers)]);
    let before = line.read(&keys);
    assert_eq!((&before["left"], &before["key_version"]), (&3.into(), &1.into()));
    let last = METERS[2].1;
    line.insert(last, &keys).run().fails(4, &["key card brings formal keys", "--formal"]);
    line.insert(last, &keys).with(&["--formal"]).run().fails(4, &["published transport root"]);
    assert_eq!(line.read(&keys)["left"], 3);
    for (_, number) in METERS {
        line.key(number, &keys).run().ok().shows(&["formal keys 1", "balance 0.00"]);
        assert_eq!(line.meter(number)["balance_fen"], 0);
        assert_eq!(esam(&line, number)["state"], "formal");
    }
    let after = line.read(&keys);
    assert_eq!(after["left"], 0);
    assert!(after["meters"].as_array().unwrap().iter().all(|meter| meter["keys"] == "loaded"), "{after}");
    // A formal meter takes none of them.
    for card in [&numbers, &presets, &keys] {
        line.key(last, card).run().fails(4, &["Err-32", "card error 9", "key-state"]);
    }
    line.city.city(&["city", "audit", "verify"]).run().ok().shows(&["findings    0"]);
    sold_to(&line, METERS[0].1);
}

/// The bank hears of the ESAMs that took their keys from the card, and sells on a user card.
fn sold_to(line: &Line, meter: &str) {
    let city = &line.city;
    city.found_bank();
    city.bank_knows();
    let roster = format!(
        "customer,meter,msisdn,imsi,imei,iccid\n{CUSTOMER},{meter},+8613900000777,460000000007777,860123040000019,89860026330000000010\n"
    );
    city.file("line.csv", roster);
    city.bank(&["server", "register", "line.csv"]).run().ok();
    let card = city.path("user.card");
    let issue =
        ["user-card", "issue", "--number", "330200000801", "--card", text(&card), "--pin-file", "pin"];
    city.city(&issue).with(city.transport()).run().ok();
    let write = ["server", "card", "write", text(&card), "--customer", CUSTOMER, "--pin-file", "pin"];
    city.bank(&write).with(&["--amount", "50"]).run().ok();
    let report = line.insert(meter, &card).with(&["--json"]).run().ok().object();
    assert_eq!((&report["outcome"], &report["credited_fen"]), (&"credited".into(), &5000.into()));
    // The preset amount is nowhere: the purse has what was sold.
    assert_eq!(line.meter(meter)["balance_fen"], 5000);
    let read = ["server", "card", "read", text(&card), "--pin-file", "pin", "--json"];
    let settled = city.bank(&read).run().ok().object();
    assert_eq!(settled["receipt"]["result"], "settled", "{settled}");
    let books = city.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&books["sold_fen"], &books["settled_fen"]), (&5000.into(), &5000.into()), "{books}");
}

#[test]
fn what_a_card_of_production_does_not_do_is_said() {
    let line = Line::new();
    let (works, number) = METERS[0];
    let numbers = line.card("330200000901", &["number", "--from", number, "--to", number]);
    let copied = line.city.path("copied.card");
    std::fs::copy(&numbers, &copied).unwrap();
    let early = line.card("330200000905", &["key", "--esam", &format!("{}:{works}", serial(&line, works))]);
    line.key(works, &early).run().fails(1, &["card error 9", "no-number"]);
    line.insert(works, &numbers).with(&["--supply", "75"]).run().fails(1, &["Err-31", "card error 1"]);
    line.insert(works, &numbers).run().ok().shows(&["number 261100000101", "261100000101, from now on"]);
    // A meter with its number takes none, and another finds none left.
    line.insert(number, &numbers).run().fails(1, &["card error 9", "has-number"]);
    line.insert(METERS[1].0, &numbers).run().fails(1, &["Err-34", "card error 17", "write another one"]);
    // What stands on the card alone is not written over unasked.
    let again = ["production-card", "number", text(&numbers), "--from", METERS[1].1, "--to", METERS[1].1];
    let again = || line.city.city(&again).with(&["--pin-file", "pin"]);
    again().run().fails(1, &["numbers that it gave", "--over"]);
    again().with(&["--over"]).run().ok();
    line.insert(METERS[1].0, &numbers).run().ok();
    // A copy of the card as it was numbers another meter alike. The maker's home says so, and the meter stays where it is.
    line.insert(METERS[2].0, &copied).run().fails(1, &["has number 261100000101 now", "another one here"]);

    // Keys: one of a count, of the chips that are named, and for nobody else.
    let serials: Vec<String> =
        [number, METERS[1].1].into_iter().map(|number| serial(&line, number)).collect();
    let esams: Vec<String> = serials
        .iter()
        .zip([number, METERS[1].1])
        .map(|(serial, meter)| format!("{serial}:{meter}"))
        .collect();
    let twice = [format!("{}:{number}", serials[1]), esams[0].clone()];
    let card = line.card("330200000903", &["key", "--esam", &esams[0], "--esam", &esams[1], "--count", "1"]);
    let refused = ["production-card", "key", text(&card), "--pin-file", "pin", "--over"];
    line.city
        .city(&refused)
        .with(&["--esam", &twice[0], "--esam", &twice[1]])
        .run()
        .fails(1, &["each stands once", "out of use"]);
    for count in ["0", "3"] {
        line.city
            .city(&refused)
            .with(&["--esam", &esams[0], "--esam", &esams[1], "--count", count])
            .run()
            .fails(1, &["2 ESAM(s) cannot load", "--count 1 to 2"]);
    }
    line.city
        .city(&refused)
        .with(&["--from", text(&early)])
        .run()
        .fails(1, &["is no number card: it brings key", "--esam"]);
    // An ESAM that is named again is the same one, wherever it stands.
    let [one, other] = [&esams[0], &esams[1]];
    let said = line
        .city
        .city(&refused)
        .with(&["--esam", one, "--esam", other, "--esam", one, "--count", "1", "--json"]);
    assert_eq!(said.run().ok().object()["meters"].as_array().unwrap().len(), 2);
    let copy = line.city.path("keys.card");
    std::fs::copy(&card, &copy).unwrap();
    line.key(number, &card).run().ok();
    line.key(METERS[1].1, &card).run().fails(1, &["card error 17", "card-spent"]);
    // The copy's keys are the same chips', and the one has them.
    line.key(number, &copy).run().fails(4, &["key-state"]);
    // The chip of a number stands in the city's list: no other gets keys for it.
    let other = format!("{}:{number}", serial(&line, METERS[2].0));
    let args = ["production-card", "key", text(&card), "--pin-file", "pin", "--over", "--esam", &other];
    line.city.city(&args).run().fails(1, &["has another ESAM", "esam retire"]);
}

/// The ESAM in a meter.
fn esam(line: &Line, meter: &str) -> Value {
    let card = line.maker.folder(Party::Meters).join(meter).join("esam.card");
    line.city.city(&["esam", "show", text(&card), "--json"]).run().ok().object()
}

/// Serial of its chip.
fn serial(line: &Line, meter: &str) -> String {
    esam(line, meter)["serial"].as_str().unwrap().to_owned()
}
