//! The audit log as an auditor meets it.

use crate::command::Call;
use crate::province::{PINS, empty};
use crate::world::{REGION, World, text};
use std::fs;
use std::path::{Path, PathBuf};

fn call(world: &World, args: &[&str]) -> Call {
    world.wait(60);
    Call::new(&world.path(""), &world.path("home"), world.now(), args)
}

/// The user of this machine as the log writes him, by a program that asks the system.
pub fn user() -> String {
    let said = std::process::Command::new("id").arg("-un").output().unwrap();
    format!("user:{}", String::from_utf8(said.stdout).unwrap().trim())
}

fn log(world: &World) -> PathBuf {
    world.path("home/province/audit.jsonl")
}

/// A province that made one issuing card, and a city that took it.
fn office() -> World {
    let world = empty();
    call(&world, &["kdc", "init", "--test-root"]).with(&PINS).run().ok();
    issue(&world, "000000000002").run().ok();
    world
}

fn issue(world: &World, number: &str) -> Call {
    let args = ["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", number];
    call(world, &args).with(&["--card-pin-file", "pin", "--card-second-pin-file", "pin2"]).with(&PINS)
}

#[test]
fn every_act_is_there_with_operator_time_card_and_check_values() {
    let world = office();
    let card = world.path("home/province/out/psam-issuing-000000000002.card");
    call(&world, &["city", "open", text(&card)]).run().ok();
    let psam = ["psam", "issue", "--number", "330200000001", "--pin-file", "pin", "--card-pin-file", "pin"];
    let made = call(&world, &psam).with(&["--json"]).run().ok().object();
    let shown =
        |noun: &str| call(&world, &[noun, "audit", "show", "--json"]).run().ok().object()["entries"].clone();
    let province = shown("kdc");
    let acts: Vec<&str> =
        province.as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["ceremony", "signing-root", "issue", "issue"]);
    let city = shown("city");
    let [taken, issued, pairing, paired] = city.as_array().unwrap().as_slice() else { panic!("{city}") };
    assert_eq!((&taken["act"], &taken["card"]["number"]), (&"take-card".into(), &"000000000002".into()));
    assert_eq!((&issued["who"], &issued["outcome"]), (&user().into(), &"done".into()));
    assert_eq!((&pairing["act"], &pairing["card"]["number"]), (&"pairing".into(), &"330200000001".into()));
    assert_eq!((&paired["act"], &paired["card"]["number"]), (&"pair".into(), &"330200000001".into()));
    assert_eq!(issued["check_values"], made["check_values"]);
    assert_eq!(issued["card"]["serial"], made["serial"]);
    for noun in ["kdc", "city"] {
        call(&world, &[noun, "audit", "verify"]).run().ok().shows(&["findings    0"]);
    }
}

/// The last line of a party's log.
fn last(world: &World, noun: &str) -> serde_json::Value {
    let shown = call(world, &[noun, "audit", "show", "--json"]).run().ok().object();
    shown["entries"].as_array().unwrap().last().unwrap().clone()
}

/// Acts that need no home are in the log of the party whose home is there: a component drawn, a PIN changed. No secret is with them.
#[test]
fn acts_that_need_no_home_are_there_when_there_is_one() {
    let (world, _) = city_with_psam();
    // A seed makes no component.
    let draw = |home: &str| {
        world.wait(60);
        let call = Call::earnest(&world.path(""), &world.path(home), world.now(), &["kdc", "component"]);
        call.run().ok().stdout
    };
    let drawn = draw("home");
    let [paper, check] = drawn.lines().collect::<Vec<_>>()[..] else { panic!("{drawn}") };
    let line = last(&world, "kdc");
    assert_eq!((&line["act"], &line["facts"]["check_value"]), (&"kdc component".into(), &check.into()));
    assert_eq!((&line["who"], &line["outcome"]), (&user().into(), &"done".into()));
    assert!(!line.to_string().replace(' ', "").contains(&paper.replace(' ', "")), "{line}");
    let lines = || fs::read_to_string(log(&world)).unwrap().lines().count();
    let before = lines();
    // Without a home, or in another party's, nobody's log has it.
    draw("nowhere");
    assert!(!world.path("nowhere").exists());
    draw(&format!("home/city-{REGION}"));
    assert_eq!(lines(), before);

    world.file("new", "2468");
    let change = |noun: &str, card: &Path, more: &[&str]| {
        let line = [noun, "pin", "change", text(card), "--pin-file", "pin", "--new-pin-file", "new"];
        call(&world, &line).with(more).run()
    };
    let city = world.path(&format!("home/city-{REGION}"));
    let second = ["--second", "--second-pin-file", "pin2"];
    change("kdc", &world.path("home/province/main-control.card"), &second).ok();
    let line = last(&world, "kdc");
    let pin = "main control card 000000000010, the second officer's PIN";
    assert_eq!((&line["act"], &line["facts"]["pin"]), (&"kdc pin-change".into(), &pin.into()));
    change("city", &city.join("psam-issuing.card"), &second).ok();
    let pin = "PSAM issuing card 000000000002, the supervisor's PIN";
    assert_eq!(last(&world, "city")["facts"]["pin"], pin);
    // A PSAM that no bank here has taken is the city's; when the bank has a home, it is the bank's to know.
    let psam = city.join("out/psam-330200000001.card");
    change("psam", &psam, &[]).ok();
    let line = last(&world, "city");
    assert_eq!(
        (&line["act"], &line["facts"]["pin"]),
        (&"psam pin-change".into(), &"PSAM 330200000001, the operator's PIN".into())
    );
    call(&world, &["server", "open", text(&psam)]).run().ok();
    let psam = world.psam();
    change("psam", &psam, &[]).fails(1, &["was wrong; 2 tries left"]);
    let line = last(&world, "server");
    assert_eq!((&line["outcome"], &line["facts"]["command"]), (&"refused".into(), &"psam pin-change".into()));
    for folder in ["home/province", &format!("home/city-{REGION}"), "home/bank"] {
        let log = fs::read_to_string(world.path(folder).join("audit.jsonl")).unwrap();
        assert!(!log.contains("2468") && !log.contains("123456"), "a PIN is in the log of {folder}");
    }
}

/// What was refused is there too, with its reason and exit code, and in the log of the party whose act it was.
#[test]
fn refusals_are_there() {
    let world = office();
    world.file("wrong", "000000");
    issue(&world, "000000000003").with(&["--dry-run"]).run().ok();
    let wrong = ["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", "000000000003"];
    let wrong = call(&world, &wrong).with(&["--pin-file", "wrong", "--second-pin-file", "pin2"]).run();
    let code = wrong.code;
    wrong.fails(code, &[]);
    issue(&world, "000000000002").run().fails(1, &[]);
    let shown = call(&world, &["kdc", "audit", "show", "--json"]).run().ok().object();
    let refused: Vec<_> = shown["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["outcome"] == "refused")
        .cloned()
        .collect();
    let commands: Vec<_> = refused.iter().filter(|entry| entry["act"] == "command").collect();
    assert_eq!(commands.len(), 2, "{refused:?}");
    assert_eq!(commands[0]["facts"]["command"], "kdc issue-card");
    assert_eq!(commands[0]["facts"]["exit"], code.to_string());
    assert!(!commands[0]["why"].as_str().unwrap().contains("000000 "), "a PIN");
}

#[test]
fn an_auditor_finds_what_was_touched() {
    let world = office();
    let export = ["kdc", "audit", "export", "--out", "copy.jsonl", "--json"];
    let head = call(&world, &export).run().ok().object()["head"].as_str().unwrap().to_owned();
    issue(&world, "000000000003").run().ok();
    let good = fs::read_to_string(log(&world)).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let verify = |more: &[&str]| call(&world, &["kdc", "audit", "verify"]).with(more).run();
    verify(&["--head", &head]).ok().shows(&["found, 1 line(s) before the end"]);
    // The copy stands for itself.
    Call::plain(&world.path(""), &["kdc", "audit", "verify", "copy.jsonl", "--head", &head]).run().ok();
    let touched = |text: String, words: &[&str]| {
        fs::write(log(&world), text).unwrap();
        verify(&["--head", &head]).fails(1, words);
    };
    touched(good.replacen("000000000002", "000000000009", 1), &["line 4 was changed"]);
    touched([&lines[..1], &lines[2..]].concat().concat(), &["line 2", "does not follow"]);
    touched(
        [&lines[..1], &lines[2..3], &lines[1..2], &lines[3..]].concat().concat(),
        &["the chain is broken"],
    );
    touched(lines[..3].concat(), &["no line has the head hash", "the head file keeps line 6"]);
    // A log that was touched is neither exported nor written on.
    call(&world, &["kdc", "audit", "export"]).run().fails(1, &["it is not exported"]);
    let card = world.path("home/province/out/psam-issuing-000000000004.card");
    issue(&world, "000000000004").run().fails(4, &["not as its head file says", "hint: somebody changed it"]);
    assert!(!card.exists(), "a card was begun");
    fs::write(log(&world), &good).unwrap();
    verify(&[]).ok();
    issue(&world, "000000000004").run().ok();
}

/// A crash tears the last line: told, explained, and no intrusion.
#[test]
fn a_torn_line_is_told_and_the_log_goes_on() {
    let world = office();
    let mut text = fs::read_to_string(log(&world)).unwrap();
    text.push_str(r#"{"no":4,"at":"2026-11-2"#);
    fs::write(log(&world), &text).unwrap();
    let ran = issue(&world, "000000000003").run().ok();
    assert!(ran.stderr.contains("were torn by a crash"), "{}", ran.stderr);
    call(&world, &["kdc", "audit", "verify"]).run().ok().shows(&["torn by a crash", "1 stretch(es)"]);
}

#[test]
fn a_clock_that_went_back_stops_issuing() {
    let world = office();
    let before = World::bytes(&world.path("home/province/out"));
    let back = |number: &str| {
        let args = [
            "kdc",
            "issue-card",
            "psam-issuing",
            "--city",
            REGION,
            "--number",
            number,
            "--card-pin-file",
            "pin",
            "--card-second-pin-file",
            "pin2",
        ];
        let at = "2026-11-22 07:00:00".parse().unwrap();
        Call::new(&world.path(""), &world.path("home"), at, &args).with(&PINS)
    };
    let words = ["the clock went back: it says 2026-11-22 07:00:00", "--allow-clock-back"];
    back("000000000003").run().fails(1, &words);
    assert!(World::bytes(&world.path("home/province/out")) == before, "a card was begun");
    back("000000000003").with(&["--allow-clock-back"]).run().ok();
    call(&world, &["kdc", "audit", "verify"]).run().ok();
    let shown = call(&world, &["kdc", "audit", "show", "--json"]).run().ok().object();
    let entries = shown["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["act"] == "clock" && entry["behind"].is_string()), "{shown}");
    assert!(entries.iter().any(|entry| entry["act"] == "issue" && entry["behind"].is_string()), "{shown}");
}

/// A city with a PSAM, issued, and the folder of its home.
fn city_with_psam() -> (World, PathBuf) {
    let world = office();
    let card = world.path("home/province/out/psam-issuing-000000000002.card");
    call(&world, &["city", "open", text(&card)]).run().ok();
    psam(&world, "330200000001").run().ok();
    let folder = world.path(&format!("home/city-{REGION}"));
    (world, folder)
}

fn psam(world: &World, number: &str) -> Call {
    call(world, &["psam", "issue", "--number", number, "--pin-file", "pin", "--card-pin-file", "pin"])
}

/// The codes of what a report found.
fn codes_of(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// The codes that `city audit verify` finds; with any it ends with exit code 1.
fn codes(world: &World) -> Vec<String> {
    let found = call(world, &["city", "audit", "verify", "--json"]).run();
    let object = found.object();
    let codes = codes_of(&object);
    assert_eq!(found.code, i32::from(!codes.is_empty()), "{object}");
    codes
}

fn cut(log: &std::path::Path, lines: usize) {
    let whole = fs::read_to_string(log).unwrap();
    let kept: Vec<&str> = whole.lines().take(lines).collect();
    fs::write(log, format!("{}\n", kept.join("\n"))).unwrap();
}

/// What goes on when somebody was at the log: nothing, with exit code 4.
#[track_caller]
fn stops(world: &World, words: &str) {
    psam(world, "330200000002").run().fails(4, &[words, "hint: "]);
}

/// Log, head file, store and cards vouch for each other: whichever of them goes or goes back, another one tells.
#[test]
fn a_log_cut_short_is_found_by_the_head_file() {
    let (world, folder) = city_with_psam();
    assert!(codes(&world).is_empty());
    cut(&folder.join("audit.jsonl"), 1);
    assert_eq!(codes(&world), ["head-file", "vouched"]);
    stops(&world, "not as its head file says");
}

#[test]
fn a_head_file_that_is_gone_is_found() {
    let (world, folder) = city_with_psam();
    fs::remove_file(folder.join("audit.head")).unwrap();
    assert_eq!(codes(&world), ["head-gone"]);
    stops(&world, "has lines and no head file");
    cut(&folder.join("audit.jsonl"), 1);
    assert_eq!(codes(&world), ["head-gone", "vouched"]);
}

#[test]
fn a_log_that_is_gone_with_its_head_is_found_by_the_store() {
    let (world, folder) = city_with_psam();
    fs::remove_file(folder.join("audit.head")).unwrap();
    fs::remove_file(folder.join("audit.jsonl")).unwrap();
    assert_eq!(codes(&world), ["vouched"]);
    stops(&world, "the store keeps line 4");
    assert_eq!(codes(&world), ["vouched"], "no new log was begun");
}

#[test]
fn a_store_and_a_log_that_are_gone_are_found_by_the_card() {
    let (world, folder) = city_with_psam();
    for name in ["office.sqlite", "office.sqlite-wal", "office.sqlite-shm"] {
        let _ = fs::remove_file(folder.join(name)); // the last two come and go
    }
    assert_eq!(codes(&world), ["card"]);
    for name in ["audit.head", "audit.jsonl"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    assert_eq!(codes(&world), ["card"]);
}

#[test]
fn an_old_copy_of_store_and_log_is_found_by_the_card() {
    let (world, folder) = city_with_psam();
    let kept = ["office.sqlite", "audit.head", "audit.jsonl"]
        .map(|name| (name, fs::read(folder.join(name)).unwrap()));
    psam(&world, "330200000002").run().ok();
    assert!(codes(&world).is_empty());
    for (name, bytes) in kept {
        fs::write(folder.join(name), bytes).unwrap();
    }
    for name in ["office.sqlite-wal", "office.sqlite-shm"] {
        let _ = fs::remove_file(folder.join(name)); // they come and go
    }
    assert_eq!(codes(&world), ["card"]);
}

/// The province's log is vouched for by the record that came with its card, in the city's log too.
#[test]
fn what_crossed_keeps_the_senders_log() {
    let (world, folder) = city_with_psam();
    let record = world.path("home/province/out/psam-issuing-000000000002.issued.json");
    let verify =
        |against: &str| call(&world, &["kdc", "audit", "verify", "--against", against, "--json"]).run();
    let log = folder.join("audit.jsonl");
    verify(text(&record)).ok();
    verify(text(&log)).ok();
    let shown = call(&world, &["city", "audit", "show", "--json"]).run().ok().object();
    let received = shown["entries"][0]["facts"]["received"].as_str().unwrap().to_owned();
    assert!(received.starts_with("province "), "{received}");
    // The province rewrites everything it has: log, head and store.
    let province = world.path("home/province");
    for name in ["audit.jsonl", "audit.head", "office.sqlite", "office.sqlite-wal", "office.sqlite-shm"] {
        let _ = fs::remove_file(province.join(name)); // the last two come and go
    }
    issue(&world, "000000000009").run().ok();
    for against in [text(&record), text(&log)] {
        let found = verify(against).failed(1).object();
        assert_eq!(codes_of(&found), ["vouched"], "{against}");
    }
    let said = verify("pin").failed(1).object();
    assert_eq!(said["error"], "pin says nothing of anybody's log");
}

#[test]
fn the_list_of_operators_is_what_the_log_says() {
    let (world, folder) = city_with_psam();
    world.file("chen", "chen's password");
    let party = format!("city-{REGION}");
    let add = ["operator", "add", "Chen", "--role", "clerk", "--password-file", "chen", "--party", &party];
    call(&world, &add).run().ok();
    let verify = || {
        call(&world, &["city", "audit", "verify", "--json"])
            .with(&["--operator", "Chen", "--operator-password-file", "chen"])
            .run()
    };
    verify().ok();
    let list = folder.join("operators.json");
    let whole = fs::read_to_string(&list).unwrap();
    fs::write(&list, whole.replace("\"clerk\"", "\"supervisor\"")).unwrap();
    assert_eq!(codes_of(&verify().failed(1).object()), ["operators"]);
    fs::remove_file(&list).unwrap();
    assert_eq!(codes(&world), ["operators"]);
}

/// Every party has a log, and the day's close is its head.
#[test]
fn every_party_has_a_log() {
    let world = World::new();
    world.order(&crate::world::CHEN, "50");
    for (party, noun, act) in [
        (crate::world::Party::Bank, "server", "server order"),
        (crate::world::Party::Meters, "meter", "meter new"),
        (crate::world::Party::Sims, "sim", "sim new"),
    ] {
        let shown = world.call(party, &[noun, "audit", "show", "--json"]).run().ok().object();
        let entries = shown["entries"].as_array().unwrap();
        let of_it = entries.iter().filter(|entry| entry["act"] == act).collect::<Vec<_>>();
        assert!(!of_it.is_empty(), "{shown}");
        assert!(of_it.iter().all(|entry| entry["who"] == user()));
        let head = world.call(party, &[noun, "audit", "head", "--json"]).run().ok().object();
        assert_eq!(head["lines"], shown["lines"]);
        world.call(party, &[noun, "audit", "verify"]).run().ok();
    }
    // The books keep the end of the bank's log, and what the PSAM sealed is in them.
    let bank = world.folder(crate::world::Party::Bank);
    fs::remove_file(bank.join("audit.head")).unwrap();
    fs::remove_file(bank.join("audit.jsonl")).unwrap();
    let found =
        world.call(crate::world::Party::Bank, &["server", "audit", "verify", "--json"]).run().failed(1);
    assert_eq!(codes_of(&found.object()), ["vouched"]);
}
