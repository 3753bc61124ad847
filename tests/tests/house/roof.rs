//! The command is a roof: each noun stands by itself, its files are short, and one module alone touches files.

use crate::paths::{from_root, named};
use crate::tree;
use std::collections::BTreeSet;

/// Most lines of a file of the command.
const LONGEST: usize = 400;

/// The one module of the command that touches files.
const FILES: &str = "cli/src/files.rs";

/// The files of the command.
fn roof() -> Vec<tree::File> {
    tree::files()
        .into_iter()
        .filter(|file| file.path.starts_with("cli/src/") && file.extension() == "rs")
        .collect()
}

/// The module of a file below `cli/src`.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("cli/src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// Nouns other than its own that a file of a noun names.
fn foreign(module: &[String], text: &str, nouns: &BTreeSet<String>) -> BTreeSet<String> {
    let own = &module[1];
    named(text)
        .iter()
        .filter_map(|named| from_root(module, named, &BTreeSet::new()))
        .filter_map(|path| match path.as_slice() {
            [first, noun, ..] if first == "nouns" && nouns.contains(noun) && noun != own => {
                Some(noun.clone())
            }
            _ => None,
        })
        .collect()
}

#[test]
fn no_noun_imports_a_noun() {
    let files = roof();
    let of_nouns: Vec<(&tree::File, Vec<String>)> = files
        .iter()
        .map(|file| (file, module(&file.path)))
        .filter(|(_, module)| module.len() > 1 && module[0] == "nouns")
        .collect();
    let nouns: BTreeSet<String> = of_nouns.iter().map(|(_, module)| module[1].clone()).collect();
    assert!(nouns.len() > 10, "{nouns:?} only; are these all nouns?");
    let mut found = Vec::new();
    for (file, module) in &of_nouns {
        let others = foreign(module, &file.text, &nouns);
        found.extend(others.into_iter().map(|noun| format!("{} imports the noun {noun}", file.path)));
    }
    tree::none(&found);
}

#[test]
fn every_way_to_name_another_noun_is_seen() {
    let nouns = ["card", "sim", "kdc"].map(str::to_owned).into();
    let of = |path: &str, text: &str| -> Vec<String> {
        foreign(&module(path), text, &nouns).into_iter().collect()
    };
    assert_eq!(of("cli/src/nouns/sim/new.rs", "use crate::nouns::card::must;"), ["card"]);
    assert_eq!(of("cli/src/nouns/sim/mod.rs", "use super::{card, sim};"), ["card"]);
    assert_eq!(of("cli/src/nouns/sim/new.rs", "fn go() { super::super::kdc::suite() }"), ["kdc"]);
    assert_eq!(of("cli/src/nouns/sim.rs", "use crate::nouns::{card::Card, kdc};"), ["card", "kdc"]);
    // its own parts, and what is no noun
    let own = "use super::One;\nuse crate::nouns::sim::list;\nuse crate::card::Two;\nuse issue::card::Three;";
    assert_eq!(of("cli/src/nouns/sim/new.rs", own), [""; 0]);
}

#[test]
fn no_file_of_the_command_is_too_long() {
    let files = roof();
    let long = files.iter().filter(|file| file.text.lines().count() > LONGEST);
    let found: Vec<String> =
        long.map(|file| format!("{} has more than {LONGEST} lines", file.path)).collect();
    tree::none(&found);
}

#[test]
fn one_module_of_the_command_touches_files() {
    let files = roof();
    let touches = |file: &&tree::File| {
        named(&file.text).iter().any(|named| named.path.starts_with(&["std".to_owned(), "fs".to_owned()]))
    };
    let found: Vec<&str> = files.iter().filter(touches).map(|file| file.path.as_str()).collect();
    assert_eq!(found, [FILES], "files that name std::fs");
}
