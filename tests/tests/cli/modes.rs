//! Who may read what a life leaves behind: its owner alone, whatever the umask; and that nothing is written through a link
//! which somebody else laid there.

use crate::command::Call;
use crate::world::{CHEN, Party, World, text};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Everything below a folder, the folder itself among it.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() { found.extend(everything(&path)) } else { found.push(path) }
    }
    found
}

/// Files 0600, folders 0700.
#[track_caller]
fn are_private(paths: &[PathBuf]) {
    let wrong: Vec<String> = paths
        .iter()
        .filter(|path| mode(path) != if path.is_dir() { 0o700 } else { 0o600 })
        .map(|path| format!("{:04o} {}", mode(path), path.display()))
        .collect();
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn a_whole_life_under_the_widest_mask_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| Call::plain(folder.path(), args).with(&["--home", "life"]).unmasked();
    run(&["demo", "--meters", "3", "--keep-records", "--trace", "life.trace"]).run().ok();
    fs::write(folder.path().join("pin"), "123456").unwrap();
    fs::write(folder.path().join("more.csv"), "number\n000020999901\n000020999902\n").unwrap();
    let batch = ["issue", "esam", "--batch", "more.csv", "--yes", "--pin-file", "pin", "--seed", "7"];
    run(&batch).with(&["--at", "2027-01-01T08:00:00"]).run().ok();
    run(&["issue", "take", "--all", "--at", "2027-01-01T09:00:00"]).run();
    run(&["card", "new", "life/new.card", "--kind", "psam"]).run().ok();
    let found = everything(&folder.path().join("life"));
    for name in [
        "audit.jsonl",
        "audit.head",
        "office.sqlite",
        "server.sqlite",
        "flash.json",
        "esam.card",
        "main-control.card",
        "ceremony.json",
        "role.json",
        "new.card",
    ] {
        assert!(found.iter().any(|path| path.ends_with(name)), "{name} is not in the life: {found:?}");
    }
    let some = |begin: &str| {
        found.iter().filter_map(|path| path.file_name()).any(|name| text(Path::new(name)).starts_with(begin))
    };
    assert!(some("pairing-") && some("batch-"), "{found:?}");
    are_private(&found);
    are_private(&[folder.path().join("life.trace")]);
}

/// The books have a write-ahead log beside them while they are open, with every order in it.
#[test]
fn what_sqlite_lays_beside_a_database_is_its_owners_too() {
    let folder = tempfile::tempdir().unwrap();
    Call::plain(folder.path(), &["demo", "--meters", "1", "--home", "life"]).unmasked().run().ok();
    let books = folder.path().join("life/bank/server.sqlite");
    let beside = ["server.sqlite-wal", "server.sqlite-shm"].map(|name| books.with_file_name(name));
    // Another program that looks keeps both there.
    let look = server::Store::open(&books, server::store::Options::default()).unwrap();
    for path in &beside {
        assert!(path.exists(), "{}", path.display());
    }
    are_private(&beside);
    drop(look);
}

/// Homes of an older make are wider: whoever acts in one closes it.
#[test]
fn an_older_home_is_closed_when_it_is_used() {
    let world = World::new();
    let folder = world.folder(Party::City);
    let (log, store) = (folder.join("audit.jsonl"), folder.join("office.sqlite"));
    let widen = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    widen(&folder, 0o755);
    widen(&log, 0o644);
    widen(&store, 0o644);
    world.city(&["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"]).run().ok();
    assert_eq!((mode(&folder), mode(&log), mode(&store)), (0o700, 0o600, 0o600));
}

#[test]
fn a_link_under_the_name_new_is_not_followed() {
    let world = World::new();
    let victim = world.file("victim", "untouched");
    let esam = world.esam(&CHEN);
    let planted = [
        esam.with_file_name("esam.card.new"),
        esam.with_file_name("flash.json.new"),
        world
            .sim(&CHEN)
            .with_file_name(format!("{}.new", text(Path::new(world.sim(&CHEN).file_name().unwrap())))),
        world.folder(Party::City).join("audit.head.new"),
    ];
    for place in &planted {
        symlink(&victim, place).unwrap();
    }
    world.purchase(&CHEN, "50");
    world.city(&["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"]).run().ok();
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    assert_eq!(world.purse(&CHEN).credited, 5000);
}

#[test]
fn a_link_in_the_place_of_a_file_is_refused_in_words() {
    const WORDS: &str = "it is a symbolic link, and a link is not followed to write";
    let world = World::new();
    let victim = world.file("victim", "untouched");
    let trace = world.path("trace");
    symlink(&victim, &trace).unwrap();
    let esam = world.esam(&CHEN);
    let show = ["card", "show", text(&esam), "--trace", "trace"];
    world.meters(&show).run().fails(1, &["cannot write the trace", WORDS]);
    let log = world.folder(Party::City).join("audit.jsonl");
    let kept = world.path("kept.jsonl");
    fs::rename(&log, &kept).unwrap();
    symlink(&kept, &log).unwrap();
    let before = fs::read(&kept).unwrap();
    let issue = ["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"];
    world.city(&issue).run().fails(1, &["audit.jsonl", WORDS]);
    assert_eq!(fs::read(&kept).unwrap(), before);
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
}
