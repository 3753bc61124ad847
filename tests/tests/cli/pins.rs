//! Operators' PINs: wrong, counted, blocked.

use crate::command::Ran;
use crate::world::{CHEN, Party, REGION, World};

/// `kdc issue-card` with the PIN in a file.
fn issue(world: &World, pin: &str) -> Ran {
    issue_with(world, pin, &[])
}

fn issue_with(world: &World, pin: &str, more: &[&str]) -> Ran {
    let card =
        world.province(&["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", "000000000009"]);
    let pins = ["--pin-file", pin, "--second-pin-file", "pin2", "--card-pin-file", "pin"];
    card.with(&pins).with(more).run()
}

#[test]
fn a_wrong_pin_of_the_main_control_card_makes_no_card() {
    let world = World::new();
    world.file("wrong", "654321");
    let before = world.bytes_but_the_card(Party::Province, "main-control.card");
    issue(&world, "wrong").fails(1, &["the operator's PIN was wrong", "2 tries left"]);
    issue(&world, "wrong").fails(1, &["the operator's PIN was wrong", "1 try left", "blocked for good"]);
    // The last try is not spent unasked, not even for the right PIN.
    issue(&world, "wrong").fails(1, &["has 1 try left", "--spend-last-try"]);
    issue(&world, "pin").fails(1, &["has 1 try left", "--spend-last-try"]);
    assert!(world.bytes_but_the_card(Party::Province, "main-control.card") == before);
    let last = ["--spend-last-try"];
    issue_with(&world, "pin", &last).ok();
    issue(&world, "wrong").fails(1, &["2 tries left"]);
    issue(&world, "wrong").fails(1, &["1 try left"]);
    issue_with(&world, "wrong", &last).fails(1, &["no tries left"]);
    // Not even the right one helps now.
    issue(&world, "pin").fails(1, &["the operator's PIN is blocked"]);
}

#[test]
fn a_wrong_pin_of_the_psam_sells_nothing() {
    let world = World::new();
    world.file("wrong", "654321");
    let money = world.money();
    let record = world.fresh("-order.sms");
    let order = |pin: &str| {
        let call = world.bank(&["server", "order", "--customer", CHEN.number, "--amount", "50"]);
        call.with(&["--pin-file", pin, "--out", record.to_str().unwrap()]).run()
    };
    order("wrong").fails(1, &["wrong PIN", "2 tries left"]);
    order("wrong").fails(1, &["wrong PIN", "one try is left"]);
    assert_eq!(world.money(), money);
    assert!(!record.exists());
    order("pin").ok();
    assert_eq!(world.books()["sold_fen"], 5000);
}

#[test]
fn a_wrong_pin_of_the_city_issues_nothing() {
    let world = World::new();
    world.file("wrong", "0000");
    let out = World::bytes(&world.folder(Party::City).join("out"));
    let esam = world.city(&["esam", "issue", "--meter", "000020181199", "--pin-file", "wrong"]).run();
    esam.fails(1, &["PIN was wrong", "2 tries left"]);
    let psam = ["psam", "issue", "--number", "330200000002", "--pin-file", "wrong", "--card-pin-file", "pin"];
    world.city(&psam).run().fails(1, &["PIN was wrong", "2 tries left"]);
    assert!(World::bytes(&world.folder(Party::City).join("out")) == out);
}

#[test]
fn what_is_no_pin_never_reaches_the_card() {
    let world = World::new();
    let card = world.folder(Party::Province).join("main-control.card");
    let before = std::fs::read(&card).unwrap();
    for (pin, words) in
        [("12a4", "decimal digits only"), ("123", "4 to 12 digits"), ("1234567890123", "4 to 12 digits")]
    {
        world.file("odd", pin);
        let ran = issue(&world, "odd").fails(1, &[words]);
        assert!(!ran.stderr.contains(pin), "the error shows the PIN: {}", ran.stderr);
    }
    assert!(std::fs::read(card).unwrap() == before, "a try was spent");
}

impl World {
    /// Files of a party with their bytes, without one card and without the audit log, which keeps refusals too.
    fn bytes_but_the_card(&self, party: Party, card: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let files = World::bytes(&self.folder(party)).into_iter();
        let others =
            files.filter(|(path, _)| !path.ends_with(card) && !path.to_string_lossy().contains("audit."));
        others.collect()
    }
}
