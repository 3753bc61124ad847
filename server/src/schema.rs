//! Versions of the books' schema: one number for both engines, a folder of scripts for each.

use crate::engine::{Lite, Row};
use crate::error::StoreError;
use crate::ledger_chain::{AS_BOOKED_6, Booked};
use rusqlite::{Connection, TransactionBehavior};

/// Marks a SQLite file as ours: "GCps" in the header's application id.
const APPLICATION_ID: i32 = 0x4743_7073;

/// What a script cannot do.
type Then = fn(&Connection) -> Result<(), StoreError>;

/// One step of the schema.
struct Step {
    script: &'static str,
    then: Option<Then>,
}

const fn script(script: &'static str) -> Step {
    Step { script, then: None }
}

/// What makes the schema of version `n + 1` out of version `n` in SQLite.
static SQLITE: &[Step] = &[
    script(include_str!("schema/sqlite/001.sql")),
    script(include_str!("schema/sqlite/002.sql")),
    script(include_str!("schema/sqlite/003.sql")),
    script(include_str!("schema/sqlite/004.sql")),
    script(include_str!("schema/sqlite/005.sql")),
    Step { script: include_str!("schema/sqlite/006.sql"), then: Some(chain_up) },
    script(include_str!("schema/sqlite/007.sql")),
    script(include_str!("schema/sqlite/008.sql")),
    script(include_str!("schema/sqlite/009.sql")),
    script(include_str!("schema/sqlite/010.sql")),
    script(include_str!("schema/sqlite/011.sql")),
    script(include_str!("schema/sqlite/012.sql")),
    script(include_str!("schema/sqlite/013.sql")),
    script(include_str!("schema/sqlite/014.sql")),
    script(include_str!("schema/sqlite/015.sql")),
    script(include_str!("schema/sqlite/016.sql")),
    script(include_str!("schema/sqlite/017.sql")),
    script(include_str!("schema/sqlite/018.sql")),
    script(include_str!("schema/sqlite/019.sql")),
    script(include_str!("schema/sqlite/020.sql")),
    script(include_str!("schema/sqlite/021.sql")),
];

/// Gives the transfers that were booked before there was a chain their hashes.
fn chain_up(conn: &Connection) -> Result<(), StoreError> {
    let mut find = conn.prepare(AS_BOOKED_6)?;
    let mut write = conn.prepare("UPDATE transfer SET hash = ?2 WHERE id = ?1")?;
    let (mut rows, mut before) = (find.query([])?, [0; 32]);
    while let Some(row) = rows.next()? {
        let row = Row::Lite(row);
        let found = Booked::of(&row)?;
        before = found.linked(&before);
        write.execute(rusqlite::params![found.id, before])?;
    }
    Ok(conn.execute_batch(include_str!("schema/sqlite/006-final.sql"))?)
}

/// The schema version this program reads and writes.
pub const SCHEMA_VERSION: i64 = SQLITE.len() as i64;

/// A file without tables is free to become ours; any other must carry our mark.
pub(crate) fn check_owner(lite: &Lite) -> Result<(), StoreError> {
    let tables: i64 = lite.0.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let owner: i32 = lite.0.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if tables > 0 && owner != APPLICATION_ID {
        return Err(StoreError::NotOurs);
    }
    Ok(())
}

pub(crate) fn version_of(conn: &Connection) -> Result<i64, StoreError> {
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

pub(crate) fn migrate(lite: &mut Lite) -> Result<(), StoreError> {
    // The common case, an up-to-date file, takes no write lock.
    if version_of(&lite.0)? == SCHEMA_VERSION {
        return Ok(());
    }
    // A table that others point at is made anew beside its rows; what points nowhere afterwards stops the migration.
    lite.0.pragma_update(None, "foreign_keys", false)?;
    let tx = lite.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version_of(&tx)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
    }
    for (version, step) in (1..).zip(SQLITE).filter(|(version, _)| *version > found) {
        tx.execute_batch(step.script)?;
        if let Some(then) = step.then {
            then(&tx)?;
        }
        tx.execute("INSERT INTO schema_version (version) VALUES (?1)", [version])?;
    }
    crate::engine::points_somewhere(&tx)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.commit()?;
    Ok(())
}

/// The version at which books in PostgreSQL begin, and what makes each from the one before.
#[cfg(feature = "postgres")]
static POSTGRES: &[(i64, &str)] = &[
    (6, include_str!("schema/postgres/006.sql")),
    (7, include_str!("schema/postgres/007.sql")),
    (8, include_str!("schema/postgres/008.sql")),
    (9, include_str!("schema/postgres/009.sql")),
    (10, include_str!("schema/postgres/010.sql")),
    (11, include_str!("schema/postgres/011.sql")),
    (12, include_str!("schema/postgres/012.sql")),
    (13, include_str!("schema/postgres/013.sql")),
    (14, include_str!("schema/postgres/014.sql")),
    (15, include_str!("schema/postgres/015.sql")),
    (16, include_str!("schema/postgres/016.sql")),
    (17, include_str!("schema/postgres/017.sql")),
    (18, include_str!("schema/postgres/018.sql")),
    (19, include_str!("schema/postgres/019.sql")),
    (20, include_str!("schema/postgres/020.sql")),
    (21, include_str!("schema/postgres/021.sql")),
];

/// Makes the books in the first schema of the search path, or brings them up to date. Two servers may do so at once.
#[cfg(feature = "postgres")]
pub(crate) fn migrate_postgres(conn: &crate::engine::Conn) -> Result<(), StoreError> {
    use crate::engine::{Intent, params};
    // Whoever comes first takes the writers' lock; the other finds the work done.
    conn.begin(Intent::Change)?;
    let done = (|| {
        let tables: i64 = conn.one(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()",
            params![],
        )?;
        let ours = conn.any(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_name = 'schema_version'",
            params![],
        )?;
        if tables > 0 && !ours {
            return Err(StoreError::NotOurs);
        }
        let found: i64 = if ours {
            conn.one("SELECT coalesce(max(version), 0) FROM schema_version", params![])?
        } else {
            0
        };
        if found > SCHEMA_VERSION {
            return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
        }
        for (version, script) in POSTGRES.iter().filter(|(version, _)| *version > found) {
            conn.script(script)?;
            conn.write("INSERT INTO schema_version (version) VALUES (?1)", params![*version])?;
        }
        Ok(())
    })();
    match done {
        Ok(()) => conn.commit(),
        Err(error) => {
            conn.roll_back();
            Err(error)
        }
    }
}
