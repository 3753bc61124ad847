//! Which crate of ours may import which. The card's tower and the host's tower meet in the roof alone: what the
//! host knows of a card came over a `Channel`, so the same host code drives a chip in a reader.

use crate::tree;
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::BTreeSet;

/// Crate, and the crates it may import, for its tests too.
const ALLOWED: [(&str, &[&str]); 25] = [
    // the ground
    ("wire", &[]),
    ("keys", &[]),
    ("scheme", &["wire", "keys"]),
    // files and folders: for both towers
    ("disk", &[]),
    // the card's tower
    ("cos", &["wire", "keys", "scheme"]),
    ("applets", &["cos", "wire", "keys", "scheme"]),
    ("vcard", &["applets", "cos", "wire", "keys", "scheme", "disk"]),
    // the host's tower
    ("reader", &["wire", "keys", "scheme", "disk"]),
    ("issue", &["reader", "wire", "keys", "scheme"]),
    ("kdc", &["issue", "reader", "wire", "keys", "scheme"]),
    ("office", &["issue", "reader", "wire", "keys", "scheme", "disk"]),
    ("meter", &["reader", "wire", "keys", "scheme"]),
    ("line", &["wire", "scheme"]),
    ("phone", &["reader", "wire", "scheme"]),
    ("client", &["wire", "keys", "scheme"]),
    ("handset", &["client", "keys", "scheme"]),
    ("smpp", &["wire", "keys", "scheme"]),
    ("server", &["client", "reader", "wire", "keys", "scheme", "disk"]),
    // the middle storey
    (
        "parties",
        &[
            "reader", "issue", "kdc", "office", "meter", "phone", "client", "server", "wire", "keys",
            "scheme", "disk",
        ],
    ),
    ("lens", &["wire", "keys", "scheme", "cos", "applets", "vcard", "reader"]),
    (
        "world",
        &[
            "wire", "keys", "scheme", "disk", "cos", "applets", "vcard", "reader", "issue", "kdc", "office",
            "meter", "line", "phone", "client", "server", "parties",
        ],
    ),
    // what other people's tests use
    (
        "gridcard",
        &[
            "wire", "keys", "scheme", "disk", "cos", "applets", "vcard", "reader", "issue", "kdc", "office",
            "meter", "line", "phone", "client", "server", "parties", "lens", "world",
        ],
    ),
    // the roof
    (
        "service",
        &[
            "wire", "keys", "scheme", "disk", "reader", "issue", "kdc", "office", "meter", "phone", "client",
            "smpp", "server", "parties",
        ],
    ),
    (
        "cli",
        &[
            "wire", "keys", "scheme", "disk", "cos", "applets", "vcard", "reader", "issue", "kdc", "office",
            "meter", "line", "phone", "client", "handset", "server", "parties", "lens", "world", "service",
        ],
    ),
    (
        "tests",
        &[
            "wire", "keys", "scheme", "disk", "cos", "applets", "vcard", "reader", "issue", "kdc", "office",
            "meter", "line", "phone", "client", "handset", "smpp", "server", "parties", "lens", "world",
            "gridcard", "service", "cli",
        ],
    ),
];

const CARDS_TOWER: [&str; 3] = ["cos", "applets", "vcard"];
const HOSTS_TOWER: [&str; 11] =
    ["reader", "issue", "kdc", "office", "meter", "line", "phone", "client", "handset", "smpp", "server"];

/// The members of the workspace, as their manifests have them.
fn members() -> Vec<Package> {
    let manifest = tree::root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap().packages
}

/// `gridcard-wire` is `wire`, the facade bears the name alone; a crate of others is none.
fn ours(name: &str) -> Option<&str> {
    if name == "gridcard" { Some(name) } else { name.strip_prefix("gridcard-") }
}

#[test]
fn every_crate_of_the_workspace_has_its_place() {
    let members = members();
    let found: BTreeSet<&str> = members.iter().filter_map(|package| ours(&package.name)).collect();
    assert_eq!(found.len(), members.len(), "a member of the workspace is named otherwise than gridcard-...");
    assert_eq!(found, ALLOWED.iter().map(|(name, _)| *name).collect());
}

#[test]
fn arrows_point_only_where_they_may() {
    let members = members();
    let mut complaints = Vec::new();
    for package in &members {
        let name = ours(&package.name).unwrap();
        let (_, allowed) = ALLOWED.iter().find(|(crate_name, _)| *crate_name == name).unwrap();
        for dependency in &package.dependencies {
            let Some(target) = ours(&dependency.name) else { continue };
            // a crate of ours from a registry would be another crate
            assert!(dependency.path.is_some(), "{name} takes {target} from elsewhere");
            if !allowed.contains(&target) {
                let tests =
                    if dependency.kind == DependencyKind::Development { " (for its tests)" } else { "" };
                complaints.push(format!("{name} imports {target}{tests}; it may import {allowed:?}"));
            }
        }
    }
    tree::none(&complaints);
}

/// The table itself: no tower in the other's list, and no cycle.
#[test]
fn the_table_keeps_the_towers_apart() {
    for (place, (name, allowed)) in ALLOWED.iter().enumerate() {
        let earlier: Vec<&str> = ALLOWED[..place].iter().map(|(name, _)| *name).collect();
        assert!(
            allowed.iter().all(|target| earlier.contains(target)),
            "{name} may import what stands after it"
        );
        let other: &[&str] = if CARDS_TOWER.contains(name) {
            &HOSTS_TOWER
        } else if HOSTS_TOWER.contains(name) || *name == "parties" {
            // a virtual card comes to the parties through `Cards` alone
            &CARDS_TOWER
        } else {
            continue;
        };
        assert!(!allowed.iter().any(|target| other.contains(target)), "{name} may import the other tower");
    }
}
