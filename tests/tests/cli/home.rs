//! A home that is looked over, copied away, put back and brought up to date.

use crate::command::Call;
use crate::world::{Party, World, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn home(world: &World, home: &Path, args: &[&str]) -> crate::command::Ran {
    Call::plain(&world.path(""), args).with(&["--home", text(home)]).run()
}

#[test]
fn a_home_is_copied_away_and_put_back_whole() {
    let world = World::new();
    let (own, archive) = (world.path("home"), world.path("kept.tar"));
    home(&world, &own, &["home", "check"]).ok().shows(&["province", "bank", "city-33020000"]);
    let said = home(&world, &own, &["home", "backup", text(&archive), "--json"]).ok().object();
    assert!(said["files"].as_u64().unwrap() > 10, "{said}");
    assert_eq!(said["parties"].as_object().unwrap().len(), 5);
    let mode = fs::metadata(&archive).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds keys");
    home(&world, &own, &["home", "backup", text(&archive)]).fails(1, &["is there already"]);
    home(&world, &own, &["home", "restore", text(&archive)]).fails(1, &["is not empty", "--home DIR"]);

    let other = world.path("other");
    let put = home(&world, &other, &["home", "restore", text(&archive), "--json"]).ok().object();
    assert_eq!(put["files"], said["files"]);
    home(&world, &other, &["home", "check"]).ok();
    let card = |home: &Path| fs::read(home.join("bank/psams/330200000001.card")).unwrap();
    assert_eq!(card(&own), card(&other));
    // The act is in the logs of both, and the logs hold.
    for (place, act) in [(&own, "home backup"), (&other, "home restore")] {
        for party in ["province", "bank"] {
            let log = fs::read_to_string(place.join(party).join("audit.jsonl")).unwrap();
            assert!(log.lines().last().unwrap().contains(act), "{party}: {act}");
        }
    }
    home(&world, &other.join("bank"), &["server", "audit", "verify"]).ok().shows(&["findings    0"]);
}

#[test]
fn a_backup_that_was_cut_or_changed_puts_nothing_back() {
    let world = World::new();
    let archive = world.path("kept.tar");
    home(&world, &world.path("home"), &["home", "backup", text(&archive)]).ok();
    let whole = fs::read(&archive).unwrap();
    let place = whole.windows(8).rposition(|bytes| bytes == b"GRIDCARD").unwrap();
    let mut changed = whole.clone();
    changed[place + 200] ^= 1;
    let mut renamed = whole.clone();
    let list = b"gridcard backup 1";
    let at = renamed.windows(list.len()).position(|bytes| bytes == list).unwrap();
    renamed[at + list.len() - 1] = b'9';
    for (bytes, words) in [
        (&whole[..whole.len() / 2], "cut"),
        (&changed[..], "is not what its list says"),
        (&renamed[..], "gridcard backup 9"),
        (&b"no archive at all"[..], "archive"),
        (&[][..], "no backup of a home"),
    ] {
        let (file, other) = (world.path("bad.tar"), world.path("other"));
        fs::write(&file, bytes).unwrap();
        home(&world, &other, &["home", "restore", text(&file)]).fails(1, &[words]);
        assert!(!other.exists(), "{words}: nothing is put back");
    }
}

#[test]
fn what_is_wrong_in_a_home_is_named() {
    let world = World::new();
    let own = world.path("home");
    let store = world.folder(Party::Bank).join("server.sqlite");
    let open_to_all = || fs::set_permissions(&store, fs::Permissions::from_mode(0o644)).unwrap();
    open_to_all();
    let card = world.folder(Party::City).join("esam-issuing.card");
    let image = fs::read(&card).unwrap();
    fs::write(&card, &image[..image.len() - 1]).unwrap();
    home(&world, &own, &["home", "check"])
        .fails(1, &["finding(s)"])
        .shows(&["server.sqlite: others may read it (mode 644)", "esam-issuing.card is damaged"]);
    // Whatever opens a store puts its mode right.
    open_to_all();
    let said = home(&world, &own, &["home", "check", "--json"]);
    assert_eq!(said.failed(1).object()["findings"], 2);
}

#[test]
fn a_store_of_a_newer_program_stops_everything() {
    let world = World::new();
    let own = world.path("home");
    let store = world.folder(Party::City).join("office.sqlite");
    rusqlite::Connection::open(&store)
        .unwrap()
        .execute("INSERT INTO schema_version (version) VALUES (99)", [])
        .unwrap();
    home(&world, &own, &["home", "upgrade"]).fails(1, &["schema version 99", "use the newer program"]);
    home(&world, &own, &["home", "check"]).fails(1, &["finding"]).shows(&["it is of a newer program"]);
    home(&world, &own, &["stock", "list"]).fails(1, &["newer"]);
}

#[test]
fn stores_of_an_older_schema_are_brought_up_to_date() {
    let world = World::new();
    let own = world.path("home");
    let said = home(&world, &own, &["home", "upgrade", "--json"]).ok().object();
    let stores = said["stores"].as_array().unwrap();
    assert!(stores.len() >= 3, "{said}");
    assert!(stores.iter().all(|store| store["from"] == store["to"]), "{said}");
}
