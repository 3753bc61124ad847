//! A store that the version before wrote: migrated, read, reported, and nothing sold in it.

use crate::house::{House, terms, time};
use gridcard_server::transfer::{Account, Code, Standing, Transfer};
use gridcard_server::{Head, Options, OrderError, OrderRequest, Origin, SettleError, Store, StoreError};
use rusqlite::Connection;
use scheme::money::Fen;
use scheme::order::OrderId;
use scheme::{Fault, Kind};

fn older(dir: &tempfile::TempDir) -> Store {
    written_by(dir, include_str!("../kat/store-1.sql"))
}

fn written_by(dir: &tempfile::TempDir, dump: &str) -> Store {
    let path = dir.path().join("server.sqlite");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(dump).unwrap();
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
    let error = settled.unwrap_err();
    assert!(matches!(error, SettleError::OlderMake) && error.kind() == Kind::Security, "{error}");
    assert_eq!(SettleError::from(gridcard_server::Refusal::NoOrigin).kind(), Kind::Refused);
}

/// A store of version 4 goes on selling: its entries are transfers of one chain, and every figure is as it was.
#[test]
fn a_store_of_version_4_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = written_by(&dir, include_str!("../kat/store-4.sql"));
    store.check().unwrap();
    let (totals, balance, faults, days) = store
        .read(|view| {
            Ok::<_, StoreError>((view.totals()?, view.trial_balance()?, view.audit()?, view.days()?))
        })
        .unwrap();
    assert_eq!((totals.sold_fen, totals.settled_fen, totals.outstanding_fen), (30_000, 30_000, 0));
    assert_eq!((balance.bank_cash, balance.delivered, balance.prepaid), (30_000, -30_000, 0));
    assert_eq!((faults, days.iter().map(|day| day.sales).sum::<i64>()), (vec![], 6));
    let (heads, wrong) = store.read(|view| view.recompute_ledger()).unwrap();
    assert_eq!((heads[0].number, wrong), (12, None));
    let customer = store.read(|view| view.registrations()).unwrap()[0].customer;
    let lines = store.read(|view| view.statement(customer)).unwrap();
    let told: Vec<_> =
        lines.iter().map(|l| (l.kind.name(), l.count, l.prepaid_fen == l.amount_fen)).collect();
    assert_eq!(told, [("sale", 1, true), ("delivery", 1, false), ("sale", 2, true), ("delivery", 2, false)]);
    // Version 4 had no index of orders that wait for their module; they are found through it, not by reading all.
    let conn = Connection::open(dir.path().join("server.sqlite")).unwrap();
    let version: i64 =
        conn.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, gridcard_server::schema::SCHEMA_VERSION);
    let plan: String = conn
        .query_row(
            "EXPLAIN QUERY PLAN SELECT id FROM purchase_order WHERE state = 'prepared' ORDER BY seq",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.contains("orders_prepared"), "{plan}");
}

/// A store of version 7 goes on: no hash of its chain changes, and what is booked now follows the last of them.
#[test]
fn a_store_of_version_7_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = written_by(&dir, include_str!("../kat/store-7.sql"));
    store.check().unwrap();
    // Computed outside, from the words of the specification.
    let head: Head = "1:12:82b1eb35bda7e03a266f7f6d3348a9b6b44e9f6ab5aa78391b1194da8cda4fab".parse().unwrap();
    assert_eq!(store.read(|view| view.recompute_ledger()).unwrap(), (vec![head.clone()], None));
    let before = store.read(|view| Ok::<_, StoreError>((view.trial_balance()?, view.totals()?))).unwrap();
    assert_eq!((before.0.bank_cash, before.0.delivered, before.0.bank_clearing), (30_000, -30_000, 0));
    assert_eq!((before.1.pending_fen, before.1.suspense_fen, before.1.unaccounted()), (0, 0, 0));
    let debit = Transfer {
        code: Code::Debit,
        at: time("20261125080000"),
        purchase: None,
        debit: Account::BankClearing,
        credit: Account::Suspense,
        amount: 500,
        standing: Standing::Posted,
        subject: Some("A1"),
    };
    let entry = store.batch(|act| act.book_transfer(&debit)).unwrap();
    assert_eq!(entry.to_string(), "1:13");
    let (heads, wrong) = store.read(|view| view.recompute_ledger()).unwrap();
    assert_eq!((heads[0].number, wrong), (13, None));
    assert!(store.read(|view| view.chain_at("1", 12)).unwrap() == Some(head.hash));
    assert_eq!(store.read(|view| view.totals()).unwrap().suspense_fen, 500);
}
