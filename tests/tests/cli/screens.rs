//! What people see, as snapshots: every help page, the demo's timeline, tables of its home. A change of one is looked at in a
//! diff (`cargo insta review`, or the `.snap.new` beside the old one).

use crate::command::{self, Call};
use std::collections::BTreeMap;
use std::path::Path;

/// Words of every page of the manual, by noun.
fn pages(folder: &Path) -> BTreeMap<String, Vec<String>> {
    Call::plain(folder, &["man", "man"]).run().ok();
    let mut nouns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("man")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = name.strip_suffix(".1").unwrap();
        let Some(rest) = page.strip_prefix("gridcard-") else { continue };
        let noun = if rest.starts_with("test-card") { "test-card" } else { rest.split('-').next().unwrap() };
        nouns.entry(noun.to_owned()).or_default().push(rest.to_owned());
    }
    nouns
}

/// The words of the command line that asks for a page: which of its dashes separate verbs, the command itself tells.
fn help(folder: &Path, page: &str) -> Option<String> {
    let parts: Vec<&str> = page.split('-').collect();
    // Each dash is a blank or is part of a word.
    (0..1u32 << (parts.len() - 1)).find_map(|joined| {
        let mut words = vec![parts[0].to_owned()];
        for (i, part) in parts[1..].iter().enumerate() {
            match joined >> i & 1 {
                0 => words.push((*part).to_owned()),
                _ => words.last_mut()?.push_str(&format!("-{part}")),
            }
        }
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = Call::plain(folder, &args).env("COLUMNS", "80").run();
        let usage = format!("Usage: gridcard {}", words.join(" "));
        (ran.code == 0 && ran.stdout.contains(&usage)).then_some(ran.stdout)
    })
}

#[test]
fn every_page_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let nouns = pages(folder.path());
    assert!(nouns.len() > 15, "{nouns:?}");
    for (noun, mut pages) in nouns {
        pages.sort();
        // Without the feature the province has fewer verbs; CI builds with it.
        if noun == "kdc" && !pages.iter().any(|page| page.starts_with("kdc-hsm")) {
            continue;
        }
        let text: Vec<String> = pages
            .iter()
            .map(|page| help(folder.path(), page).unwrap_or_else(|| panic!("no page answers to {page}")))
            .collect();
        insta::assert_snapshot!(format!("help-{noun}"), text.join("\n----\n\n"));
    }
    let whole = Call::plain(folder.path(), &["--help"]).env("COLUMNS", "80").run().ok().stdout;
    insta::assert_snapshot!("help", whole);
}

#[test]
fn the_demo_tells_what_it_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = Call::plain(folder.path(), &["demo", "--meters", "4", "--home", "life"]).run().ok().stdout;
    insta::assert_snapshot!("demo", told);
    for (name, args) in [
        ("meters", &["meter", "list"][..]),
        ("orders", &["server", "orders"]),
        ("books", &["server", "report"]),
        ("psams", &["server", "psam", "list"]),
        ("statement", &["server", "statement", "--customer", "330200000001"]),
        ("stock", &["stock", "list"]),
        ("province", &["kdc", "status"]),
    ] {
        let ran = Call::plain(folder.path(), args).with(&["--home", "life", "--at", "2026-11-25 08:00:00"]);
        insta::assert_snapshot!(format!("table-{name}"), ran.run().ok().stdout);
    }
}

/// On a terminal of 80 columns nothing runs over its edge: a row of many columns has two lines, and the words of a value go on under
/// its first. What a program reads from a pipe has a row in a line.
#[test]
fn a_terminal_breaks_rows_between_columns() {
    let folder = tempfile::tempdir().unwrap();
    Call::plain(folder.path(), &["demo", "--meters", "2", "--home", "life"]).run().ok();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for (args, lines_of_a_row) in [("server orders", 2), ("server ageing", 1), ("server report", 1)] {
        let split: Vec<&str> = args.split(' ').collect();
        let piped = Call::plain(folder.path(), &split).with(&["--home", "life"]).run().ok().stdout;
        let line = format!("stty cols 80; '{}' {args} --home life", command::binary().display());
        let script = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(folder.path())
            .output()
            .expect("script of util-linux");
        let seen = String::from_utf8(script.stdout).unwrap();
        assert_eq!(words(&seen), words(&piped), "{args}");
        assert_eq!(seen.lines().count(), lines_of_a_row * piped.lines().count(), "{args}:\n{seen}");
        assert!(seen.lines().all(|line| line.chars().count() <= 80), "{args}:\n{seen}");
    }
}

/// The usage line of every command names its arguments in the order in which they are taken, as the list below it does.
#[test]
fn usage_names_arguments_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(noun) = open.pop() {
        let args: Vec<&str> = noun.iter().map(String::as_str).chain(["-h"]).collect();
        let help = Call::plain(folder.path(), &args).run().ok().stdout;
        let section = |name: &str| {
            let from = help.split_once(&format!("\n{name}:\n")).map(|(_, rest)| rest).unwrap_or_default();
            from.split("\n\n")
                .next()
                .unwrap_or_default()
                .lines()
                .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
                .map(|line| line.split_whitespace().next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let usage = help.split_once("Usage: ").unwrap().1.split("\n\n").next().unwrap().to_owned();
        let mut at = 0;
        for argument in section("Arguments") {
            let name = argument.trim_matches(['[', ']', '<', '>', '.']);
            let found = usage[at..].find(name);
            at += found.unwrap_or_else(|| panic!("{name} comes too early in {usage}"));
            seen += 1;
        }
        for verb in section("Commands").into_iter().filter(|verb| verb != "help") {
            open.push(noun.iter().cloned().chain([verb]).collect());
        }
    }
    assert!(seen > 50, "{seen} arguments");
}
