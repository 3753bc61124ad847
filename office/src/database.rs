//! Databases of a party as files: whose they are, of which schema, whether they are whole; and a copy that is consistent
//! whatever goes on meanwhile. Nothing is migrated here.

use crate::store::{StoreError, read_only};
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// What a database file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Database {
    /// Mark of the program that made it.
    pub application: i32,
    /// Version of its schema; 0 without one.
    pub schema: i64,
}

/// Looks at a database; nothing is changed, and no other file is made beside it.
///
/// # Errors
/// It cannot be read, or is none.
pub fn look(path: &Path) -> Result<Database, StoreError> {
    let conn = read(path)?;
    let at = |error| StoreError::of(path, error);
    let application = conn.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(at)?;
    let has: Option<i64> = conn
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(at)?;
    let schema = match has {
        Some(_) => conn
            .query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))
            .map_err(at)?,
        None => 0,
    };
    Ok(Database { application, schema })
}

/// Reads the whole file; what is damaged first, in words.
///
/// # Errors
/// It cannot be read.
pub fn damage(path: &Path) -> Result<Option<String>, StoreError> {
    let conn = read(path)?;
    let at = |error| StoreError::of(path, error);
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(at)?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    let orphan: Option<String> =
        conn.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional().map_err(at)?;
    Ok(orphan.map(|table| format!("a row of {table} points nowhere")))
}

/// Writes a consistent copy to a file that must not be there yet.
///
/// # Errors
/// One of the files cannot be read or written.
pub fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let conn = read(path)?;
    let to_text = to.to_string_lossy();
    conn.execute("VACUUM INTO ?1", [&*to_text]).map_err(|error| StoreError::of(to, error))?;
    Ok(())
}

/// Opens a database to read it; nothing is migrated.
pub(crate) fn read(path: &Path) -> Result<Connection, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), doing: "open", source };
    let access = disk::how_readable(path).map_err(io)?;
    read_only(path, &access).map_err(|error| StoreError::of(path, error))
}
