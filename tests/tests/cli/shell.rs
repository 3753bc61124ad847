//! Help, completions and man pages.

use crate::command::Call;
use std::path::Path;

fn run(args: &[&str]) -> crate::command::Ran {
    Call::plain(Path::new("."), args).run()
}

const NOUNS: [&str; 15] = [
    "kdc",
    "city",
    "card",
    "psam",
    "esam",
    "sim",
    "slot",
    "meter",
    "server",
    "reader",
    "apdu",
    "trace",
    "demo",
    "completions",
    "man",
];

#[test]
fn help_tells_the_exit_codes() {
    let help = run(&["--help"]).ok();
    let said = help.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for code in [
        "0 done",
        "1 the card or the data said no",
        "2 usage",
        "3 reader or card absent",
        "4 security stop",
        "130 interrupted",
    ] {
        assert!(said.contains(code), "{code}\n{}", help.stdout);
    }
    for noun in NOUNS {
        assert!(help.stdout.contains(noun), "{noun}");
        run(&[noun, "--help"]).ok().shows(&["Usage: gridcard"]);
    }
    assert_eq!(help.stderr, "");
}

#[test]
fn a_command_line_that_makes_no_sense_is_usage() {
    for args in [
        &["kdc"][..],
        &["no-such-noun"],
        &["sim", "write"],
        &["meter", "show", "12"],
        &["kdc", "status", "--at", "yesterday"],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran:?}");
    }
    let both = ["kdc", "init", "--test-root", "--components", "2"];
    run(&both).fails(2, &["cannot be used with"]);
    run(&["server", "order", "--customer", "330212012279", "--pin", "123456"])
        .fails(2, &["unexpected argument"]);
}

#[test]
fn bash_takes_the_completions() {
    let ran = run(&["completions", "bash"]).ok();
    for noun in NOUNS {
        assert!(ran.stdout.contains(noun), "{noun}");
    }
    let checked = assert_cmd::Command::new("bash").arg("-n").write_stdin(ran.stdout).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    run(&["completions", "no-such-shell"]).fails(2, &["invalid value"]);
}

#[test]
fn every_command_has_its_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    run(&["man", pages.to_str().unwrap()]).ok();
    let names: Vec<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for noun in NOUNS {
        assert!(names.contains(&format!("gridcard-{noun}.1")), "{noun}: {names:?}");
    }
    for verb in ["kdc-init", "sim-write", "meter-insert", "server-settle"] {
        let text = std::fs::read_to_string(pages.join(format!("gridcard-{verb}.1"))).unwrap();
        assert!(text.contains(".TH") && text.contains(".SH SYNOPSIS"), "{verb}");
    }
    for name in &names {
        let text = std::fs::read_to_string(pages.join(name)).unwrap();
        let sections: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        for wanted in ["NAME", "SYNOPSIS", "EXAMPLES", "ENVIRONMENT", "FILES"] {
            assert!(sections.contains(&wanted), "{name} has no {wanted}: {sections:?}");
        }
        let after = |heading: &str| text.split(&format!(".SH {heading}\n")).nth(1).unwrap().to_owned();
        assert!(after("EXAMPLES").starts_with(".nf\ngridcard "), "{name}");
        assert!(after("ENVIRONMENT").contains("GRIDCARD_HOME"), "{name}");
        assert!(after("FILES").starts_with(".TP\n"), "{name}");
    }
    let object = run(&["man", pages.to_str().unwrap(), "--json"]).ok().object();
    assert_eq!(object["pages"], names.len());
    let taken = tempfile::NamedTempFile::new().unwrap();
    run(&["man", taken.path().to_str().unwrap()]).fails(1, &["cannot make"]);
}
