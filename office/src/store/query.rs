//! The shapes of a query: every row, the first row, a value, a change. A statement is compiled once and kept.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Result, Row};

/// Every row, as `read` takes it.
pub fn rows<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// The first row, as `read` takes it; `None` when there is none.
pub fn first<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

/// The value of a query that has one row of one column.
pub fn value<T: FromSql>(conn: &Connection, sql: &str, params: impl Params) -> Result<T> {
    conn.prepare_cached(sql)?.query_row(params, |row| row.get(0))
}

/// Changes rows; gives how many.
pub fn change(conn: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    conn.prepare_cached(sql)?.execute(params)
}
