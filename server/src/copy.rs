//! Copies of the books: a copy of the file while others work with it, and the way from a file into a database server
//! [docs/specs/books.md 19].

use crate::engine::{AsValue, Cell, Conn, Field, Lite, Row, Value, params};
use crate::error::StoreError;
use crate::ledger::TrialBalance;
use crate::ledger_chain::Head;
use crate::rows::column;
use crate::store::{Options, Store, View};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Pages that are copied before others may write again.
const PAGES: i32 = 1024;

/// What tells whether two books say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// The accounts.
    pub balance: TrialBalance,
    /// Where each server's chain through the ledger stands, as it was recomputed.
    pub heads: Vec<Head>,
}

/// Copies, behind the seam of [`Books`](crate::Books).
pub trait Copies {
    /// Copies the books into a new file, as they are at one moment; others may go on working with them.
    ///
    /// # Errors
    /// They are not in a file; the copy cannot be written, or does not say the same.
    fn back_up(&self, to: &Path) -> Result<Sums, StoreError>;

    /// What tells whether other books say the same.
    ///
    /// # Errors
    /// The books cannot be read, or are not in order.
    fn sums(&self) -> Result<Sums, StoreError>;
}

impl View<'_> {
    fn all_sums(&self) -> Result<Sums, StoreError> {
        let (heads, wrong) = self.recompute_ledger()?;
        let wrong = wrong.or(self.sums_differ()?);
        if let Some(detail) = wrong {
            return Err(StoreError::Corrupt { detail });
        }
        let mut rows = BTreeMap::new();
        // How the tables came to be is each engine's own.
        for table in tables(self.conn)?.into_iter().filter(|table| table != "schema_version") {
            let count = self.conn.one(&format!("SELECT count(*) FROM \"{table}\""), params![])?;
            rows.insert(table, count);
        }
        Ok(Sums { rows, balance: self.trial_balance()?, heads })
    }
}

impl Copies for Store {
    fn back_up(&self, to: &Path) -> Result<Sums, StoreError> {
        let from = match self.conn() {
            Conn::Lite(Lite(from)) => from,
            #[cfg(feature = "postgres")]
            Conn::Pg(_) => return Err(StoreError::NoFile),
        };
        // A file of its own, for its owner alone, before anything is written into it.
        let fault = |source| StoreError::File { path: to.to_owned(), source };
        disk::create(to, &[], disk::Durability::Synced).map_err(fault)?;
        let copied = (|| {
            let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            Backup::new(from, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)?;
            drop(copy);
            let copy = Store::open(to, Options::default())?;
            copy.check()?;
            copy.sums()
        })();
        if copied.is_err() {
            // What is no copy does not lie there as one.
            let _ = std::fs::remove_file(to);
        }
        copied
    }

    fn sums(&self) -> Result<Sums, StoreError> {
        self.read(|view| view.all_sums())
    }
}

/// The tables of the books, by name.
fn tables(conn: &Conn) -> Result<Vec<String>, StoreError> {
    let sql = match conn {
        Conn::Lite(_) => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        }
        #[cfg(feature = "postgres")]
        Conn::Pg(_) => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
    };
    conn.all(sql, params![], |row| column(row, "name"))
}

/// A column as it goes from one engine to the other.
enum Owned {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Field for Owned {
    const NAME: &'static str = "value";

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        Some(match cell {
            Cell::Null => Owned::Null,
            Cell::Int(number) => Owned::Int(number),
            Cell::Text(text) => Owned::Text(text.to_owned()),
            Cell::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
        })
    }
}

impl AsValue for Owned {
    fn as_value(&self) -> Value<'_> {
        match self {
            Owned::Null => Value::Null,
            Owned::Int(number) => Value::Int(*number),
            Owned::Text(text) => Value::Text(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// The columns of a table that are written, those of its key first in the order of its rows.
struct Columns {
    all: Vec<String>,
    order: String,
}

fn columns(from: &Conn, table: &str) -> Result<Columns, StoreError> {
    let found = from.all(
        "SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid",
        params![table],
        |row: &Row<'_>| Ok((column::<String>(row, "name")?, column::<i64>(row, "pk")?)),
    )?;
    let mut key: Vec<&(String, i64)> = found.iter().filter(|(_, place)| *place > 0).collect();
    key.sort_by_key(|(_, place)| *place);
    let order: Vec<String> = key.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let order = if order.is_empty() { "1".to_owned() } else { order.join(", ") };
    Ok(Columns { all: found.iter().map(|(name, _)| name.clone()).collect(), order })
}

/// The tables in an order in which each stands behind those that its rows point at; closed days last, for they close.
fn in_order(from: &Conn) -> Result<Vec<String>, StoreError> {
    let mut left: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in tables(from)? {
        let sql = "SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_list(?1)";
        let points: Vec<String> = from.all(sql, params![table], |row| column(row, "name"))?;
        left.insert(table.clone(), points.into_iter().filter(|other| *other != table).collect());
    }
    let mut order: Vec<String> = Vec::new();
    while !left.is_empty() {
        let free = |points: &BTreeSet<String>| points.iter().all(|other| order.contains(other));
        let next: Vec<String> =
            left.iter().filter(|(_, points)| free(points)).map(|(table, _)| table.clone()).collect();
        if next.is_empty() {
            let detail = format!("these tables point at each other: {:?}", left.keys());
            return Err(StoreError::Value { place: "the schema", detail });
        }
        for table in next {
            left.remove(&table);
            order.push(table);
        }
    }
    order.retain(|table| table != "schema_version");
    order.sort_by_key(|table| table == "day_close");
    Ok(order)
}

impl Store {
    /// Puts what a copy says in the place of these books, in one step for whoever else works with them.
    ///
    /// # Errors
    /// Either is not in a file; somebody else writes; the disk is full: these books are as they were then.
    pub fn take_from(&mut self, copy: &Store) -> Result<(), StoreError> {
        match (copy.conn(), self.conn_mut()) {
            (Conn::Lite(Lite(from)), Conn::Lite(Lite(to))) => {
                // All pages at once: a copy in pieces would begin anew whenever somebody writes.
                Backup::new(from, to)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            _ => Err(StoreError::NoFile),
        }
    }

    /// Moves the books of a file into those of a database server that are new: every row, as it is; then compares the sums. The
    /// file stays as it was.
    ///
    /// # Errors
    /// These are not in a file, those are not new or not in a database server, a row cannot be written, or the sums differ: nothing
    /// is kept then.
    pub fn move_into(&self, to: &mut Store) -> Result<Sums, StoreError> {
        if matches!(to.conn(), Conn::Lite(_)) || !matches!(self.conn(), Conn::Lite(_)) {
            return Err(StoreError::NoFile);
        }
        self.read(|from| {
            let sums = from.all_sums()?;
            to.batch(|act| {
                for table in ["customer", "transfer", "principal"] {
                    if act.conn.any(&format!("SELECT 1 FROM {table} LIMIT 1"), params![])? {
                        return Err(StoreError::NotEmpty);
                    }
                }
                let order = in_order(from.conn)?;
                // What new books have from the beginning comes from the file as well, with the numbers it has there.
                for table in order.iter().rev() {
                    act.conn.write(&format!("ALTER TABLE \"{table}\" DISABLE TRIGGER USER"), params![])?;
                    act.conn.write(&format!("DELETE FROM \"{table}\""), params![])?;
                }
                for table in &order {
                    copy_table(from.conn, act.conn, table)?;
                    act.conn.write(&format!("ALTER TABLE \"{table}\" ENABLE TRIGGER USER"), params![])?;
                }
                go_on_counting(act.conn)?;
                let moved = act.all_sums()?;
                if moved != sums {
                    let detail = format!("the file says {sums:?}, what was written {moved:?}");
                    return Err(StoreError::Corrupt { detail });
                }
                Ok(moved)
            })
        })
    }
}

fn copy_table(from: &Conn, to: &Conn, table: &str) -> Result<(), StoreError> {
    let Columns { all, order } = columns(from, table)?;
    let names: Vec<String> = all.iter().map(|name| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let places: Vec<String> = (1..=all.len()).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO \"{table}\" ({names}) VALUES ({})", places.join(", "));
    from.each(&format!("SELECT {names} FROM \"{table}\" ORDER BY {order}"), params![], &mut |row| {
        let values: Vec<Owned> =
            all.iter().map(|name| column(row, name)).collect::<Result<_, StoreError>>()?;
        let values: Vec<Value<'_>> = values.iter().map(AsValue::as_value).collect();
        to.write(&insert, &values)?;
        Ok(core::ops::ControlFlow::Continue(()))
    })
}

/// Numbers that the database server draws begin behind those that came.
fn go_on_counting(to: &Conn) -> Result<(), StoreError> {
    let drawn = to.all(
        "SELECT table_name AS name, column_name AS drawn FROM information_schema.columns \
         WHERE table_schema = current_schema() AND is_identity = 'YES'",
        params![],
        |row| Ok((column::<String>(row, "name")?, column::<String>(row, "drawn")?)),
    )?;
    for (table, drawn) in drawn {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{drawn}'), coalesce(max(\"{drawn}\"), 0) + 1, false) AS next \
             FROM \"{table}\""
        );
        to.one::<i64>(&sql, params![])?;
    }
    Ok(())
}
