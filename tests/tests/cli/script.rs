//! Scripts of APDUs on cards [docs/specs/script.md].

use crate::card::{blank, call, empty, play, project, run, wallet_script};
use crate::world::{CHEN, text};

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
