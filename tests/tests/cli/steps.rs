//! A clerk's first day: a step that is missing is told as one, with the command that does it, and is no offence; what failed
//! leaves no half of anything.

use crate::command::{Call, Ran, binary};
use crate::world::{CHEN, Kind, Party, REGION, World, text};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const TEST: Kind = Kind { apart: false, formal: false, suite: "3des" };

/// An act or a look of each party that needs its folder.
const ACTS: [(Party, &[&[&str]]); 5] = [
    (
        Party::Province,
        &[
            &["kdc", "status"],
            &["kdc", "audit", "verify"],
            &["kdc", "keystore", "show"],
            &["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", "000000000009"],
            &["kdc", "revoke", "psam-issuing", "000000000009", "--reason", "lost", "--why", "x"],
        ],
    ),
    (
        Party::City,
        &[
            &["city", "audit", "head"],
            &["city", "audit", "verify", "--city", REGION],
            &["city", "delivery", "--out", "delivery.json"],
            &["city", "revoke", "psam", "330200000001", "--reason", "lost", "--why", "x"],
            &["psam", "issue", "--number", "330200000001"],
            &["psam", "statement-request", "330200000001", "--out", "request.json"],
            &["esam", "issue", "--meter", "261100000001"],
            &["esam", "issue", "--meter", "261100000001", "--city", REGION],
            &["test-card", "issue", "--number", "330299000001"],
            &["issue", "esam", "--batch", "devices.csv", "--yes"],
            &["issue", "list"],
            &["stock", "report"],
            &["stock", "show", "261100000001"],
        ],
    ),
    (
        Party::Bank,
        &[
            &["server", "report"],
            &["server", "orders"],
            &["server", "findings"],
            &["server", "verify"],
            &["server", "settings"],
            &["server", "psam", "list"],
            &["server", "audit", "verify"],
            &["server", "order", "--customer", "330200000001", "--amount", "50"],
            &["server", "statement", "--customer", "330200000001"],
            &["server", "resume"],
        ],
    ),
    (
        Party::Meters,
        &[
            &["meter", "list"],
            &["meter", "show", "261100000001"],
            &["meter", "insert", "261100000001", "sim.card"],
            &["meter", "consume", "261100000001", "--kwh", "1"],
            &["meter", "audit", "head"],
            &["stock", "report", "--of", "meters"],
        ],
    ),
    (
        Party::Sims,
        &[&["sim", "audit", "verify"], &["issue", "list", "--sims"], &["stock", "list", "--of", "sims"]],
    ),
];

/// The command that lets a party begin.
fn beginning(party: Party) -> &'static str {
    match party {
        Party::Province => "`gridcard kdc init",
        Party::City => "`gridcard city open CARD",
        Party::Bank => "`gridcard server open CARD`",
        Party::Meters => "`gridcard meter new",
        Party::Sims => "`gridcard sim new",
    }
}

/// Every act and look of these parties names what is missing, and changes nothing.
fn all_missing(world: &World, home: &Path, parties: &[Party]) {
    let before = World::bytes(home);
    for (party, acts) in ACTS.iter().filter(|(party, _)| parties.contains(party)) {
        for args in *acts {
            let ran = Call::plain(&world.path(""), args).with(&["--home", text(home)]).run();
            ran.fails(1, &["an act of", "there is no", "hint: ", beginning(*party)]);
        }
    }
    assert!(World::bytes(home) == before, "a step that was missing left something behind");
}

#[test]
fn a_missing_step_is_no_offence() {
    let world = World::empty(TEST);
    world.file("devices.csv", "number\n261100000001\n");
    let home = world.home(Party::Province);
    all_missing(&world, &world.path("nowhere"), &Party::ALL);
    let nowhere = ["server", "report", "--home", "nowhere"];
    Call::plain(&world.path(""), &nowhere).run().fails(1, &["in nowhere, which is not there"]);
    std::fs::create_dir(&home).unwrap();
    all_missing(&world, &home, &Party::ALL);
    world.found_province();
    all_missing(&world, &home, &Party::ALL[1..]);
    world.found_city();
    all_missing(&world, &home, &Party::ALL[2..]);
    world.make_sim(&CHEN, &[]);
    all_missing(&world, &home, &[Party::Bank, Party::Meters]);
    // A city that is not the one asked for names those that are there.
    let other = ["esam", "issue", "--meter", "261100000001", "--city", "33020009"];
    world.city(&other).run().fails(1, &["there is no city 33020009", "the cities here: 33020000"]);
    // In a folder that is another party's alone it is one.
    let inside = world.folder(Party::Sims);
    let report = ["server", "report", "--home", text(&inside)];
    Call::plain(&world.path(""), &report)
        .run()
        .fails(4, &["is the home of the SIMs' owners", "hint: name the home of"]);
}

#[test]
fn a_city_without_an_issuing_card_says_which() {
    let world = World::empty(TEST);
    world.found_province();
    world.issue_card("test-issuing", "000000000004").run().ok();
    let out = world.folder(Party::Province).join("out");
    world.city(&["city", "open", text(&out.join("test-issuing-000000000004.card"))]).run().ok();
    world.file("devices.csv", "number\n261100000001\n");
    world.file("psams.csv", "number\n330200000001\n");
    let missing = |args: &[&str], kind: &str| {
        let title = if kind == "psam-issuing" { "PSAM issuing card" } else { "ESAM issuing card" };
        let words = [
            &format!("the city has no {title} yet"),
            "hint: ",
            &format!("kdc issue-card {kind}`"),
            "city open",
        ];
        // No PIN is asked for a card that is not there.
        world.city(args).run().fails(1, &words);
    };
    missing(&["psam", "issue", "--number", "330200000001"], "psam-issuing");
    missing(&["issue", "psam", "--batch", "psams.csv", "--yes"], "psam-issuing");
    missing(&["city", "revoke", "psam", "330200000001", "--reason", "lost", "--why", "x"], "psam-issuing");
    missing(&["esam", "issue", "--meter", "261100000001"], "esam-issuing");
    missing(&["issue", "esam", "--batch", "devices.csv", "--yes"], "esam-issuing");
    world.city(&["issue", "list", "--json"]).run().ok().shows(&["\"batches\":[]"]);
    // A blank in the place of a finished card is called one.
    world.city(&["card", "new", "blank.card", "--kind", "psam"]).run().ok();
    world.bank(&["server", "open", "blank.card"]).run().fails(1, &["blank.card is a blank PSAM", "hint: "]);
}

/// Whatever fails in a home where nothing is leaves nothing there, not even the home.
#[test]
fn what_failed_begins_no_party() {
    let world = World::new();
    world.file("bad.json", "{}");
    world.file("sims.csv", "iccid,imsi\n89860026330000000010,460000000000001\n");
    world.file("empty.csv", "kind,serial,number\n");
    world.file("faulty.csv", "kind,serial,number\nspoon,,\n");
    let (esam, pairing) = {
        world.city(&["esam", "issue", "--meter", "261100000001", "--pin-file", "pin"]).run().ok();
        let out = world.folder(Party::City).join("out");
        (out.join("esam-261100000001.card"), out.join("pairing-261100000001.json"))
    };
    let psam = world.psam();
    std::fs::copy(&psam, world.path("psam.card")).unwrap();
    let (esam, pairing) = (text(&esam).to_owned(), text(&pairing).to_owned());
    let acts: [&[&str]; 12] = [
        &["meter", "new", "261100000001", "--esam", "nothing.card", "--pairing", &pairing],
        &["meter", "new", "261100000001", "--esam", &esam, "--pairing", "bad.json"],
        &["meter", "new", "261100000001", "--esam", "psam.card", "--pairing", &pairing],
        &["meter", "new", "261100000002", "--esam", &esam, "--pairing", &pairing],
        &["sim", "new", "--iccid", "1", "--imsi", "2"],
        &["issue", "sim", "--batch", "bad.json", "--yes"],
        &["issue", "sim", "--batch", "sims.csv"],
        &["stock", "in", "faulty.csv", "--of", "meters"],
        &["stock", "in", "empty.csv", "--of", "sims"],
        &["server", "open", "sims.csv"],
        &["city", "open", "psam.card"],
        &["kdc", "init", "--test-root", "--pin-file", "pin", "--second-pin-file", "pin"],
    ];
    let fresh = world.path("fresh");
    for args in acts {
        for made in [false, true] {
            if made {
                std::fs::create_dir(&fresh).unwrap();
            }
            let ran = Call::plain(&world.path(""), args).with(&["--home", text(&fresh)]).run();
            assert_ne!(ran.code, 0, "{args:?}");
            assert_eq!(fresh.exists(), made, "{args:?} left {:?}", World::bytes(&fresh).keys());
            if made {
                assert!(World::bytes(&fresh).is_empty(), "{args:?} left {:?}", World::bytes(&fresh).keys());
                std::fs::remove_dir(&fresh).unwrap_or_else(|_| panic!("{args:?} left a folder"));
            }
        }
    }
    // Nor folders above a home.
    let deep = ["sim", "new", "--iccid", "1", "--imsi", "2", "--home", "deep/er/home"];
    Call::plain(&world.path(""), &deep).run().failed(1);
    assert!(!world.path("deep").exists());
    for look in ["check", "upgrade"] {
        let words = ["there is no party in nowhere, which is not there", "hint: a province begins"];
        Call::plain(&world.path(""), &["home", look, "--home", "nowhere"]).run().fails(1, &words);
    }
    // A look at a batch begins nothing either.
    let look = ["issue", "sim", "--batch", "sims.csv", "--dry-run", "--home", text(&fresh)];
    Call::plain(&world.path(""), &look).run().ok();
    assert!(!fresh.exists(), "a look at a batch left {:?}", World::bytes(&fresh).keys());
    assert!(Path::new(&esam).exists(), "the ESAM of a meter that was not made stays where it was");
    // In a home that is there the failure is in the log, and no half of a meter.
    let bad = ["meter", "new", "261100000001", "--esam", "psam.card", "--pairing", &pairing];
    world.meters(&bad).run().failed(1);
    assert!(!world.folder(Party::Meters).join("261100000001").exists());
    let log = std::fs::read_to_string(world.folder(Party::Meters).join("audit.jsonl")).unwrap();
    assert!(log.lines().last().unwrap().contains("meter new"), "{log}");
}

/// Ctrl-C at the question, or a kill: no batch was begun, and the same command begins it later.
#[test]
fn a_batch_that_nobody_confirmed_is_not_begun() {
    let world = World::empty(TEST);
    world.found_province();
    world.found_city();
    world.file("devices.csv", "number\n261100000001\n261100000002\n");
    let home = world.home(Party::City);
    // Whoever starts the tests in the background has SIGINT ignored, and a process inherits that.
    let line = format!(
        "exec env --default-signal=INT '{}' issue esam --batch devices.csv --pin-file pin --home '{}' --at '{}'",
        binary().display(),
        home.display(),
        world.now()
    );
    for typed in [&b"\x03"[..], b"no\n", b"\x04"] {
        let mut script = Command::new("script")
            .args(["-qefc", &line, "/dev/null"])
            .current_dir(world.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, mut stdout) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let (mut screen, mut byte) = (Vec::new(), [0]);
        while !screen.ends_with(b"to begin: ") {
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&screen));
            screen.push(byte[0]);
        }
        stdin.write_all(typed).unwrap();
        stdin.flush().unwrap();
        stdout.read_to_end(&mut screen).unwrap();
        assert!(!script.wait().unwrap().success(), "{typed:?}");
        let list = world.city(&["issue", "list", "--json"]).run().ok().object();
        assert_eq!(list["batches"].as_array().unwrap().len(), 0, "{typed:?}: {list}");
    }
    let issue = ["issue", "esam", "--batch", "devices.csv", "--pin-file", "pin", "--yes"];
    let resume = world.city(&issue).with(&["--resume"]).run();
    resume.fails(1, &["hint: "]);
    world.city(&issue).run().ok().shows(&["asked 2 = good 2"]);
}

/// Each party's audit takes what the others take, and the city its code.
#[test]
fn the_audit_of_a_city_takes_its_code() {
    let world = World::new();
    let other = Ran::ok(world.city(&["city", "audit", "verify", "--city", REGION]).run());
    assert_eq!(other.stdout, world.city(&["city", "audit", "verify"]).run().ok().stdout);
    for verb in ["verify", "show", "head", "export"] {
        world.city(&["city", "audit", verb, "--city", REGION]).run().ok();
        world.city(&["city", "audit", "--city", REGION, verb]).run().ok();
        world.city(&["city", "audit", verb, "--city", "33020009"]).run().fails(1, &["no city 33020009"]);
    }
}
