//! The ledger's rules, in the code and in SQLite itself.

use crate::house::{House, customer, sim, time};
use gridcard_server::ledger::{Account, Entry, EntryFault, EntryKind, Line, Purchase, TrialBalance};
use gridcard_server::{Options, Store};
use rusqlite::{Connection, ErrorCode};
use scheme::order::OrderId;

fn line(account: Account, amount: i64) -> Line {
    Line { account, amount }
}

#[test]
fn lines_must_balance_to_be_an_entry() {
    let entry = |lines| {
        let purchase = Purchase { life: 1, count: 1, order: Some(OrderId([0; 8])) };
        Entry::new(EntryKind::Sale, time("20261122080000"), purchase, lines)
    };
    let (cash, owed) = (Account::BankCash, Account::Prepaid(customer(0)));
    assert_eq!(entry(vec![line(cash, 5), line(owed, -4)]), Err(EntryFault::Unbalanced(1)));
    assert_eq!(
        entry(vec![line(cash, i64::MAX), line(owed, i64::MAX)]),
        Err(EntryFault::Unbalanced(i128::from(i64::MAX) * 2))
    );
    assert_eq!(entry(vec![line(cash, 5)]), Err(EntryFault::Lines(1)));
    assert_eq!(entry(vec![]), Err(EntryFault::Lines(0)));
    assert_eq!(entry(vec![line(cash, 5), line(owed, -5), line(owed, 0)]), Err(EntryFault::Zero(3)));
    let balanced = entry(vec![line(owed, -5), line(cash, 2), line(Account::Delivered, 3)]).unwrap();
    assert_eq!(balanced.lines(), [line(cash, 2), line(Account::Delivered, 3), line(owed, -5)]);
}

/// A store on disk with one sale and one delivery of order 1, and one sale of order 2, seen by another program.
fn raw() -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    let mut house = House::on_disk(&path, 1);
    let order = house.buy(0, 5000).unwrap();
    let receipt = house.insert(0, &order.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    house.buy(0, 100).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    (dir, conn)
}

/// Begins an entry of a purchase that has none of its kind yet; its id.
fn begin(conn: &Connection) -> i64 {
    conn.execute_batch("BEGIN").unwrap();
    conn.execute(
        "INSERT INTO journal_entry (kind, at, life, count, order_id) \
         SELECT 'delivery', '20261122080000', life, count, id FROM purchase_order WHERE count = 2",
        [],
    )
    .unwrap();
    conn.last_insert_rowid()
}

fn put(conn: &Connection, entry: i64, line: i64, amount: i64) -> rusqlite::Result<usize> {
    conn.execute(
        "INSERT INTO posting (entry, line, account, amount) VALUES (?1, ?2, 1, ?3)",
        [entry, line, amount],
    )
}

fn refused_commit(conn: &Connection) {
    let error = conn.execute_batch("COMMIT").unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{error}");
    conn.execute_batch("ROLLBACK").unwrap();
    let entries: i64 = conn.query_row("SELECT count(*) FROM journal_entry", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 3, "two entries of the first purchase, one of the second");
}

#[test]
fn sqlite_refuses_to_commit_an_unbalanced_entry() {
    let (_dir, conn) = raw();
    let entry = begin(&conn);
    put(&conn, entry, 1, 500).unwrap();
    put(&conn, entry, 2, -499).unwrap();
    refused_commit(&conn);
}

#[test]
fn sqlite_refuses_to_commit_an_entry_without_lines() {
    let (_dir, conn) = raw();
    begin(&conn);
    refused_commit(&conn);
}

#[test]
fn sqlite_commits_a_balanced_entry() {
    let (_dir, conn) = raw();
    let entry = begin(&conn);
    put(&conn, entry, 1, 500).unwrap();
    put(&conn, entry, 2, -500).unwrap();
    conn.execute_batch("COMMIT").unwrap();
}

/// Each kind of account has its own balance, and their sum is over all of them: money that stands on any one alone shows.
#[test]
fn the_trial_balance_names_every_account() {
    let (dir, conn) = raw();
    // What is on its way between two chips, as if the way had been broken off.
    let account = |kind: &str| -> i64 {
        let sql = "SELECT id FROM account WHERE kind = ?1 AND customer IS NULL";
        conn.query_row(sql, [kind], |row| row.get(0)).unwrap()
    };
    let before = balance(&dir);
    let entry = begin(&conn);
    for (line, kind, amount) in [(1, "carried", 7), (2, "bank-cash", -7)] {
        let sql = "INSERT INTO posting (entry, line, account, amount) VALUES (?1, ?2, ?3, ?4)";
        conn.execute(sql, [entry, line, account(kind), amount]).unwrap();
    }
    conn.execute_batch("COMMIT").unwrap();
    let after = balance(&dir);
    assert_eq!(after, TrialBalance { carried: 7, bank_cash: before.bank_cash - 7, ..before });
    assert_eq!((before.sum(), after.sum()), (0, 0));
    let each = TrialBalance {
        bank_cash: 1,
        prepaid: 10,
        refund_due: 100,
        delivered: 1000,
        refunded: 10_000,
        carried: 100_000,
        loss: 1_000_000,
    };
    assert_eq!(each.sum(), 1_111_111);
}

fn balance(dir: &tempfile::TempDir) -> TrialBalance {
    let store = Store::open(&dir.path().join("server.db"), Options::default()).unwrap();
    store.read(|view| view.trial_balance()).unwrap()
}

#[test]
fn what_was_booked_is_final() {
    let (_dir, conn) = raw();
    let acts = [
        ("UPDATE posting SET amount = amount + 1", "never changed"),
        ("DELETE FROM posting", "never deleted"),
        ("UPDATE journal_entry SET count = 9", "never changed"),
        ("UPDATE journal_entry SET imbalance = 7", "follow from its postings"),
        ("UPDATE journal_entry SET lines = 7", "follow from its postings"),
        ("DELETE FROM journal_entry", "never deleted"),
        ("INSERT INTO posting VALUES (1, 3, 1, 5)", "takes no more postings"),
        (
            "INSERT INTO journal_entry (kind, at, life, count, order_id, lines) \
             SELECT 'delivery', issued, life, count, id, 2 FROM purchase_order WHERE count = 2",
            "starts without postings",
        ),
        (
            "INSERT INTO journal_entry (kind, at, life, count, order_id) \
             SELECT 'delivery', issued, life, count, id FROM purchase_order WHERE count = 1",
            "UNIQUE",
        ),
        ("UPDATE zero SET value = 0", "never changed"),
        ("DELETE FROM zero", "never deleted"),
        ("INSERT INTO zero VALUES (1)", "CHECK"),
        ("UPDATE account SET kind = 'delivered'", "never changed"),
        ("DELETE FROM account", "never deleted"),
        ("UPDATE purchase_order SET amount = 1", "never changed"),
        ("UPDATE purchase_order SET state = 'sealed' WHERE count = 1", "does not change its state"),
        ("DELETE FROM purchase_order", "never deleted"),
        ("UPDATE purchase SET customer = customer", "never changed"),
        ("UPDATE life SET key_version = 9", "never changed"),
        ("DELETE FROM life", "never deleted"),
        ("DELETE FROM seal", "never deleted"),
        ("UPDATE seal SET sequence = 9", "never changed"),
        ("UPDATE settlement SET balance = 1", "never changed"),
        ("DELETE FROM settlement", "never deleted"),
        (
            "INSERT INTO purchase_order (id, life, count, reason, kind, key_version, amount, issued, valid_until, binding, \
             iccid, state) SELECT x'0101010101010101', life, count, reason, kind, key_version, amount, issued, \
             valid_until, binding, iccid, 'prepared' FROM purchase_order WHERE count = 2",
            "UNIQUE",
        ),
    ];
    for (sql, words) in acts {
        let error = conn.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
    let total: i64 = conn.query_row("SELECT sum(amount) FROM posting", [], |row| row.get(0)).unwrap();
    assert_eq!(total, 0);
}
