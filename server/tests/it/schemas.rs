//! Books in PostgreSQL, each in a schema of its own that goes with it, and what the two engines' schemas say of each other.

use crate::contract::Engine;
use gridcard_server::{Books, Store};
use postgres::{Client, NoTls};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

/// The connection string of `tests/postgres.sh`.
fn url() -> String {
    std::env::var("GRIDCARD_POSTGRES")
        .expect("run it by tests/postgres.sh, which names its PostgreSQL in GRIDCARD_POSTGRES")
}

/// A schema with books.
pub(crate) struct InPostgres(String);

impl InPostgres {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("books_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        client().batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
        InPostgres(name)
    }

    fn url(&self) -> String {
        format!("{} options='-c search_path={}'", url(), self.0)
    }
}

impl Drop for InPostgres {
    fn drop(&mut self) {
        // A test that fails has said why; its schema goes with the cluster.
        let _ = client().batch_execute(&format!("DROP SCHEMA {} CASCADE", self.0));
    }
}

impl Engine for InPostgres {
    fn open(&self) -> Box<dyn Books> {
        Box::new(Store::connect(&self.url(), "1").unwrap())
    }
}

fn client() -> Client {
    Client::connect(&url(), NoTls).unwrap()
}

/// Of each table its columns, and whether each may be empty.
type Catalogue = BTreeMap<String, BTreeMap<String, bool>>;

fn of_sqlite() -> (Catalogue, BTreeSet<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.db");
    drop(Store::open(&path, gridcard_server::Options::default()).unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut found = conn.prepare(sql).unwrap();
        found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut tables = Catalogue::new();
    for table in list("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
        let mut columns = BTreeMap::new();
        let mut found = conn.prepare(&format!("PRAGMA table_xinfo({table})")).unwrap();
        let rows = found.query_map([], |row| {
            let (name, not_null, key): (String, bool, i64) =
                (row.get("name")?, row.get("notnull")?, row.get("pk")?);
            Ok((name, !not_null && key == 0))
        });
        columns.extend(rows.unwrap().map(Result::unwrap));
        tables.insert(table, columns);
    }
    let indexes = list("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    (tables, indexes.into_iter().collect())
}

fn of_postgres() -> (Catalogue, BTreeSet<String>) {
    let schema = InPostgres::new();
    drop(schema.open());
    let mut client = client();
    let mut tables = Catalogue::new();
    let columns = "SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns \
         WHERE table_schema = $1";
    for row in client.query(columns, &[&schema.0]).unwrap() {
        let (table, column, nullable): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        tables.entry(table).or_default().insert(column, nullable == "YES");
    }
    let indexes = "SELECT indexname::text FROM pg_indexes WHERE schemaname = $1 \
         AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'";
    (tables, client.query(indexes, &[&schema.0]).unwrap().iter().map(|row| row.get(0)).collect())
}

/// Both engines have the same tables, columns and indexes by name: one SQL text is asked of both.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn postgres_and_sqlite_have_one_catalogue() {
    let ((mut lite, lite_indexes), (pg, pg_indexes)) = (of_sqlite(), of_postgres());
    // A generated column is no NOT NULL in either, and PostgreSQL alone says so of a primary key's columns by name.
    assert_eq!(lite.keys().collect::<Vec<_>>(), pg.keys().collect::<Vec<_>>());
    for (table, columns) in &mut lite {
        assert_eq!(*columns, pg[table], "table {table}");
    }
    assert!(lite.len() > 15, "{} tables", lite.len());
    assert_eq!(lite_indexes, pg_indexes);
    assert!(lite_indexes.len() > 12, "{} indexes", lite_indexes.len());
}

/// The rules of the ledger stand in PostgreSQL as they do in SQLite.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn postgres_moves_nothing_that_is_pending() {
    let schema = InPostgres::new();
    crate::ledger::pending_moves_nothing_until_it_is_posted(Store::connect(&schema.url(), "1").unwrap());
}

/// Books of version 7 are brought up: no hash of the chain changes, and what is booked now follows the last of them.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn postgres_goes_on_from_version_7() {
    use gridcard_server::transfer::{Account, Code, Purchase, Standing, Transfer};
    let schema = InPostgres::new();
    let mut client = client();
    client.batch_execute(&format!("SET search_path = {}", schema.0)).unwrap();
    client.batch_execute(include_str!("../../src/schema/postgres/006.sql")).unwrap();
    client.batch_execute(include_str!("../../src/schema/postgres/007.sql")).unwrap();
    let sale = Transfer {
        code: Code::Sale,
        at: crate::house::time("20261122080000"),
        purchase: Some(Purchase { life: 1, count: 1, order: None }),
        debit: Account::BankCash,
        credit: Account::Prepaid(crate::house::customer(0)),
        amount: 5000,
        standing: Standing::Posted,
        subject: None,
    };
    let hash = gridcard_server::ledger_chain::link(&[0; 32], "1", 1, &sale);
    client
        .batch_execute(&format!(
            "INSERT INTO schema_version VALUES (6), (7);
             INSERT INTO customer (customer, meter, imei) VALUES ('000000005000', '000000000001', '1');
             INSERT INTO life (meter, serial, key_state, key_version) VALUES ('000000000001', '\\x0102030405060708', 'test', 1);
             INSERT INTO purchase VALUES (1, 1, '000000005000');
             INSERT INTO account (kind, customer) VALUES ('prepaid', '000000005000');
             INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, hash) VALUES
                 ('1', 1, 'sale', 1, 6, 5000, '20261122080000', 1, 1, '\\x{}')",
            hex::encode(hash)
        ))
        .unwrap();
    let mut store = Store::connect(&schema.url(), "1").unwrap();
    let entry = store.batch(|act| act.book_transfer(&Transfer { purchase: None, ..sale })).unwrap();
    assert_eq!(entry.number, 2);
    let (heads, wrong) = store.read(|view| view.recompute_ledger()).unwrap();
    assert_eq!((heads.len(), heads[0].number, wrong), (1, 2, None));
    assert_eq!(store.read(|view| view.chain_at("1", 1)).unwrap(), Some(hash));
    assert_eq!(store.read(|view| view.trial_balance()).unwrap().prepaid, -10_000);
}

/// Books of version 13 are brought up as those in a file are.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn postgres_goes_on_from_version_13() {
    let schema = InPostgres::new();
    let mut client = client();
    client.batch_execute(&format!("SET search_path = {}", schema.0)).unwrap();
    for script in [
        include_str!("../../src/schema/postgres/006.sql"),
        include_str!("../../src/schema/postgres/007.sql"),
        include_str!("../../src/schema/postgres/008.sql"),
        include_str!("../../src/schema/postgres/009.sql"),
        include_str!("../../src/schema/postgres/010.sql"),
        include_str!("../../src/schema/postgres/011.sql"),
        include_str!("../../src/schema/postgres/012.sql"),
        include_str!("../../src/schema/postgres/013.sql"),
        crate::older::ROWS_13,
        "INSERT INTO schema_version VALUES (13)",
    ] {
        client.batch_execute(script).unwrap();
    }
    crate::older::goes_on_from_13(&mut Store::connect(&schema.url(), "1").unwrap());
    for statement in crate::older::FINAL_14 {
        assert!(client.execute(statement, &[]).is_err(), "{statement}");
    }
}

/// Books of a file move into new ones in PostgreSQL, every row as it is, and go on there.
#[test]
#[ignore = "wants a PostgreSQL: tests/postgres.sh"]
fn postgres_takes_the_books_of_a_file() {
    use crate::house::{House, customer, meter};
    use gridcard_server::{Copies, Incoming, Origin, Settlement, StoreError};
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::on_disk(&folder.path().join("server.db"), 3);
    let first = house.buy(0, 5000).unwrap();
    let sim = crate::house::sim(0, 0);
    let receipt = house.insert(0, &first.record, &sim).unwrap();
    house.settle_of(0, &receipt).unwrap();
    let out = house.buy(1, 700).unwrap();
    let schema = InPostgres::new();
    let mut there = Store::connect(&schema.url(), "1").unwrap();
    let moved = house.store.move_into(&mut there).unwrap();
    assert_eq!((moved.rows["transfer"], moved.rows["purchase_order"]), (3, 2));
    assert_eq!(moved, house.store.sums().unwrap());
    let again = house.store.move_into(&mut there);
    assert!(matches!(again, Err(StoreError::NotEmpty)), "{again:?}");
    // What the file says, they say; and they go on: what is out is settled, and sold again, under numbers that are free.
    let say = |books: &dyn Books| {
        let statements: Vec<_> = (0..3).map(|n| books.statement(customer(n)).unwrap()).collect();
        format!("{:?} {statements:?}", books.figures().unwrap())
    };
    assert_eq!(say(&there), say(&house.store));
    let receipt = house.insert(1, &out.record, &crate::house::sim(1, 0)).unwrap();
    let (origin, now) = (Origin::Meter(meter(1)), house.now);
    let settled =
        Store::settle(&mut there, &mut house.psam, Incoming::Record(&receipt), &origin, now).unwrap();
    assert!(matches!(settled, Settlement::Settled(_)), "{settled:?}");
    house.store = there;
    house.buy(2, 300).unwrap();
    house.buy(0, 400).unwrap();
    house.assert_books();
    assert_eq!(house.store.sums().unwrap().rows["transfer"], 6);
    // Triggers stand as they did.
    assert!(client().batch_execute(&format!("DELETE FROM {}.transfer", schema.0)).is_err());
}
