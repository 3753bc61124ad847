//! The file under the store: full disks, damaged files, foreign and newer ones.

use crate::house::{House, csv, customer, sim, time};
use gridcard_server::register::RegisterError;
use gridcard_server::register::ReplaceError;
use gridcard_server::schema::SCHEMA_VERSION;
use gridcard_server::{Options, OrderError, Registry, Roster, Store, StoreError, Synchronous};
use rusqlite::Connection;
use std::path::Path;

fn quick() -> Options {
    Options { synchronous: Synchronous::Off, ..Options::default() }
}

#[test]
fn what_was_kept_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    let mut house = House::on_disk(&path, 2);
    house.buy(0, 100).unwrap();
    let before = house.snapshot();
    drop(house);
    let house = House { store: Store::open(&path, Options::default()).unwrap(), ..House::new(0) };
    assert_eq!(house.snapshot(), before);
    house.store.check().unwrap();
}

#[test]
fn a_full_disk_keeps_nothing_of_the_act() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    drop(House::on_disk(&path, 3));
    let pages: u32 =
        Connection::open(&path).unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();

    let tight = Store::open(&path, Options { max_pages: Some(pages + 4), ..quick() }).unwrap();
    let mut house = House { store: tight, ..House::new(0) };
    let before = house.snapshot();
    let file = csv(500);
    let roster = || Roster::read(file.as_bytes()).unwrap();
    let error = house.store.batch(|act| act.register(roster())).unwrap_err();
    assert!(matches!(error, RegisterError::Store(StoreError::Full)), "{error:?}");
    // As the whole of an act, too.
    let error = Registry::register(&mut house.store, roster()).unwrap_err();
    assert!(matches!(error, RegisterError::Store(StoreError::Full)), "{error:?}");
    assert!(error.to_string().contains("make room"), "{error}");
    assert_eq!(house.snapshot(), before);

    // Small acts go on until the last page is full; the one that does not fit is not half there.
    for n in 0..3 {
        house.buy(n, 1000 + n).unwrap();
    }
    let error = fill(&mut house);
    assert!(matches!(error, OrderError::Store(StoreError::Full)), "{error:?}");
    house.assert_books();
    let before = house.snapshot();
    drop(house);

    let house = House { store: Store::open(&path, quick()).unwrap(), ..House::new(0) };
    house.store.check().unwrap();
    house.assert_books();
    assert_eq!(house.snapshot(), before);
}

/// Loses SIM after SIM until something does not fit, and says what.
fn fill(house: &mut House) -> OrderError {
    for version in 1..2000 {
        for n in 0..3 {
            match house
                .store
                .batch(|act| act.replace_sim(customer(n), &sim(n, version), time("20261122080000")))
            {
                Ok(_) => {}
                Err(ReplaceError::Store(error)) => return error.into(),
                Err(other) => panic!("{other}"),
            }
            // What could not be sealed for want of room is left prepared, and reissued like the rest.
            if let Err(error) = house.reissue(n) {
                return error;
            }
        }
    }
    panic!("the disk never filled");
}

#[test]
fn a_full_disk_in_the_middle_of_a_batch_keeps_nothing_of_the_act() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    drop(House::on_disk(&path, 1));
    let pages: u32 =
        Connection::open(&path).unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let mut store = Store::open(&path, Options { max_pages: Some(pages), ..quick() }).unwrap();
    let file = csv(500);
    let big = || Roster::read(file.as_bytes()).unwrap();
    // A caller that overlooks the error keeps nothing of what failed.
    let outcome: Result<(), StoreError> = store.batch(|act| {
        assert!(act.register(big()).is_err());
        let _ = act.register(big());
        Ok(())
    });
    let kept = store.read(|view| view.registrations()).unwrap().len();
    assert!(matches!(outcome, Ok(()) | Err(StoreError::RolledBack)), "{outcome:?}");
    assert_eq!(kept, 1);
    store.check().unwrap();
}

#[test]
fn files_that_are_no_store_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("text.db");
    std::fs::write(&path, "this is a letter to the city office, not a database at all".repeat(99)).unwrap();
    let error = Store::open(&path, quick()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("damaged"), "{error}");

    let path = dir.path().join("foreign.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (dish TEXT)").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path, quick()).unwrap_err(), StoreError::NotOurs));
    assert_eq!(std::fs::read(&path).unwrap(), before, "a foreign file is not touched");

    let error = Store::open(Path::new("/nonexistent/folder/server.db"), quick()).unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
}

#[test]
fn damage_inside_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    let mut house = House::on_disk(&path, 200);
    for n in 0..50 {
        house.buy(n, 100).unwrap();
    }
    drop(house);
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 40 * 4096, "the file was checkpointed");
    for page in bytes.chunks_mut(4096).skip(2) {
        page[..64].fill(0xA5);
    }
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&path, quick())
        .and_then(|store| store.check().and_then(|()| store.read(|view| view.totals()).map(drop)))
        .unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    drop(House::on_disk(&path, 1));
    Connection::open(&path).unwrap().execute("INSERT INTO schema_version VALUES (99)", []).unwrap();
    let error = Store::open(&path, quick()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: SCHEMA_VERSION }), "{error:?}");
}

#[test]
fn another_writer_is_waited_for_and_then_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    drop(House::on_disk(&path, 1));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let store = Store::open(&path, Options { busy_ms: 10, ..quick() }).unwrap();
    let mut house = House { store, ..House::new(0) };
    let error = house.buy(0, 100).unwrap_err();
    assert!(matches!(error, OrderError::Store(StoreError::Busy)), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    house.buy(0, 100).unwrap();
}

/// Whoever asks for the error of the books in a chain of causes finds it, whatever it came through: a service tells by it that it
/// does not know what became of an act.
#[test]
fn an_error_of_the_books_is_a_cause_of_what_it_is_wrapped_in() {
    use gridcard_server::renewal::RenewalError;
    use gridcard_server::{ClearError, RequestError, SettleError};
    let wrapped: [Box<dyn std::error::Error>; 7] = [
        Box::new(ClearError::from(StoreError::Full)),
        Box::new(OrderError::from(StoreError::Full)),
        Box::new(RegisterError::from(StoreError::Full)),
        Box::new(RenewalError::from(StoreError::Full)),
        Box::new(ReplaceError::from(StoreError::Full)),
        Box::new(RequestError::from(StoreError::Full)),
        Box::new(SettleError::from(StoreError::Full)),
    ];
    for error in wrapped {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<StoreError>());
        assert!(matches!(cause, Some(StoreError::Full)), "{error:?}");
        assert_eq!(error.to_string(), StoreError::Full.to_string());
    }
}
