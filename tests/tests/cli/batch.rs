//! Batches through the command: what is made, what is refused by name, and what an interruption leaves.

use crate::command::Call;
use crate::world::{Kind, PSAM, Party, World, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn office() -> World {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    world
}

/// A request for the numbers `first` to `last`.
fn request(world: &World, name: &str, first: u32, last: u32) -> PathBuf {
    let lines = (first..=last).fold(String::from("number\n"), |text, n| text + &format!("{n:012}\n"));
    world.file(name, lines)
}

fn batch(world: &World, kind: &str, file: &str) -> Call {
    world.city(&["issue", kind, "--batch", file, "--pin-file", "pin", "--yes"])
}

fn batches(world: &World) -> Vec<Value> {
    let list = world.city(&["issue", "list", "--json"]).run().ok().object();
    list["batches"].as_array().unwrap().clone()
}

/// The lines of a result file, field by field.
fn result(world: &World, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(world.path(name)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// A PSAM of a batch has neither server nor limits until it is paired; then it has the usual ones, granted against its statement.
#[test]
fn a_psam_of_a_batch_gets_its_limits_when_it_is_paired() {
    let world = office();
    world.file("psams.csv", "number\n330200000071\n");
    batch(&world, "psam", "psams.csv").with(&["--card-pin-file", "pin"]).run().ok();
    world.city(&["issue", "take", "330200000071", "--kind", "psam", "--out", "taken"]).run().ok();
    let card = world.path("taken/psam-330200000071.card");
    let show = || world.city(&["psam", "show", text(&card), "--json"]).run().ok().object();
    let none = show();
    assert_eq!(
        (&none["limit"], &none["value_limit_fen"], &none["value_fen"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(none["chain"], "0".repeat(64));
    world.city(&["psam", "pair", text(&card), "--pin-file", "pin", "--card-pin-file", "pin"]).run().ok();
    let paired = show();
    assert_eq!((&paired["limit"], &paired["value_limit_fen"]), (&10_000.into(), &100_000_000.into()));
}

#[test]
fn a_batch_is_made_checked_and_taken_out() {
    let world = office();
    request(&world, "request.csv", 2, 21);
    let made = batch(&world, "esam", "request.csv").with(&["--result", "result.csv", "--json"]).run().ok();
    let object = made.object();
    assert_eq!((&object["asked"], &object["good"], &object["left"]), (&20.into(), &20.into(), &0.into()));
    assert_eq!(object["reconciled"], true);
    assert_eq!(object["sha256"].as_str().unwrap().len(), 64);
    let lines = result(&world, "result.csv");
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[0].join(","), "line,number,serial,outcome,reason,check_values,at,millis");
    assert_eq!(
        (lines[1][0].as_str(), lines[1][1].as_str(), lines[1][3].as_str()),
        ("2", "000000000002", "done")
    );
    assert_eq!(lines.iter().map(|line| &line[2]).collect::<BTreeSet<_>>().len(), 21, "a serial twice");
    assert!(lines[20][5].contains("kic="));
    // Out of the pack, into a meter, as a card of `esam issue` goes.
    world.city(&["issue", "take", "000000000007", "000000000008", "--out", "taken"]).run().ok();
    let taken = world.path("taken");
    let (esam, pairing) = (taken.join("esam-000000000007.card"), taken.join("pairing-000000000007.json"));
    assert_eq!(std::fs::read_dir(&taken).unwrap().count(), 4);
    let meter = ["meter", "new", "000000000007", "--esam", text(&esam), "--pairing", text(&pairing)];
    world.meters(&meter).run().ok().shows(&["meter 000000000007"]);
    let gone = world.city(&["issue", "take", "000000000007", "--out", "taken"]).run();
    gone.fails(1, &["the pack holds no image of esam 000000000007 any more", "hint: "]);
    world.city(&["issue", "take", "000000000099"]).run().fails(1, &["no esam 000000000099 was issued here"]);
    world
        .city(&["issue", "take", "--batch", "1", "--out", "taken"])
        .run()
        .ok()
        .shows(&["18 card(s) taken out"]);
    let fitted =
        world.meters(&["stock", "show", "000000000007", "--of", "meters", "--kind", "esam"]).run().ok();
    fitted.shows(&["fitted at meter 000000000007"]);
}

#[test]
fn no_number_is_issued_twice_whoever_asks() {
    let world = office();
    request(&world, "request.csv", 2, 6);
    batch(&world, "esam", "request.csv").run().ok();
    batch(&world, "esam", "request.csv").run().fails(1, &["this request is batch 1", "it is done", "hint: "]);
    request(&world, "more.csv", 5, 9);
    let more = batch(&world, "esam", "more.csv").run();
    more.fails(1, &["line 2: esam 000000000005 on chip", "was issued", "2 line(s)"]);
    assert_eq!(batches(&world).len(), 1, "a refused request leaves no batch");
    let single = |number| world.city(&["esam", "issue", "--meter", number, "--pin-file", "pin"]);
    single("000000000003").run().fails(1, &["esam 000000000003 was issued on card"]);
    single("000000000009").run().ok();
    request(&world, "nine.csv", 9, 10);
    batch(&world, "esam", "nine.csv").run().fails(1, &["line 2: esam 000000000009", "was issued"]);
    // PSAMs are numbered apart.
    request(&world, "psams.csv", 2, 4);
    batch(&world, "psam", "psams.csv").with(&["--card-pin-file", "pin"]).run().ok().shows(&["good 3"]);
}

#[test]
fn bad_lines_are_named_and_nothing_is_begun() {
    let world = office();
    world.file("bad.csv", "number\n1\n000000000002\n000000000002\n\n00000000000X\n");
    let ran = batch(&world, "esam", "bad.csv").run();
    ran.fails(
        1,
        &["line 2: number", "line 4: number 000000000002 stands in line 3 already", "line 6: ", "hint: "],
    );
    world.file("header.csv", "nummer\n000000000002\n");
    batch(&world, "esam", "header.csv").run().fails(1, &["header.csv", "\"nummer\"", "hint: "]);
    world.file("empty.csv", "number\n");
    batch(&world, "esam", "empty.csv").run().fails(1, &["asks for no card"]);
    batch(&world, "esam", "nowhere.csv").run().fails(1, &["nowhere.csv"]);
    batch(&world, "esam", "empty.csv").with(&["--resume"]).run().fails(1, &["no batch was begun", "hint: "]);
    assert!(batches(&world).is_empty());
}

#[test]
fn a_batch_is_not_begun_unasked() {
    let world = office();
    request(&world, "request.csv", 2, 4);
    let unasked = world.city(&["issue", "esam", "--batch", "request.csv", "--pin-file", "pin"]).run();
    unasked.fails(2, &["nobody is there to confirm", "--yes"]);
    let plan = batch(&world, "esam", "request.csv").with(&["--dry-run"]).run().ok();
    for words in ["3 to make of 3", "000000000002 to 000000000004", "the least", "9600 bit/s"] {
        assert!(plan.stderr.contains(words), "{words}: {}", plan.stderr);
    }
    assert!(batches(&world).is_empty());
    batch(&world, "esam", "request.csv").run().ok();
}

#[test]
fn a_wrong_pin_shows_the_tries_left_and_begins_nothing() {
    let world = office();
    request(&world, "request.csv", 2, 4);
    world.file("wrong", "999999");
    let wrong = || world.city(&["issue", "esam", "--batch", "request.csv", "--pin-file", "wrong", "--yes"]);
    wrong().run().fails(1, &["2 tries left"]);
    wrong().run().fails(1, &["1 try left"]);
    // The last try is not spent unasked, and the right PIN is no wrong one.
    wrong().run().fails(4, &["has 1 try left"]);
    assert!(batches(&world).is_empty());
    let right = batch(&world, "esam", "request.csv").with(&["--spend-last-try"]).run();
    right.ok().shows(&["good 3"]);
}

#[test]
fn blanks_of_a_folder_are_fed_one_by_one_and_the_batch_goes_on_with_more() {
    let world = office();
    request(&world, "request.csv", 2, 5);
    std::fs::create_dir(world.path("blanks")).unwrap();
    let blank = |name: &str, serial: &str| {
        let card = format!("blanks/{name}.card");
        world.city(&["card", "new", &card, "--kind", "esam", "--serial", serial]).run().ok();
    };
    for (name, serial) in [("a", "00000000000000A0"), ("b", "00000000000000B0"), ("d", "00000000000000D0")] {
        blank(name, serial);
    }
    // One that is issued already stands among them: it is refused, and its number stays its own.
    blank("c", "00000000000000C0");
    let issued = ["esam", "issue", "--meter", "000000000077", "--card", "blanks/c.card", "--pin-file", "pin"];
    world.city(&issued).run().ok();
    world.file("blanks/e.card", "no card at all");
    let fed =
        batch(&world, "esam", "request.csv").with(&["--blanks", "blanks", "--result", "result.csv"]).run();
    let fed = fed.fails(3, &["no more blanks; 1 card(s) are left", "passed over: ", "--resume"]);
    fed.shows(&["asked 4 = good 3 + spoiled 0 + left 1", "chips used 4 = good 3 + scrapped 0 + refused 1"]);
    let lines = result(&world, "result.csv");
    let refused: Vec<_> = lines.iter().filter(|line| line[3] == "refused").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0][2], "00000000000000C0");
    // The same folder again: its cards are all issued, which ends the run after three of them.
    let again = || batch(&world, "esam", "request.csv").with(&["--resume", "--blanks", "blanks"]);
    again().run().fails(1, &["3 chip(s) were spoiled one after another", "is issued already"]);
    blank("0", "00000000000000E0");
    again().run().ok().shows(&["asked 4 = good 4 + spoiled 0 + left 0"]);
    // A card of the folder is a card like any other, and its pairing file waits in the pack.
    world.city(&["issue", "take", "000000000004", "--out", "taken"]).run().ok();
    assert!(world.path("taken/pairing-000000000004.json").exists());
    world.city(&["card", "show", "blanks/a.card"]).run().ok();
}

#[test]
fn a_line_may_name_its_chip() {
    let world = office();
    world.file("request.csv", "number,serial\n000000000002,00000000000000AA\n000000000003,\n");
    std::fs::create_dir(world.path("blanks")).unwrap();
    world
        .city(&["card", "new", "blanks/a.card", "--kind", "esam", "--serial", "00000000000000BB"])
        .run()
        .ok();
    world
        .city(&["card", "new", "blanks/b.card", "--kind", "esam", "--serial", "00000000000000AA"])
        .run()
        .ok();
    let fed = batch(&world, "esam", "request.csv").with(&["--blanks", "blanks", "--result", "result.csv"]);
    fed.run().ok();
    let lines = result(&world, "result.csv");
    assert_eq!((lines[1][2].as_str(), lines[2][2].as_str()), ("00000000000000AA", "00000000000000BB"));
}

#[test]
fn sims_come_in_batches_too() {
    let world = office();
    let lines = "iccid,imsi,msisdn\n89860021047987991756,460000207447767,+8613900000101\n89860122290654464321,460014920714162,\n";
    world.file("sims.csv", lines);
    let make = || world.phones(&["issue", "sim", "--batch", "sims.csv", "--yes"]);
    make().run().ok().shows(&["good 2"]);
    make().run().fails(1, &["it is done"]);
    let take = world.phones(&["issue", "take", "89860021047987991756", "--kind", "sim", "--out", "taken"]);
    take.run().ok();
    world.phones(&["sim", "list", "taken/89860021047987991756.card"]).run().ok();
}

#[test]
fn a_full_disk_ends_a_batch_whole_and_it_goes_on() {
    let world = office();
    request(&world, "request.csv", 2, 301);
    // Room for the request and some cards, not for all.
    let full = batch(&world, "esam", "request.csv").on_small_disk(400).run();
    assert_ne!(full.code, 0, "{full:?}");
    full.fails(1, &["office.sqlite", "hint: "]);
    let known = batches(&world);
    let resume: &[&str] = if known.is_empty() { &[] } else { &["--resume"] };
    batch(&world, "esam", "request.csv").with(resume).with(&["--result", "result.csv"]).run().ok();
    let lines = result(&world, "result.csv");
    assert_eq!(lines.iter().filter(|line| line[3] == "done").count(), 300);
    assert_eq!(lines.iter().map(|line| &line[2]).collect::<BTreeSet<_>>().len(), 301, "a serial twice");
}

#[test]
fn a_clock_that_went_back_is_named_before_anything_is_made() {
    let world = office();
    request(&world, "request.csv", 2, 4);
    request(&world, "later.csv", 5, 7);
    batch(&world, "esam", "request.csv").run().ok();
    world.wait(-3 * 86_400);
    batch(&world, "esam", "later.csv").run().fails(1, &["the clock went back", "hint: "]);
    world.wait(3 * 86_400);
    assert_eq!(batches(&world).len(), 1);
    batch(&world, "esam", "later.csv").run().ok();
}

#[test]
fn a_batch_is_no_act_of_another_party() {
    let world = World::empty(Kind { apart: true, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    request(&world, "request.csv", 2, 3);
    let foreign = world.province(&["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes"]);
    foreign.run().fails(1, &["an act of a city, and there is no city in"]);
    let home = world.folder(Party::Province);
    let inside =
        ["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes", "--home", text(&home)];
    crate::command::Call::plain(&world.path(""), &inside)
        .run()
        .fails(4, &["an act of", "is the home of the province"]);
    assert_ne!(PSAM, "000000000002", "the number of this test");
    assert!(!world.folder(Party::Province).join("out/batch-1-result.csv").exists());
}
