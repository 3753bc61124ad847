//! Whoever ships the command ships every crate it is made of: all must be under permissive licences.

use crate::{spdx, tree};
use cargo_metadata::{CargoOpt, MetadataCommand};
use std::process::Command;

/// The platform cargo builds for here. Only its crates are looked at: those are what was fetched for the build.
fn host() -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo -vV names the host").to_owned()
}

#[test]
fn every_dependency_is_permissive() {
    let metadata = MetadataCommand::new()
        .manifest_path(tree::root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(vec!["--locked".to_owned(), "--filter-platform".to_owned(), host()])
        .exec()
        .unwrap();
    let used: Vec<_> = metadata.resolve.expect("cargo resolved the workspace").nodes;
    assert!(used.len() > 50, "only {} crates; the workspace has more", used.len());
    let mut complaints = Vec::new();
    for package in metadata.packages.iter().filter(|package| used.iter().any(|node| node.id == package.id)) {
        let verdict = match &package.license {
            Some(expression) => spdx::permissive(expression).map(|ok| (ok, expression.clone())),
            None => Err("names no licence".to_owned()),
        };
        match verdict {
            Ok((true, _)) => {}
            Ok((false, expression)) => complaints.push(format!("{} is under {expression}", package.name)),
            Err(words) => complaints.push(format!("{}: {words}", package.name)),
        }
    }
    tree::none(&complaints);
}

#[test]
fn our_own_licences_are_in_the_root() {
    for (file, words) in [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")] {
        let text = std::fs::read_to_string(tree::root().join(file)).unwrap();
        assert!(text.contains(words), "{file}");
    }
}
