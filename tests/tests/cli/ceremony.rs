//! The ceremony: whatever is wrong with a component, nothing is written.

use crate::command::{Call, Ran};
use crate::world::{Kind, Party, World};

const FORMAL: Kind = Kind { apart: false, formal: true, suite: "3des" };

/// Two components with their check values, a line each.
fn papers(world: &World) -> [String; 4] {
    let lines: Vec<String> = world.components().lines().map(str::to_owned).collect();
    lines.try_into().unwrap()
}

/// Holds the ceremony with these lines on stdin.
fn hold(world: &World, lines: &[&str]) -> Ran {
    let init = [
        "kdc",
        "init",
        "--components",
        "2",
        "--formal-on-virtual",
        "--pin-file",
        "pin",
        "--second-pin-file",
        "pin2",
    ];
    world.province(&init).with(world.transport()).stdin(&(lines.join("\n") + "\n")).run()
}

/// It fails in these words, shows no component, and writes nothing.
#[track_caller]
fn refused(world: &World, lines: &[&str], code: i32, words: &[&str]) {
    let ran = hold(world, lines).fails(code, words);
    for line in lines.iter().filter(|line| line.len() >= 30) {
        assert!(!ran.stderr.contains(line) && !ran.stdout.contains(line), "a component was shown");
    }
    assert!(
        !world.home(Party::Province).exists(),
        "a failed ceremony left {:?}",
        World::bytes(&world.home(Party::Province)).keys()
    );
}

#[test]
fn a_wrong_component_writes_nothing() {
    let world = World::empty(FORMAL);
    let [first, check, second, other] = papers(&world);
    let (first, check, second, other) = (first.as_str(), check.as_str(), second.as_str(), other.as_str());
    // Another paper's check value; one digit of the component mistyped.
    refused(&world, &[first, other], 1, &["component 1: its check value is", "the paper says", "hint: "]);
    let mistyped = format!("{}{}", if first.starts_with('A') { 'B' } else { 'A' }, &first[1..]);
    refused(&world, &[&mistyped, check, second, other], 1, &["component 1: its check value is"]);
    refused(&world, &[first, check, second, "000000"], 1, &["component 2: its check value is"]);
    refused(&world, &[first, "12345"], 1, &["component 1: ", "check value"]);
    // Length and digits.
    refused(
        &world,
        &[&first[..first.len() - 1], check],
        1,
        &["component 1: 32 hexadecimal digits are needed, 31 were typed"],
    );
    refused(
        &world,
        &[&format!("{first}0"), check],
        1,
        &["component 1: 32 hexadecimal digits are needed, 33 were typed"],
    );
    refused(
        &world,
        &[&format!("{}G", &first[..first.len() - 1]), check],
        1,
        &["component 1: digit 32 is 'G'"],
    );
    refused(&world, &[&"0".repeat(32), check], 1, &["component 1 is all zeros"]);
    // The same paper twice.
    refused(&world, &[first, check, first, check], 1, &["component 2 is the same as component 1"]);
    // A custodian is missing.
    refused(&world, &[first, check], 2, &["stdin ended", "component 2 of 2"]);
    // With the right papers, and blanks and case as they like, it is held.
    let loose = first.to_lowercase().replace(' ', "");
    let ran = hold(&world, &[&loose, &check.to_lowercase(), second, other]).ok();
    ran.shows(&["formal (3des)", "check value of the whole"]);
    // And never again in this province.
    let before = World::bytes(&world.home(Party::Province));
    hold(&world, &[first, check, second, other]).fails(1, &["this province has its roots"]);
    assert!(World::bytes(&world.home(Party::Province)) == before);
    // A province whose record is gone is not begun anew.
    std::fs::remove_file(world.folder(Party::Province).join("ceremony.json")).unwrap();
    hold(&world, &[first, check, second, other])
        .fails(1, &["is there without its ceremony.json", "hint: put the record back"]);
}

#[test]
fn a_bad_pin_after_good_components_writes_nothing() {
    let world = World::empty(FORMAL);
    let lines = papers(&world);
    world.file("pin", "12");
    refused(&world, &lines.each_ref().map(String::as_str), 1, &["4 to 12 digits"]);
}

#[test]
fn a_formal_root_does_not_get_onto_a_virtual_card_unasked() {
    let world = World::empty(FORMAL);
    let init = world.province(&[
        "kdc",
        "init",
        "--components",
        "2",
        "--pin-file",
        "pin",
        "--second-pin-file",
        "pin2",
    ]);
    let ran = init.with(world.transport()).stdin(&world.components()).run();
    ran.fails(4, &["a formal root does not belong on a virtual card", "--formal-on-virtual"]);
    assert!(!world.home(Party::Province).exists());
    // Nor onto a blank that was not made for it.
    world.found_province();
    let blank = ["card", "new", "--kind", "psam-issuing", "blank.card"];
    world.province(&blank).with(world.transport()).run().ok();
    let blank = std::fs::read(world.path("blank.card")).unwrap();
    let ran = world.issue_card("psam-issuing", "000000000009").with(&["--card", "blank.card"]).run();
    ran.fails(4, &["blank.card was not made for keys of a formal root", "--formal-on-virtual"]);
    assert!(std::fs::read(world.path("blank.card")).unwrap() == blank);
    world
        .province(&["card", "new", "--kind", "psam-issuing", "--formal-on-virtual", "allowed.card"])
        .with(world.transport())
        .run()
        .ok();
    world.issue_card("psam-issuing", "000000000009").with(&["--card", "allowed.card"]).run().ok();
}

/// The papers give the same province wherever the ceremony is held; one paper alone gives nothing away.
#[test]
fn the_same_papers_make_the_same_roots() {
    let [one, two] = [(); 2].map(|()| {
        let world = World::empty(FORMAL);
        world.found_province();
        world.province(&["kdc", "status", "--json"]).run().ok().object()["check_values"].clone()
    });
    assert_eq!(one, two);
    let test = World::empty(Kind { formal: false, ..FORMAL });
    test.found_province();
    let test = test.province(&["kdc", "status", "--json"]).run().ok().object()["check_values"].clone();
    for (role, value) in one.as_object().unwrap() {
        // The transport root too: under the published one nothing formal travels.
        assert_ne!(test[role], *value, "{role}");
    }
}

#[test]
fn a_component_is_another_every_time() {
    let world = World::empty(FORMAL);
    let draw = || Call::plain(&world.path(""), &["kdc", "component", "--json"]).run().ok().object();
    let (one, two) = (draw(), draw());
    assert_ne!(one["component"], two["component"]);
}
