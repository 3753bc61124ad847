//! The key store: it makes the same cards, needs two for every act, and does not open when it was changed.

use super::*;

/// The key store makes the same card, byte for byte, as the main control card.
#[test]
fn the_key_store_makes_the_cards_that_the_main_control_card_makes() {
    let world = empty();
    found(&world, "home", &["--test-root", PINS[0], PINS[1], PINS[2], PINS[3]]).ok();
    let made = |folder: &str, more: &[&str], stdin: &str| {
        fs::create_dir(world.path(folder)).unwrap();
        for file in ["pin", "pin2"] {
            fs::copy(world.path(file), world.path(folder).join(file)).unwrap();
        }
        World::bytes(&world.path("home")).iter().for_each(|(path, bytes)| {
            let to = world.path(folder).join("home").join(path.strip_prefix(world.path("home")).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        });
        let at = world.now().add_seconds(600).unwrap();
        let home = world.path(folder).join("home");
        let ran = Call::new(&world.path(folder), &home, at, &issue_card("000000000002", "new.card"));
        ran.with(more).stdin(stdin).run().ok();
        fs::read(world.path(folder).join("new.card")).unwrap()
    };
    let by_card = made("by card", &PINS, "");
    let by_store = made("by store", &["--from-keystore"], &opening(0, 2));
    assert!(by_card == by_store);
}

/// A formal root lives without a card; acts on it need two, and the log says who.
#[test]
fn a_formal_root_in_a_key_store_needs_two_for_every_act() {
    let world = empty();
    let ran = found(&world, "home", &["--entropy", "--json"]).ok();
    assert_eq!((&ran.object()["state"], &ran.object()["card"]), (&"formal".into(), &Value::Null));
    world
        .province(&["card", "new", "--kind", "psam-issuing", "--formal-on-virtual", "blank.card"])
        .with(world.transport())
        .run()
        .ok();
    let args = issue_card("000000000002", "blank.card");
    let alone = lines(&[CUSTODIANS[0].0, CUSTODIANS[0].1]);
    call(&world, "home", &args)
        .with(&["--from-keystore"])
        .stdin(&alone)
        .run()
        .fails(2, &["no custodian was named"]);
    let twice = alone.repeat(2);
    call(&world, "home", &args)
        .with(&["--from-keystore"])
        .stdin(&twice)
        .run()
        .fails(1, &["li ming has opened already: another custodian is needed"]);
    call(&world, "home", &args).with(&["--from-keystore"]).stdin(&opening(1, 2)).run().ok();
    let log = call(&world, "home", &["kdc", "audit", "show", "--json"]).run().ok().object();
    let opened =
        log["entries"].as_array().unwrap().iter().find(|entry| entry["act"] == "open-key-store").unwrap();
    assert_eq!(opened["facts"]["custodians"], "wang fang, zhao wei");
    assert_eq!(opened["facts"]["for"], "psam-issuing card 000000000002");
}

#[test]
fn passphrases_and_custodians_change_by_two() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let new = opening(0, 2) + &lines(&["another lamp, with oil", "another lamp, with oil"]);
    let change = ["kdc", "keystore", "passphrase", "--custodian", "wang fang"];
    let differ = opening(0, 2) + &lines(&["another lamp, with oil", "another lamp with oil"]);
    call(&world, "home", &change)
        .stdin(&differ)
        .run()
        .fails(1, &["the two passphrases of wang fang are not the same"]);
    let short = opening(0, 2) + &lines(&["short"]);
    call(&world, "home", &change).stdin(&short).run().fails(1, &["at least 10 characters, this has 5"]);
    call(&world, "home", &change).stdin(&new).run().ok();
    call(&world, "home", &["kdc", "keystore", "check"])
        .stdin(&opening(1, 0))
        .run()
        .fails(1, &["the passphrase of wang fang is wrong"]);
    let now = lines(&["wang fang", "another lamp, with oil", CUSTODIANS[0].0, CUSTODIANS[0].1]);
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&now).run().ok();
    // Two hand over to others.
    let reshare = [
        "kdc",
        "keystore",
        "reshare",
        "--threshold",
        "2",
        "--custodian",
        "sun li",
        "--custodian",
        "qian duo",
    ];
    let typed = now + &lines(&["a stone bridge", "a stone bridge", "no bridge at all", "no bridge at all"]);
    call(&world, "home", &reshare).stdin(&typed).run().ok();
    call(&world, "home", &["kdc", "keystore", "check"])
        .stdin(&opening(0, 2))
        .run()
        .fails(1, &["this key store has no custodian of the name that was given"]);
    let new = lines(&["qian duo", "no bridge at all", "sun li", "a stone bridge"]);
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&new).run().ok();
    let shown = call(&world, "home", &["kdc", "keystore", "show", "--json"]).run().ok().object();
    assert_eq!((&shown["generation"], &shown["threshold"]), (&3.into(), &2.into()));
}

#[test]
fn a_key_store_that_was_changed_does_not_open() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let path = world.path("home/province/roots.keystore");
    let good = fs::read(&path).unwrap();
    let check = || call(&world, "home", &["kdc", "keystore", "check"]).stdin(&opening(0, 1)).run();
    let mut bytes = good.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    check().fails(1, &["the key store was changed: its seal is broken", "hint: put back the copy"]);
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    check().fails(1, &["the key store is cut off"]);
    // Another province's store is sound in itself; the record of the ceremony tells.
    found(&world, "other", &[&["--test-root"][..], &PINS].concat()).ok();
    fs::copy(world.path("other/province/roots.keystore"), &path).unwrap();
    check().fails(1, &["the record is of formal 3des roots, these are test 3des roots"]);
    fs::write(&path, &good).unwrap();
    check().ok();
}
