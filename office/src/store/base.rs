//! An open store: its file, its transactions and its clock.

use super::error::StoreError;
use super::query;
use crate::audit::head::Head;
use crate::audit::log::Audit;
use disk::Access;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the store in a party's folder.
pub const FILE: &str = "office.sqlite";
/// Marks a SQLite file as ours: "GCof" in the header's application id.
const APPLICATION_ID: i32 = 0x4743_6F66;
/// What makes the schema of version `n + 1` out of version `n`.
static MIGRATIONS: &[&str] = &[
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
];
/// The schema version this program reads and writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;
/// How long to wait for another program that writes.
const BUSY: Duration = Duration::from_secs(10);
/// Memory for pages of the file, in KiB: the same for a thousand cards and for a million.
const CACHE_KIB: i64 = 8 * 1024;
/// Pages of the write-ahead log after which they go into the file.
const CHECKPOINT_PAGES: i64 = 4000;

/// How hard a commit presses on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On the medium when it returns.
    #[default]
    Now,
    /// A killed program loses nothing; a machine that stops may lose the last commits. For demonstrations,
    /// which are repeated as a whole.
    Soon,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    path: PathBuf,
    /// Held by whoever issues.
    pub(super) _lock: Option<File>,
    /// Told of every outcome before it stands here.
    pub(super) audit: Option<Audit>,
}

impl Store {
    /// A store that lives and dies with this value.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new("a store in memory");
        let mut conn = Connection::open_in_memory().map_err(|error| StoreError::of(path, error))?;
        set_up(&mut conn, path, Durability::Soon)?;
        Ok(Store { conn, path: path.to_owned(), _lock: None, audit: None })
    }

    /// Opens the file at `path`, or begins one, and keeps the lock of whoever issues.
    pub(super) fn connect(
        path: &Path,
        durability: Durability,
        lock: Option<File>,
    ) -> Result<Self, StoreError> {
        let at = |error: rusqlite::Error| StoreError::of(path, error);
        // Its pack holds cards with their keys.
        let open = |source| StoreError::Io { path: path.to_owned(), doing: "open", source };
        let access = disk::prepare_database(path).map_err(open)?;
        let conn = if access == Access::Write {
            let mut conn = Connection::open(path).map_err(at)?;
            set_up(&mut conn, path, durability)?;
            conn
        } else {
            let conn = read_only(path, &access).map_err(at)?;
            check_owner(&conn, path)?;
            match version_of(&conn).map_err(at)? {
                SCHEMA_VERSION => {}
                found if found > SCHEMA_VERSION => return Err(newer(path, found)),
                _ => return Err(StoreError::ReadOnly { path: path.to_owned() }),
            }
            conn
        };
        Ok(Store { conn, path: path.to_owned(), _lock: lock, audit: None })
    }

    /// With an audit log that is told of every outcome before it is kept here: a card that was finished is never missing
    /// there. When the log takes no line nothing is kept, and the next run finds the card finished.
    ///
    /// # Errors
    /// The log is not the one whose end is kept here.
    pub fn audited(mut self, audit: Audit) -> Result<Self, StoreError> {
        if let Some(kept) = self.log_end()? {
            audit.must_have("the store", kept)?;
        }
        self.audit = Some(audit);
        Ok(self)
    }

    /// The end of the log as it was when something was last kept here.
    pub fn log_end(&self) -> Result<Option<Head>, StoreError> {
        let sql = "SELECT value FROM setting WHERE name = 'log'";
        let kept: Option<String> =
            query::first(&self.conn, sql, [], |row| row.get(0)).map_err(self.named())?;
        let read = |text: String| {
            let (lines, hash) = text.split_once(' ')?;
            Some(Head { lines: lines.parse().ok()?, hash: hash.parse().ok()? })
        };
        Ok(kept.and_then(read))
    }

    /// Keeps the end of the log; it only grows.
    pub fn keep_log_end(&mut self, head: Head) -> Result<(), StoreError> {
        match self.log_end()? {
            Some(kept) if kept.lines >= head.lines => Ok(()),
            _ => {
                self.act(|tx| note_log_end(tx, head).map_err(|error| StoreError::of(Path::new(FILE), error)))
            }
        }
    }

    /// How many cards of a kind the store can explain at most: each time one was begun or was to get other keys, and of batches twice what was asked,
    /// since a batch that was killed may have begun a card that the store never heard of.
    pub fn begun(&self, kind: u8) -> Result<u64, StoreError> {
        let known: i64 = query::value(
            &self.conn,
            "SELECT (SELECT count(*) FROM event JOIN item ON item.id = event.item \
                         WHERE item.kind = ?1 AND event.what IN ('intent', 'passage')) \
                      + (SELECT coalesce(2 * sum(asked), 0) FROM batch WHERE kind = ?1)",
            [kind],
        )
        .map_err(self.named())?;
        Ok(known.unsigned_abs())
    }

    pub(crate) fn audit(&mut self) -> Option<&mut Audit> {
        self.audit.as_mut()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Names the file in an error of SQLite.
    pub(crate) fn named(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |error| StoreError::of(&self.path, error)
    }

    /// Runs `work` in one transaction: all of it is kept, or nothing.
    pub(crate) fn act<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.clone();
        let at = |error: rusqlite::Error| E::from(StoreError::of(&path, error));
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
        let value = work(&tx)?;
        if let Some(audit) = &self.audit {
            note_log_end(&tx, audit.head()).map_err(at)?;
        }
        tx.commit().map_err(at)?;
        Ok(value)
    }

    /// Runs `work` in a transaction of which nothing is kept.
    pub(crate) fn look_ahead<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.clone();
        let at = |error: rusqlite::Error| E::from(StoreError::of(&path, error));
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
        let value = work(&tx)?;
        tx.rollback().map_err(at)?;
        Ok(value)
    }

    /// Waits until every commit is on the medium.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(self.named())
    }

    /// Refuses a clock that stands before the last act by more than a clock is ever put right.
    pub fn check_clock(&self, now: &str) -> Result<(), StoreError> {
        let last = last_act(&self.conn).map_err(self.named())?;
        match last {
            Some(last) if now.get(..10) < last.get(..10) => {
                Err(StoreError::Clock { now: now.to_owned(), last })
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Every row of a query, with errors that name the store.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        query::rows(&self.conn, sql, params, read).map_err(self.named())
    }

    /// The first row of a query, with errors that name the store.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        query::first(&self.conn, sql, params, read).map_err(self.named())
    }

    /// The value of a query that has one, with errors that name the store.
    pub(crate) fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<T, StoreError> {
        query::value(&self.conn, sql, params).map_err(self.named())
    }
}

/// Time of the latest act.
fn last_act(conn: &Connection) -> rusqlite::Result<Option<String>> {
    query::first(conn, "SELECT value FROM setting WHERE name = 'clock'", [], |row| row.get(0))
}

/// Moves the time of the latest act on; never back.
pub(crate) fn tick(conn: &Connection, at: &str) -> rusqlite::Result<()> {
    query::change(
        conn,
        "INSERT INTO setting (name, value) VALUES ('clock', ?1) \
         ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        [at],
    )
    .map(drop)
}

/// Writes the end of the log into the transaction.
pub(crate) fn note_log_end(conn: &Connection, head: Head) -> rusqlite::Result<()> {
    if head.lines == 0 {
        return Ok(());
    }
    query::change(
        conn,
        "INSERT INTO setting (name, value) VALUES ('log', ?1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [format!("{} {}", head.lines, head.hash)],
    )
    .map(drop)
}

fn set_up(conn: &mut Connection, path: &Path, durability: Durability) -> Result<(), StoreError> {
    let at = |error: rusqlite::Error| StoreError::of(path, error);
    conn.busy_timeout(BUSY).map_err(at)?;
    conn.set_prepared_statement_cache_capacity(64);
    // The same plan whatever is bound, so that a cached statement is not compiled anew at every use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(at)?;
    check_owner(conn, path)?;
    let synchronous = match durability {
        _ if !disk::waits() => "OFF",
        Durability::Now => "FULL",
        Durability::Soon => "NORMAL",
    };
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)).map_err(at)?;
    conn.pragma_update(None, "synchronous", synchronous).map_err(at)?;
    conn.pragma_update(None, "foreign_keys", true).map_err(at)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB).map_err(at)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |row| row.get::<_, i64>(0))
        .map_err(at)?;
    migrate(conn, path)
}

/// Opens a database to read it alone, as `access` says it can be.
pub(crate) fn read_only(path: &Path, access: &Access) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match access {
        Access::Still(address) => Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI),
        Access::Read | Access::Write => Connection::open_with_flags(path, flags),
    }
}

/// A file without tables is free to become ours; any other must carry our mark.
fn check_owner(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let at = |error: rusqlite::Error| StoreError::of(path, error);
    let tables: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(at)?;
    let owner: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(at)?;
    if tables > 0 && owner != APPLICATION_ID {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    Ok(())
}

fn newer(path: &Path, found: i64) -> StoreError {
    StoreError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION }
}

fn version_of(conn: &Connection) -> rusqlite::Result<i64> {
    let known: i64 = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        [],
        |row| row.get(0),
    )?;
    if known == 0 {
        return Ok(0);
    }
    conn.query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))
}

fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let at = |error: rusqlite::Error| StoreError::of(path, error);
    if version_of(conn).map_err(at)? == SCHEMA_VERSION {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
    let found = version_of(&tx).map_err(at)?;
    if found > SCHEMA_VERSION {
        return Err(newer(path, found));
    }
    for (version, script) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        tx.execute_batch(script).map_err(at)?;
        tx.execute("INSERT INTO schema_version (version) VALUES (?1)", [version]).map_err(at)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(at)?;
    tx.commit().map_err(at)
}
