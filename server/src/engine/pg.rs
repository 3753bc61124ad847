//! PostgreSQL.

use super::Intent;
#[cfg(debug_assertions)]
use super::recall::is_same;
use super::recall::{Deed, Recall};
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
use std::rc::Rc;

/// Who writes to the books takes this advisory lock of its schema first: one writer at a time, as with a file. The
/// number is the books' mark.
const WRITER: i32 = 0x4743_7073;

/// A connection to the books in a PostgreSQL schema.
pub(crate) struct Pg {
    client: RefCell<Client>,
    /// Every statement that was prepared, by its text.
    prepared: RefCell<HashMap<String, Prepared>>,
    /// A transaction is open.
    open: Flag<bool>,
    /// The server has refused a statement of the transaction: it takes no other before it went back to a mark.
    failed: Flag<bool>,
    /// What it has read.
    recall: RefCell<Recall>,
    /// Marks that were set and released and that the server has not heard of: it does before the next statement that writes.
    unsaid: RefCell<Vec<String>>,
}

/// A statement the server knows.
#[derive(Clone)]
struct Prepared {
    statement: Statement,
    deed: Rc<Deed>,
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
        Pg {
            client: RefCell::new(client),
            prepared: RefCell::default(),
            open: Flag::new(false),
            failed: Flag::new(false),
            recall: RefCell::default(),
            unsaid: RefCell::default(),
        }
    }

    fn statement(&self, sql: &str) -> Result<Prepared, StoreError> {
        if let Some(known) = self.prepared.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.heard(self.client.borrow_mut().prepare(&dollars(sql)))?;
        let made = Prepared { statement, deed: Rc::new(Deed::of(sql)) };
        self.prepared.borrow_mut().insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Notes that the server has refused something.
    fn heard<T>(&self, answer: Result<T, postgres::Error>) -> Result<T, StoreError> {
        self.failed.set(self.failed.get() || answer.is_err());
        Ok(answer?)
    }

    /// Says what was not said, and forgets what the statement to come makes out of date.
    fn before(&self, deed: &Deed) -> Result<(), StoreError> {
        match deed {
            Deed::Reads(_) => return Ok(()),
            Deed::Writes(table) => self.recall.borrow_mut().written(table),
            Deed::Unknown => self.recall.borrow_mut().forget(),
        }
        self.say()
    }

    /// Tells the server of marks that were set and released, all at once.
    fn say(&self) -> Result<(), StoreError> {
        let unsaid = self.unsaid.take();
        if unsaid.is_empty() {
            return Ok(());
        }
        let said = self.heard(self.client.borrow_mut().batch_execute(&unsaid.join("; ")));
        if said.is_err() {
            // Which of them stands is not known, and another of the same name must not be taken for it.
            self.give_up();
        }
        said
    }

    /// Nothing of the transaction can be kept.
    fn give_up(&self) {
        // Where it cannot be told, the server forgets by itself.
        let _ = self.script("ROLLBACK");
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let done = self.client.borrow_mut().execute(&statement, &values);
        self.heard(done)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed)?;
        let mut client = self.client.borrow_mut();
        // Row by row as they come, so that a list of any length needs no memory of its own.
        let mut rows = self.heard(client.query_raw(&statement, values.iter().copied()))?;
        while let Some(row) = self.heard(rows.next())? {
            if read(&Row::Pg(&row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The first row of an answer; in a transaction, from memory where it was asked before.
    pub(super) fn first(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<postgres::Row>, StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed)?;
        let tables = match &*deed {
            Deed::Reads(tables) if self.open.get() => tables.as_deref(),
            _ => None,
        };
        if tables.is_some()
            && let Some(known) = self.recall.borrow().answer(sql, values)
        {
            // Programs that look for mistakes ask nevertheless: what is remembered is what stands there.
            #[cfg(debug_assertions)]
            if !is_same(known.as_ref(), self.ask_first(&statement, values)?.as_ref()) {
                return Err(StoreError::Value { place: "what was read before", detail: sql.to_owned() });
            }
            return Ok(known);
        }
        let row = self.ask_first(&statement, values)?;
        if let Some(tables) = tables {
            self.recall.borrow_mut().keep(sql, tables, values, row.clone());
        }
        Ok(row)
    }

    fn ask_first(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<postgres::Row>, StoreError> {
        let mut client = self.client.borrow_mut();
        let mut rows = self.heard(client.query_raw(statement, values.iter().copied()))?;
        let row = self.heard(rows.next())?;
        // To its end, where an error may stand; what has ended is not asked again.
        let mut last = row.is_some();
        while last {
            last = self.heard(rows.next())?.is_some();
        }
        Ok(row)
    }

    pub(super) fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.recall.borrow_mut().forget();
        if sql == "ROLLBACK" {
            self.unsaid.take();
            self.open.set(false);
        } else {
            self.say()?;
        }
        let done = self.client.borrow_mut().batch_execute(sql);
        self.heard(done)
    }

    pub(super) fn begin(&self, intent: Intent) -> Result<(), StoreError> {
        self.failed.set(false);
        self.unsaid.take();
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

    /// Sets a mark to go back to. The server hears of it when something is written after it.
    pub(super) fn mark(&self, name: &str) {
        self.unsaid.borrow_mut().push(format!("SAVEPOINT {name}"));
    }

    /// Releases a mark: what was done since is done by what is around it.
    pub(super) fn keep(&self, name: &str) {
        let mut unsaid = self.unsaid.borrow_mut();
        if unsaid.last().is_some_and(|last| *last == format!("SAVEPOINT {name}")) {
            unsaid.pop();
        } else {
            unsaid.push(format!("RELEASE {name}"));
        }
    }

    /// Takes back what was done since a mark, which stays.
    pub(super) fn back(&self, name: &str) -> Result<(), StoreError> {
        self.recall.borrow_mut().forget();
        if self.unsaid.borrow().last().is_some_and(|last| *last == format!("SAVEPOINT {name}")) {
            // Nothing was written since; but a question that was refused has ended everything, and the server knows no such mark.
            if self.failed.get() {
                self.give_up();
            }
            return Ok(());
        }
        self.unsaid.borrow_mut().push(format!("ROLLBACK TO {name}"));
        self.say()?;
        self.failed.set(false);
        Ok(())
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        // A COMMIT of what failed is taken, and keeps nothing.
        if self.failed.get() {
            self.give_up();
            return Err(StoreError::RolledBack);
        }
        self.open.set(false);
        self.recall.borrow_mut().forget();
        // With the transaction its marks are released.
        self.unsaid.take();
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
