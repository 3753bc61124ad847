//! No circle of files inside a crate: what a file needs stands below it, so that it can be read, tested and moved without
//! what stands above.
//!
//! A file points to another when it names an item of it, by a `use` or by a path; to hand on a child's items (`pub use`) is
//! no need of them.

use crate::paths::{from_root, named};
use crate::tree;
use std::collections::{BTreeMap, BTreeSet};

/// A file's module, from the root of its crate.
type Module = Vec<String>;

/// The circles of a crate, by the files in them; `sources` has the paths below `src` with their texts.
fn circles(sources: &BTreeMap<String, String>) -> BTreeSet<Vec<String>> {
    let modules: BTreeMap<Module, &String> = sources.keys().map(|path| (module(path), path)).collect();
    let needs: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|(module, path)| (module, needed(module, &sources[*path], &modules))).collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.keys().map(|module| (module, all_below(module, &needs))).collect();
    let circle = |module: &Module| -> Vec<String> {
        let both = |other: &Module| reached[module].contains(other) && reached[other].contains(module);
        modules.iter().filter(|(other, _)| both(other)).map(|(_, path)| (*path).clone()).collect()
    };
    modules.keys().filter(|module| reached[module].contains(module)).map(circle).collect()
}

/// `a/b.rs` and `a/b/mod.rs` are both `a::b`.
fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" || path == "main" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The files whose items a file names.
fn needed<'m>(module: &Module, text: &str, modules: &'m BTreeMap<Module, &String>) -> BTreeSet<&'m Module> {
    let children: BTreeSet<&str> = modules
        .keys()
        .filter_map(|other| other.split_last().filter(|(_, above)| above == module))
        .map(|(name, _)| name.as_str())
        .collect();
    let files = named(text).into_iter().filter(|named| !named.exported).filter_map(|named| {
        let path = from_root(module, &named, &children).filter(|path| !path.is_empty())?;
        let file = (0..=path.len()).rev().find_map(|length| modules.get_key_value(&path[..length]));
        file.map(|(file, _)| file)
    });
    files.filter(|file| *file != module).collect()
}

/// All files that a file needs, over others too; itself only in a circle.
fn all_below<'m>(
    module: &Module,
    needs: &BTreeMap<&'m Module, BTreeSet<&'m Module>>,
) -> BTreeSet<&'m Module> {
    let mut out = BTreeSet::new();
    let mut open: Vec<&Module> = needs[module].iter().copied().collect();
    while let Some(next) = open.pop() {
        if out.insert(next) {
            open.extend(needs[next].iter().copied());
        }
    }
    out
}

/// The sources of a crate's library, by their paths below `src`.
fn sources(files: &[tree::File], name: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = files
        .iter()
        .filter(|file| file.extension() == "rs")
        .filter_map(|file| {
            Some((file.path.strip_prefix(&format!("{name}/src/"))?.to_owned(), file.text.clone()))
        })
        .collect();
    // beside a library the program is a crate of its own
    if out.contains_key("lib.rs") {
        out.remove("main.rs");
    }
    out
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let files = tree::files();
    let mut complaints = Vec::new();
    let mut measured = 0;
    for name in tree::crates() {
        let sources = sources(&files, &name);
        measured += sources.len();
        let found = circles(&sources);
        complaints
            .extend(found.iter().map(|circle| format!("{name}: {} need each other", circle.join(", "))));
    }
    assert!(measured > 100, "{measured} files only; are these all sources?");
    tree::none(&complaints);
}

#[test]
fn a_circle_is_found_and_no_other_shape() {
    let found = |sources: &[(&str, &str)]| -> Vec<String> {
        let sources = sources.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        circles(&sources).iter().map(|circle| circle.join(" ")).collect()
    };
    let none: [&str; 0] = [];
    // down alone, over two ways, and a parent that hands on what its child has
    let good = [
        ("lib.rs", "pub mod a;\nmod b;\npub use a::One;"),
        ("a/mod.rs", "mod inner;\npub use inner::One;\nuse crate::b::Two;"),
        ("a/inner.rs", "use crate::b; // not crate::a::One\nfn go() { b::go(\"super::One\") }"),
        ("b.rs", "use other::a;\nfn go() { a::go() }"),
    ];
    assert_eq!(found(&good), none);
    // a child that takes from its parent what its parent needs of it
    let family = [
        ("lib.rs", "pub mod a;"),
        ("a.rs", "mod inner;\nstruct Two;\nfn go() { inner::go() }"),
        ("a/inner.rs", "use super::Two;"),
    ];
    assert_eq!(found(&family), ["a.rs a/inner.rs"]);
    // three in a row, by a use, a path and a group; a fourth only hangs on them
    let row = [
        ("lib.rs", ""),
        ("a.rs", "use crate::b::{One, Two};"),
        ("b.rs", "fn go() -> crate::c::Three {}"),
        ("c.rs", "use {super::a, core::fmt};"),
        ("d.rs", "use crate::a::One;"),
    ];
    assert_eq!(found(&row), ["a.rs b.rs c.rs"]);
    // two circles, one of them over the root
    let two = [
        ("lib.rs", "pub mod e;\nmod f;\nmod g;\nstruct Root;\nfn go() { e::go() }"),
        ("e.rs", "use crate::Root;"),
        ("f.rs", "use crate::g::*;"),
        ("g.rs", "mod deep { use super::super::f::One; }"),
    ];
    assert_eq!(found(&two), ["f.rs g.rs", "lib.rs e.rs"]);
    // a test may name what stands above
    let tested = [
        ("lib.rs", ""),
        ("a.rs", "use crate::b::One;"),
        ("b.rs", "struct One;\n#[cfg(test)]\nmod tests { use crate::a; }"),
    ];
    assert_eq!(found(&tested), none);
}
