//! Secrets as people type them: new ones twice, and what two people must not have in common is refused when it is typed.

use crate::command::binary;
use crate::province::{self, CUSTODIANS, opening};
use crate::world::{Kind, Party, World, text};
use std::io::Write;
use std::process::{Command, Stdio};

const TEST: Kind = Kind { apart: false, formal: false, suite: "3des" };

/// At a terminal: exit code, and what stood on the screen.
fn at_a_terminal(world: &World, party: Party, args: &[&str], typed: &[&str]) -> (i32, String) {
    world.wait(60);
    let home = world.home(party);
    let at = world.now().to_string();
    let all = args.iter().copied().chain(["--home", text(&home), "--at", &at]);
    let quoted: Vec<String> = all.map(|word| format!("'{word}'")).collect();
    let line = format!("exec '{}' {}", binary().display(), quoted.join(" "));
    let mut script = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(world.path(""))
        .env_remove("GRIDCARD_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = script.stdin.take().unwrap();
    for line in typed {
        writeln!(stdin, "{line}").unwrap();
    }
    let output = script.wait_with_output().unwrap();
    drop(stdin);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_new_pin_is_typed_twice() {
    let world = World::empty(TEST);
    world.found_province();
    world.found_city();
    let card = world.folder(Party::City).join("out/psam-330200000001.card");
    let issue = ["psam", "issue", "--number", "330200000001", "--pin-file", "pin"];
    // The second typing differs; the next two agree.
    let (code, screen) =
        at_a_terminal(&world, Party::City, &issue, &["111111", "111112", "222222", "222222"]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("new: PIN of the PSAM to be made, again: "), "{screen}");
    assert!(
        screen.contains("PIN of the PSAM to be made: the second time was not the same; 4 more"),
        "{screen}"
    );
    world.bank(&["server", "open", text(&card)]).run().ok();
    let verify = |pin: &str| {
        let psam = world.psam();
        world.bank(&["apdu", text(&psam), "-"]).stdin(&format!("00A4000002DF01\n0020000003{pin}\n")).run()
    };
    verify("222222").ok();
    verify("111111").fails(1, &["63C2"]);
}

/// Two officers with one PIN are one: the second chooses another, at once.
#[test]
fn two_officers_choose_two_pins() {
    let world = World::empty(TEST);
    let init = ["kdc", "init", "--test-root"];
    let typed = ["123456", "123456", "123456", "123456", "123456", "123456", "654321", "654321"];
    let (code, screen) = at_a_terminal(&world, Party::Province, &init, &typed);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("both PINs are the same: two officers need two; 4 more"), "{screen}");
}

/// A pipe is a prompt without a terminal: it says a new PIN twice. A file gives it once.
#[test]
fn a_pipe_says_a_new_pin_twice() {
    let world = World::empty(TEST);
    let init = ["kdc", "init", "--test-root", "--second-pin-file", "pin2"];
    world.province(&init).stdin("123456\n123457\n").run().fails(1, &["the second time was not the same"]);
    world.province(&init).stdin("123456\n123456\n").run().ok();
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

const ENTROPY: [&str; 7] = ["kdc", "init", "--entropy", "--custodians", "3", "--threshold", "2"];

#[test]
fn custodians_share_no_passphrase() {
    let world = province::empty();
    let names = CUSTODIANS.map(|(name, _)| name);
    let one = CUSTODIANS[0].1;
    let typed = lines(&names) + &lines(&[one, one, one]);
    let held = world.province(&ENTROPY).with(world.transport()).stdin(&typed).run();
    held.fails(
        1,
        &["the passphrase of wang fang is another custodian's as well", "hint: each custodian chooses"],
    );
    assert!(!world.folder(Party::Province).exists());
    // Nor in a store that is there.
    let all = lines(&names) + &lines(&CUSTODIANS.map(|(_, phrase)| [phrase, phrase]).concat());
    world.province(&ENTROPY).with(world.transport()).stdin(&all).run().ok();
    let before = std::fs::read(world.folder(Party::Province).join("roots.keystore")).unwrap();
    let change = ["kdc", "keystore", "passphrase", "--custodian", "wang fang"];
    // Of one who did not come.
    let typed = opening(0, 1) + &lines(&[CUSTODIANS[2].1]);
    world.province(&change).stdin(&typed).run().fails(1, &["wang fang is another custodian's as well"]);
    let reshare = ["kdc", "keystore", "reshare", "--threshold", "2", "--custodian", "sun li", "--custodian"];
    let typed = opening(0, 1) + &lines(&["a stone bridge", "a stone bridge", "a stone bridge"]);
    world
        .province(&[&reshare[..], &["qian duo"]].concat())
        .stdin(&typed)
        .run()
        .fails(1, &["the passphrase of qian duo is another custodian's as well"]);
    world
        .province(&[&reshare[..], &["Sun  Li"]].concat())
        .stdin(&typed)
        .run()
        .fails(1, &["Sun  Li is named twice: each custodian is another person"]);
    assert!(std::fs::read(world.folder(Party::Province).join("roots.keystore")).unwrap() == before);
    // His own again is nobody else's.
    let typed = opening(0, 2) + &lines(&[CUSTODIANS[1].1, CUSTODIANS[1].1]);
    world.province(&change).stdin(&typed).run().ok();
}

#[test]
fn one_person_holds_no_two_roles_that_need_two() {
    let world = province::empty();
    let run = ["kdc", "ceremony", "run", "--components", "2", "--custodians", "2", "--threshold", "2"];
    let ran = |names: &[&str]| world.province(&run).with(world.transport()).stdin(&lines(names)).run();
    ran(&["Chen", "  chen "])
        .fails(1, &["chen is the key manager already and cannot be the system administrator"]);
    ran(&["Chen", "Wu", "Sun", "Sun"])
        .fails(1, &["Sun is the witness already", "component custodian 1", "hint: name somebody else"]);
    ran(&["Chen", "Wu", "Sun", "Li", "LI"])
        .fails(1, &["LI is the component custodian 1 already and cannot be the component custodian 2"]);
    ran(&["Chen", "Wu", "Sun", "Li", "Ma", "Li", "Li"])
        .fails(1, &["Li is the key store custodian 1 already and cannot be the key store custodian 2"]);
    let held = world.province(&ENTROPY).with(world.transport()).stdin(&lines(&["li ming", "Li Ming"])).run();
    held.fails(1, &["Li Ming is the key store custodian 1 already"]);
    assert!(!world.folder(Party::Province).exists());
}
