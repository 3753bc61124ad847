//! Cards as things: new ones, what they hold, what differs, and the one slot a card stands in.

use crate::command::{Call, Ran};
use crate::world::{CHEN, Kind, World, text};
use std::path::{Path, PathBuf};

/// A file of the project, by its path from the root.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

pub fn wallet_script() -> PathBuf {
    project("examples/wallet.apdu")
}

/// A folder with nothing in it.
pub fn empty() -> World {
    World::empty(Kind { apart: false, formal: false, suite: "3des" })
}

pub fn call(world: &World, args: &[&str]) -> Call {
    Call::plain(&world.path(""), args)
}

pub fn run(world: &World, args: &[&str]) -> Ran {
    call(world, args).run()
}

/// A plain card whose numbers repeat, in the file `name`.
pub fn blank(world: &World, name: &str, options: &[&str]) {
    let made = call(world, &["card", "new", name, "--blank", "--serial", "0102030405060708", "--seed", "7"]);
    made.with(options).run().ok().shows(&["plain FMCOS card", "serial 0102030405060708"]);
}

/// Plays a text as a script, on the card file `card`.
pub fn play(world: &World, card: &str, script: &str) -> Ran {
    world.file("script.apdu", script);
    run(world, &["card", "personalise", card, "script.apdu", "--seed", "7"])
}

#[test]
fn a_new_card_is_asked_for_in_one_way() {
    let world = empty();
    let bad: &[(&[&str], &str)] = &[
        (&[], "--kind <KIND>|--blank"),
        (&["--blank", "--kind", "esam"], "cannot be used with"),
        (&["--kind", "esam", "--t0"], "cannot be used with"),
        (&["--kind", "esam", "--no-mf"], "cannot be used with"),
        (&["--kind", "fmcos"], "use --blank"),
        (&["--blank", "--eeprom", "9"], "possible values: 8, 16, 32, 64"),
        (&["--blank", "--serial", "12"], "--serial"),
    ];
    for (options, words) in bad {
        call(&world, &["card", "new", "a.card"]).with(options).run().fails(2, &[words]);
    }
    assert!(!world.path("a.card").exists());
    blank(&world, "a.card", &["--no-mf", "--eeprom", "16"]);
    run(&world, &["card", "dump", "a.card"]).ok().shows(&["no master file yet", "16384 bytes"]);
    run(&world, &["card", "show", "a.card"]).ok().shows(&["kind   fmcos", "no master file yet"]);
    play(
        &world,
        "a.card",
        "> 0084000004\n< .. 9000\n> 00A4000000\n< 6A81\n> 80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF\n",
    )
    .ok();
    blank(&world, "b.card", &["--eeprom", "16"]);
    run(&world, &["card", "diff", "a.card", "b.card"]).ok();
    call(&world, &["card", "new", "b.card", "--blank"]).run().fails(1, &["exists already"]);
}

#[test]
fn a_dump_shows_every_kind_of_card() {
    let world = World::new();
    run(&world, &["card", "dump", text(&world.sim(&CHEN))]).ok().shows(&[
        "7F20  directory  DF_GSM",
        "6F07  binary  EF_IMSI",
        "size 9 bytes; read CHV1; update ADM A",
        "01/0A  ADM1: tries 10 of 10",
        "[9 bytes hidden]",
        "20 record(s) empty",
    ]);
    run(&world, &["card", "dump", text(&world.esam(&CHEN))]).ok().shows(&[
        "0001  fixed records  purse",
        "35/04  key of the applet  kic: use state 3 or more; change state A or more, by cipher text and MAC only",
        "tries 15 of 15",
    ]);
    let psam = world.psam();
    run(&world, &["card", "dump", text(&psam)]).ok().shows(&[
        "DF01  directory  F047524944434152",
        "3A/00  PIN: use always; change never; follow-up state 1; tries 3 of 3",
        "0016  binary  terminal number",
        "= 330200000001",
    ]);
    // What is not secret is there for programs, as numbers.
    let object = run(&world, &["card", "dump", text(&psam), "--json"]).ok().object();
    assert_eq!(object["chip"]["kind"], "psam");
    let children = object["mf"]["children"].as_array().unwrap();
    let terminal = children.iter().find(|item| item["path"] == "3F00/0016").unwrap();
    assert_eq!((&terminal["content"], &terminal["size"]), (&"330200000001".into(), &6.into()));
}

#[test]
fn a_diff_names_what_changed() {
    let world = empty();
    blank(&world, "a.card", &[]);
    let script = wallet_script();
    run(&world, &["card", "personalise", "a.card", text(&script), "--seed", "7"]).ok();
    std::fs::copy(world.path("a.card"), world.path("b.card")).unwrap();
    run(&world, &["card", "diff", "a.card", "b.card"]).ok();
    play(
        &world,
        "b.card",
        "> 0020000003 654321\n< 63C2\n> 80E00005072800 10F0F0FFFF\n> 00D6850004 CAFEBABE\n\
         @key other = test:404142434445464748494A4B4C4D4E4F\n> 80D4360015 36F0F0FF33 ${other}\n",
    )
    .ok();
    let differ = run(&world, &["card", "diff", "a.card", "b.card"]).fails(1, &["differ in 4 place(s)"]);
    differ.shows(&[
        "+ 3F00/0005  binary",
        "~ 3F00/KEY/36/00  check value: 3AA3EA -> ",
        "~ 3F00/KEY/3A/00  tries: 3 of 3 -> 2 of 3",
        "~ 3F00  free: 7550 bytes -> 7523 bytes",
    ]);
    std::fs::copy(world.path("b.card"), world.path("c.card")).unwrap();
    play(&world, "c.card", "> 00D6850102 0102\n> 0020000003 123456\n> 805E0100 07 123456FF112233\n").ok();
    let object = run(&world, &["card", "diff", "b.card", "c.card", "--json"]);
    assert_eq!(object.code, 1);
    let changes = object.object()["changes"].clone();
    let expected = serde_json::json!([
        { "change": "bytes", "path": "3F00/0005", "offset": 1, "before": "FEBA", "after": "0102" },
        { "change": "fact", "path": "3F00/KEY/3A/00", "fact": "tries",
          "before": { "left": 2, "limit": 3 }, "after": { "left": 3, "limit": 3 } },
        { "change": "secret", "path": "3F00/KEY/3A/00" },
    ]);
    assert_eq!(changes, expected);
    run(&world, &["card", "diff", "c.card", "b.card"])
        .fails(1, &["differ"])
        .shows(&["at 0001: 0102 -> FEBA"]);
}

#[test]
fn a_damaged_image_is_refused_by_dump_and_diff_and_script() {
    let world = empty();
    blank(&world, "a.card", &[]);
    let good = std::fs::read(world.path("a.card")).unwrap();
    world.file("cut.card", &good[..good.len() - 1]);
    world.file("script.apdu", "> 0084000004\n");
    for args in [
        &["card", "dump", "cut.card"][..],
        &["card", "diff", "a.card", "cut.card"],
        &["card", "diff", "cut.card", "a.card"],
        &["card", "personalise", "cut.card", "script.apdu"],
    ] {
        run(&world, args).fails(1, &["cut.card is damaged: its header announces"]);
    }
    run(&world, &["card", "dump", "none.card"]).fails(3, &["none.card"]);
    run(&world, &["card", "dump", "script.apdu"]).fails(1, &["is not a card image"]);
}

#[test]
fn a_card_stands_in_one_slot_at_a_time() {
    let world = empty();
    blank(&world, "one.card", &[]);
    let held = std::fs::File::create(world.path(".one.card.lock")).unwrap();
    held.lock().unwrap();
    run(&world, &["card", "show", "one.card", "--wait", "0"])
        .fails(3, &["stands in the slot of another command", "hint:"]);
    drop(held);
    // What a killed command leaves behind stops nobody, and is gone afterwards.
    run(&world, &["card", "show", "one.card"]).ok();
    assert!(!world.path(".one.card.lock").exists());
}

/// What `card show` says of a card's keys: role, type, id, version, check value.
fn shown_keys(world: &World, card: &Path) -> Vec<Vec<String>> {
    let shown = run(world, &["card", "show", text(card)]).ok();
    assert!(!shown.stdout.contains("KEY INFORMATION") && !shown.stdout.contains("6A88"), "{}", shown.stdout);
    let table = shown.stdout.split_once("\n\n").map(|(_, table)| table.to_owned()).unwrap_or_default();
    let row = |line: &str| {
        line.split("  ").filter(|cell| !cell.is_empty()).map(|cell| cell.trim().to_owned()).collect()
    };
    table.lines().skip(1).map(row).collect()
}

/// Every key that a card holds is shown with the version it has, and no other; a look that finds nothing is no error.
#[test]
fn card_show_tells_each_key_once_and_right() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.issue_card("test-issuing", "000000000004").run().ok();
    world.found_city();
    world.issue_card("esam-issuing", "000000000007").with(&["--key-version", "2"]).run().ok();
    let out = world.folder(crate::world::Party::Province).join("out");
    let city = world.folder(crate::world::Party::City);
    world.city(&["city", "open", text(&out.join("test-issuing-000000000004.card"))]).run().ok();
    for args in [
        &["psam", "issue", "--number", "330200000001", "--pin-file", "pin", "--card-pin-file", "pin"][..],
        &["esam", "issue", "--meter", "000000000042", "--pin-file", "pin"],
        &["test-card", "issue", "--number", "330299000001", "--pin-file", "pin", "--card-pin-file", "pin"],
    ] {
        world.city(args).run().ok();
    }
    let roles = |keys: &[Vec<String>]| keys.iter().map(|key| key[0].clone()).collect::<Vec<_>>();
    let versions = |keys: &[Vec<String>]| keys.iter().map(|key| key[3].clone()).collect::<Vec<_>>();
    // An issuing card of the first version has no earlier master, one of the second has the first's.
    let first = shown_keys(&world, &city.join("esam-issuing.card"));
    assert_eq!(first.len(), 9, "{first:?}");
    assert!(versions(&first).iter().all(|version| version == "01"), "{first:?}");
    let second = shown_keys(&world, &out.join("esam-issuing-000000000007.card"));
    let last = second.last().unwrap();
    assert_eq!((&*last[0], &*last[3]), ("earlier master", "01"));
    assert_eq!(last[4], first[0][4], "the master of version 1");
    assert!(versions(&second[..9]).iter().all(|version| version == "02"), "{second:?}");
    for card in ["psam-330200000001", "test-card-330299000001"] {
        let keys = shown_keys(&world, &city.join(format!("out/{card}.card")));
        assert_eq!(roles(&keys), ["kic", "kid", "tac"], "{card}");
        assert_eq!(versions(&keys), ["01"; 3], "{card}");
    }
    // Of a key for external authentication the byte is the state it leads to, of the line's key nothing.
    let esam = city.join("out/esam-000000000042.card");
    let keys = shown_keys(&world, &esam);
    assert_eq!(roles(&keys), ["int-auth", "ext-auth", "kic", "kid", "param", "control", "tac"]);
    assert_eq!(versions(&keys), ["01", "-", "01", "01", "-", "01", "01"]);
    let object = run(&world, &["card", "show", text(&esam), "--json"]).ok().object();
    assert_eq!(
        (&object["keys"][0]["version"], &object["keys"][1]["version"]),
        (&"01".into(), &serde_json::Value::Null)
    );
    let told = run(&world, &["apdu", text(&esam), "8048F90306", "8048F00206"]).ok();
    told.shows(&["key of type F9, header bytes 33", "key of type F0, version 01, algorithm"]);
}
