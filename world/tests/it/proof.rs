//! The proofs themselves: they try something, they repeat, and a world without faults has none.

use gridcard_world::Suite;
use gridcard_world::bare::Seed;
use gridcard_world::proof::{self, Depth, Row, Years};

const SEED: Seed = Seed(7);

fn quiet() -> impl FnMut(&str) {
    |_: &str| {}
}

/// Every row was tried, something stopped it, and nothing went through.
fn holds(rows: &[Row], most_rows: usize) {
    assert!(rows.len() >= most_rows, "{} rows", rows.len());
    for row in rows {
        assert!(row.tried > 0 && !row.stopped_by.is_empty(), "{row:?}");
        assert_eq!(row.tried, row.stopped_by.values().sum::<u64>(), "{}", row.attack);
        assert!(row.holds(), "{}: {:?}", row.attack, row.violations);
    }
}

#[test]
fn nothing_bent_is_accepted() {
    for suite in Suite::ALL {
        let rows = proof::tamper(suite, SEED, &mut quiet()).unwrap();
        holds(&rows, 24);
        assert!(rows.iter().map(|row| row.tried).sum::<u64>() > 8000, "{}", suite.name());
    }
}

#[test]
fn no_secret_is_guessed() {
    holds(&proof::guess(Suite::TripleDes, SEED, &mut quiet()).unwrap(), 8);
}

#[test]
fn a_cut_anywhere_changes_nothing_in_the_end() {
    let rows = proof::cuts(Suite::Aes128, SEED, Depth::Single, &mut quiet()).unwrap();
    holds(&rows, 14);
    let tried: u64 = rows.iter().map(|row| row.tried).sum();
    assert!(tried > 400, "{tried} cuts");
    let of_server = rows.iter().filter(|row| row.attack.starts_with("server's supply or disk"));
    assert_eq!(of_server.map(|row| row.tried >= 3).collect::<Vec<_>>(), [true; 4]);
}

/// Every byte of a purchase over each line; `prove` tries each fourth.
#[test]
fn no_line_loses_or_doubles_a_purchase() {
    let rows = proof::lines(Suite::Aes128, SEED, 1, &mut quiet()).unwrap();
    holds(&rows, 23);
    let tried: u64 = rows.iter().map(|row| row.tried).sum();
    assert!(tried > 4500, "{tried} purchases");
    for row in rows.iter().filter(|row| row.attack.contains("cut at a byte")) {
        for seen in
            ["the same again brings the receipt and no money", "nothing had happened; the same again credits"]
        {
            assert!(row.stopped_by.get(seen).is_some_and(|times| *times > 15), "{row:?}");
        }
    }
    let beside: Vec<_> = rows.iter().filter(|row| row.attack.contains("another phone")).collect();
    assert!(beside.len() == 5 && beside.iter().all(|row| row.tried == 40), "{beside:?}");
    // A radio's link is one phone's: each purchase came through, the other waited or this one did.
    let radio = beside.iter().filter(|row| row.attack.starts_with('b'));
    assert!(
        radio.clone().count() == 2 && radio.clone().all(|row| row.stopped_by["the line repaired it"] == 40)
    );
    let set = rows.last().unwrap();
    assert_eq!(
        (set.tried, set.stopped_by["nothing had happened; the same again credits"]),
        (26, 26),
        "{set:?}"
    );
}

#[test]
fn a_world_repeats_from_its_seed_and_loses_nothing() {
    let what = Years { suite: Suite::Sm4, seed: SEED, days: 120, meters: 60, calm: false };
    let lived = proof::years(&what, &mut quiet()).unwrap();
    assert_eq!(lived.violations, Vec::<String>::new());
    assert!(lived.faults_in_all() > 20 && lived.orders > 40, "{lived:?}");
    assert_eq!(lived.sold_fen, lived.settled_fen + lived.refunded_fen);
    assert_eq!(proof::years(&what, &mut quiet()).unwrap(), lived, "the same seed, the same world");
    for fault in [
        "server's supply cut before a commit",
        "server's disk full",
        "bank refuses a debit",
        "bank takes a debit and says nothing",
        "phone's message lost",
        "old message of a phone sent again",
        "telephone's line to a meter cut",
        "line to a meter in noise",
        "line to a meter too far",
        "line to a meter askew",
        "another phone at a meter",
        "hand in a line to a meter",
        "bank's answer to a telephone lost",
        "valve jammed",
        "valve leaks",
        "battery of a valve low",
        "battery gave out while a valve moved",
        "magnet at a meter",
        "command to a valve without a proof",
        "flash disk pulled",
    ] {
        assert!(lived.faults.contains_key(fault), "{fault}: {:?}", lived.faults);
    }
    assert_eq!(lived.ways.len(), 6, "{:?}", lived.ways);
    assert_eq!(lived.ways.values().sum::<u64>(), lived.orders);
    let folder = tempfile::tempdir().unwrap();
    let books = server::Store::open(&folder.path().join("books"), server::Options::default()).unwrap();
    assert_eq!(proof::years_with(books, &what, &mut quiet()).unwrap(), lived, "in a file as in memory");
    let other = proof::years(&Years { seed: Seed(8), ..what }, &mut quiet()).unwrap();
    assert_ne!(other.faults, lived.faults);
    assert_eq!(other.violations, Vec::<String>::new());
    let picture = proof::picture(&lived);
    assert!(picture.contains("<polyline") && picture.contains("No violation"), "{picture}");
    assert!(lived.faults.keys().chain(lived.ways.keys()).all(|kind| picture.contains(kind)), "{picture}");
    let calm = proof::years(&Years { calm: true, ..what }, &mut quiet()).unwrap();
    assert_eq!((calm.faults_in_all(), calm.refunded_fen, calm.violations.len()), (0, 0, 0));
}

/// The attacks of the page, and the rows of the scoreboard it names for each.
fn table() -> Vec<(String, Vec<String>)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.split("| attack | rows |\n").nth(1).unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let (attack, rows) = line.trim_matches('|').split_once('|').unwrap();
        let rows = rows.split(';').map(|row| row.trim().to_owned()).collect();
        (attack.trim().to_owned(), rows)
    })
    .collect()
}

/// Those of what must never work again; another one has another line on the page.
const ATTACKS: usize = 15;

#[test]
fn each_attack_of_the_page_has_its_rows_and_each_row_its_attack() {
    let protocols = proof::protocols(Suite::TripleDes, SEED, &mut quiet()).unwrap();
    let tamper = proof::tamper(Suite::TripleDes, SEED, &mut quiet()).unwrap();
    let table = table();
    assert_eq!(table.len(), ATTACKS);
    for (attack, rows) in &table {
        for named in rows {
            let found =
                protocols.iter().chain(&tamper).filter(|row| row.attack.contains(named)).collect::<Vec<_>>();
            assert!(!found.is_empty(), "{attack}: no row {named:?}");
            assert!(found.iter().all(|row| row.tried > 0 && row.holds()), "{attack}: {found:?}");
        }
    }
    for row in &protocols {
        let is_named = table.iter().any(|(_, rows)| rows.contains(&row.attack));
        assert!(is_named, "the page names no attack for {:?}", row.attack);
    }
}

#[test]
fn what_the_formats_were_made_against_fails() {
    for suite in Suite::ALL {
        let rows = proof::protocols(suite, SEED, &mut quiet()).unwrap();
        holds(&rows, 22);
        let tried: u64 = rows.iter().map(|row| row.tried).sum();
        assert!(tried > 10_000, "{tried}");
    }
}
