//! A province at work: the ceremony by its script, shares and what they restore, the key store, an agreed transport root, and
//! what a kill or a full disk leaves behind.

use crate::command::{Call, Ran, binary};
use crate::world::{Kind, REGION, World, text};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FORMAL: Kind = Kind { apart: false, formal: true, suite: "3des" };
/// Names of the key store's custodians, with a passphrase each.
pub const CUSTODIANS: [(&str, &str); 3] =
    [("li ming", "seven grey geese"), ("wang fang", "a lamp without oil"), ("zhao wei", "the third bridge")];

/// A world with two PIN files and nothing else.
pub fn empty() -> World {
    let world = World::empty(FORMAL);
    world.file("pin", "123456");
    world.file("pin2", "654321");
    world
}

/// The files of both officers' PINs.
pub const PINS: [&str; 4] = ["--pin-file", "pin", "--second-pin-file", "pin2"];

fn home(world: &World, name: &str) -> String {
    text(&world.path(name)).to_owned()
}

/// A command in a home of its own.
pub fn call(world: &World, at: &str, args: &[&str]) -> Call {
    world.wait(60);
    Call::earnest(&world.path(""), &world.path(at), world.now(), args)
}

/// Lines for stdin.
fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What the key store's custodians type at a ceremony.
fn new_custodians() -> Vec<&'static str> {
    let names = CUSTODIANS.iter().map(|(name, _)| *name);
    names.chain(CUSTODIANS.iter().flat_map(|(_, phrase)| [*phrase, *phrase])).collect()
}

/// What two of them type to open it.
pub fn opening(one: usize, other: usize) -> String {
    let [(a, b), (c, d)] = [CUSTODIANS[one], CUSTODIANS[other]];
    lines(&[a, b, c, d])
}

/// A ceremony that is talked to while it runs.
pub struct Talk {
    child: Child,
    shares: PathBuf,
}

impl Talk {
    /// Begins a ceremony with shares in a folder.
    pub fn begin(world: &World, at: &str, shares: &str, args: &[&str]) -> Self {
        world.wait(60);
        let child = Command::new(binary())
            .args(args)
            .args(world.transport())
            .args(["--share-dir", shares, "--home", &home(world, at), "--at", &world.now().to_string()])
            .current_dir(world.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Talk { child, shares: world.path(shares) }
    }

    /// Says some lines.
    pub fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until so many shares are there; gives their first lines by number.
    pub fn papers(&mut self, total: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let found = papers(&self.shares);
            if found.len() == total {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{} shares only", found.len());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        let _ = self.child.stderr.as_mut().unwrap().read_to_string(&mut text);
        text
    }

    /// Ends the input; gives exit code, stdout and stderr.
    pub fn end(mut self) -> (i32, String, String) {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

/// The shares in a folder, in order of their numbers.
fn papers(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap().lines().next().unwrap_or_default().to_owned())
        .collect()
}

/// Everything the script asks for up to the shares.
fn before_shares(world: &World) -> String {
    let people = [
        "Chen Key",
        "Wu Admin",
        "Sun Witness",
        "Component One",
        "Component Two",
        "Share One",
        "Share Two",
        "Share Three",
    ];
    let names: Vec<&str> = people.into_iter().chain(CUSTODIANS.iter().map(|(name, _)| *name)).collect();
    let typed = world.components();
    let papers: Vec<&str> = typed.lines().collect();
    let rest = [
        "room 7",
        "laptop 12",
        "08:00",
        papers[0],
        papers[1],
        "E-001",
        papers[2],
        papers[3],
        "E-002",
        "E-101",
        "E-102",
        "E-103",
    ];
    lines(&names) + &lines(&rest)
}

fn after_shares() -> String {
    // Drafts, three passphrases twice, the check values, the signing.
    let phrases: Vec<&str> = CUSTODIANS.iter().flat_map(|(_, phrase)| [*phrase, *phrase]).collect();
    lines(&[""]) + &lines(&phrases)
}

const RUN: [&str; 11] = [
    "kdc",
    "ceremony",
    "run",
    "--components",
    "2",
    "--shares",
    "2/3",
    "--custodians",
    "3",
    "--threshold",
    "2",
];

/// A whole ceremony by its script; gives what was on the shares, and the two streams.
pub fn by_the_script(world: &World, at: &str, shares: &str, more: &[&str]) -> (Vec<String>, String, String) {
    let args: Vec<&str> = RUN.iter().chain(more).copied().collect();
    let mut talk = Talk::begin(world, at, shares, &args);
    talk.say(&before_shares(world));
    let papers = talk.papers(3);
    talk.say(&lines(&papers.iter().map(String::as_str).collect::<Vec<_>>()));
    talk.say(&after_shares());
    if more.contains(&"--rehearsal") || more.contains(&"--formal-on-virtual") {
        talk.say("E-200\n"); // the card's envelope
    }
    talk.say("\n\n");
    let (code, stdout, stderr) = talk.end();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    (papers, stdout, stderr)
}

fn record(world: &World, at: &str) -> Value {
    let path = world.path(at).join("province/ceremony.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_ceremony_by_its_script_fills_in_its_protocol() {
    let world = empty();
    let (papers, stdout, stderr) = by_the_script(&world, "home", "shares", &[]);
    let record = record(&world, "home");
    let protocol = fs::read_to_string(world.path("home/province/ceremony-protocol.md")).unwrap();
    let times: Vec<&str> = protocol
        .lines()
        .filter(|line| line.starts_with("- time: ") || line.starts_with("- held: "))
        .collect();
    assert!(times.len() > 15 && times.iter().all(|line| line.ends_with(" UTC+8")), "{times:#?}");
    // The sheet that was printed before has the same steps.
    let plan = call(&world, "home", &["kdc", "ceremony", "plan"])
        .with(&RUN[3..])
        .with(world.transport())
        .run()
        .ok()
        .stdout;
    let titles = |text: &str| {
        text.lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(titles(&plan), titles(&protocol));
    assert!(titles(&plan).len() > 15);
    for known in ["Chen Key", "room 7", "E-001", "E-103", "li ming", record["check_value"].as_str().unwrap()]
    {
        assert!(protocol.contains(known), "the protocol does not say {known}\n{protocol}");
    }
    for root in record["roots"].as_array().unwrap() {
        assert!(protocol.contains(root["check_value"].as_str().unwrap()));
    }
    assert!(protocol.contains("- signature: ____"), "signatures are left to pens");
    // Nothing but the share files has a secret.
    let typed = world.components();
    let secrets: Vec<&str> = papers.iter().map(String::as_str).chain(typed.lines().step_by(2)).collect();
    let said = [stdout, stderr, protocol, record.to_string()].concat();
    for secret in secrets.iter().copied().chain(CUSTODIANS.iter().map(|(_, phrase)| *phrase)) {
        assert!(!said.contains(secret) && !said.contains(&secret.replace(' ', "")), "a secret was said");
    }
    // The key store opens for any two, and for them alone.
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&opening(2, 0)).run().ok();
    let wrong = lines(&["li ming", CUSTODIANS[1].1]);
    call(&world, "home", &["kdc", "keystore", "check"])
        .stdin(&wrong)
        .run()
        .fails(1, &["the passphrase of li ming is wrong", "hint: nothing was opened"]);
    call(&world, "home", &["kdc", "audit", "verify"]).run().ok().shows(&["findings    0"]);
}

/// A rehearsal asks the same, writes the same, and is of the published test root.
#[test]
fn a_rehearsal_differs_in_the_keys_alone() {
    let world = empty();
    let (_, _, earnest) = by_the_script(&world, "home", "shares", &[]);
    let more = ["--rehearsal", PINS[0], PINS[1], PINS[2], PINS[3]];
    let (papers, _, rehearsed) = by_the_script(&world, "again", "shares2", &more);
    let steps = |text: &str| {
        text.lines()
            .filter(|line| line.contains(". ") && line.ends_with(')'))
            .map(|line| line.split_once(". ").unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    let extra = "PINs of the main control card (key manager)";
    assert_eq!(
        steps(&earnest),
        steps(&rehearsed).into_iter().filter(|step| step != extra).collect::<Vec<_>>()
    );
    let record = record(&world, "again");
    assert_eq!((&record["state"], &record["rehearsal"]), (&"test".into(), &true.into()));
    let test =
        call(&world, "test", &["kdc", "init", "--test-root", "--json"]).with(&PINS).run().ok().object();
    for root in record["roots"].as_array().unwrap() {
        assert_eq!(test["check_values"][root["role"].as_str().unwrap()], root["check_value"]);
    }
    // Its shares restore no formal province.
    let two = lines(&["a", "b", "c", &papers[0], &papers[1]]);
    let restore = ["kdc", "init", "--restore", "2", "--custodians", "3", "--threshold", "2"];
    call(&world, "third", &restore)
        .with(world.transport())
        .stdin(&two)
        .run()
        .fails(1, &["the shares are of a test 3des secret"]);
    assert!(!world.path("third").exists());
}

fn checks(ran: &Ran) -> Value {
    ran.object()["check_values"].clone()
}

/// The papers of a formal ceremony bring the same province back; what does not belong to them is named.
#[test]
fn shares_restore_the_province() {
    let world = empty();
    let (papers, ..) = by_the_script(&world, "home", "shares", &[]);
    let (others, ..) = by_the_script(&world, "other", "shares2", &[]);
    let before = checks(&call(&world, "home", &["kdc", "status", "--json"]).run().ok());
    let restore = |at: &str, shares: &[&str]| {
        let stdin =
            lines(&["li ming", "wang fang", "zhao wei"]) + &lines(shares) + &lines(&new_custodians()[3..]);
        let args = ["kdc", "init", "--restore", "2", "--custodians", "3", "--threshold", "2", "--json"];
        call(&world, at, &args).with(world.transport()).stdin(&stdin).run()
    };
    let fails = |shares: &[&str], words: &[&str]| {
        let args = ["kdc", "init", "--restore", "2", "--custodians", "3", "--threshold", "2"];
        let stdin = lines(&["li ming", "wang fang", "zhao wei"]) + &lines(shares);
        let ran = call(&world, "back", &args).with(world.transport()).stdin(&stdin).run();
        let code = ran.code;
        ran.fails(code, words);
        assert!(code == 1 || code == 2, "{code}");
        assert!(!world.path("back").exists());
    };
    fails(&[&papers[0], &others[1]], &["share 2 is of set", "the shares before it are of set"]);
    fails(&[&papers[0], &papers[0]], &["share 1 was already entered"]);
    let digit = if papers[0].ends_with('0') { '1' } else { '0' };
    let mistyped = format!("{}{digit}", &papers[0][..papers[0].len() - 1]);
    fails(&[&mistyped], &["the share is mistyped in its group 15"]);
    fails(&[&papers[0][..20]], &["a share has 60 hexadecimal digits"]);
    fails(&[&papers[2]], &["stdin ended", "1 still needed"]);
    assert_eq!(checks(&restore("back", &[&papers[2], &papers[0]]).ok()), before);
}

/// A share must not be printed where a log might take it.
#[test]
fn shares_go_nowhere_but_to_a_terminal_or_a_named_folder() {
    let world = empty();
    let args = ["kdc", "init", "--entropy", "--shares", "2/3", "--custodians", "3", "--threshold", "2"];
    let held = call(&world, "home", &args).with(world.transport()).run();
    held.fails(2, &["shares are shown at a terminal only", "--share-dir"]);
    assert!(!world.path("home").exists());
}

#[cfg(unix)]
#[test]
fn share_files_are_for_their_owner_and_go_when_the_ceremony_fails() {
    use std::os::unix::fs::PermissionsExt;
    let world = empty();
    let args = ["kdc", "init", "--entropy", "--shares", "2/2", "--custodians", "3", "--threshold", "2"];
    let mut talk = Talk::begin(&world, "home", "shares", &args);
    talk.say(&lines(&["li ming", "wang fang", "zhao wei"]));
    let papers = talk.papers(2);
    for entry in fs::read_dir(world.path("shares")).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The second custodian wrote the first one's share down.
    talk.say(&lines(&[&papers[0], &papers[0]]));
    let (code, _, stderr) = talk.end();
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("this is share 1; share 2 was asked for"), "{stderr}");
    assert_eq!(fs::read_dir(world.path("shares")).unwrap().count(), 0);
    assert!(!world.path("home").exists());
}

/// A ceremony with a key store and nothing else: custodians' names, then their passphrases.
fn found(world: &World, at: &str, args: &[&str]) -> Ran {
    let init = ["kdc", "init", "--custodians", "3", "--threshold", "2"];
    let transport = if args.contains(&"--test-root") { &[] } else { world.transport() };
    call(world, at, &init).with(args).with(transport).stdin(&lines(&new_custodians())).run()
}

fn issue_card<'a>(number: &'a str, card: &'a str) -> Vec<&'a str> {
    let mut args = vec!["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", number];
    args.extend(["--card", card, "--card-pin-file", "pin", "--card-second-pin-file", "pin2"]);
    args
}

/// The key store makes the same card, byte for byte, as the main control card.
#[test]
fn the_key_store_makes_the_cards_that_the_main_control_card_makes() {
    let world = empty();
    found(&world, "home", &["--test-root", PINS[0], PINS[1], PINS[2], PINS[3]]).ok();
    let made = |folder: &str, more: &[&str], stdin: &str| {
        fs::create_dir(world.path(folder)).unwrap();
        for file in ["pin", "pin2"] {
            fs::copy(world.path(file), world.path(folder).join(file)).unwrap();
        }
        World::bytes(&world.path("home")).iter().for_each(|(path, bytes)| {
            let to = world.path(folder).join("home").join(path.strip_prefix(world.path("home")).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        });
        let at = world.now().add_seconds(600).unwrap();
        let home = world.path(folder).join("home");
        let ran = Call::new(&world.path(folder), &home, at, &issue_card("000000000002", "new.card"));
        ran.with(more).stdin(stdin).run().ok();
        fs::read(world.path(folder).join("new.card")).unwrap()
    };
    let by_card = made("by card", &PINS, "");
    let by_store = made("by store", &["--from-keystore"], &opening(0, 2));
    assert!(by_card == by_store);
}

/// A formal root lives without a card; acts on it need two, and the log says who.
#[test]
fn a_formal_root_in_a_key_store_needs_two_for_every_act() {
    let world = empty();
    let ran = found(&world, "home", &["--entropy", "--json"]).ok();
    assert_eq!((&ran.object()["state"], &ran.object()["card"]), (&"formal".into(), &Value::Null));
    world
        .province(&["card", "new", "--kind", "psam-issuing", "--formal-on-virtual", "blank.card"])
        .with(world.transport())
        .run()
        .ok();
    let args = issue_card("000000000002", "blank.card");
    let alone = lines(&[CUSTODIANS[0].0, CUSTODIANS[0].1]);
    call(&world, "home", &args)
        .with(&["--from-keystore"])
        .stdin(&alone)
        .run()
        .fails(2, &["no custodian was named"]);
    let twice = alone.repeat(2);
    call(&world, "home", &args)
        .with(&["--from-keystore"])
        .stdin(&twice)
        .run()
        .fails(1, &["li ming has opened already: another custodian is needed"]);
    call(&world, "home", &args).with(&["--from-keystore"]).stdin(&opening(1, 2)).run().ok();
    let log = call(&world, "home", &["kdc", "audit", "show", "--json"]).run().ok().object();
    let opened =
        log["entries"].as_array().unwrap().iter().find(|entry| entry["act"] == "open-key-store").unwrap();
    assert_eq!(opened["facts"]["custodians"], "wang fang, zhao wei");
    assert_eq!(opened["facts"]["for"], "psam-issuing card 000000000002");
}

#[test]
fn passphrases_and_custodians_change_by_two() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let new = opening(0, 2) + &lines(&["another lamp, with oil", "another lamp, with oil"]);
    let change = ["kdc", "keystore", "passphrase", "--custodian", "wang fang"];
    let differ = opening(0, 2) + &lines(&["another lamp, with oil", "another lamp with oil"]);
    call(&world, "home", &change)
        .stdin(&differ)
        .run()
        .fails(1, &["the two passphrases of wang fang are not the same"]);
    let short = opening(0, 2) + &lines(&["short"]);
    call(&world, "home", &change).stdin(&short).run().fails(1, &["at least 10 characters, this has 5"]);
    call(&world, "home", &change).stdin(&new).run().ok();
    call(&world, "home", &["kdc", "keystore", "check"])
        .stdin(&opening(1, 0))
        .run()
        .fails(1, &["the passphrase of wang fang is wrong"]);
    let now = lines(&["wang fang", "another lamp, with oil", CUSTODIANS[0].0, CUSTODIANS[0].1]);
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&now).run().ok();
    // Two hand over to others.
    let reshare = [
        "kdc",
        "keystore",
        "reshare",
        "--threshold",
        "2",
        "--custodian",
        "sun li",
        "--custodian",
        "qian duo",
    ];
    let typed = now + &lines(&["a stone bridge", "a stone bridge", "no bridge at all", "no bridge at all"]);
    call(&world, "home", &reshare).stdin(&typed).run().ok();
    call(&world, "home", &["kdc", "keystore", "check"])
        .stdin(&opening(0, 2))
        .run()
        .fails(1, &["this key store has no custodian of the name that was given"]);
    let new = lines(&["qian duo", "no bridge at all", "sun li", "a stone bridge"]);
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&new).run().ok();
    let shown = call(&world, "home", &["kdc", "keystore", "show", "--json"]).run().ok().object();
    assert_eq!((&shown["generation"], &shown["threshold"]), (&3.into(), &2.into()));
}

#[test]
fn a_key_store_that_was_changed_does_not_open() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let path = world.path("home/province/roots.keystore");
    let good = fs::read(&path).unwrap();
    let check = || call(&world, "home", &["kdc", "keystore", "check"]).stdin(&opening(0, 1)).run();
    let mut bytes = good.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    check().fails(1, &["the key store was changed: its seal is broken", "hint: put back the copy"]);
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    check().fails(1, &["the key store is cut off"]);
    // Another province's store is sound in itself; the record of the ceremony tells.
    found(&world, "other", &[&["--test-root"][..], &PINS].concat()).ok();
    fs::copy(world.path("other/province/roots.keystore"), &path).unwrap();
    check().fails(1, &["the record is of formal 3des roots, these are test 3des roots"]);
    fs::write(&path, &good).unwrap();
    check().ok();
}

/// The card maker's transport root: loaded at the ceremony, and blanks of the maker alone are taken.
#[test]
fn a_transport_root_agreed_with_the_card_maker() {
    let world = empty();
    let root = Call::plain(&world.path(""), &["kdc", "component"]).run().ok().stdout;
    world.file("maker", &root);
    let formal = ["--entropy", "--formal-on-virtual", "--transport-file", "maker", "--json"];
    let init = [&["kdc", "init"][..], &formal, &PINS].concat();
    let made = call(&world, "home", &init).run().ok();
    let value = root.lines().nth(1).unwrap();
    assert_eq!(checks(&made)["transport"], value);
    let issue = |card: &str, number: &str| call(&world, "home", &issue_card(number, card)).with(&PINS).run();
    issue("none.card", "000000000002").fails(1, &["card maker's transport root", value, "--transport-file"]);
    assert!(!world.path("none.card").exists(), "a blank was made");
    let blank = ["card", "new", "--kind", "psam-issuing", "--formal-on-virtual"];
    let new = |name: &str, more: &[&str]| world.province(&blank).with(more).with(&[name]).run();
    new("maker.card", &["--transport-file", "maker"]).ok();
    issue("maker.card", "000000000002").ok();
    // By components, and with a digit that was mistyped.
    let typed = world.components();
    let parts: Vec<&str> = typed.lines().collect();
    let by_parts = ["kdc", "init", "--entropy", "--transport-components", "2", "--formal-on-virtual"];
    let wrong = lines(&[parts[0], parts[3]]);
    call(&world, "parts", &by_parts)
        .with(&PINS)
        .stdin(&wrong)
        .run()
        .fails(1, &["the transport root: component 1: its check value is"]);
    assert!(!world.path("parts").exists());
    let made = call(&world, "parts", &by_parts).with(&["--json"]).with(&PINS).stdin(&typed).run().ok();
    assert_ne!(checks(&made)["transport"], value);
}

/// Killed at a prompt while everything is being written: no province is there, and the ceremony is held again.
#[test]
fn a_ceremony_that_was_killed_is_held_again() {
    let world = empty();
    let args = RUN.to_vec();
    let mut talk = Talk::begin(&world, "home", "shares", &args);
    talk.say(&before_shares(&world));
    let papers = talk.papers(3);
    talk.say(&lines(&papers.iter().map(String::as_str).collect::<Vec<_>>()));
    talk.say(&after_shares());
    let making = world.path("home/.province.making/roots.keystore");
    let begun = Instant::now();
    while !making.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    talk.child.kill().unwrap();
    talk.child.wait().unwrap();
    assert!(!world.path("home/province").exists());
    world.province(&["kdc", "status"]).run().fails(1, &["there is no province in"]);
    let again = found(&world, "home", &["--entropy"]).ok();
    assert!(again.stderr.contains("an earlier ceremony was killed before its end"), "{}", again.stderr);
    assert!(!world.path("home/.province.making").exists());
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&opening(0, 1)).run().ok();
}

#[test]
fn a_ceremony_on_a_full_disk_leaves_nothing() {
    let world = empty();
    let init = ["kdc", "init", "--entropy", "--custodians", "3", "--threshold", "2"];
    let stdin = lines(&new_custodians());
    let held = call(&world, "home", &init).with(world.transport());
    held.stdin(&stdin).on_small_disk(0).run().fails(1, &["cannot"]);
    let left: Vec<_> = World::bytes(&world.path("home")).into_keys().collect();
    assert!(left.is_empty(), "{left:?}");
    found(&world, "home", &["--entropy"]).ok();
}

#[test]
fn a_dry_run_asks_nothing_and_writes_nothing() {
    let world = empty();
    let ran = call(&world, "home", &["kdc", "init", "--components", "2", "--formal-on-virtual", "--dry-run"])
        .with(world.transport())
        .run()
        .ok();
    ran.shows(&[
        "Component 2 (component custodian 2)",
        "write key 39/00, own master",
        "84D439001C [28 bytes",
    ]);
    assert!(!world.path("home").exists());
}
