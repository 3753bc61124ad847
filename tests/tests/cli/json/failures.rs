//! Failures, which are objects too.

use super::*;

/// A command line that makes no sense is an error like any other, whatever is wrong with it.
#[test]
fn a_command_line_without_sense_gives_an_object_too() {
    let order = ["server", "order", "--customer", "330212012279"];
    let cases: [(&[&str], &str, &str); 9] = [
        (&[], "usage-no-command", "ends before its command"),
        (&["kdc"], "usage-no-command", "ends before its command"),
        (&["no-such-noun"], "usage-unknown-command", "unrecognized subcommand 'no-such-noun'"),
        (&["sim", "write"], "usage-missing", "required arguments were not provided: <CARD> <RECORD.sms>"),
        (&["meter", "show", "12"], "usage-value", "invalid value '12' for '<NUMBER>'"),
        (&["kdc", "status", "--at", "yesterday"], "usage-value", "invalid value 'yesterday'"),
        (&["kdc", "init", "--test-root", "--components", "2"], "usage-conflict", "cannot be used with"),
        (&["city", "audit", "verify", "--town"], "usage-unknown-argument", "unexpected argument '--town'"),
        (&["server", "order", "--customer"], "usage-value", "a value is required for '--customer"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (args, code, words) in cases {
        for line in [[args, &["--json"]].concat(), [&["--json"], args].concat()] {
            // `--customer --json` is a customer of that name.
            if line.last() == Some(&"--json") && args.ends_with(&["--customer"]) {
                continue;
            }
            let ran = Call::plain(folder.path(), &line).run();
            assert_eq!((ran.code, ran.stderr.as_str()), (2, ""), "{ran:?}");
            let object = ran.object();
            is_fit(&object, 2);
            assert_eq!(object["code"], code, "{object}");
            assert!(object["error"].as_str().unwrap().contains(words), "{object}");
            assert!(object["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{object}");
        }
    }
    // Words are given where nobody asks for JSON, and where the word is an argument of something else.
    Call::plain(folder.path(), &[&order[..], &["--town"]].concat()).run().fails(2, &["unexpected argument"]);
    let ran = Call::plain(folder.path(), &["sim", "write", "--", "--json"]).run().failed(2);
    assert_eq!(ran.stdout, "");
    // Help is help.
    Call::plain(folder.path(), &["server", "--help", "--json"]).run().ok().shows(&["Usage: gridcard server"]);
}

/// A failure is an object too; when the answer is out already, the failure follows in words on stderr.
#[test]
fn a_failure_answers_one_object() {
    let world = World::new();
    let json = Json { world: &world, seen: RefCell::default() };
    let (ran, object) = json.run(Party::Meters, &["meter", "show", "000020181199"]);
    assert_eq!((ran.code, &object["exit"]), (1, &1.into()));
    assert!(object["error"].as_str().unwrap().contains("there is no meter"));
    assert!(object["hint"].as_str().unwrap().contains("meter list"));
    let bank = world.folder(Party::Bank);
    let foreign = ["--home", text(&bank), "--json"];
    let stopped = Call::plain(&world.path(""), &["kdc", "status"]).with(&foreign).run();
    assert_eq!((stopped.code, &stopped.object()["exit"]), (4, &4.into()));
    let (ran, object) = json.run(Party::Meters, &["meter", "insert", CHEN.meter, text(&world.sim(&CHEN))]);
    assert_eq!((&object["outcome"], &object["refusal"]["name"]), (&"refused".into(), &"no-order".into()));
    ran.fails(1, &["card error 7, no-order"]);
    world.file("roster.csv", "customer,meter,msisdn,imsi,imei,iccid\n1,2,3,4,5,6\n");
    let (ran, object) = json.run(Party::Bank, &["server", "register", "roster.csv"]);
    assert_eq!(object["rejected"].as_array().unwrap().len(), 1);
    ran.fails(1, &["line 2"]);
    world.file("wrong", PIN.repeat(2));
    let (ran, object) = json.run(Party::Bank, &["server", "resume", "--pin-file", "wrong"]);
    // Nothing to resume, so no card was asked.
    assert_eq!((ran.code, &object["resumed"]), (0, &0.into()));
}
