//! A store that the version before wrote: migrated, read, reported, and nothing sold in it.

use crate::house::{House, customer, meter, terms, time};
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

/// What stood in books of version 13: a customer whose meter was changed once, and one who kept his.
pub(crate) const ROWS_13: &str = "
    INSERT INTO customer (customer, meter, imei, name, first_purchase, office) VALUES
        ('000000005000', '000000001003', '490154203237518', 'Chen', 2000, 'north'),
        ('000000005001', '000000001001', '490154203237518', NULL, NULL, '');
    INSERT INTO sim (customer, msisdn, imsi, iccid, current) VALUES
        ('000000005000', '+8613800000000', '460000000000000', '89860000000000000004', 1),
        ('000000005001', '+8613800000001', '460000000000001', '89860000000000000012', 1);
    INSERT INTO meter (meter) VALUES ('000000001000'), ('000000001001'), ('000000001003');
    INSERT INTO holding (customer, meter, since, until) VALUES
        ('000000005000', '000000001000', NULL, '20261120080000'),
        ('000000005000', '000000001003', '20261120080000', NULL),
        ('000000005001', '000000001001', NULL, NULL);
    INSERT INTO life (meter, serial, key_state, key_version) VALUES ('000000001003', NULL, 'test', 1);
    INSERT INTO purchase (life, count, customer) VALUES (1, 1, '000000005000');";

/// Books of version 13 go on: who has which meter is as it was, and stands in the holdings alone.
pub(crate) fn goes_on_from_13(store: &mut Store) {
    use gridcard_server::{Changes, Named, Offices, Registry};
    store.check().unwrap();
    let all = store.read(|view| view.registrations()).unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.customer, one.meter, one.first_purchase)).collect();
    assert_eq!(told, [(customer(0), meter(3), Some(Fen(2000))), (customer(1), meter(1), None)]);
    assert_eq!(all[0].name.as_deref(), Some("Chen"));
    assert_eq!(store.office_of(&Named::Customer(customer(0))).unwrap().as_deref(), Some("north"));
    assert_eq!(store.office_of(&Named::Meter(meter(3))).unwrap().as_deref(), Some("north"));
    assert_eq!(store.office_of(&Named::Meter(meter(0))).unwrap(), None);
    let held = store.holdings(customer(0)).unwrap();
    assert_eq!(held.iter().map(|one| one.until.is_some()).collect::<Vec<_>>(), [true, false]);
    let due = store.read(|view| view.first_purchases_due()).unwrap();
    assert_eq!(due, [], "he has bought for the meter he has");
    let word = gridcard_server::Word {
        at: time("20261125080000"),
        by: "Li".into(),
        second: Some("Wang".into()),
        note: "moves out".into(),
    };
    let request = gridcard_server::HandOverRequest { meter: meter(3), to: customer(1), word };
    let done = gridcard_server::HandOvers::hand_over(store, &request).unwrap();
    assert_eq!((done.former, done.balance), (customer(0), None));
    let now = Registry::customer(store, customer(1)).unwrap().unwrap();
    assert_eq!(now.meters.iter().map(|held| held.meter).collect::<Vec<_>>(), [meter(1), meter(3)]);
    let event = gridcard_server::Company::events(store, 0, 9).unwrap().pop().unwrap();
    assert_eq!(event.former_customer, Some(customer(0)));
    store.check().unwrap();
}

/// What nobody changes, by any statement.
pub(crate) const FINAL_14: [&str; 6] = [
    "DELETE FROM hand_over",
    "UPDATE hand_over SET customer = former",
    "UPDATE holding SET first_purchase = 1",
    "DELETE FROM holding",
    "INSERT INTO purchase (life, count, customer) VALUES (1, 2, '000000005009')",
    "INSERT INTO holding (customer, meter) VALUES ('000000005000', '000000001003')",
];

#[test]
fn a_store_of_version_13_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.sqlite");
    let conn = Connection::open(&path).unwrap();
    for script in [
        include_str!("../../src/schema/sqlite/001.sql"),
        include_str!("../../src/schema/sqlite/002.sql"),
        include_str!("../../src/schema/sqlite/003.sql"),
        include_str!("../../src/schema/sqlite/004.sql"),
        include_str!("../../src/schema/sqlite/005.sql"),
        include_str!("../../src/schema/sqlite/006.sql"),
        include_str!("../../src/schema/sqlite/006-final.sql"),
        include_str!("../../src/schema/sqlite/007.sql"),
        include_str!("../../src/schema/sqlite/008.sql"),
        include_str!("../../src/schema/sqlite/009.sql"),
        include_str!("../../src/schema/sqlite/010.sql"),
        include_str!("../../src/schema/sqlite/011.sql"),
        include_str!("../../src/schema/sqlite/012.sql"),
        include_str!("../../src/schema/sqlite/013.sql"),
        ROWS_13,
        "INSERT INTO schema_version VALUES (13); PRAGMA application_id = 0x47437073",
    ] {
        conn.execute_batch(script).unwrap();
    }
    drop(conn);
    let mut store = Store::open(&path, Options::default()).unwrap();
    goes_on_from_13(&mut store);
    drop(store);
    let conn = Connection::open(&path).unwrap();
    for statement in FINAL_14 {
        assert!(conn.execute(statement, []).is_err(), "{statement}");
    }
    // A purchase that anything can come of stays whose it is.
    conn.execute_batch(
        "INSERT INTO purchase (life, count, customer) VALUES (1, 7, '000000005001'); \
         INSERT INTO settlement (life, count, packet, receipt, credited, balance, register, at_meter, settled) \
         VALUES (1, 7, x'01', x'02', 1, 1, 1, '20261125080000', '20261125080000')",
    )
    .unwrap();
    assert!(conn.execute("UPDATE purchase SET customer = '000000005000' WHERE count = 7", []).is_err());
}
