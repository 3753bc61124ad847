//! A store that the version before wrote: migrated, read, reported, and nothing sold in it.

use crate::house::{House, terms, time};
use gridcard_server::{Options, OrderError, OrderRequest, Origin, SealError, SettleError, Store, StoreError};
use rusqlite::Connection;
use scheme::money::Fen;
use scheme::order::OrderId;
use scheme::{Fault, Kind};

fn older(dir: &tempfile::TempDir) -> Store {
    let path = dir.path().join("server.sqlite");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(include_str!("../kat/store-1.sql")).unwrap();
    conn.pragma_update(None, "application_id", 0x4743_7073).unwrap();
    drop(conn);
    Store::open(&path, Options::default()).unwrap()
}

#[test]
fn everything_it_said_is_still_said() {
    let dir = tempfile::tempdir().unwrap();
    let store = older(&dir);
    store.check().unwrap();
    let (totals, balance, faults, orders) = store
        .read(|view| {
            Ok::<_, StoreError>((view.totals()?, view.trial_balance()?, view.audit()?, view.orders()?))
        })
        .unwrap();
    assert_eq!((totals.sold_fen, totals.settled_fen, totals.outstanding_fen), (33_600, 30_000, 3600));
    assert_eq!((totals.orders, totals.settled, totals.sealed, totals.superseded), (9, 6, 3, 1));
    assert_eq!((balance.sum(), faults), (0, vec![]));
    assert_eq!(orders.len(), 10);
    assert_eq!(
        (orders[0].order.id.to_string(), orders[0].order.amount),
        ("E785CF2AE1248C23".into(), Fen(6000))
    );
    assert_eq!(orders[9].replaces, Some(orders[7].order.id));
    let lines = store.read(|view| view.statement(orders[0].order.customer)).unwrap();
    let told: Vec<_> = lines.iter().map(|l| (l.kind.name(), l.count, l.amount_fen, l.prepaid_fen)).collect();
    let expected = [
        ("sale", 1, 6000, 6000),
        ("delivery", 1, 6000, 0),
        ("sale", 2, 3000, 3000),
        ("delivery", 2, 3000, 0),
        ("sale", 3, 1100, 1100),
    ];
    assert_eq!(told, expected);
}

#[test]
fn nothing_is_sold_or_settled_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut house = House { store: older(&dir), ..House::new(0) };
    let meter = house.store.read(|view| view.orders()).unwrap()[0].order.meter;
    let request = OrderRequest { meter, amount: Fen(100), now: time("20261125080000"), id: OrderId([1; 8]) };
    let error = house.store.purchase(&mut house.psam, &request, &terms()).unwrap_err();
    assert!(matches!(error, OrderError::OlderMake) && (error.kind() == Kind::Security), "{error}");
    assert!(error.hint().unwrap().contains("PSAM of the present make"));
    let settled = house
        .settle(&crate::toy::receipt_record(&[2, 0x71, 0, 0, 1, 0, 0x47, 0x52, 0x43]), &Origin::Meter(meter));
    assert!(matches!(settled, Err(SettleError::OlderMake)), "{settled:?}");
}

/// Version 4 had no index of orders that wait for their module.
#[test]
fn a_store_of_version_4_gets_its_index_and_keeps_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.sqlite");
    let mut house = House::on_disk(&path, 3);
    house.buy(0, 5000).unwrap();
    house.psam.faults.push(SealError::Lost("pulled".into()));
    house.buy(1, 3000).unwrap_err();
    let before = house.snapshot();
    drop(house);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("DROP INDEX orders_prepared; DELETE FROM schema_version WHERE version > 4;").unwrap();
    drop(conn);

    let house = House { store: Store::open(&path, Options::default()).unwrap(), ..House::new(0) };
    house.store.check().unwrap();
    assert_eq!(house.snapshot(), before);
    let waiting = house.store.read(|view| view.interrupted()).unwrap();
    assert_eq!(waiting.iter().map(|placed| placed.order.amount).collect::<Vec<_>>(), [Fen(3000)]);
    let conn = Connection::open(&path).unwrap();
    let version: i64 =
        conn.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, gridcard_server::store::SCHEMA_VERSION);
    // Those orders are found through it, not by reading all.
    let plan: String = conn
        .query_row(
            "EXPLAIN QUERY PLAN SELECT id FROM purchase_order WHERE state = 'prepared' ORDER BY seq",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.contains("orders_prepared"), "{plan}");
}
