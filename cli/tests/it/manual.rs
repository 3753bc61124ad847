//! Every page has examples, and every example is a line that the command takes.

use clap::{Command, CommandFactory, Parser};
use gridcard_cli::args::Cli;
use gridcard_cli::manual;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// Commands that can be said, with nothing behind them or something, by their words behind `gridcard`.
fn commands(command: &Command, words: &str, found: &mut BTreeSet<String>) {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let words = format!("{words} {}", below.get_name()).trim_start().to_owned();
        commands(below, &words, found);
        if !below.is_subcommand_required_set() {
            found.insert(words);
        }
    }
}

/// The words of a line as a shell takes them; quotes hold blanks together.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut quoted): (Vec<String>, bool) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

fn all() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    commands(&Cli::command(), "", &mut found);
    assert!(found.len() > 100, "{found:?}");
    found
}

#[test]
fn every_example_is_a_line_of_its_own_command() {
    for words in all() {
        let examples = manual::examples(&words);
        assert!(!examples.is_empty(), "{words} has no example");
        for example in examples {
            let line = shell_words(example);
            Cli::try_parse_from(&line).unwrap_or_else(|error| panic!("{example}\n{error}"));
            // An option of every command may stand in front.
            let own = example.replace("gridcard --home test ", "gridcard ");
            let own = own.replace("gridcard --home restored ", "gridcard ");
            assert!(own.starts_with(&format!("gridcard {words}")), "{words}: {example}");
        }
    }
}

#[test]
fn groups_show_examples_of_what_is_below_them() {
    for group in ["", "kdc", "kdc audit", "server", "server psam", "sim pin"] {
        assert!(manual::examples(group).len() >= 2, "{group:?}");
    }
}

#[test]
fn the_text_speaks_of_no_command_that_is_not_there() {
    // Without the feature the province has no tokens; the text speaks of them all the same.
    let known = all();
    let headings = include_str!("../../src/manual.txt").lines().filter_map(|line| line.strip_prefix("= "));
    let strange: Vec<&str> = headings
        .filter(|name| !known.contains(*name) && !name.starts_with("kdc hsm") && *name != "NOUN VERB")
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn no_example_is_wider_than_a_page() {
    for words in all() {
        let help = page(&words);
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 78).collect();
        assert!(wide.is_empty(), "{words}: {wide:?}");
    }
}

/// The end of a help page, as it was written.
fn page(words: &str) -> String {
    let asked: Vec<OsString> = words.split(' ').map(OsString::from).collect();
    let mut command = manual::complete(Cli::command(), &asked);
    for word in words.split(' ') {
        command = command.find_subcommand(word).unwrap().clone();
    }
    let text = command.get_after_help().unwrap().to_string();
    assert!(text.contains("Examples:\n") && text.contains("Environment:\n") && text.contains("Files:\n"));
    text
}
