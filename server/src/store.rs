//! The store: the books' engine, its settings, its transactions.

use crate::actor::Actor;
use crate::engine::{Conn, Intent, Lite};
use crate::error::StoreError;
use crate::schema::{self, SCHEMA_VERSION};
use crate::supply::{CommitFault, Supply};
use core::ops::Deref;
use disk::Access;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How a database that cannot be written is opened.
const READ: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_URI).union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

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

/// The only server of books that no two share.
pub const FIRST_SERVER: &str = "1";

/// The payment server's database.
///
/// Reading goes through [`Store::read`], changing through [`Store::batch`]; both hand out the methods
/// that registration, orders, settlement and ledger put on [`View`] and [`Transaction`].
#[derive(Debug)]
pub struct Store {
    conn: Conn,
    /// The name under which it books: each server has a chain of its own through the ledger.
    server: String,
    /// A transaction is open that takes several acts, each of which is a step of it; and how many such steps stand within one
    /// another. 0: none is.
    together: u32,
    /// Where the acts to come are done.
    actor: Actor,
    /// What a simulation takes away.
    supply: Supply,
}

/// One consistent look at the store.
#[derive(Debug, Clone, Copy)]
pub struct View<'c> {
    pub(crate) conn: &'c Conn,
}

/// One transaction: everything done through it is kept together or not at all.
#[derive(Debug)]
pub struct Transaction<'c> {
    view: View<'c>,
    /// Who books.
    pub(crate) server: &'c str,
    /// Where the act is done.
    pub(crate) actor: &'c Actor,
}

impl<'c> Deref for Transaction<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

/// A transaction, or a step of one that is open, that is forgotten unless it is kept.
struct Open<'c> {
    conn: &'c Conn,
    step: bool,
}

/// The name of the steps: one within another has the same, and the inner one is meant.
const STEP: &str = "act";

impl<'c> Open<'c> {
    fn begin(conn: &'c Conn, intent: Intent) -> Result<Self, StoreError> {
        conn.begin(intent)?;
        Ok(Open { conn, step: false })
    }

    /// A step of a transaction that is open.
    fn step(conn: &'c Conn) -> Result<Self, StoreError> {
        // The engine may have ended it by itself; what came now would be outside any transaction.
        if conn.is_idle() {
            return Err(StoreError::RolledBack);
        }
        conn.mark(STEP)?;
        Ok(Open { conn, step: true })
    }

    fn keep(self, supply: &Supply) -> Result<(), StoreError> {
        if !self.step {
            return supply.commit(|| self.conn.commit(), || self.conn.roll_back());
        }
        self.conn.keep(STEP)?;
        // What is open is the transaction around it, which is not this one's to end.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.conn.is_idle() {
            return;
        }
        if self.step {
            // Where it cannot be told, what is around it cannot be kept either.
            let _ = self.conn.take_back(STEP);
        } else {
            self.conn.roll_back();
        }
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
        let lite = Lite(conn);
        schema::check_owner(&lite)?;
        match schema::version_of(&lite.0)? {
            SCHEMA_VERSION => Ok(Store::of(Conn::Lite(lite), FIRST_SERVER)),
            found if found > SCHEMA_VERSION => Err(StoreError::Newer { found, known: SCHEMA_VERSION }),
            found => Err(StoreError::ReadOnlyOlder { found, known: SCHEMA_VERSION }),
        }
    }

    /// A store that lives and dies with this value.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::set_up(Connection::open_in_memory()?, Options::default())
    }

    fn set_up(conn: Connection, options: Options) -> Result<Self, StoreError> {
        conn.busy_timeout(Duration::from_millis(options.busy_ms.into()))?;
        conn.set_prepared_statement_cache_capacity(128);
        // The same plan whatever is bound, so that a cached statement is not compiled anew at every use.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let mut lite = Lite(conn);
        schema::check_owner(&lite)?;
        let conn = &lite.0;
        // An in-memory database answers "memory": there is nothing to be durable about.
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        let synchronous = if disk::waits() { options.synchronous } else { Synchronous::Off };
        conn.pragma_update(None, "synchronous", synchronous.pragma())?;
        // What is taken out of the books, or stood on a page that was divided, is overwritten there: a person's data can be taken out.
        conn.pragma_update_and_check(None, "secure_delete", true, |row| row.get::<_, i64>(0))?;
        // Savepoints of a batch keep their undo pages in memory, not in a temporary file.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        if let Some(pages) = options.max_pages {
            conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))?;
        }
        schema::migrate(&mut lite)?;
        lite.0.pragma_update(None, "foreign_keys", true)?;
        Ok(Store::of(Conn::Lite(lite), FIRST_SERVER))
    }

    fn of(conn: Conn, server: &str) -> Self {
        Store {
            conn,
            server: server.to_owned(),
            together: 0,
            actor: Actor::default(),
            supply: Supply::default(),
        }
    }

    /// Opens the books in a PostgreSQL database, makes them when none are there, and brings an older schema up to date.
    ///
    /// `url` is a connection string as libpq takes it. The books stand in the first schema of the user's search path.
    /// `server` names this server among those that share the books, in 1 to 32 characters without `|`.
    ///
    /// # Errors
    /// Nobody answers there, or what stands there is not the books of a payment server, or of a newer program.
    #[cfg(feature = "postgres")]
    pub fn connect(url: &str, server: &str) -> Result<Self, StoreError> {
        let conn = Conn::Pg(Box::new(crate::engine::Pg::call(url)?));
        schema::migrate_postgres(&conn)?;
        Ok(Store::of(conn, server))
    }

    pub(crate) const fn conn_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }

    pub(crate) const fn conn(&self) -> &Conn {
        &self.conn
    }

    /// From now on acts are done there.
    pub fn act_at(&mut self, actor: Actor) {
        self.actor = actor;
    }

    /// After so many commits from now, this becomes of the next: for simulations, which own the supply and the disk of a server.
    pub fn plan_fault(&self, after: u32, fault: CommitFault) {
        self.supply.plan(after, fault);
    }

    /// The server's machine is on again, and no fault is planned any more. Says whether it was off.
    pub fn power_on(&self) -> bool {
        self.supply.restore()
    }

    /// The name under which it books.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Runs `work` in one transaction and keeps all of it or, when it returns an error, nothing.
    ///
    /// What `work` hands out (a record for a SIM, say) may leave the house only after `batch` has
    /// returned: before, it is not yet on the disk.
    pub fn batch<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.supply.on()?;
        let open =
            if self.together > 0 { Open::step(&self.conn) } else { Open::begin(&self.conn, Intent::Change) }?;
        let value =
            work(&Transaction { view: View { conn: &self.conn }, server: &self.server, actor: &self.actor })?;
        if self.conn.is_idle() {
            return Err(StoreError::RolledBack.into());
        }
        open.keep(&self.supply)?;
        Ok(value)
    }

    /// Runs `look` on one consistent state of the store.
    pub fn read<T, E: From<StoreError>>(&self, look: impl FnOnce(View<'_>) -> Result<T, E>) -> Result<T, E> {
        self.supply.on()?;
        let _open = if self.together > 0 { None } else { Some(Open::begin(&self.conn, Intent::Look)?) };
        look(View { conn: &self.conn })
    }

    /// Opens a transaction that takes all acts until [`Store::keep_together`] or [`Store::forget_together`]. An act that fails in it
    /// leaves nothing, and the others stand. Begun within another, it is a step of that one: kept with it, or forgotten alone.
    pub fn begin_together(&mut self) -> Result<(), StoreError> {
        if self.together > 0 {
            // It ends by its name, so what is open is not this step's to end.
            std::mem::forget(Open::step(&self.conn)?);
        } else {
            self.conn.begin(Intent::Change)?;
        }
        self.together += 1;
        Ok(())
    }

    /// Keeps all acts since [`Store::begin_together`].
    pub fn keep_together(&mut self) -> Result<(), StoreError> {
        self.together = self.together.saturating_sub(1);
        if self.conn.is_idle() {
            return Err(StoreError::RolledBack);
        }
        if self.together > 0 {
            return Open { conn: &self.conn, step: true }.keep(&self.supply);
        }
        let kept = self.supply.commit(|| self.conn.commit(), || self.conn.roll_back());
        if kept.is_err() && !self.conn.is_idle() {
            self.conn.roll_back();
        }
        kept
    }

    /// Forgets all acts since [`Store::begin_together`].
    pub fn forget_together(&mut self) {
        self.together = self.together.saturating_sub(1);
        if self.together > 0 {
            drop(Open { conn: &self.conn, step: true });
        } else if !self.conn.is_idle() {
            self.conn.roll_back();
        }
    }

    /// Reads everything there is and names the first thing that is damaged in it.
    pub fn check(&self) -> Result<(), StoreError> {
        self.conn.check()
    }
}

impl Transaction<'_> {
    /// Runs `step` so that, when it fails, nothing of it stays while the rest of the act may go on.
    pub(crate) fn whole<T, E: From<StoreError>>(&self, step: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        // A full disk makes SQLite roll back by itself; going on would write outside any transaction.
        if self.conn.is_idle() {
            return Err(StoreError::RolledBack.into());
        }
        self.conn.mark("step")?;
        match step() {
            Ok(value) => {
                self.conn.fold("step")?;
                Ok(value)
            }
            Err(error) => {
                if !self.conn.is_idle() {
                    self.conn.take_back("step")?;
                }
                Err(error)
            }
        }
    }
}
