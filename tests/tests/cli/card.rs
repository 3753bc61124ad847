//! Cards as things: new ones, scripts of APDUs on them, what they hold and what differs.

use crate::command::{Call, Ran};
use crate::world::{CHEN, Kind, World, text};
use std::path::{Path, PathBuf};

/// A file of the project, by its path from the root.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

fn wallet_script() -> PathBuf {
    project("examples/wallet.apdu")
}

/// A folder with nothing in it.
fn empty() -> World {
    World::empty(Kind { apart: false, formal: false, suite: "3des" })
}

fn call(world: &World, args: &[&str]) -> Call {
    Call::plain(&world.path(""), args)
}

fn run(world: &World, args: &[&str]) -> Ran {
    call(world, args).run()
}

/// A plain card whose numbers repeat, in the file `name`.
fn blank(world: &World, name: &str, options: &[&str]) {
    let made = call(world, &["card", "new", name, "--blank", "--serial", "0102030405060708", "--seed", "7"]);
    made.with(options).run().ok().shows(&["plain FMCOS card", "serial 0102030405060708"]);
}

/// Plays a text as a script, on the card file `card`.
fn play(world: &World, card: &str, script: &str) -> Ran {
    world.file("script.apdu", script);
    run(world, &["card", "personalise", card, "script.apdu", "--seed", "7"])
}

/// What a command shows must be what the file in `snapshots` holds; `GRIDCARD_SNAPSHOTS=write` writes it anew.
#[track_caller]
fn as_before(name: &str, shown: &str) {
    let path = project("tests/tests/cli/snapshots").join(name);
    if std::env::var_os("GRIDCARD_SNAPSHOTS").is_some_and(|word| word == "write") {
        std::fs::write(&path, shown).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let first = before.lines().zip(shown.lines()).enumerate().find(|(_, (old, new))| old != new);
    assert!(
        before == shown,
        "{} differs, first in {first:?}; GRIDCARD_SNAPSHOTS=write takes the new one",
        path.display()
    );
}

#[test]
fn a_wallet_lives_from_blank_to_its_unblocking() {
    let world = empty();
    blank(&world, "wallet.card", &[]);
    let script = wallet_script();
    run(&world, &["card", "personalise", "wallet.card", text(&script), "--check"]).ok().shows(&["in order"]);
    let played = run(&world, &["card", "personalise", "wallet.card", text(&script), "--seed", "7"]).ok();
    as_before("wallet.txt", &played.stdout);
    assert!(played.stderr.contains("TEST"), "{played:?}");
    let dump = run(&world, &["card", "dump", "wallet.card"]).ok();
    as_before("wallet-dump.txt", &dump.stdout);
    dump.shows(&[
        "balance 15.00 yuan",
        "purchase of 5.00 yuan at terminal 001122334455 on 2026-11-22 08:00:00",
    ]);
}

/// Neither the transcript nor a trace nor a dump, in words or JSON, has a key or the PIN in it.
#[test]
fn secrets_of_a_script_are_never_shown() {
    let world = empty();
    blank(&world, "wallet.card", &[]);
    let script = std::fs::read_to_string(wallet_script()).unwrap();
    let secrets: Vec<&str> =
        script.lines().filter_map(|line| line.split_once("= test:")).map(|found| found.1).collect();
    assert_eq!(secrets.len(), 5);
    world.file("wallet.apdu", &script);
    let play = ["card", "personalise", "wallet.card", "wallet.apdu", "--trace", "trace.txt"];
    let mut shown = String::new();
    for args in [&["--dry-run"][..], &["--dry-run", "--json"], &[]] {
        let ran = call(&world, &play).with(args).run().ok();
        shown.push_str(&ran.stdout);
        shown.push_str(&ran.stderr);
    }
    for args in [&[][..], &["--json"]] {
        shown.push_str(&call(&world, &["card", "dump", "wallet.card"]).with(args).run().ok().stdout);
    }
    shown.push_str(&std::fs::read_to_string(world.path("trace.txt")).unwrap());
    assert!(shown.len() > 10_000);
    for secret in secrets {
        // A PIN is short: it must not stand at the end of its commands.
        let (secret, places) = match secret.len() {
            6 => (
                secret,
                vec![format!("0020000003{secret}"), format!("3AF0EF1133{secret}"), format!("= {secret}")],
            ),
            _ => (secret, vec![secret.to_owned()]),
        };
        for place in places {
            assert!(!shown.contains(&place), "{secret} is shown");
        }
    }
}

/// The same script on both forms of the card, and on every suite with keys of 16 bytes.
#[test]
fn one_script_serves_every_form_and_suite() {
    let world = empty();
    let script = wallet_script();
    for options in [&["--t0"][..], &["--suite", "aes128"], &["--suite", "sm4", "--t0", "--eeprom", "64"]] {
        let card = world.fresh(".card");
        blank(&world, text(&card), options);
        run(&world, &["card", "personalise", text(&card), text(&script)]).ok();
        run(&world, &["card", "dump", text(&card)]).ok().shows(&["balance 15.00 yuan"]);
    }
}

/// Sessions of the operating system's own tests, with the random numbers of real cards. One that asks for a card
/// whose new files hold 00 (`fill`) is about another card than `--blank` makes.
#[test]
fn recorded_sessions_play() {
    let world = empty();
    let mut played = 0;
    for entry in std::fs::read_dir(project("cos/tests/sessions")).unwrap() {
        let session = entry.unwrap().path();
        let script = std::fs::read_to_string(&session).unwrap();
        if session.extension().is_none_or(|end| end != "apdu")
            || script.lines().any(|line| line.starts_with("fill"))
        {
            continue;
        }
        let card = world.fresh(".card");
        blank(&world, text(&card), &["--no-mf"]);
        let play = ["card", "personalise", text(&card), text(&session)];
        if script.lines().any(|line| line.starts_with('!')) {
            let before = std::fs::read(&card).unwrap();
            call(&world, &play)
                .with(&["--dry-run"])
                .run()
                .fails(1, &["random numbers", "hint: ", "--test-random"]);
            assert!(std::fs::read(&card).unwrap() == before, "a rehearsal changed {}", card.display());
        }
        call(&world, &play).with(&["--test-random"]).run().ok();
        played += 1;
    }
    assert!(played >= 6, "only {played} sessions");
}

/// What a run wrote into its trace can be played on a card of the same serial, as long as nothing is hidden.
#[test]
fn a_trace_is_a_script() {
    let world = empty();
    for card in ["one.card", "two.card"] {
        blank(&world, card, &["--t0"]);
    }
    let script = "= ..\n> 80E00005072800 10F0F0FFFF\n> 00D6850004 CAFEBABE\n> 00B0850004\n< CAFEBABE 9000\n\
        > 0084000004\n< ........ 9000\n> 00A4040000\n< 6A82\n> 00A40000 02 3F00\n< 6F .. 9000\n";
    world.file("one.apdu", script);
    run(&world, &["card", "personalise", "one.card", "one.apdu", "--seed", "7", "--trace", "one.trace"]).ok();
    let trace = std::fs::read_to_string(world.path("one.trace")).unwrap();
    assert!(trace.contains("= 3B690000430102030405060708"), "{trace}");
    // The challenge of another card is another.
    let changed: String = trace
        .lines()
        .map(|line| {
            if line.len() == 14 && line.starts_with('<') && !line.contains("CAFE") {
                "< ........9000\n".into()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    play(&world, "two.card", &changed).ok();
    run(&world, &["card", "diff", "one.card", "two.card"]).ok();
}

#[test]
fn a_script_that_cannot_be_read_names_its_line() {
    let world = empty();
    blank(&world, "a.card", &[]);
    let before = std::fs::read(world.path("a.card")).unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("# good\n\nfill 00", &["line 3: ", "begins with 'f'"]),
        ("> 00A4000Z", &["line 1: 'Z' at place 10 is no hex digit"]),
        ("> 00A4000", &["line 1: an odd number of hex digits"]),
        (">", &["line 1: no bytes"]),
        ("> 0084000004\n< 90", &["line 2: an answer ends with a status word"]),
        ("> 0084000004\n< .. 12 .. 9000", &["line 2: ", "stands once"]),
        ("< 9000", &["line 1: no command stands before"]),
        ("> 0084000004\n< .. 9000\n< 9000", &["line 3: ", "has its expectation already"]),
        ("> 0084000004\n< .. 9000 => ", &["line 2: a name is missing"]),
        ("> 0084000004\n< .. 9000 => face", &["line 2: \"face\" is no name"]),
        ("> 00 ${nothing}", &["line 1: no value is called nothing"]),
        ("@x = 01\n> 00 ${x", &["line 2: `}` is missing at place 9"]),
        ("> ${twist(00, 01)}", &["line 1: there is no function twist; there are mac, tac"]),
        ("> ${mac(00)}", &["line 1: 1 argument(s), where it reads mac(key, data) or mac(key, iv, data)"]),
        ("@x = 0102\n> 00${x[1-2]}", &["line 2: a slice reads"]),
        ("@key x = 0102", &["line 1: a key or PIN comes from file:PATH"]),
        ("@key x = test:0102", &["line 1: a key has 8 or 16 bytes, this has 2"]),
        ("@pin x = test:12345G", &["line 1: a key or PIN comes from"]),
        ("@pin x = test:123456\n@x = 00", &["line 2: x is a key or a PIN already"]),
        ("@two words = 00", &["line 1: a definition reads"]),
        ("? 00", &["line 1: a comparison reads"]),
        ("> 0020000003 [3 bytes hidden]", &["line 1: bytes are hidden here"]),
        ("! the card was removed before it answered", &["line 1: a failure of the channel"]),
        (&format!("> {}", "${".repeat(100_000)), &["line 1: an end of brackets in brackets"]),
    ];
    for (script, words) in cases {
        let script = format!("{script}\n");
        play(&world, "a.card", &script).fails(1, words);
        run(&world, &["card", "personalise", "no.card", "script.apdu", "--check"]).fails(1, words);
    }
    assert!(std::fs::read(world.path("a.card")).unwrap() == before, "the card was touched");
    run(&world, &["card", "personalise", "a.card", "no.apdu"]).fails(1, &["no.apdu"]);
}

#[test]
fn the_first_surprise_stops_a_script() {
    let world = empty();
    blank(&world, "a.card", &[]);
    let unread = "> 80E00005072800 10F0F0FFFF\n";
    let stopped =
        play(&world, "a.card", &format!("{unread}> 00B0850004\n< .. 9000 | 6A82\n> 00D68500 01 77\n"));
    let stopped = stopped.fails(
        1,
        &[
            "line 3: READ BINARY: the card answered FFFFFFFF 6281 (the data read may be damaged)",
            "expected was .. 9000 (done) or 6A82 (no such file or application)",
            "hint: the card keeps what was done before that line",
        ],
    );
    assert!(!stopped.stdout.contains("UPDATE BINARY"), "it went on: {stopped:?}");
    run(&world, &["card", "dump", "a.card"]).ok().shows(&["never written"]);
    // Without an expectation it is 9000.
    play(&world, "a.card", unread).fails(1, &["line 1: CREATE FILE: the card answered 6A86"]);
    play(&world, "a.card", "@x = 0102\n? ${x} = 0103\n").fails(1, &["line 2: these differ: 0102 and 0103"]);
    play(&world, "a.card", "= 3B00\n")
        .fails(1, &["line 1: reset: the card's ATR is 3B8B", "expected was 3B00"]);
    play(&world, "a.card", "> 0084000004\n< .. 9000 => rnd\n> 00${rnd[2..9]}\n")
        .fails(1, &["line 3: rnd has 4 bytes"]);
    play(&world, "a.card", "@key k = file:no.key\n").fails(1, &["line 1: ", "no.key: "]);
    world.file("bad.key", "not a key");
    play(&world, "a.card", "@key k = file:bad.key\n")
        .fails(1, &["bad.key: it does not hold a key as hex digits"]);
    // A key of another suite.
    blank(&world, "sm4.card", &["--suite", "sm4"]);
    play(&world, "sm4.card", "@key k = test:0102030405060708\n")
        .fails(1, &["a sm4 key has 16 bytes, this has 8"]);
    // Another kind of card knows no such command; an ESAM does, and does not let anybody.
    run(&world, &["sim", "new", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi, "--card", "sim.card"]).ok();
    run(&world, &["card", "new", "esam.card", "--kind", "esam"]).ok();
    let script = wallet_script();
    run(&world, &["card", "personalise", "sim.card", text(&script)])
        .fails(1, &["CREATE FILE: the card answered 6E00 (the card does not know this class of commands)"]);
    run(&world, &["card", "personalise", "esam.card", text(&script)])
        .fails(1, &["CREATE FILE: the card answered 6982"]);
    run(&world, &["card", "personalise", "no.card", text(&script)]).fails(3, &["no.card"]);
}

/// Keys from files, a key sealed under the master key, and a protected file: what an issuer does.
#[test]
fn a_script_computes_secure_messaging() {
    let world = empty();
    world.file("master.key", "00112233445566778899aabbccddeeff\n");
    let script = "@key master = file:master.key\n@key line = test:101112131415161718191A1B1C1D1E1F\n\
        > 80E00000073F008001F0FFFF\n\
        > ${command(80D40100, 39F0FAAA33 master)}\n\
        > 80E0000507E80004F0F0FF7F\n\
        reset\n\
        > 0084000004\n< .. 9000 => rnd\n\
        # the line key travels as cipher text with MAC, and its replay is refused\n\
        > ${sealed(master, rnd, 84D40100, 36F0F0FF33 line)}\n\
        > ${sealed(master, rnd, 84D40100, 36F0F0FF33 line)}\n< 6985\n\
        > 0084000008\n< ................ 9000 => rnd\n\
        > 0082000008 ${cryptogram(master, rnd)}\n\
        > 0084000004\n< .. 9000 => rnd\n\
        > ${sealed(line, rnd, 04D68500, CAFEBABE)}\n\
        > 0084000004\n< .. 9000 => rnd\n\
        > 04B0850004 ${mac(line, rnd, 04B0850004)}\n\
        < ${enc(line, CAFEBABE)} ${mac(line, rnd, enc(line, CAFEBABE))} 9000\n\
        ? ${diversify(master, 0000000033020000)} = ${cryptogram(master, 0000000033020000) cryptogram(master, FFFFFFFFCCFDFFFF)}\n";
    blank(&world, "a.card", &[]);
    let ran = play(&world, "a.card", script).ok();
    ran.shows(&["@ key master: from a file, check value", "WRITE KEY", "EXTERNAL AUTHENTICATE"]);
    run(&world, &["card", "dump", "a.card"]).ok().shows(&[
        "36/00  line protection key",
        "39/00  master key (external authentication): use always; change state A or more",
        "writes with MAC under 36/00, reads with MAC under 36/00, enciphered where protected",
        "= CAFEBABE",
    ]);
}

#[test]
fn a_rehearsal_changes_nothing() {
    let world = empty();
    blank(&world, "a.card", &[]);
    let before = std::fs::read(world.path("a.card")).unwrap();
    let script = wallet_script();
    let ran = run(&world, &["card", "personalise", "a.card", text(&script), "--dry-run"]).ok();
    ran.shows(&["> 80E00002072F0208F000FF18", "[21 bytes hidden]"]);
    assert!(std::fs::read(world.path("a.card")).unwrap() == before);
    run(&world, &["card", "personalise", "a.card", text(&script), "--dry-run", "--check"])
        .fails(2, &["cannot be used"]);
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

/// `= reset` is `=`, whatever stands around it, and a line `reset` too [docs/specs/script.md 1].
#[test]
fn a_script_resets_as_its_specification_says() {
    let world = empty();
    blank(&world, "plain.card", &[]);
    for reset in ["=", "= ", "= reset", "=reset", "=\treset  ", "reset"] {
        world.file(
            "reset.apdu",
            format!("{reset}\n> 00A40000023F00\n< .. 9000\n{reset}\n> 0084000008\n< .. 9000\n"),
        );
        let ran = run(&world, &["card", "personalise", "plain.card", "reset.apdu"]).ok();
        assert_eq!(ran.stdout.matches("= 3B").count(), 2, "{reset:?}\n{}", ran.stdout);
        run(&world, &["card", "personalise", "plain.card", "reset.apdu", "--check"]).ok();
        run(&world, &["apdu", "plain.card", "--script", "reset.apdu"]).ok();
    }
    for wrong in ["= resets", "= re set", "resets", "> reset"] {
        world.file("wrong.apdu", format!("{wrong}\n"));
        run(&world, &["card", "personalise", "plain.card", "wrong.apdu"]).fails(1, &["line 1"]);
    }
}
