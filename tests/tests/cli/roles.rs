//! Roles: five parties on machines of their own, and what happens when one does another's work.

use crate::world::{CHEN, CUSTOMERS, Kind, PSAM, Party, REGION, World, text};
use std::collections::BTreeSet;

const APART: Kind = Kind { apart: true, formal: false, suite: "3des" };

/// The whole life, with nothing between the homes but cards, pairing files, records, and the lists of the bank and
/// the city.
#[test]
fn five_parties_need_nothing_of_each_other_but_what_crosses() {
    let world = World::of(APART);
    for customer in CUSTOMERS {
        world.purchase(customer, "50");
        world
            .meters(&["meter", "consume", customer.meter, "--kwh", "200"])
            .run()
            .ok()
            .shows(&["open (no current)"]);
        world.purchase(customer, "30.50");
        let purse = world.purse(customer);
        assert_eq!((purse.credited, purse.count), (8050, 2));
    }
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["settled_fen"]), (&24_150.into(), &24_150.into()));
    for party in Party::ALL {
        let home = world.home(party);
        let folders: Vec<_> =
            std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(folders, [party.folder().as_str()], "a home holds another party's folder");
    }
    // What crossed, and has no other copy: a card is in one place only.
    let cards: Vec<_> = Party::ALL.iter().flat_map(|party| World::bytes(&world.home(*party))).collect();
    let cards: Vec<_> = cards.into_iter().filter(|(path, _)| text(path).ends_with(".card")).collect();
    let different: BTreeSet<_> = cards.iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(
        cards.len(),
        3 + 1 + 3 + 3,
        "main control and two issuing cards, a PSAM, three ESAMs, three SIMs"
    );
    assert_eq!(different.len(), cards.len());
}

/// A home may also be the party's folder itself.
#[test]
fn a_home_may_be_the_folder_of_a_party() {
    let world = World::new();
    let orders = world.bank(&["server", "orders"]).run().ok();
    let bank = world.folder(Party::Bank);
    let of_party = ["server", "orders", "--home", text(&bank)];
    let inside = crate::command::Call::plain(&world.path(""), &of_party).run().ok();
    assert_eq!(inside.stdout, orders.stdout);
}

/// An act of each party, on things that exist, so that nothing but the role can be at fault.
fn act(party: Party) -> Vec<&'static [&'static str]> {
    match party {
        Party::Province => vec![
            &["kdc", "status"],
            &["kdc", "init", "--test-root", "--pin-file", "pin", "--second-pin-file", "pin2"],
            &[
                "kdc",
                "issue-card",
                "psam-issuing",
                "--city",
                REGION,
                "--number",
                "000000000009",
                "--pin-file",
                "pin",
                "--second-pin-file",
                "pin2",
                "--card-pin-file",
                "pin",
                "--card-second-pin-file",
                "pin2",
            ],
        ],
        Party::City => vec![
            &["psam", "issue", "--number", PSAM, "--pin-file", "pin", "--card-pin-file", "pin"],
            &["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"],
        ],
        Party::Bank => vec![
            &["server", "register", "roster.csv"],
            &["server", "order", "--customer", CHEN.number, "--amount", "50", "--pin-file", "pin"],
            &["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin"],
            &["server", "resume", "--pin-file", "pin"],
            &["server", "settle", "receipt.sms", "--pin-file", "pin"],
            &["server", "orders"],
            &["server", "report"],
            &["server", "statement", "--customer", CHEN.number],
        ],
        Party::Meters => vec![
            &["meter", "list"],
            &["meter", "show", CHEN.meter],
            &["meter", "insert", CHEN.meter, "sim.card"],
            &["meter", "consume", CHEN.meter, "--kwh", "1"],
        ],
        Party::Sims => vec![&["sim", "new", "--iccid", "89860021047987991764", "--imsi", "460000207447768"]],
    }
}

#[test]
fn a_party_does_not_do_anothers_work() {
    let world = World::of(APART);
    world.file("receipt.sms", "");
    std::fs::copy(world.sim(&CHEN), world.path("sim.card")).unwrap();
    let homes = || Party::ALL.map(|party| World::bytes(&world.home(party)));
    let before = homes();
    for owner in Party::ALL {
        for worker in Party::ALL.into_iter().filter(|worker| *worker != owner) {
            let folder = world.folder(owner);
            for args in act(worker) {
                // In the folder that is another's, whatever the act.
                let inside = ["--home", text(&folder), "--seed", "7"];
                let call = crate::command::Call::plain(&world.path(""), args).with(&inside);
                call.run().fails(4, &["is the home of", "an act of"]);
            }
        }
    }
    assert!(homes() == before, "a refused act left something behind");
}

/// With a home that is the parent of another party's folder alone nothing is done either; it is a step that is missing, and no
/// offence: the same home may get a folder of the other party.
#[test]
fn a_party_does_not_do_anothers_work_beside_its_own_folder() {
    let world = World::of(APART);
    world.file("receipt.sms", "");
    for owner in [Party::Province, Party::City, Party::Bank] {
        for worker in
            [Party::Province, Party::City, Party::Bank].into_iter().filter(|worker| *worker != owner)
        {
            // Beginning a party of one's own beside another is no offence: `kdc init` is left out.
            for args in act(worker).into_iter().filter(|args| args[1] != "init") {
                let call = world.call(owner, args);
                call.run().fails(1, &["an act of", "and there is no", "hint: "]);
            }
        }
    }
}

/// A card that was handed over is in the new place only, and never lands on another.
#[test]
fn a_card_is_handed_over_once() {
    let world = World::new();
    let place = world.psam();
    let psam = std::fs::read(&place).unwrap();
    let copy = world.file("copy.card", &psam);
    world
        .bank(&["server", "open", text(&copy)])
        .run()
        .fails(1, &["330200000001.card is there already", "never overwritten"]);
    assert!(std::fs::read(&place).unwrap() == psam);
    assert!(copy.exists(), "the second PSAM was lost");
}
