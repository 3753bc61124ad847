//! The ledger's rules, in the code and in SQLite itself.

use crate::house::{House, customer, sim, time};
use gridcard_server::ledger::TrialBalance;
use gridcard_server::ledger_chain::{Head, link};
use gridcard_server::transfer::{Account, Code, Entry, Purchase, Standing, Transfer};
use gridcard_server::{Options, Store};
use rusqlite::{Connection, ErrorCode};
use scheme::order::OrderId;
use sha2::{Digest, Sha256};

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

/// Books by hand, past the program: the second purchase is delivered, from one account to another.
fn book(conn: &Connection, debit: &str, credit: &str, amount: i64) -> rusqlite::Result<usize> {
    let account = |kind: &str| -> i64 {
        let sql = "SELECT id FROM account WHERE kind = ?1 ORDER BY id LIMIT 1";
        conn.query_row(sql, [kind], |row| row.get(0)).unwrap()
    };
    conn.execute(
        "INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, order_id, hash) \
         SELECT '1', (SELECT max(number) + 1 FROM transfer), 'delivery', ?1, ?2, ?3, '20261122080000', life, count, id, \
         zeroblob(32) FROM purchase_order WHERE count = 2",
        rusqlite::params![account(debit), account(credit), amount],
    )
}

#[test]
fn a_transfer_moves_something_from_one_account_to_another() {
    let (_dir, conn) = raw();
    for (debit, credit, amount) in
        [("prepaid", "delivered", 0), ("prepaid", "delivered", -5), ("loss", "loss", 5)]
    {
        let error = book(&conn, debit, credit, amount).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{error}");
    }
    assert_eq!(book(&conn, "prepaid", "delivered", 5), Ok(1));
}

/// Each kind of account has its own balance, and their sum is over all of them: money that stands on any one alone shows.
#[test]
fn the_trial_balance_names_every_account() {
    let (dir, conn) = raw();
    // What is on its way between two chips, as if the way had been broken off.
    let before = balance(&dir);
    book(&conn, "carried", "bank-cash", 7).unwrap();
    let after = balance(&dir);
    assert_eq!(after, TrialBalance { carried: 7, bank_cash: before.bank_cash - 7, ..before });
    assert_eq!((before.sum(), after.sum()), (0, 0));
    let each = TrialBalance {
        bank_cash: 1,
        bank_clearing: 2,
        drawer: 4,
        difference: 8,
        prepaid: 16,
        refund_due: 32,
        suspense: 64,
        delivered: 128,
        refunded: 256,
        carried: 512,
        loss: 1024,
        fee: 2048,
        company_payable: 4096,
    };
    assert_eq!((each.sum(), each.money_in()), (8191, 15));
}

fn balance(dir: &tempfile::TempDir) -> TrialBalance {
    let store = Store::open(&dir.path().join("server.db"), Options::default()).unwrap();
    store.read(|view| view.trial_balance()).unwrap()
}

#[test]
fn what_was_booked_is_final() {
    let (_dir, conn) = raw();
    let acts = [
        ("UPDATE transfer SET amount = amount + 1", "never changed"),
        ("UPDATE transfer SET hash = zeroblob(32)", "never changed"),
        ("DELETE FROM transfer", "never deleted"),
        (
            "INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, order_id, hash) \
             SELECT server, 9, code, debit, credit, amount, at, life, count, order_id, hash FROM transfer \
             WHERE code = 'delivery'",
            "UNIQUE",
        ),
        (
            "INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, order_id, hash) \
             SELECT server, number, 'loss', debit, credit, amount, at, life, count, order_id, hash FROM transfer \
             WHERE number = 1",
            "UNIQUE",
        ),
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
}

/// Whoever has the file can take the triggers away, change a row, and put them back. The chain says so, and names the row.
#[test]
fn a_row_that_a_hand_has_changed_is_named() {
    let cases = [
        ("DELETE FROM transfer WHERE number = 2", "transfer 2 of server 1 is missing"),
        ("DELETE FROM transfer WHERE number = 1", "transfer 1 of server 1 is missing"),
        (
            "UPDATE transfer SET amount = amount - 1 WHERE number = 1",
            "transfer 1 of server 1 does not carry the hash",
        ),
        (
            "UPDATE transfer SET at = '20261121080000' WHERE number = 2",
            "transfer 2 of server 1 does not carry the hash",
        ),
        ("UPDATE transfer SET count = 2 WHERE number = 1", "transfer 1 of server 1 does not carry the hash"),
        (
            "UPDATE transfer SET order_id = NULL WHERE number = 3",
            "transfer 3 of server 1 does not carry the hash",
        ),
        (
            "UPDATE transfer SET code = 'correction' WHERE number = 3",
            "transfer 3 of server 1 does not carry the hash",
        ),
        (
            "UPDATE transfer SET debit = credit, credit = debit WHERE number = 1",
            "transfer 1 of server 1 does not carry the hash",
        ),
        (
            "UPDATE transfer SET hash = zeroblob(32) WHERE number = 3",
            "transfer 3 of server 1 does not carry the hash",
        ),
        (
            "UPDATE account SET kind = 'loss' WHERE kind = 'bank-cash'",
            "transfer 1 of server 1 does not carry the hash",
        ),
        ("DELETE FROM account WHERE kind = 'bank-cash'", "transfer 1 of server 1 is missing"),
    ];
    for (sql, words) in cases {
        let (dir, conn) = raw();
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF; DROP TRIGGER transfer_stays; DROP TRIGGER transfer_is_final; \
             DROP TRIGGER account_stays; DROP TRIGGER account_is_final; DROP INDEX account_of_house;",
        )
        .unwrap();
        conn.execute_batch(sql).unwrap();
        let store = Store::open(&dir.path().join("server.db"), Options::default()).unwrap();
        let (_, wrong) = store.read(|view| view.recompute_ledger()).unwrap();
        let wrong = wrong.unwrap_or_else(|| panic!("nothing was found after {sql}"));
        assert!(wrong.contains(words), "{sql}: {wrong}");
    }
}

/// A chain that was cut at its end is whole in itself: only whoever remembers its head knows.
#[test]
fn the_head_tells_of_a_cut_end() {
    let (dir, conn) = raw();
    let open = || Store::open(&dir.path().join("server.db"), Options::default()).unwrap();
    let head = open().read(|view| view.chain_head("1")).unwrap().unwrap();
    assert_eq!((head.server.as_str(), head.number), ("1", 3));
    assert_eq!(open().read(|view| view.recompute_ledger()).unwrap(), (vec![head.clone()], None));
    let at = |server: &str, number| open().read(|view| view.chain_at(server, number)).unwrap();
    assert_eq!((at("1", 3), at("1", 4), at("2", 3)), (Some(head.hash), None, None));
    assert!(at("1", 2).is_some_and(|hash| hash != head.hash));
    conn.execute_batch("DROP TRIGGER transfer_stays; DELETE FROM transfer WHERE number = 3").unwrap();
    let (heads, wrong) = open().read(|view| view.recompute_ledger()).unwrap();
    assert_eq!((heads[0].number, wrong), (2, None));
    assert_eq!(open().read(|view| view.chain_at("1", head.number)).unwrap(), None);
}

/// A head is remembered as text; what is none is not taken for one.
#[test]
fn a_head_is_written_and_read() {
    let hash = "e209d3d38c611d5a78ec80a91685f522d9e5412d7c5a8b3448b348af477418f5";
    let text = format!("bank 1:7:{hash}");
    let head: Head = text.parse().unwrap();
    assert_eq!((head.server.as_str(), head.number, hex::encode(head.hash)), ("bank 1", 7, hash.to_owned()));
    assert_eq!(head.to_string(), text);
    for (server, number) in [("1", "1"), ("a:b", "9223372036854775807")] {
        assert_eq!(format!("{server}:{number}:{hash}").parse::<Head>().unwrap().server, server);
    }
    // no transfer has a number below 1
    for text in ["1:0", "1:-1", "1:", "1:x", ":1", "1", "", "1:9223372036854775808"] {
        assert!(format!("{text}:{hash}").parse::<Head>().is_err(), "{text}");
    }
    for hash in [&hash[2..], &hash[1..], &format!("{hash}00"), "", "no hexadecimal digits"] {
        assert!(format!("1:7:{hash}").parse::<Head>().is_err(), "{hash}");
    }
}

/// A known answer, computed by hand from docs/specs/books.md 12: SHA-256 over 32 zero bytes and the words of the first transfer.
#[test]
fn a_link_is_what_the_specification_says() {
    let purchase = Purchase { life: 1, count: 1, order: Some(OrderId([0xA5; 8])) };
    let transfer = Transfer {
        code: Code::Sale,
        at: time("20261122080000"),
        purchase: Some(purchase),
        debit: Account::BankCash,
        credit: Account::Prepaid(customer(0)),
        amount: 5000,
        standing: Standing::Posted,
        subject: None,
    };
    let words = "gridcard transfer 1|1|1|sale|bank-cash|prepaid:000000005000|5000|20261122080000|1|1|A5A5A5A5A5A5A5A5";
    let mut bytes = vec![0; 32];
    bytes.extend(words.as_bytes());
    let expected: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(link(&[0; 32], "1", 1, &transfer), expected);
    assert_eq!(hex::encode(expected), "e209d3d38c611d5a78ec80a91685f522d9e5412d7c5a8b3448b348af477418f5");
}

/// What says more than transfers could say at first has other words, computed by hand from the same section.
#[test]
fn a_link_of_the_second_form_is_what_the_specification_says() {
    let pending = Entry { server: "north".into(), number: 41 };
    let transfer = Transfer {
        code: Code::Debit,
        at: time("20261122080000"),
        purchase: None,
        debit: Account::BankClearing,
        credit: Account::Suspense,
        amount: 5000,
        standing: Standing::Post(&pending),
        subject: Some("A5A5A5A5A5A5A5A5"),
    };
    let hand = |words: &str| -> [u8; 32] {
        Sha256::new().chain_update([7; 32]).chain_update(words.as_bytes()).finalize().into()
    };
    let words = "gridcard transfer 2|north|42|debit|bank-clearing|suspense|5000|20261122080000||||post|north:41|A5A5A5A5A5A5A5A5";
    assert_eq!(link(&[7; 32], "north", 42, &transfer), hand(words));
    let purchase = Some(Purchase { life: 3, count: 4, order: None });
    let drawer = Transfer {
        code: Code::DrawerClose,
        purchase,
        debit: Account::BankCash,
        credit: Account::Drawer("Li Na"),
        standing: Standing::Pending,
        subject: None,
        ..transfer
    };
    let words =
        "gridcard transfer 2|1|9|drawer-close|bank-cash|drawer:Li Na|5000|20261122080000|3|4||pending||";
    assert_eq!(link(&[7; 32], "1", 9, &drawer), hand(words));
}

fn debit(amount: i64, standing: Standing<'_>) -> Transfer<'_> {
    Transfer {
        code: Code::Debit,
        at: time("20261122080000"),
        purchase: None,
        debit: Account::BankClearing,
        credit: Account::Suspense,
        amount,
        standing,
        subject: Some("P1"),
    }
}

/// Books a few pending transfers; posts one, voids one, leaves one.
pub(crate) fn pending_moves_nothing_until_it_is_posted(mut store: Store) {
    let mut book = |transfer: &Transfer<'_>| store.batch(|act| act.book_transfer(transfer));
    let first = book(&debit(100, Standing::Pending)).unwrap();
    let second = book(&debit(20, Standing::Pending)).unwrap();
    book(&debit(3, Standing::Pending)).unwrap();
    // What names it says the same.
    assert!(book(&debit(99, Standing::Post(&first))).is_err());
    let turned = Transfer {
        debit: Account::Suspense,
        credit: Account::BankClearing,
        ..debit(100, Standing::Post(&first))
    };
    assert!(book(&turned).is_err());
    let nobody = Entry { server: first.server.clone(), number: 99 };
    assert!(book(&debit(100, Standing::Post(&nobody))).is_err());
    let posted = book(&debit(100, Standing::Post(&first))).unwrap();
    book(&debit(20, Standing::Void(&second))).unwrap();
    // Once; and what is not pending is neither posted nor voided.
    for again in [Standing::Post(&first), Standing::Void(&first), Standing::Post(&posted)] {
        assert!(book(&debit(100, again)).is_err());
    }
    let drawer = Transfer { debit: Account::Drawer("zhou"), subject: None, ..debit(7, Standing::Posted) };
    book(&drawer).unwrap();
    book(&Transfer { debit: Account::Drawer("wu"), ..drawer }).unwrap();
    let look = |view: gridcard_server::View<'_>| {
        let account = Account::BankClearing;
        let sums = (view.trial_balance()?, view.pending()?, view.of_subject(account, "P1")?);
        Ok::<_, gridcard_server::StoreError>((sums, view.recompute_ledger()?.1, view.totals()?))
    };
    let ((balance, pending, of_subject), wrong, totals) = store.read(look).unwrap();
    let expected = TrialBalance { bank_clearing: 100, suspense: -114, drawer: 14, ..TrialBalance::default() };
    assert_eq!((balance, pending, of_subject, wrong), (expected, 3, 100, None));
    assert_eq!(
        (totals.sold_fen, totals.suspense_fen, totals.pending_fen, totals.unaccounted()),
        (114, 114, 3, 0)
    );
    store.check().unwrap();
}

#[test]
fn pending_moves_nothing_until_it_is_posted_in_sqlite() {
    pending_moves_nothing_until_it_is_posted(Store::in_memory().unwrap());
}

/// The state, the subject and what a transfer names are in its hash.
#[test]
fn a_hand_that_posts_or_voids_by_itself_is_named() {
    let cases = [
        "UPDATE transfer SET state = 'posted' WHERE number = 4",
        "UPDATE transfer SET state = 'void' WHERE number = 6",
        "UPDATE transfer SET resolves = 5 WHERE number = 6",
        "UPDATE transfer SET subject = 'P2' WHERE number = 4",
        "UPDATE transfer SET subject = NULL WHERE number = 4",
        "UPDATE transfer SET subject = 'P1' WHERE number = 3",
        "UPDATE transfer SET life = 1, count = 1 WHERE number = 4",
    ];
    for sql in cases {
        let (dir, conn) = raw();
        let path = dir.path().join("server.db");
        let mut store = Store::open(&path, Options::default()).unwrap();
        let first = store.batch(|act| act.book_transfer(&debit(100, Standing::Pending))).unwrap();
        store.batch(|act| act.book_transfer(&debit(100, Standing::Pending))).unwrap();
        store.batch(|act| act.book_transfer(&debit(100, Standing::Post(&first)))).unwrap();
        assert_eq!(store.read(|view| view.recompute_ledger()).unwrap().1, None);
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF; DROP TRIGGER transfer_is_final; DROP INDEX transfer_resolved_once;",
        )
        .unwrap();
        conn.execute_batch(sql).unwrap();
        let wrong = store.read(|view| view.recompute_ledger()).unwrap().1;
        let wrong = wrong.unwrap_or_else(|| panic!("nothing was found after {sql}"));
        assert!(wrong.contains("does not carry the hash"), "{sql}: {wrong}");
    }
}
