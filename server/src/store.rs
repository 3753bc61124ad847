//! The store: one SQLite file, its settings, its versions, its transactions.

use crate::error::StoreError;
use core::ops::Deref;
use disk::Access;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// Marks a SQLite file as ours: "GCps" in the header's application id.
const APPLICATION_ID: i32 = 0x4743_7073;

/// What makes the schema of version `n + 1` out of version `n`.
static MIGRATIONS: &[&str] = &[
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
    include_str!("schema/005.sql"),
];

/// How a database that cannot be written is opened.
const READ: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_URI).union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// The schema version this program reads and writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// How hard a commit presses on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Every commit is on the disk when it returns. The default: money.
    #[default]
    Full,
    /// A power cut may lose the last commits, never damage the file.
    Normal,
    /// The operating system writes when it likes; for demonstrations and tests.
    Off,
}

impl Synchronous {
    const fn pragma(self) -> &'static str {
        match self {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
            Synchronous::Off => "OFF",
        }
    }
}

/// Settings of a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Durability of a commit.
    pub synchronous: Synchronous,
    /// The file may not grow beyond so many pages (4096 bytes each); beyond it the disk counts as full.
    pub max_pages: Option<u32>,
    /// How long to wait for another program that writes, in milliseconds.
    pub busy_ms: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { synchronous: Synchronous::Full, max_pages: None, busy_ms: 5000 }
    }
}

/// The payment server's database.
///
/// Reading goes through [`Store::read`], changing through [`Store::batch`]; both hand out the methods
/// that registration, orders, settlement and ledger put on [`View`] and [`Transaction`].
#[derive(Debug)]
pub struct Store {
    conn: Connection,
}

/// One consistent look at the store.
#[derive(Debug, Clone, Copy)]
pub struct View<'c> {
    pub(crate) conn: &'c Connection,
}

/// One transaction: everything done through it is kept together or not at all.
#[derive(Debug)]
pub struct Transaction<'c> {
    view: View<'c>,
}

impl<'c> Deref for Transaction<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl Store {
    /// Opens the file at `path`, makes it when it is not there, and brings an older schema up to date. Where file or folder
    /// cannot be written the store can be read, and every [`Store::batch`] fails with [`StoreError::ReadOnly`].
    ///
    /// Refuses a file that is no database, that belongs to another program, or that a newer version of
    /// this program wrote.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let access = disk::prepare_database(path);
        match access.map_err(|source| StoreError::File { path: path.to_owned(), source })? {
            Access::Write => Self::set_up(Connection::open(path)?, options),
            Access::Read => Self::look(Connection::open_with_flags(path, READ)?),
            Access::Still(address) => Self::look(Connection::open_with_flags(address, READ)?),
        }
    }

    /// A store that cannot be written.
    fn look(conn: Connection) -> Result<Self, StoreError> {
        conn.set_prepared_statement_cache_capacity(128);
        check_owner(&conn)?;
        match version_of(&conn)? {
            SCHEMA_VERSION => Ok(Store { conn }),
            found if found > SCHEMA_VERSION => Err(StoreError::Newer { found, known: SCHEMA_VERSION }),
            found => Err(StoreError::ReadOnlyOlder { found, known: SCHEMA_VERSION }),
        }
    }

    /// A store that lives and dies with this value.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::set_up(Connection::open_in_memory()?, Options::default())
    }

    fn set_up(mut conn: Connection, options: Options) -> Result<Self, StoreError> {
        conn.busy_timeout(Duration::from_millis(options.busy_ms.into()))?;
        conn.set_prepared_statement_cache_capacity(128);
        // The same plan whatever is bound, so that a cached statement is not compiled anew at every use.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        check_owner(&conn)?;
        // An in-memory database answers "memory": there is nothing to be durable about.
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        let synchronous = if disk::waits() { options.synchronous } else { Synchronous::Off };
        conn.pragma_update(None, "synchronous", synchronous.pragma())?;
        // Savepoints of a batch keep their undo pages in memory, not in a temporary file.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        if let Some(pages) = options.max_pages {
            conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))?;
        }
        migrate(&mut conn)?;
        conn.pragma_update(None, "foreign_keys", true)?;
        Ok(Store { conn })
    }

    /// Runs `work` in one transaction and keeps all of it or, when it returns an error, nothing.
    ///
    /// What `work` hands out (a record for a SIM, say) may leave the house only after `batch` has
    /// returned: before, it is not yet on the disk.
    pub fn batch<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| E::from(source.into()))?;
        let value = work(&Transaction { view: View { conn: &tx } })?;
        if tx.is_autocommit() {
            return Err(StoreError::RolledBack.into());
        }
        tx.commit().map_err(|source| E::from(source.into()))?;
        Ok(value)
    }

    /// Runs `look` on one consistent state of the store.
    pub fn read<T, E: From<StoreError>>(&self, look: impl FnOnce(View<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = self.conn.unchecked_transaction().map_err(|source| E::from(source.into()))?;
        look(View { conn: &tx })
    }

    /// Reads the whole file and names the first thing that is damaged in it.
    pub fn check(&self) -> Result<(), StoreError> {
        let verdict: String = self.conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt { detail: verdict });
        }
        points_somewhere(&self.conn)
    }
}

impl Transaction<'_> {
    /// Runs `step` so that, when it fails, nothing of it stays while the rest of the act may go on.
    pub(crate) fn whole<T, E: From<StoreError>>(&self, step: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let run = |sql: &str| -> Result<(), StoreError> {
            self.conn.prepare_cached(sql)?.execute([])?;
            Ok(())
        };
        // A full disk makes SQLite roll back by itself; going on would write outside any transaction.
        if self.conn.is_autocommit() {
            return Err(StoreError::RolledBack.into());
        }
        run("SAVEPOINT step")?;
        match step() {
            Ok(value) => {
                run("RELEASE step")?;
                Ok(value)
            }
            Err(error) => {
                if !self.conn.is_autocommit() {
                    run("ROLLBACK TO step")?;
                    run("RELEASE step")?;
                }
                Err(error)
            }
        }
    }
}

fn points_somewhere(conn: &Connection) -> Result<(), StoreError> {
    let orphan: Option<String> =
        conn.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    match orphan {
        Some(table) => Err(StoreError::Corrupt { detail: format!("a row of {table} points nowhere") }),
        None => Ok(()),
    }
}

/// A file without tables is free to become ours; any other must carry our mark.
fn check_owner(conn: &Connection) -> Result<(), StoreError> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let owner: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if tables > 0 && owner != APPLICATION_ID {
        return Err(StoreError::NotOurs);
    }
    Ok(())
}

fn version_of(conn: &Connection) -> Result<i64, StoreError> {
    let known: i64 = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        [],
        |row| row.get(0),
    )?;
    if known == 0 {
        return Ok(0);
    }
    Ok(conn.query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))?)
}

fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    // The common case, an up-to-date file, takes no write lock.
    if version_of(conn)? == SCHEMA_VERSION {
        return Ok(());
    }
    // A table that others point at is made anew beside its rows; what points nowhere afterwards stops the migration.
    conn.pragma_update(None, "foreign_keys", false)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version_of(&tx)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
    }
    for (version, script) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        tx.execute_batch(script)?;
        tx.execute("INSERT INTO schema_version (version) VALUES (?1)", [version])?;
    }
    points_somewhere(&tx)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.commit()?;
    Ok(())
}
