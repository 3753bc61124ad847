//! Operators' PINs: wrong, counted, blocked.

use crate::command::Ran;
use crate::world::{CHEN, PSAM, Party, REGION, WANG, World};

/// `kdc issue-card` with the PIN in a file.
fn issue(world: &World, pin: &str) -> Ran {
    issue_with(world, pin, &[])
}

fn issue_with(world: &World, pin: &str, more: &[&str]) -> Ran {
    let card =
        world.province(&["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", "000000000009"]);
    let pins = ["--pin-file", pin, "--second-pin-file", "pin2"];
    let new = ["--card-pin-file", "pin", "--card-second-pin-file", "pin2"];
    card.with(&pins).with(&new).with(more).run()
}

#[test]
fn a_wrong_pin_of_the_main_control_card_makes_no_card() {
    let world = World::new();
    world.file("wrong", "654321");
    let before = world.bytes_but_the_card(Party::Province, "main-control.card");
    let name = "main control card 000000000010: the operator's PIN";
    let says = |words: &str| format!("{name} {words}");
    issue(&world, "wrong").fails(1, &[&says("was wrong; 2 tries left")]);
    issue(&world, "wrong").fails(1, &[&says("was wrong; 1 try left"), "blocked for good"]);
    // The last try is not spent unasked, not even for the right PIN.
    issue(&world, "wrong").fails(4, &[&says("has 1 try left"), "--spend-last-try"]);
    issue(&world, "pin").fails(4, &[&says("has 1 try left"), "--spend-last-try"]);
    assert!(world.bytes_but_the_card(Party::Province, "main-control.card") == before);
    let last = ["--spend-last-try"];
    issue_with(&world, "pin", &last).ok();
    issue(&world, "wrong").fails(1, &["2 tries left"]);
    issue(&world, "wrong").fails(1, &["1 try left"]);
    issue_with(&world, "wrong", &last).fails(1, &["no tries left"]);
    // Not even the right one helps now.
    issue(&world, "pin").fails(1, &[&says("is blocked: no tries left")]);
}

#[test]
fn a_wrong_pin_of_the_psam_sells_nothing() {
    let world = World::new();
    world.file("wrong", "654321");
    // A receipt that waits for its settlement.
    world.write(&WANG, &world.order(&WANG, "20"));
    world.insert(&WANG, &WANG).run().ok();
    let receipt = world.collect(&WANG);
    let money = world.money();
    let record = world.fresh("-order.sms");
    let order = |pin: &str| {
        let call = world.bank(&["server", "order", "--customer", CHEN.number, "--amount", "50"]);
        call.with(&["--pin-file", pin, "--out", record.to_str().unwrap()]).run()
    };
    let says = |words: &str| format!("PSAM {PSAM}: the operator's PIN {words}");
    order("wrong").fails(1, &[&says("was wrong; 2 tries left")]);
    order("wrong").fails(1, &[&says("was wrong; 1 try left")]);
    // However often it is asked, the last try of the bank's only PSAM stays.
    for pin in ["wrong", "wrong", "pin"] {
        order(pin).fails(4, &[&says("has 1 try left"), "--spend-last-try"]);
    }
    let settle = world.bank(&["server", "settle", receipt.to_str().unwrap(), "--pin-file", "wrong"]);
    settle.run().fails(4, &[&says("has 1 try left")]);
    assert_eq!(world.money(), money);
    assert!(!record.exists());
    let call =
        world.bank(&["server", "order", "--customer", CHEN.number, "--amount", "50", "--spend-last-try"]);
    call.with(&["--pin-file", "pin", "--out", record.to_str().unwrap()]).run().ok();
    assert_eq!(world.books()["sold_fen"], 2000 + 5000);
    world.bank(&["server", "resume", "--pin-file", "wrong"]).run();
    let card = world.psam();
    world.bank(&["psam", "show", card.to_str().unwrap()]).run().ok().shows(&["tries of its PIN  3"]);
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

/// The PIN of each card of ours is changed by the noun that is about it; the old one serves no more.
#[test]
fn pins_of_cards_are_changed() {
    let world = World::new();
    world.file("wrong", "0000");
    world.file("new", "2468");
    let psam = world.psam();
    let esam_issuing = world.folder(Party::City).join("esam-issuing.card");
    let cards = [("psam", psam), ("city", esam_issuing)];
    for (noun, card) in &cards {
        let card = card.to_str().unwrap();
        let change = |pin: &str, new: &str| {
            let line = [noun, "pin", "change", card, "--pin-file", pin, "--new-pin-file", new];
            world.bank(&line).run()
        };
        change("wrong", "new").fails(1, &["the operator's PIN was wrong; 2 tries left"]);
        change("pin", "new").ok().shows(&["the operator's PIN is another one now"]);
        change("pin", "new").fails(1, &["was wrong; 2 tries left"]);
        change("pin", "new").fails(1, &["was wrong; 1 try left"]);
        change("new", "pin").fails(4, &["has 1 try left"]);
        let last =
            [noun, "pin", "change", card, "--pin-file", "new", "--new-pin-file", "pin", "--spend-last-try"];
        world.bank(&last).run().ok();
        // Asked for twice at the prompt.
        let prompt = world.bank(&[noun, "pin", "change", card, "--pin-file", "pin"]);
        prompt.stdin("1357\n1358\n").run().fails(1, &["the second time was not the same"]);
    }
    let (_, psam) = &cards[0];
    let wrong_noun =
        ["city", "pin", "change", psam.to_str().unwrap(), "--pin-file", "pin", "--new-pin-file", "new"];
    world.city(&wrong_noun).run().fails(1, &["is of kind PSAM", "gridcard psam pin change"]);
}

/// The second officer's PIN is neither tried nor changed without the first's [docs/specs/cards.md 5].
#[test]
fn the_second_pin_is_changed_by_two_persons() {
    let world = World::new();
    world.file("wrong", "0000");
    world.file("new", "2468");
    let main = world.folder(Party::Province).join("main-control.card");
    let main = main.to_str().unwrap();
    let change = |pin: &str, second: &str, new: &str| {
        let pins = ["--second", "--pin-file", pin, "--second-pin-file", second, "--new-pin-file", new];
        world.province(&["kdc", "pin", "change", main]).with(&pins).run()
    };
    change("wrong", "pin2", "new").fails(1, &["the operator's PIN was wrong; 2 tries left"]);
    change("pin", "pin2", "pin").fails(1, &["both PINs are the same"]);
    change("pin", "wrong", "new").fails(1, &["the second officer's PIN was wrong; 2 tries left"]);
    change("pin", "pin2", "new").ok().shows(&["the second officer's PIN is another one now"]);
    change("pin", "pin2", "new").fails(1, &["the second officer's PIN was wrong; 2 tries left"]);
    change("pin", "new", "pin2").ok();
    // Past the command: CHANGE PIN of the second PIN without the first is refused by the card, and costs no try.
    let raw = world.province(&["apdu", main, "-"]).stdin("805E010106654321FF2468\n");
    raw.run().failed(1).shows(&["< 6982"]);
    let tries = world.province(&["apdu", main, "803C3A0101"]);
    tries.run().ok().shows(&["< 339000"]);
    // A PSAM has no second PIN.
    let psam = world.psam();
    let line = ["psam", "pin", "change", psam.to_str().unwrap(), "--second", "--pin-file", "pin"];
    world.bank(&line).run().fails(1, &["a PSAM has no second PIN"]);
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
    /// Files of a party with their bytes, without one card and without the audit log, which keeps refusals too, and the
    /// store, which keeps the end of the log.
    fn bytes_but_the_card(&self, party: Party, card: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let files = World::bytes(&self.folder(party)).into_iter();
        let others = files.filter(|(path, _)| {
            !path.ends_with(card)
                && !["audit.", "office.sqlite"].iter().any(|of| path.to_string_lossy().contains(of))
        });
        others.collect()
    }
}

/// A PIN that was forgotten or blocked is set anew by the card one level up, which asks its own.
#[test]
fn a_blocked_pin_is_set_anew_one_level_up() {
    let world = World::new();
    world.file("wrong", "000111");
    world.file("fresh", "112233");
    let psam = world.psam();
    let psam = psam.to_str().unwrap();
    let change = |pin: &str| {
        let call = world.bank(&["psam", "pin", "change", psam, "--new-pin-file", "pin", "--spend-last-try"]);
        call.with(&["--pin-file", pin]).run()
    };
    for words in ["2 tries left", "1 try left", "no tries left"] {
        change("wrong").fails(1, &[words, "gridcard psam pin unblock"]);
    }
    let unblock = |pin: &str| {
        let call = world.city(&["psam", "pin", "unblock", psam, "--new-pin-file", "fresh"]);
        call.with(&["--pin-file", pin]).run()
    };
    unblock("wrong").fails(1, &["PSAM issuing card", "2 tries left"]);
    unblock("pin")
        .ok()
        .shows(&[&format!("PSAM {PSAM}: the operator's PIN is a new one, with all its tries")]);
    change("wrong").fails(1, &["2 tries left"]);
    change("fresh").ok();

    // An issuing card's PINs are the province's to set, by both officers.
    let issuing = world.folder(Party::City).join("esam-issuing.card");
    let issuing = issuing.to_str().unwrap();
    let call = world.province(&["kdc", "pin", "unblock", issuing, "--second", "--new-pin-file", "fresh"]);
    call.with(&["--pin-file", "pin", "--second-pin-file", "wrong"]).run().fails(1, &["second officer's PIN"]);
    let call = world.province(&["kdc", "pin", "unblock", issuing, "--second", "--new-pin-file", "fresh"]);
    let done = call.with(&["--pin-file", "pin", "--second-pin-file", "pin2"]).run().ok();
    done.shows(&["the supervisor's PIN is a new one, with all its tries"]);
    let call = world.city(&["city", "pin", "change", issuing, "--second", "--pin-file", "pin"]);
    call.with(&["--second-pin-file", "fresh", "--new-pin-file", "pin2"]).run().ok();
}
