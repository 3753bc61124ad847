//! What a card is made of must run on a chip and replay from a seed: no `std`, no unsafe code, and storage,
//! entropy and time come in as arguments.

use crate::tree::{self, File};

/// Crates that know nothing of an operating system.
const GROUND: [&str; 5] = ["wire", "keys", "scheme", "cos", "applets"];

/// Attributes each of them begins with.
const ATTRIBUTES: [&str; 2] = ["#![no_std]", "#![forbid(unsafe_code)]"];

/// Crates that are a clock or a random source by themselves, beside `std`.
const FORBIDDEN_CRATES: [&str; 3] = ["getrandom", "rand", "jiff"];

/// The code of a source file, without comments and without what is built for tests alone, each line with
/// its 1-based number.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.text.lines().enumerate().map(|(i, line)| (i + 1, line));
    lines
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// Whether the code names the word as a crate: as a path's beginning, or to import it.
fn names_crate(line: &str, name: &str) -> bool {
    let starts_word = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(&format!("{name}::")).any(|(at, _)| starts_word(at))
        || line.contains(&format!("extern crate {name};"))
        || line.contains(&format!("use {name};"))
}

#[test]
fn the_ground_begins_with_its_attributes() {
    for name in GROUND {
        let text = std::fs::read_to_string(tree::root().join(name).join("src/lib.rs")).unwrap();
        for attribute in ATTRIBUTES {
            assert!(text.lines().any(|line| line.trim() == attribute), "{name}/src/lib.rs lacks {attribute}");
        }
    }
}

#[test]
fn the_ground_names_no_file_socket_clock_or_random_source() {
    let files = tree::files();
    let mut complaints = Vec::new();
    let mut looked_at = 0;
    for file in
        files.iter().filter(|file| GROUND.iter().any(|name| file.path.starts_with(&format!("{name}/src/"))))
    {
        looked_at += 1;
        for (number, line) in code(file) {
            for name in FORBIDDEN_CRATES.iter().chain(&["std"]) {
                if names_crate(line, name) {
                    complaints.push(format!("{}:{number} names {name}: {}", file.path, line.trim()));
                }
            }
        }
    }
    assert!(looked_at > 20, "only {looked_at} source files found");
    tree::none(&complaints);
}

/// Ways to a file that is written or a folder that is made. `disk` alone goes them: it knows modes, links and names.
const WRITERS: [&str; 5] = ["fs::write(", "File::create", "OpenOptions", "create_dir", "fs::copy("];

#[test]
fn nobody_but_disk_writes_files() {
    let files = tree::files();
    let source = |file: &&File| {
        let (top, rest) = file.path.split_once('/').unwrap_or_default();
        rest.starts_with("src/") && file.path.ends_with(".rs") && top != "disk"
    };
    let mut complaints = Vec::new();
    let mut looked_at = 0;
    for file in files.iter().filter(source) {
        looked_at += 1;
        for (number, line) in code(file) {
            for way in WRITERS.iter().filter(|way| line.contains(**way)) {
                complaints.push(format!("{}:{number} writes by itself ({way}): use disk", file.path));
            }
        }
    }
    assert!(looked_at > 100, "only {looked_at} source files found");
    tree::none(&complaints);
}

#[test]
fn the_scanner_sees_what_it_should() {
    let file = |text: &str| File { path: "x.rs".to_owned(), text: text.to_owned() };
    let hits = |text: &str| code(&file(text)).filter(|(_, line)| names_crate(line, "std")).count();
    assert_eq!(
        hits("use std::fs;\nlet t = std::time::Instant::now();\nextern crate std;\nuse ::std::env;"),
        4
    );
    assert_eq!(hits("// std::fs\nuse core::fmt;\nnostd::x();\nlet my_std = 1;\n/// `std::io`\n"), 0);
    assert_eq!(hits("fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }"), 0);
}
