//! The connection against a server, which tests/postgres.sh starts.

use super::super::{Conn, Intent, params};
use super::Pg;
use crate::error::StoreError;

/// A connection to a table of its own, gone with it.
fn table() -> Conn {
    let url = std::env::var("GRIDCARD_POSTGRES").expect("tests/postgres.sh says where it is");
    let conn = Conn::Pg(Box::new(Pg::call(&url).expect("a server")));
    conn.script("CREATE TEMPORARY TABLE n (v BIGINT NOT NULL PRIMARY KEY CHECK (v > 0))").expect("a table");
    conn.begin(Intent::Change).expect("a transaction");
    conn
}

fn add(conn: &Conn, v: i64) -> Result<(), StoreError> {
    conn.write("INSERT INTO n (v) VALUES (?1)", params![v])
}

fn sum(conn: &Conn) -> i64 {
    conn.one("SELECT coalesce(sum(v), 0) FROM n", params![]).expect("a sum")
}

fn is_rule<T>(done: &Result<T, StoreError>) -> bool {
    matches!(done, Err(StoreError::Rule { .. }))
}

#[test]
#[ignore = "wants PostgreSQL: tests/postgres.sh"]
fn postgres_tells_a_refusal_at_the_end_of_its_act_and_the_rest_stands() {
    let conn = table();
    add(&conn, 1).expect("said");
    conn.mark("act").expect("a mark");
    add(&conn, 2).expect("said");
    add(&conn, 0).expect("said, and refused later");
    assert!(is_rule(&conn.keep("act")));
    conn.take_back("act").expect("taken back");
    assert_eq!(sum(&conn), 1);
    add(&conn, 4).expect("said");
    conn.commit().expect("kept");
    assert_eq!(sum(&conn), 5);
}

#[test]
#[ignore = "wants PostgreSQL: tests/postgres.sh"]
fn postgres_takes_a_step_back_that_is_within_another_of_the_same_name() {
    let conn = table();
    conn.mark("act").expect("a mark");
    add(&conn, 1).expect("said");
    conn.mark("act").expect("a mark");
    add(&conn, 2).expect("said");
    conn.fold("act").expect("a step that is over");
    conn.mark("act").expect("a mark");
    add(&conn, 0).expect("said");
    // A question hears what was said before it.
    assert!(is_rule(&conn.any("SELECT 1 FROM n", params![])));
    conn.take_back("act").expect("taken back");
    assert_eq!(sum(&conn), 3);
    conn.keep("act").expect("kept");
    conn.commit().expect("kept");
    assert_eq!(sum(&conn), 3);
}

/// Going back to the innermost mark would not undo it, and leave the rest standing on it.
#[test]
#[ignore = "wants PostgreSQL: tests/postgres.sh"]
fn postgres_gives_all_up_for_a_refusal_from_before_the_innermost_mark() {
    let conn = table();
    conn.mark("act").expect("a mark");
    add(&conn, 1).expect("said");
    add(&conn, 0).expect("said, and refused later");
    conn.mark("act").expect("a mark");
    add(&conn, 2).expect("said");
    assert!(is_rule(&conn.keep("act")));
    assert!(conn.is_idle(), "nothing of the transaction is open");
    assert_eq!(sum(&conn), 0);
    // And the connection goes on.
    conn.begin(Intent::Change).expect("a transaction");
    add(&conn, 8).expect("said");
    conn.commit().expect("kept");
    assert_eq!(sum(&conn), 8);
}

#[test]
#[ignore = "wants PostgreSQL: tests/postgres.sh"]
fn postgres_keeps_nothing_of_a_transaction_that_was_refused_something() {
    let conn = table();
    add(&conn, 1).expect("said");
    add(&conn, 1).expect("said, and refused later");
    add(&conn, 2).expect("said, and refused for the one before");
    assert!(is_rule(&conn.commit()));
    conn.roll_back();
    assert_eq!(sum(&conn), 0);
    // Outside a transaction nothing waits.
    assert!(is_rule(&add(&conn, 0)));
    add(&conn, 7).expect("written");
    assert_eq!(sum(&conn), 7);
}
