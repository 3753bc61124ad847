//! References to specifications: `[TS 102 225 5.1.1]`, `[FMCOS UM 7.12; SM 1.2]`, `[docs/specs/cards.md 2]`. Ids are
//! listed once, in `docs/specs/README.md`; sections of our own pages must be there.

use crate::tree::{self, File};
use std::collections::{BTreeMap, BTreeSet};

const PAGES: &str = "docs/specs/";
const LIST: &str = "docs/specs/README.md";
/// The page whose references are all to FMCOS manuals, and which therefore leaves the word out.
const FMCOS_PAGE: &str = "docs/specs/fmcos.md";
const FMCOS_MANUALS: [&str; 3] = ["UM", "GM", "SM"];
/// Words that may begin a section.
const SECTION_WORDS: [&str; 5] = ["annex", "clause", "figure", "section", "table"];

/// What may be referred to.
struct Known {
    /// Ids of other people's documents.
    ids: BTreeSet<String>,
    /// Our pages by path, with numbers and titles of their sections.
    pages: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    fn load(files: &[File]) -> Self {
        let list = files.iter().find(|file| file.path == LIST).expect("docs/specs/README.md is there");
        let ids = list
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
            .map(|(id, _)| id.to_owned())
            .collect();
        let pages = files
            .iter()
            .filter(|file| file.path.starts_with(PAGES) && file.extension() == "md")
            .map(|file| (file.path.clone(), sections(&file.text)))
            .collect();
        Known { ids, pages }
    }

    /// Checks what stands between the brackets.
    fn check(&self, reference: &str) -> Result<(), String> {
        let mut document: Option<&str> = None;
        for part in reference.split([';', ',']).map(str::trim) {
            let (found, section) = match (self.document(part), document) {
                (Some(found), _) => found,
                // further sections of the document before
                (None, Some(before)) if !before.starts_with("FMCOS") => (before, part),
                (None, Some(before)) => match part.split_once(' ') {
                    Some((manual, section)) if FMCOS_MANUALS.contains(&manual) => (before, section),
                    _ => (before, part),
                },
                (None, None) => return Err(format!("{part:?} is no document of {LIST}")),
            };
            document = Some(found);
            self.section(found, section)?;
        }
        Ok(())
    }

    /// The document a part names, and what follows; the longest id wins.
    fn document<'a>(&'a self, part: &'a str) -> Option<(&'a str, &'a str)> {
        let names = self.ids.iter().chain(self.pages.keys());
        names
            .filter_map(|name| Some((name.as_str(), part.strip_prefix(name.as_str())?)))
            .filter(|(_, rest)| rest.is_empty() || rest.starts_with([' ', ':']))
            .max_by_key(|(name, _)| name.len())
            .map(|(name, rest)| (name, without_year(rest).trim()))
    }

    fn section(&self, document: &str, section: &str) -> Result<(), String> {
        if section.is_empty() {
            return Ok(());
        }
        let sections = self.pages.get(document);
        if sections.is_some_and(|sections| sections.contains(&section.to_lowercase())) {
            return Ok(());
        }
        let first = section.split_whitespace().next().unwrap_or_default();
        let mut chars = first.chars();
        let lettered = chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.next() == Some('.');
        if !(first.starts_with(|c: char| c.is_ascii_digit())
            || lettered
            || SECTION_WORDS.contains(&first.to_ascii_lowercase().as_str()))
        {
            return Err(format!("{section:?} is neither a section nor a document of {LIST}"));
        }
        match sections {
            Some(sections) => {
                let chapter = first.split('.').next().unwrap_or_default();
                sections.contains(chapter).then_some(()).ok_or(format!("{document} has no section {chapter}"))
            }
            None => Ok(()),
        }
    }
}

/// `:2020 11.2` is ` 11.2`.
fn without_year(rest: &str) -> &str {
    rest.strip_prefix(':').map_or(rest, |dated| dated.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Number and title, in lower case, of headings like `## 3. Title` and `## Title`.
fn sections(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .flat_map(|heading| match heading.split_once(". ") {
            Some((number, title)) if number.chars().all(|c| c.is_ascii_digit()) => vec![number, title],
            _ => vec![heading],
        })
        .map(str::to_lowercase)
        .collect()
}

/// The references of a file, each with the 1-based line where its paragraph begins.
fn references(file: &File) -> Vec<(usize, String)> {
    let paragraphs = match file.extension() {
        "rs" => comments(&file.text),
        "md" => prose(&file.text),
        _ => Vec::new(),
    };
    let found =
        paragraphs.iter().flat_map(|(line, text)| bracketed(text).into_iter().map(move |r| (*line, r)));
    found.map(|(line, reference)| (line, with_fmcos(&file.path, reference))).collect()
}

fn with_fmcos(path: &str, reference: String) -> String {
    let manual = reference.split(' ').next().unwrap_or_default();
    if path == FMCOS_PAGE && FMCOS_MANUALS.contains(&manual) {
        format!("FMCOS {reference}")
    } else {
        reference
    }
}

/// Comments of Rust code; lines that follow each other are one text, since a reference may be broken.
fn comments(source: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (i, line) in source.lines().enumerate() {
        let Some((code, comment)) = line.split_once("//") else {
            open = false;
            continue;
        };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        match out.last_mut().filter(|_| open && code.trim().is_empty()) {
            Some((_, text)) => text.extend([" ", comment]),
            None => out.push((i + 1, comment.to_owned())),
        }
        open = true;
    }
    out
}

/// Paragraphs of a page, without code blocks.
fn prose(page: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let (mut begun, mut text, mut in_code) = (1, String::new(), false);
    for (i, line) in page.lines().chain([""]).enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if line.trim().is_empty() {
            out.push((begun, std::mem::take(&mut text)));
            begun = i + 2;
        } else if !in_code {
            text.extend([line.trim(), " "]);
        }
    }
    out
}

/// What stands in brackets and looks like a reference: no link, no code, begins with a capital or a path of ours, and has
/// a blank and a digit (`[PBOC]` and `[CC]` are words).
fn bracketed(text: &str) -> Vec<String> {
    // code spans are every other piece between backticks
    let text: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('[') {
        rest = after;
        let Some((inside, behind)) = after.split_once(']') else { break };
        let begins = inside.starts_with(PAGES) || inside.starts_with(|c: char| c.is_ascii_uppercase());
        let looks = begins && inside.contains(' ') && inside.contains(|c: char| c.is_ascii_digit());
        if (looks || inside.starts_with(PAGES))
            && !inside.contains(['`', '['])
            && !behind.starts_with(['(', '['])
        {
            out.push(inside.to_owned());
        }
    }
    out
}

#[test]
fn every_reference_is_to_a_known_document() {
    let files = tree::files();
    let known = Known::load(&files);
    let mut complaints = Vec::new();
    let mut seen = 0;
    for file in files.iter().filter(|file| file.path != LIST) {
        for (line, reference) in references(file) {
            seen += 1;
            if let Err(words) = known.check(&reference) {
                complaints.push(format!("{}:{line} [{reference}]: {words}", file.path));
            }
        }
    }
    assert!(seen > 50, "only {seen} references found");
    tree::none(&complaints);
}

/// Paths of our pages, in brackets or not, must lead somewhere.
#[test]
fn every_page_that_is_named_is_there() {
    let files = tree::files();
    let known = Known::load(&files);
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| ["rs", "md", "py", "toml"].contains(&file.extension())) {
        for (at, _) in file.text.match_indices(PAGES) {
            let rest = &file.text[at + PAGES.len()..];
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(rest.len());
            let page = format!("{PAGES}{}.md", &rest[..end]);
            if rest[end..].starts_with(".md") && !known.pages.contains_key(&page) {
                complaints.push(format!("{} names {page}, which is not there", file.path));
            }
        }
    }
    tree::none(&complaints);
}

#[test]
fn the_index_names_every_page() {
    let files = tree::files();
    let known = Known::load(&files);
    let list = std::fs::read_to_string(tree::root().join(LIST)).unwrap();
    for page in known.pages.keys().filter(|page| *page != LIST) {
        let name = page.trim_start_matches(PAGES);
        assert!(list.contains(&format!("| [{name}]({name}) |")), "{LIST} does not list {name}");
    }
}

#[test]
fn the_checker_rejects_what_it_should() {
    let known = Known {
        ids: ["TS 102 225", "FMCOS UM", "FMCOS SM", "ISO 7816-4"].map(str::to_owned).into(),
        pages: [(format!("{PAGES}cards.md"), sections("# T\n## 1. Kinds\n## 2. Keys\n## Rights of files"))]
            .into(),
    };
    for good in [
        "TS 102 225 5.1.1",
        "TS 102 225 5.1.1, 5.2",
        "ISO 7816-4",
        "ISO 7816-4:2020 11.2.2",
        "TS 102 225 annex A",
        "FMCOS UM 7.12; SM 1.2",
        "FMCOS UM 7.1 to 7.3, 7.10",
        "FMCOS UM 11; docs/specs/cards.md 2",
        "docs/specs/cards.md",
        "docs/specs/cards.md 1, 2",
        "docs/specs/cards.md, rights of files",
    ] {
        assert_eq!(known.check(good), Ok(()), "{good}");
    }
    for bad in [
        "TS 102 226 5.1",
        "TS 102 2250 1",
        "ISO 7816-42 1",
        "TS 102 225, TS 31.999 4",
        "TS 102 225 somewhere 5",
        "docs/specs/cards.md 9",
        "docs/specs/cards.md, wrongs",
        "FMCOS UM 7.12; XM 1.2",
        "see TS 102 225 5",
    ] {
        assert!(known.check(bad).is_err(), "{bad}");
    }
}

#[test]
fn references_are_found_where_they_stand() {
    let found = |text: &str| -> Vec<String> {
        let file = File { path: "x.rs".to_owned(), text: text.to_owned() };
        references(&file).into_iter().map(|(_, reference)| reference).collect()
    };
    // one string a line, lest this very file be found to hold a reference
    let broken = [
        "/// Broken [TS 102 225", //
        "/// 5.1.1] here.",
        "fn f() {}",
    ];
    assert_eq!(found(&broken.join("\n")), ["TS 102 225 5.1.1"]);
    assert_eq!(found("let a = [Foo; 5]; // as in [TS 51.011 9.2]"), ["TS 51.011 9.2"]);
    assert_eq!(found("/// [Link 5](x), `[Code 5; 2]`, [CC], [`Type 5`], [0; 32]\n"), Vec::<String>::new());
}
