//! PostgreSQL.

use super::Intent;
use super::row::{Cell, Row};
use super::value::Value;
use crate::error::StoreError;
use bytes::BytesMut;
use core::cell::{Cell as Flag, RefCell};
use core::error::Error;
use core::ops::ControlFlow;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};
use std::collections::HashMap;

/// Who writes to the books takes this advisory lock of its schema first: one writer at a time, as with a file. The
/// number is the books' mark.
const WRITER: i32 = 0x4743_7073;

/// A connection to the books in a PostgreSQL schema.
pub(crate) struct Pg {
    client: RefCell<Client>,
    /// Every statement that was prepared, by its text.
    prepared: RefCell<HashMap<String, Statement>>,
    /// A transaction is open.
    open: Flag<bool>,
}

impl core::fmt::Debug for Pg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pg").finish_non_exhaustive()
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *kind == Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
            Value::Int(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    /// Whatever the statement asks for: [`ToSql::to_sql`] of the value itself says whether it fits.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Cell::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Cell::Int(i32::from_sql(kind, raw)?.into()),
            Type::BOOL => Cell::Int(bool::from_sql(kind, raw)?.into()),
            Type::NUMERIC => Cell::Int(whole_number(raw)?),
            Type::BYTEA => Cell::Bytes(raw),
            _ => Cell::Text(<&str>::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8
                | Type::INT4
                | Type::BOOL
                | Type::NUMERIC
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
        )
    }
}

/// A NUMERIC that is whole, as sums of BIGINT are: four 16-bit words (digits, weight, sign, scale), then digits to the base of
/// 10 000, the first worth 10 000 to the power of the weight.
fn whole_number(raw: &[u8]) -> Result<i64, Box<dyn Error + Sync + Send>> {
    const MINUS: u16 = 0x4000;
    let mut words = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut next = || words.next().ok_or("a NUMERIC that is cut off");
    let (count, weight, sign, _) = (next()?, next()?, next()?, next()?);
    if sign != 0 && sign != MINUS {
        return Err("a NUMERIC that is no number".into());
    }
    let weight = i32::from(weight.cast_signed());
    let mut value: i64 = 0;
    for place in 0..=weight.max(i32::from(count) - 1) {
        let digit = if place < i32::from(count) { next()? } else { 0 };
        if place > weight {
            if digit != 0 {
                return Err("a NUMERIC that is no whole number".into());
            }
            continue;
        }
        value = value
            .checked_mul(10_000)
            .and_then(|value| value.checked_sub(digit.into()))
            .ok_or("too large a NUMERIC")?;
    }
    if sign == MINUS { Ok(value) } else { value.checked_neg().ok_or_else(|| "too large a NUMERIC".into()) }
}

/// A statement with its places as PostgreSQL writes them.
fn dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

impl Pg {
    /// Takes a connection over.
    pub fn new(client: Client) -> Self {
        Pg { client: RefCell::new(client), prepared: RefCell::default(), open: Flag::new(false) }
    }

    fn statement(&self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.prepared.borrow().get(sql) {
            return Ok(known.clone());
        }
        let made = self.client.borrow_mut().prepare(&dollars(sql))?;
        self.prepared.borrow_mut().insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        Ok(self.client.borrow_mut().execute(&statement, &values)?)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        let mut client = self.client.borrow_mut();
        // Row by row as they come, so that a list of any length needs no memory of its own.
        let mut rows = client.query_raw(&statement, values.iter().copied())?;
        while let Some(row) = rows.next()? {
            if read(&Row::Pg(&row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn script(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.client.borrow_mut().batch_execute(sql);
        if sql == "ROLLBACK" {
            self.open.set(false);
        }
        Ok(done?)
    }

    pub(super) fn begin(&self, intent: Intent) -> Result<(), StoreError> {
        match intent {
            Intent::Look => self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
            // The lock comes first, so that whatever is read after it is the latest there is.
            Intent::Change => {
                self.script(&format!(
                    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITER}, hashtext(current_schema()))"
                ))?;
            }
        }
        self.open.set(true);
        Ok(())
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        self.open.set(false);
        self.client.borrow_mut().batch_execute("COMMIT").map_err(|error| match StoreError::from(error) {
            // The word of the server is lost, and with it whether it kept the act.
            StoreError::Gone { detail } => StoreError::Unknown { detail },
            other => other,
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.open.get()
    }

    /// Reads every row of every table of the books, long values included.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let tables = "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name";
        let mut names: Vec<String> = Vec::new();
        self.each(tables, &[], &mut |row| {
            names.push(row.column("name")?);
            Ok(ControlFlow::Continue(()))
        })?;
        for name in names {
            self.each(
                &format!("SELECT coalesce(sum(length(t::text)), 0) AS n FROM \"{name}\" t"),
                &[],
                &mut |row| row.column::<i64>("n").map(|_| ControlFlow::Continue(())),
            )?;
        }
        Ok(())
    }
}
