//! The ceremony by its script, shares and what they restore, and a transport root that was agreed.

use super::*;

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
