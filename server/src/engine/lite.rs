//! SQLite.

use super::Intent;
use super::row::Row;
use super::value::Value;
use crate::error::StoreError;
use core::ops::ControlFlow;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

/// A connection to a SQLite file, or to memory.
#[derive(Debug)]
pub(crate) struct Lite(pub Connection);

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Lite {
    fn prepared(&self, sql: &str, values: &[Value<'_>]) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        for (place, value) in (1..).zip(values) {
            statement.raw_bind_parameter(place, value)?;
        }
        Ok(statement)
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.prepared(sql, values)?;
        Ok(statement.raw_execute()? as u64)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepared(sql, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if read(&Row::Lite(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn script(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.execute_batch(sql)?)
    }

    pub(super) fn begin(&self, intent: Intent) -> Result<(), StoreError> {
        // A deferred transaction of a reader takes the state of its first look; a writer takes the lock at once.
        self.script(match intent {
            Intent::Look => "BEGIN",
            Intent::Change => "BEGIN IMMEDIATE",
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.is_autocommit()
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let verdict: String = self.0.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt { detail: verdict });
        }
        points_somewhere(&self.0)
    }
}

/// Whether every row that names another names one that is there.
pub(crate) fn points_somewhere(conn: &Connection) -> Result<(), StoreError> {
    let orphan: Option<String> =
        conn.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    match orphan {
        Some(table) => Err(StoreError::Corrupt { detail: format!("a row of {table} points nowhere") }),
        None => Ok(()),
    }
}
