//! Card files that are damaged, of another version or of another kind: named, and never touched.

use crate::command::Call;
use crate::world::{CHEN, Party, World, text};
use std::path::{Path, PathBuf};

/// Every command that reads this card file says these words, fails with 1, and leaves the file as it is.
#[track_caller]
fn refused(path: &Path, bytes: &[u8], calls: Vec<Call>, words: &str) {
    std::fs::write(path, bytes).unwrap();
    for call in calls {
        call.run().fails(1, &[words, path.file_name().unwrap().to_str().unwrap()]);
        assert!(std::fs::read(path).unwrap() == bytes, "{} was touched", path.display());
    }
}

/// Damages a card file in each way; `calls` are the commands that read it.
fn damage(path: &Path, calls: impl Fn() -> Vec<Call>) {
    let good = std::fs::read(path).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    refused(path, &[], calls(), "is not a card image");
    refused(path, b"GRIDCAR", calls(), "is not a card image");
    refused(
        path,
        b"not a card at all, but as long as the header of one would be, and longer",
        calls(),
        "is not a card image",
    );
    refused(path, &good[..40], calls(), "is damaged");
    refused(path, &good[..good.len() - 1], calls(), "is damaged: its header announces");
    refused(path, &[&good[..], &[0]].concat(), calls(), "is damaged: its header announces");
    // Version, kind, length, checksum of the header; then the chip, first byte and last.
    refused(path, &with(8, 4), calls(), "is a card image of version 4; this program reads versions 1 to 3");
    refused(path, &with(9, good[9] ^ 0x01), calls(), "is damaged: the checksum of its header is wrong");
    refused(path, &with(13, good[13] ^ 0x01), calls(), "is damaged: the checksum of its header is wrong");
    refused(path, &with(63, good[63] ^ 0x80), calls(), "is damaged: the checksum of its header is wrong");
    let none = "holds no card this program can run";
    refused(path, &with(64, good[64] ^ 0x01), calls(), &format!("{none}: the EEPROM holds no card"));
    let checksum = format!("{none}: the checksum of the EEPROM's first page is wrong");
    refused(path, &with(127, good[127] ^ 0x80), calls(), &checksum);
    std::fs::write(path, good).unwrap();
}

#[test]
fn a_damaged_sim_is_refused() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let money = world.money();
    let sim = world.sim(&CHEN);
    damage(&sim, || {
        vec![
            world.write_call(&CHEN, &order),
            world.insert(&CHEN, &CHEN),
            world.phones(&["card", "show", text(&sim)]),
        ]
    });
    assert_eq!(world.money(), money);
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_damaged_esam_is_refused() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    let sim = std::fs::read(world.sim(&CHEN)).unwrap();
    damage(&world.esam(&CHEN), || {
        vec![world.insert(&CHEN, &CHEN), world.meters(&["meter", "consume", CHEN.meter, "--kwh", "1"])]
    });
    assert!(std::fs::read(world.sim(&CHEN)).unwrap() == sim, "an order left the SIM for a broken ESAM");
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_damaged_psam_sells_nothing() {
    let world = World::new();
    let books = world.books();
    damage(&world.psam(), || vec![world.order_call(&CHEN, "50", &world.fresh("-order.sms"))]);
    assert_eq!(world.books(), books);
    world.order(&CHEN, "50");
}

#[test]
fn a_card_of_another_kind_is_refused() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let (sim, esam) = (world.sim(&CHEN), world.esam(&CHEN));
    // The bank's and the meters' logs say what was refused, and their stores keep the logs' ends; no card changes.
    let all = || {
        let mut all = World::bytes(&world.home(Party::Sims));
        all.retain(|path, _| text(path).ends_with(".card"));
        all
    };
    let before = all();
    let wrong = |call: Call, words: &[&str]| call.run().fails(1, words);
    wrong(world.phones(&["sim", "write", text(&esam), text(&order)]), &["of kind esam", "wants kind sim"]);
    wrong(
        world.meters(&["meter", "insert", CHEN.meter, text(&esam)]),
        &["of kind esam", "a SIM or a user card"],
    );
    wrong(world.bank(&["server", "open", text(&sim)]), &[text(&sim), "is a SIM"]);
    wrong(
        world.bank(&["server", "open", text(&esam)]),
        &["is a card of kind esam, the server works with a PSAM"],
    );
    wrong(
        world.city(&["city", "open", text(&esam)]),
        &["is a card of kind esam; a city works with issuing cards"],
    );
    let pairing = world.path(&format!("pairing-{}.json", CHEN.meter));
    let meter = ["meter", "new", "000020181199", "--esam", text(&sim), "--pairing", text(&pairing)];
    wrong(world.meters(&meter), &["pairing"]);
    assert!(all() == before, "a card moved or changed");
}

#[test]
fn a_card_that_is_not_there_is_an_empty_slot() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let absent = world.path("absent.card");
    let calls = [
        world.phones(&["sim", "write", text(&absent), text(&order)]),
        world.meters(&["meter", "insert", CHEN.meter, text(&absent)]),
        world.phones(&["card", "show", text(&absent)]),
    ];
    for call in calls {
        call.run().fails(3, &["absent.card"]);
    }
    assert!(!absent.exists());
}

/// A new card never takes the place of one that is there.
#[test]
fn a_new_card_replaces_nothing() {
    let world = World::new();
    let sim = world.sim(&CHEN);
    let before = std::fs::read(&sim).unwrap();
    let blank = world.phones(&["card", "new", text(&sim), "--kind", "esam"]);
    blank.run().fails(1, &["exists already"]);
    let again = world.phones(&["sim", "new", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi]);
    again.run().fails(1, &["is there already"]);
    assert!(std::fs::read(&sim).unwrap() == before);
    let cards: Vec<PathBuf> = World::bytes(&world.home(Party::Bank)).into_keys().collect();
    assert!(
        cards.iter().all(|path| !text(path).ends_with(".new")),
        "half-written files were left: {cards:?}"
    );
}
