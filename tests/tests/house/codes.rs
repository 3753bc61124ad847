//! Stable codes: every one that the source names stands on a page of the codes, and those name no other. The pages are the
//! snapshot: a code that was renamed by accident is missing on one side.

use crate::tree::{self, File};
use std::collections::{BTreeMap, BTreeSet};

const PAGES: [&str; 2] = ["docs/specs/errors.md", "docs/specs/errors-server.md"];

/// Where codes stand: the beginning of a stretch of source, and the line that ends it.
const STRETCHES: [(&str, &str); 3] = [
    ("fn code(&self) -> &str {", "    }"),
    ("outside! {", "}"),
    ("pub const fn name(self) -> &'static str {", "    }"),
];
/// Files whose `name` is a code: of kinds of errors, and of findings in the books.
const NAMES: [&str; 2] = ["scheme/src/fault.rs", "server/src/finding.rs"];
/// Calls that take a code first.
const CALLS: [&str; 3] = [".code(\"", "Told::new(\"", "named(\""];
/// Codes of several errors that mean one thing.
const SHARED: [&str; 4] = ["json", "not-utf8", "unknown-order", "usage"];

/// The head of a table of codes on the page.
const HEAD: &str = "| code | when |\n";

/// The text between the quotes that begin at each `"` of a line.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// The codes that a source file names, each as often as it does.
fn codes(file: &File) -> Vec<String> {
    let (mut found, mut end): (Vec<String>, Option<&str>) = (Vec::new(), None);
    for line in file.text.lines() {
        match end {
            Some(last) if line == last => end = None,
            Some(_) => found.extend(literals(line).map(str::to_owned)),
            None => {
                let begun = STRETCHES.iter().find(|(begin, _)| line.trim_start().ends_with(begin));
                let begun = begun
                    .filter(|(begin, _)| !begin.contains(" name(") || NAMES.contains(&file.path.as_str()));
                end = begun.map(|(_, last)| *last);
                for call in CALLS {
                    let after = line.split(call).skip(1);
                    found.extend(after.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
                }
            }
        }
    }
    found
}

/// The codes in the first column of the page's tables.
fn listed(page: &str) -> BTreeSet<String> {
    let tables =
        page.split(HEAD).skip(1).flat_map(|table| table.lines().take_while(|line| line.starts_with('|')));
    tables
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(code, _)| code.to_owned())
        .collect()
}

#[test]
fn every_code_stands_on_the_page_and_no_other() {
    let files = tree::files();
    let source = |file: &&File| file.extension() == "rs" && file.path.split('/').nth(1) == Some("src");
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files.iter().filter(source) {
        for code in codes(file) {
            places.entry(code).or_default().push(&file.path);
        }
    }
    assert!(places.len() > 300, "only {} codes found", places.len());
    let pages: Vec<_> = files.iter().filter(|file| PAGES.contains(&file.path.as_str())).collect();
    assert_eq!(pages.len(), PAGES.len(), "the pages of the codes are there");
    let listed: BTreeSet<String> = pages.iter().flat_map(|page| listed(&page.text)).collect();
    let mut complaints = Vec::new();
    for (code, places) in &places {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !code.starts_with(|c: char| c.is_ascii_lowercase()) || !code.chars().all(plain) {
            complaints.push(format!("{code:?} in {places:?} is no code: small letters, digits, dashes"));
        } else if !listed.contains(code) {
            complaints.push(format!("{code} of {places:?} is on none of {PAGES:?}"));
        }
        let files: BTreeSet<_> = places.iter().collect();
        if files.len() > 1 && !SHARED.contains(&code.as_str()) {
            complaints.push(format!("{code} is named in several places: {places:?}"));
        }
    }
    let gone = listed.iter().filter(|code| !places.contains_key(*code));
    complaints.extend(gone.map(|code| format!("{PAGES:?} have {code}, which nothing says any more")));
    tree::none(&complaints);
}
