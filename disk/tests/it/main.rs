//! What stands on the disk, looked at from outside.
#![cfg(test)]
#![cfg(unix)]

mod table;

use gridcard_disk::{
    Durability, InPlace, create, create_folder, keep_folder_private, open_to_append, prepare_database,
    remove_leftovers, replace, replace_with,
};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

const BOTH: [Durability; 2] = [Durability::Synced, Durability::Soon];

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The mask is the process's; every test here means the widest.
fn no_mask() {
    rustix::process::umask(rustix::fs::Mode::empty());
}

#[test]
fn a_file_is_its_owners_under_any_mask_and_takes_no_mode_over() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    for durability in BOTH {
        let path = folder.path().join("a");
        replace(&path, b"one", durability).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"one".to_vec()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        replace(&path, b"two", durability).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"two".to_vec()));
        assert_eq!(names(folder.path()), ["a"]);
    }
}

#[test]
fn a_link_in_the_targets_place_is_neither_followed_nor_replaced() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, &link).unwrap();
    let words = "it is a symbolic link, and a link is not followed to write";
    let errors = [
        replace(&link, b"x", Durability::Synced).unwrap_err(),
        replace(&link, b"x", Durability::Soon).unwrap_err(),
        open_to_append(&link).unwrap_err(),
        prepare_database(&link).unwrap_err(),
        InPlace::open(&link).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, words));
    }
    assert_eq!(create(&link, b"x", Durability::Soon).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    assert!(link.is_symlink());
    assert_eq!(names(folder.path()), ["link", "victim"]);
}

/// Whoever may write in the folder can lay a link under a name he knows; he cannot know this one.
#[test]
fn a_planted_name_new_is_not_used() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let (victim, path) = (folder.path().join("victim"), folder.path().join("a"));
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, folder.path().join("a.new")).unwrap();
    symlink(&victim, folder.path().join(".a.new")).unwrap();
    for durability in BOTH {
        replace(&path, b"secret", durability).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
    }
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
}

#[test]
fn what_is_no_file_is_refused_and_nothing_half_written_stays() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let error = replace(&taken, b"x", Durability::Soon).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::InvalidInput, "it is no regular file")
    );
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let failed = replace_with(&path, Durability::Synced, |file| {
        file.write_all(b"half")?;
        Err(std::io::Error::other("enough"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "enough");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a", "taken"]);
}

#[test]
fn a_new_file_never_takes_anothers_place() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    create(&path, b"first", Durability::Synced).unwrap();
    assert_eq!(mode(&path), 0o600);
    let error = create(&path, b"second", Durability::Synced).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn logs_and_databases_of_a_wider_mode_are_brought_to_their_owner() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    fs::write(&log, "one\n").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).unwrap();
    open_to_append(&log).unwrap().write_all(b"two\n").unwrap();
    assert_eq!((mode(&log), fs::read(&log).unwrap()), (0o600, b"one\ntwo\n".to_vec()));
    let database = folder.path().join("db");
    let wal = folder.path().join("db-wal");
    fs::write(&wal, "").unwrap();
    fs::set_permissions(&wal, fs::Permissions::from_mode(0o644)).unwrap();
    prepare_database(&database).unwrap();
    assert_eq!((mode(&database), mode(&wal)), (0o600, 0o600));
}

#[test]
fn folders_are_their_owners() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    create_folder(&deep).unwrap();
    create_folder(&deep).unwrap();
    for made in [&deep, &folder.path().join("a/b"), &folder.path().join("a")] {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o755)).unwrap();
    keep_folder_private(&deep);
    assert_eq!(mode(&deep), 0o700);
}

/// What a killed program left is known by a name that nothing else gives, and by its age; all else stays, whatever it looks like.
#[test]
fn what_a_killed_program_left_goes_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let now = SystemTime::now();
    let before = now - Duration::from_secs(3600);
    let left = ".psam.card.0123456789abcdef.new";
    let others = [
        "psam.card",
        ".psam.card.new",
        ".psam.card.0123456789abcde.new",
        ".psam.card.0123456789ABCDEF.new",
        ".psam.card.0123456789abcdeg.new",
        "psam.card.0123456789abcdef.new",
        ".psam.card.0123456789abcdef.old",
        "..0123456789abcdef.new",
        ".0123456789abcdef.new",
    ];
    let young = ".psam.card.fedcba9876543210.new";
    for name in others.iter().chain([&left, &young]) {
        fs::write(place(name), "x").unwrap();
        let file = fs::File::options().write(true).open(place(name)).unwrap();
        let written = if *name == young { now } else { before - Duration::from_secs(1) };
        file.set_modified(written).unwrap();
    }
    let (link, inner) = (".link.0123456789abcdef.new", ".folder.0123456789abcdef.new");
    symlink(place("psam.card"), place(link)).unwrap();
    fs::create_dir(place(inner)).unwrap();
    let all = names(folder.path());
    assert_eq!(remove_leftovers(folder.path(), before).unwrap(), [place(left)]);
    let mut stay = all;
    stay.retain(|name| name != left);
    assert_eq!(names(folder.path()), stay);
    assert_eq!(stay.len(), others.len() + 3);
    assert!(remove_leftovers(folder.path(), before).unwrap().is_empty());
    assert!(remove_leftovers(&place("nowhere"), before).unwrap().is_empty());
}

/// The name that is looked for is the one a killed program leaves.
#[test]
fn the_file_beside_is_known_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut beside = Vec::new();
    replace_with(&path, Durability::Soon, |_| {
        // At this moment a program could be killed.
        beside = remove_leftovers(folder.path(), SystemTime::now() + Duration::from_secs(60))?;
        Err::<(), _>(std::io::Error::other("killed"))
    })
    .unwrap_err();
    assert_eq!(beside.len(), 1, "{beside:?}");
}

#[test]
fn a_file_is_changed_in_its_place() {
    no_mask();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    assert_eq!(InPlace::open(&path).unwrap_err().kind(), ErrorKind::NotFound, "it is never made");
    fs::write(&path, b"0123456789").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let mut file = InPlace::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    file.write(8, b"xy").unwrap();
    file.write(2, b"ab").unwrap();
    file.sync().unwrap();
    assert_eq!(file.content().unwrap(), b"01ab4567xy");
    assert_eq!(fs::read(&path).unwrap(), b"01ab4567xy");
    // Under another name it is found still; without one nobody finds it.
    let other = folder.path().join("b");
    fs::rename(&path, &other).unwrap();
    file.write(0, b"_").unwrap();
    file.sync().unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"_1ab4567xy");
    replace(&other, b"another", Durability::Soon).unwrap();
    file.write(0, b"-").unwrap();
    let error = file.sync().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("taken away"), "{error}");
    assert_eq!(fs::read(&other).unwrap(), b"another");
    assert!(InPlace::open(folder.path()).unwrap_err().to_string().contains("no regular file"));
}
