//! Order in the tree.

use crate::tree;

/// Kinds of files that people write and read.
const WRITTEN: [&str; 5] = ["rs", "py", "sh", "md", "toml"];
/// Most lines of such a file.
const LONGEST: usize = 700;

#[test]
fn every_crate_has_a_readme_and_shows_it() {
    let mut complaints = Vec::new();
    for name in tree::crates() {
        let folder = tree::root().join(&name);
        if !folder.join("README.md").is_file() {
            complaints.push(format!("{name} has no README.md"));
        }
        let library = folder.join("src/lib.rs");
        if library.is_file() {
            let text = std::fs::read_to_string(library).unwrap();
            if !text.contains(r#"#![doc = include_str!("../README.md")]"#) {
                complaints.push(format!("{name}/src/lib.rs does not include its README.md"));
            }
        }
    }
    tree::none(&complaints);
}

/// A library that holds tests is built once more for them; one that holds none must not be, and what it holds must run.
#[test]
fn libraries_are_built_for_tests_that_are_there() {
    let files = tree::files();
    let mut complaints = Vec::new();
    for name in tree::crates() {
        let manifest = std::fs::read_to_string(tree::root().join(&name).join("Cargo.toml")).unwrap();
        let library =
            manifest.split_once("\n[lib]\n").map_or("", |(_, rest)| rest.split("\n[").next().unwrap());
        let is_built = !library.contains("test = false");
        let sources = format!("{name}/src/");
        let holds =
            files.iter().any(|file| file.path.starts_with(&sources) && file.text.contains("#[cfg(test)]"));
        match (holds, is_built) {
            (true, false) => {
                complaints.push(format!("{name}: tests in its src do not run: [lib] says test = false"))
            }
            (false, true) => {
                complaints.push(format!("{name}: no test in its src; [lib] has to say test = false"))
            }
            _ => {}
        }
    }
    tree::none(&complaints);
}

#[test]
fn no_file_is_too_long() {
    let too_long =
        |file: &&tree::File| WRITTEN.contains(&file.extension()) && file.text.lines().count() > LONGEST;
    let complaints: Vec<String> = tree::files()
        .iter()
        .filter(too_long)
        .map(|file| format!("{} has {} lines, more than {LONGEST}", file.path, file.text.lines().count()))
        .collect();
    tree::none(&complaints);
}

/// A path of somebody's machine leads nowhere on another.
#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    // put together here, so that this file does not name them
    let paths = ["work", "home", "root", "Users"].map(|folder| format!("/{folder}/"));
    let mut complaints = Vec::new();
    for file in tree::files() {
        for (i, line) in file.text.lines().enumerate() {
            for path in &paths {
                let starts =
                    |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || ".}~_-".contains(c));
                if line.match_indices(path.as_str()).any(|(at, _)| starts(at)) {
                    complaints.push(format!("{}:{} names {path}", file.path, i + 1));
                }
            }
        }
    }
    tree::none(&complaints);
}

/// The lines of a manifest that ask for a dependency otherwise than from the workspace.
fn own_versions(manifest: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut table = "";
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
            // [dependencies.name] spreads one dependency over lines; one way of writing is enough
            if table.contains("dependencies.") {
                out.push(line.to_owned());
            }
        } else if table.ends_with("dependencies") {
            let from_workspace = line.contains("workspace = true");
            if !from_workspace || ["version =", "path =", "git ="].iter().any(|own| line.contains(own)) {
                out.push(line.to_owned());
            }
        }
    }
    out
}

#[test]
fn versions_of_dependencies_stand_in_the_root_manifest_alone() {
    let mut complaints = Vec::new();
    for name in tree::crates() {
        let manifest = std::fs::read_to_string(tree::root().join(&name).join("Cargo.toml")).unwrap();
        complaints
            .extend(own_versions(&manifest).into_iter().map(|line| format!("{name}/Cargo.toml: {line}")));
    }
    tree::none(&complaints);
    let good =
        "[dependencies]\na = { workspace = true, features = [\"std\"] }\nb.workspace = true\n[lib]\nx = 1";
    assert_eq!(own_versions(good), Vec::<String>::new());
    let bad = "[dev-dependencies]\na = \"1\"\nb = { version = \"1\" }\n[target.'cfg(unix)'.dependencies]\nc = { path = \"c\" }";
    assert_eq!(own_versions(bad).len(), 3);
}

#[cfg(unix)]
#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for path in [
        ".ci/run",
        "scripts/test",
        "scripts/demo",
        "scripts/bench-pcsc",
        "tests/judge/open_record.py",
        "tests/judge/pcsc.sh",
        "examples/read_sim.py",
    ] {
        let mode = std::fs::metadata(tree::root().join(path)).unwrap().permissions().mode();
        assert_ne!(mode & 0o111, 0, "{path} is not executable");
    }
}
