//! The demo: its figures, its repeatability, its suites.

use crate::command::{Call, Ran};
use serde_json::Value;
use std::path::Path;

fn demo(folder: &Path, args: &[&str]) -> Ran {
    Call::plain(folder, &["demo"]).with(args).run().ok()
}

fn figure(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} is missing: {report}"))
}

/// Books and purses agree, whatever the suite.
#[test]
fn no_fen_is_lost_or_created() {
    let folder = tempfile::tempdir().unwrap();
    for suite in ["3des", "aes128", "sm4"] {
        let report = demo(folder.path(), &["--meters", "4", "--suite", suite, "--json"]).object();
        assert_eq!(report["suite"], suite);
        assert_eq!((figure(&report, "lost_fen"), figure(&report, "created_fen")), (0, 0));
        // Everyone buys twice; the first purchases of the made-up customers are 60, 70, 80 and 90 yuan.
        for name in ["orders", "credited", "settled"] {
            assert_eq!(figure(&report, name), 8, "{name}");
        }
        for name in ["sold_fen", "credited_fen", "settled_fen"] {
            assert_eq!(figure(&report, name), 30_000 + 4 * 3_000, "{name}");
        }
        // In each round one SIM goes into the wrong meter and one is pulled too early.
        assert_eq!(figure(&report, "refused"), 4);
        assert!(
            figure(&report, "apdus") > 500 && figure(&report, "wire_bytes") > 10 * figure(&report, "apdus")
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a demo without a home leaves files behind"
    );
}

/// One meter in one day by each way there is: one purse, one receipt each, one set of books.
#[test]
fn every_way_leads_into_one_purse() {
    let folder = tempfile::tempdir().unwrap();
    let least = |suite: &str| if suite == "3des" { 3_456 } else { 3_676 };
    for suite in ["3des", "sm4"] {
        let report = demo(folder.path(), &["--ways", "--suite", suite, "--json"]).object();
        let ways = report["ways"].as_array().unwrap();
        let names: Vec<_> = ways.iter().map(|way| way["way"].as_str().unwrap()).collect();
        let kinds = [
            "sim",
            "online",
            "recharge",
            "netmeter",
            "sub-board",
            "storage",
            "card",
            "signed-sim",
            "signed-online",
        ];
        let lines = ["infrared", "irda", "bluetooth", "ble", "nfc"];
        // A neighbour's gas meter: another purse, in the same books.
        let gas = ["sim", "online", "storage"];
        assert_eq!(names, [&kinds[..], &lines[..], &gas[..]].concat());
        let of_gas = ways.iter().map(|way| way["meter"] == "gas").collect::<Vec<_>>();
        assert_eq!(of_gas, [[false; 14].as_slice(), &[true; 3]].concat());
        // Its line is twice as fast, and has the frames around the messages, and the bytes that wake it.
        let (at_gas, bare) = (&ways[15], &ways[1]);
        assert_eq!(figure(at_gas, "bits_per_s"), 2400);
        assert!(figure(at_gas, "line_ms") < figure(bare, "line_ms"), "{at_gas} {bare}");
        assert!(figure(at_gas, "line_ms_9600") > figure(bare, "line_ms_9600"), "{at_gas} {bare}");
        for way in &ways[9..14] {
            assert!(figure(way, "least_ms") < figure(way, "line_ms"), "{way}");
        }
        // The same messages at the same speed: the eye's own time has the meter's answers and the bytes that wake it in it.
        let [eye, bytes] = [9, 8].map(|way: usize| figure(&ways[way], "line_ms"));
        assert!(eye > bytes && eye < bytes + 400, "{ways:?}");
        // The slowest light is the slowest line.
        assert!(ways[10..14].iter().all(|way| figure(way, "line_ms") < eye), "{ways:?}");
        let mut sum = 0;
        for way in ways {
            assert_eq!(way["settled"], true, "{way}");
            sum += figure(way, "amount_fen");
        }
        for name in ["sold_fen", "credited_fen", "settled_fen"] {
            assert_eq!(figure(&report, name), sum, "{name}");
        }
        assert_eq!((figure(&report, "orders"), figure(&report, "settled")), (17, 17));
        assert_eq!(figure(&report, "meters"), 2);
        // Slower than its messages alone could ever be, and eight times as slow as at eight times the speed, but for the waiting.
        let online = &ways[1];
        assert_eq!(figure(online, "bits_per_s"), 1200);
        assert!(figure(online, "line_ms") > least(suite), "{online}");
        let (slow, fast) = (figure(online, "line_ms") - 40, figure(online, "line_ms_9600") - 40);
        assert!((8 * fast).abs_diff(slow) <= 8, "{online}");
        // A recharge by the field's frames is the shortest of all at the same speed, and signatures cost the online one what they are long.
        let at_9600 = |way: usize| figure(&ways[way], "line_ms_9600");
        assert!(at_9600(2) < at_9600(1) && at_9600(1) < at_9600(8), "{ways:?}");
        // On the line of a meter that called the same frames go, and a file is longer than what is in it.
        assert!(at_9600(3) == at_9600(2) && at_9600(4) > at_9600(2), "{ways:?}");
    }
    let words = demo(folder.path(), &["--ways"]).stdout;
    assert_eq!(words, demo(folder.path(), &["--ways"]).stdout, "a seed is a life");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_seed_is_a_life() {
    let folder = tempfile::tempdir().unwrap();
    let run = |seed: &str, more: &[&str]| {
        demo(folder.path(), &[&["--meters", "3", "--seed", seed][..], more].concat()).stdout
    };
    let words = run("7", &[]);
    assert_eq!(words, run("7", &[]));
    assert_ne!(words, run("8", &[]), "the seed has no effect");
    assert_eq!(run("7", &["--json"]), run("7", &["--json"]));
    // To the last challenge of the last card, wherever it is lived.
    let traced = |file: &str, more: &[&str]| {
        run("7", &[&["--trace", file][..], more].concat());
        std::fs::read_to_string(folder.path().join(file)).unwrap()
    };
    let trace = traced("trace", &[]);
    assert!(trace.len() > 10_000);
    for (file, home) in
        [("again", &[][..]), ("kept", &["--home", "one/home"]), ("elsewhere", &["--home", "another"])]
    {
        assert!(trace == traced(file, home), "{file}");
    }
    for phase in ["province", "city", "bank", "meter", "settled"] {
        assert!(words.contains(phase), "{phase}");
    }
    assert!(words.contains("lost 0.00 yuan, created 0.00 yuan"));
}

#[test]
fn a_demo_in_a_home_keeps_its_life_and_is_not_lived_twice() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path(), &["--meters", "2", "--home", "life", "--keep-records"]);
    let records = std::fs::read_dir(folder.path().join("life/records")).unwrap().count();
    assert_eq!(records, 8, "two orders and two receipts of each");
    let again = Call::plain(folder.path(), &["demo", "--meters", "2", "--home", "life"]).run();
    again.fails(1, &["holds a life already", "hint: "]);
    // Nor among the parties of an office, whichever of them are there.
    for party in ["bank", "city-33020000", "meters"] {
        let office = folder.path().join(format!("office-{party}"));
        std::fs::create_dir_all(office.join(party)).unwrap();
        let there = Call::plain(folder.path(), &["demo", "--meters", "1", "--home"])
            .with(&[office.to_str().unwrap()]);
        there.run().fails(1, &["holds a life already", "hint: "]);
        assert_eq!(std::fs::read_dir(&office).unwrap().count(), 1, "{party}: something was made");
    }
    // The bank of that life goes on with single commands.
    let report =
        Call::plain(folder.path(), &["server", "report", "--home", "life", "--json"]).run().ok().object();
    assert_eq!(report["sold_fen"], report["settled_fen"]);
    let province =
        Call::plain(folder.path(), &["kdc", "status", "--home", "life", "--json"]).run().ok().object();
    assert_eq!((&province["state"], &province["cards_issued"]), (&"test".into(), &3.into()));
}

#[test]
fn the_customers_of_a_file_live_too() {
    let folder = tempfile::tempdir().unwrap();
    let twenty = demo(folder.path(), &["--json"]).object();
    assert_eq!(figure(&twenty, "meters"), 20);
    assert_eq!((figure(&twenty, "lost_fen"), figure(&twenty, "created_fen")), (0, 0));
    std::fs::write(folder.path().join("bad.csv"), "customer,meter\n1,2\n").unwrap();
    Call::plain(folder.path(), &["demo", "--csv", "bad.csv"]).run().fails(1, &["bad.csv", "missing"]);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["bad.csv"], "a demo that never began leaves files behind");
    Call::plain(folder.path(), &["demo", "--meters", "0"]).run().fails(2, &["--meters"]);
}

/// A town to learn in: its bank sells, and cannot become a real one.
#[test]
fn a_demo_to_learn_with_holds_no_money() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path(), &["--meters", "2", "--training", "--home", "home"]);
    let bank = |args: &[&str]| Call::plain(folder.path(), args).with(&["--home", "home", "--json"]).run();
    let settings = bank(&["server", "settings"]).ok().object();
    assert_eq!(settings["training"], true);
    assert!(bank(&["server", "report", "--check"]).ok().object()["sold_fen"].as_u64().unwrap() > 0);
    let told = bank(&["company", "export", "--out", "events.csv"]);
    assert_eq!((told.code, told.object()["code"].as_str()), (4, Some("training-company")));
    assert!(!folder.path().join("events.csv").exists());
    // Books that sell in earnest do not become such ones, and say nothing of it.
    demo(folder.path(), &["--meters", "2", "--home", "real"]);
    let real = |args: &[&str]| Call::plain(folder.path(), args).with(&["--home", "real", "--json"]).run();
    let refused = real(&["server", "settings", "--training"]);
    assert_eq!((refused.code, refused.object()["code"].as_str()), (1, Some("training-begun")));
    assert_eq!(real(&["server", "settings"]).ok().object()["training"], false);
    // Nor do books of one kind come into the place of the other.
    let copy = folder.path().join("copy.sqlite");
    bank(&["server", "backup", "--out", copy.to_str().unwrap()]).ok();
    let mixed = real(&["server", "restore", copy.to_str().unwrap()]);
    assert_eq!((mixed.code, mixed.object()["code"].as_str()), (4, Some("training-mixed")));
}

/// Four customers, four ways of a telephone to the server; everybody is a process of his own, and all of them end.
#[test]
fn a_demo_by_telephone_is_settled_by_every_carrier() {
    let folder = tempfile::tempdir().unwrap();
    let told = demo(folder.path(), &["--phones", "--home", "town", "--json"]).object();
    let phones = told["phones"].as_array().unwrap();
    let carriers: Vec<&str> = phones.iter().map(|one| one["carrier"].as_str().unwrap()).collect();
    assert_eq!(carriers, ["line", "short messages", "multimedia messages", "line, meter online"]);
    for one in phones {
        assert_eq!(
            (&one["amount_fen"], &one["balance_fen"], &one["settled"]),
            (&5000.into(), &5000.into(), &true.into()),
            "{one}"
        );
    }
    assert_eq!((&told["sold_fen"], &told["settled_fen"]), (&20_000.into(), &20_000.into()));
    // What they have said tells no secret, and the PSAM is free: the server has ended.
    for entry in std::fs::read_dir(folder.path().join("town/demo")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "log") {
            let words = std::fs::read_to_string(&path).unwrap();
            assert!(!words.contains("panicked") && !words.contains("over the river"), "{words}");
        }
    }
    Call::plain(folder.path(), &["server", "verify", "--home", "town"]).run().ok();
    // By the machine's clock alone.
    let at = ["demo", "--phones", "--home", "other", "--at", "2026-11-22 08:00:00"];
    Call::plain(folder.path(), &at).run().fails(1, &["clock", "hint: "]);
    assert!(!folder.path().join("other").exists());
}
