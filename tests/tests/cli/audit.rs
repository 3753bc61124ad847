//! The audit log as an auditor meets it.

use crate::command::Call;
use crate::province::{PINS, empty};
use crate::world::{REGION, World, text};
use std::fs;
use std::path::PathBuf;

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
    let args =
        ["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", number, "--card-pin-file", "pin"];
    call(world, &args).with(&PINS)
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
    assert_eq!(acts, ["ceremony", "issue", "issue"]);
    let city = shown("city");
    let [taken, issued] = city.as_array().unwrap().as_slice() else { panic!("{city}") };
    assert_eq!((&taken["act"], &taken["card"]["number"]), (&"take-card".into(), &"000000000002".into()));
    assert_eq!((&issued["who"], &issued["outcome"]), (&user().into(), &"done".into()));
    assert_eq!(issued["check_values"], made["check_values"]);
    assert_eq!(issued["card"]["serial"], made["serial"]);
    for noun in ["kdc", "city"] {
        call(&world, &[noun, "audit", "verify"]).run().ok().shows(&["findings    0"]);
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
    touched(good.replacen("000000000002", "000000000009", 1), &["line 3 was changed"]);
    touched([lines[0], lines[2], lines[3], lines[4]].concat(), &["line 2", "does not follow"]);
    touched([lines[0], lines[2], lines[1], lines[3], lines[4]].concat(), &["the chain is broken"]);
    touched(lines[..3].concat(), &["no line has the head hash", "the head file keeps line 5"]);
    // A log that was touched is neither exported nor written on.
    call(&world, &["kdc", "audit", "export"]).run().fails(1, &["it is not exported"]);
    let card = world.path("home/province/out/psam-issuing-000000000004.card");
    issue(&world, "000000000004").run().fails(1, &["not as its head file says", "hint: somebody changed it"]);
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
