//! The map of the house ([`docs/architecture.md`]) says what is.

use crate::tree;
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Crates whose list of uses the map leaves out: they see everything.
const SEES_ALL: [&str; 2] = ["cli", "tests"];

fn short(name: &str) -> &str {
    name.strip_prefix("gridcard-").unwrap_or(name)
}

/// Names in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Crate and uses of every row of the table of floors.
fn floors(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let floors = text.split("## ").find(|part| part.starts_with("Floors")).expect("a part about floors");
    let rows = floors.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 3, "{row}");
        (quoted(cells[0]).into_iter().next().unwrap(), quoted(cells[2]))
    })
    .collect()
}

#[test]
fn the_map_shows_every_crate_and_what_it_uses() {
    let text = std::fs::read_to_string(tree::root().join("docs/architecture.md")).unwrap();
    let shown = floors(&text);
    let manifest = tree::root().join("Cargo.toml");
    let packages = MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap().packages;
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let found: BTreeMap<String, BTreeSet<String>> = packages
        .iter()
        .map(|package| {
            let uses = package.dependencies.iter().filter(|on| on.kind == DependencyKind::Normal);
            let uses =
                uses.filter(|on| names.contains(on.name.as_str())).map(|on| short(&on.name).to_owned());
            let all = SEES_ALL.contains(&short(&package.name));
            (short(&package.name).to_owned(), if all { BTreeSet::new() } else { uses.collect() })
        })
        .collect();
    assert_eq!(shown, found);
}

/// Modules the map sends its readers to exist.
#[test]
fn the_map_leads_nowhere_else() {
    let text = std::fs::read_to_string(tree::root().join("docs/architecture.md")).unwrap();
    let missing: Vec<String> = quoted(&text.replace("```", ""))
        .into_iter()
        .filter(|name| name.contains("::"))
        .filter(|name| {
            let path: Vec<&str> = name.split("::").collect();
            let root = tree::root().join(path[0]).join("src");
            // The last part may be a module, or something in the module before it.
            let module = |parts: &[&str]| {
                let at = root.join(parts.join("/"));
                at.with_extension("rs").exists() || at.join("mod.rs").exists()
            };
            let parts = &path[1..];
            let (holder, item) = (&parts[..parts.len() - 1], parts[parts.len() - 1]);
            let file = if holder.is_empty() {
                root.join("lib.rs")
            } else {
                root.join(holder.join("/")).with_extension("rs")
            };
            let says = std::fs::read_to_string(file).is_ok_and(|text| text.contains(item));
            !module(parts) && !says
        })
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "the map names what is not there");
}
