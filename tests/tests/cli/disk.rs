//! A disk that takes nothing while a card's image or the bank's database is written: what was there stays, byte for byte. (A card's
//! image never grows, so no disk is too full for it; what a disk that breaks off midway leaves is tested with `vcard`.)

use crate::command::Ran;
use crate::world::{CHEN, Kind, Party, World, text};
use std::path::Path;

/// Less than any card image.
const KIB: u32 = 4;
/// More than a PSAM's image, less than the bank's database.
const PSAM_ALONE: u32 = 16;

/// Nothing half-written lies about.
#[track_caller]
fn no_leftovers(folder: &Path) {
    let left: Vec<_> = World::bytes(folder).into_keys().filter(|path| text(path).ends_with(".new")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs an act while the file of a card does not let itself be written: a link to it stands in its place.
#[track_caller]
fn unwritable(world: &World, card: &Path, act: impl FnOnce() -> Ran) -> Ran {
    let (bytes, away) = (std::fs::read(card).unwrap(), world.path("away.card"));
    std::fs::rename(card, &away).unwrap();
    std::os::unix::fs::symlink(&away, card).unwrap();
    let ran = act();
    std::fs::remove_file(card).unwrap();
    std::fs::rename(&away, card).unwrap();
    assert!(std::fs::read(card).unwrap() == bytes, "{} was touched", card.display());
    no_leftovers(card.parent().unwrap());
    ran
}

#[test]
fn an_order_that_the_disk_does_not_take_leaves_the_sim_as_it_was() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let refused = unwritable(&world, &world.sim(&CHEN), || world.write_call(&CHEN, &order).run());
    refused.fails(1, &["the card's memory could not be kept", CHEN.iccid, "link is not followed"]);
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_credit_that_the_disk_does_not_take_is_no_credit() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    let (money, sim) = (world.money(), std::fs::read(world.sim(&CHEN)).unwrap());
    let refused = unwritable(&world, &world.esam(&CHEN), || world.insert(&CHEN, &CHEN).run());
    refused.fails(1, &["Err-31 (card error 2, esam)", "the card's memory could not be kept", "esam.card"]);
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == sim);
    assert_eq!(world.money(), money);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    assert_eq!(world.purse(&CHEN).credited, 5000);
}

/// It stops the receipt, not the credit.
#[test]
fn a_receipt_that_the_disk_does_not_take_is_written_at_the_next_insertion() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    let ran = unwritable(&world, &world.sim(&CHEN), || world.insert(&CHEN, &CHEN).run());
    ran.fails(1, &["card error 19, write-back", "insert the SIM again"]);
    assert_eq!(world.purse(&CHEN).credited, 5000);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["the receipt was written again"]);
    assert_eq!(world.purse(&CHEN).credited, 5000, "credited twice");
    world.settle(&world.collect(&CHEN)).ok().shows(&["settled"]);
    assert_eq!(world.books()["settled_fen"], 5000);
}

#[test]
fn a_sale_that_does_not_fit_on_disk_is_no_sale() {
    let world = World::new();
    let (money, bank) = (world.money(), world.folder(Party::Bank));
    let record = world.fresh("-order.sms");
    // No room for anything; then for the PSAM, but not for the database.
    for kib in [KIB, PSAM_ALONE] {
        let full = world.order_call(&CHEN, "50", &record).on_small_disk(kib).run();
        full.fails(1, &["server.sqlite", "the disk failed under the database"]);
        assert_eq!(world.money(), money);
        assert!(!record.exists());
        no_leftovers(&bank);
    }
    world.order_call(&CHEN, "50", &record).run().ok();
    world.write(&CHEN, &record);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    assert_eq!(world.books()["sold_fen"], 5000);
}

#[test]
fn a_receipt_settled_on_a_full_disk_is_not_settled() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    let books = world.books();
    let settle = || world.bank(&["server", "settle", text(&receipt), "--pin-file", "pin"]);
    settle().on_small_disk(PSAM_ALONE).run().fails(1, &["the disk failed under the database"]);
    assert_eq!(world.books(), books);
    settle().run().ok().shows(&["settled"]);
    assert_eq!(world.books()["settled_fen"], 5000);
}

#[test]
fn a_province_that_does_not_fit_on_disk_can_begin_again() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    let init =
        || world.province(&["kdc", "init", "--test-root", "--pin-file", "pin", "--second-pin-file", "pin2"]);
    init().on_small_disk(KIB).run().fails(1, &["main-control.card"]);
    assert!(!world.folder(Party::Province).join("main-control.card").exists());
    no_leftovers(&world.home(Party::Province));
    init().run().ok();
    world.issue_card("psam-issuing", "000000000002").run().ok();
}

/// What a killed command left in a party's folder goes at its next act, when it is a day old; a look removes nothing.
#[test]
fn what_a_killed_command_left_goes_after_a_day() {
    let world = World::new();
    let city = world.folder(Party::City);
    let out = city.join("out");
    let places = [&city, &out].map(|folder| folder.join(".psam-issuing.card.0123456789abcdef.new"));
    let young = out.join(".esam.card.fedcba9876543210.new");
    for path in places.iter().chain([&young]) {
        std::fs::write(path, "half of a card").unwrap();
    }
    let hours = |n: u64| std::time::SystemTime::now() - std::time::Duration::from_secs(n * 3600);
    for (path, age) in [(&places[0], 25), (&places[1], 25), (&young, 23)] {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(hours(age)).unwrap();
    }
    world.city(&["city", "audit", "head"]).run().ok();
    assert!(places.iter().all(|path| path.exists()), "a look removed something");
    let ran = world.city(&["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"]).run().ok();
    for path in &places {
        assert!(!path.exists() && ran.stderr.contains(&format!("removed {}", text(path))), "{ran:?}");
    }
    assert!(young.exists());
}

#[test]
fn an_esam_that_does_not_fit_on_disk_is_issued_later() {
    let world = World::new();
    let issue = || world.city(&["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"]);
    let before = World::bytes(&world.folder(Party::City).join("out"));
    issue().on_small_disk(KIB).run().fails(1, &["the disk failed under the store", "hint: make room"]);
    assert!(World::bytes(&world.folder(Party::City).join("out")) == before);
    issue().run().ok().shows(&["000020181199"]);
}
