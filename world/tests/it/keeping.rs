//! What a world leaves in its home: files of cards and messages where the home is kept, and nowhere else; the life is the same.

use crate::{BEGIN, SEED, world};
use gridcard_world::life::{Life, Lived};
use gridcard_world::{Suite, Town, World, people};
use std::collections::BTreeSet;
use std::path::Path;
use tempfile::TempDir;

fn lived(world: World) -> (Lived, u64) {
    let town = Town::new(world, people::made_up(3).unwrap(), Suite::TripleDes).unwrap();
    let lived = Life::new(&town, false).unwrap().live().unwrap();
    let apdus = town.world().traffic().apdus.load(std::sync::atomic::Ordering::Relaxed);
    (lived, apdus)
}

/// Endings of the names of all files below a folder.
fn endings(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut endings(&path));
        } else if let Some(end) = path.extension() {
            found.insert(end.to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn a_life_in_memory_is_the_life_that_is_kept() {
    let (passing, kept) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (in_memory, apdus) = lived(world(&passing));
    let home = kept.path().join("home");
    let (in_files, apdus_kept) = lived(World::kept(&home, BEGIN.parse().unwrap(), Some(SEED), "a test"));
    assert!(in_memory.report.is_sound());
    assert_eq!(in_memory.report, in_files.report);
    assert_eq!((in_memory.timeline, apdus), (in_files.timeline, apdus_kept));
    let (passing, kept) = (endings(&passing.path().join("home")), endings(&home));
    let [card, message, log] = ["card", "sms", "jsonl"];
    assert_eq!([card, message].map(|end| passing.contains(end)), [false, false], "{passing:?}");
    assert_eq!([card, message].map(|end| kept.contains(end)), [true, true], "{kept:?}");
    assert_eq!([&passing, &kept].map(|found| found.contains(log)), [true, true], "{passing:?}");
}
