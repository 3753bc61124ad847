//! The engine under the books: one SQL text, asked of SQLite or of PostgreSQL.
//!
//! Statements are written with SQLite's numbered places (`?1`), which mean the same however often and in whatever order they
//! stand; PostgreSQL gets them as `$1`. What the two call by other names stands in the schema, of which each has its own.

#[cfg(feature = "postgres")]
mod binary;
#[cfg(feature = "postgres")]
mod line;
mod lite;
#[cfg(feature = "postgres")]
mod pg;
mod question;
#[cfg(feature = "postgres")]
mod recall;
mod row;
mod value;

pub(crate) use lite::{Lite, points_somewhere};
#[cfg(feature = "postgres")]
pub(crate) use pg::Pg;
pub(crate) use question::{About, Now, Question};
pub(crate) use row::{Cell, Field, Row};
pub(crate) use value::{AsValue, Value, params};

use crate::error::StoreError;
use core::ops::ControlFlow;

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Look at one consistent state.
    Look,
    /// Change the books, alone: the next writer waits.
    Change,
}

/// A connection to the books.
#[derive(Debug)]
pub(crate) enum Conn {
    /// SQLite: one file, or memory.
    Lite(Lite),
    /// PostgreSQL: a schema of a database.
    #[cfg(feature = "postgres")]
    Pg(Box<Pg>),
}

fn no_row() -> StoreError {
    StoreError::Value { place: "a query", detail: "no row where there is always one".into() }
}

impl Conn {
    /// Runs a statement. Where the engine refuses it, that may be told with a later one, at the latest at the end of the step or
    /// transaction it is in.
    pub fn write(&self, sql: &str, values: &[Value<'_>]) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.execute(sql, values).map(drop),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.write(sql, values, Vec::new()),
        }
    }

    /// As [`Conn::write`], of these: answers about others stand.
    pub fn write_of<A: Into<Vec<About>>>(
        &self,
        about: impl FnOnce() -> A,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => {
                drop(about);
                lite.execute(sql, values).map(drop)
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.write(sql, values, about().into()),
        }
    }

    /// Writes, where it is known what the answers to some questions are then: as they were, but for these columns.
    pub fn writing<const N: usize>(
        &self,
        known: impl FnOnce() -> [Now; N],
        work: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Conn::Lite(_) => {
                drop(known);
                work()
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => {
                let known = known();
                let before: Vec<_> = known.iter().map(|now| pg.remembered(&now.question)).collect();
                work()?;
                for (now, before) in known.into_iter().zip(before) {
                    if let Some(before) = before {
                        pg.is_now(&now, &before)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Runs a statement and says how many rows it changed.
    pub fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Conn::Lite(lite) => lite.execute(sql, values),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.change(sql, values),
        }
    }

    /// Gives every row of a query to `read`, one after the other, until it breaks off.
    pub fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.each(sql, values, read),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.each(sql, values, read),
        }
    }

    /// Reads every row of a query.
    pub fn all<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        self.each(sql, values, &mut |row| {
            out.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(out)
    }

    /// Reads the first row of a query, if there is one.
    pub fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Conn::Lite(lite) => {
                let mut found = None;
                lite.each(sql, values, &mut |row| {
                    found = Some(read(row)?);
                    Ok(ControlFlow::Break(()))
                })?;
                Ok(found)
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.first((sql, values), &[], read),
        }
    }

    /// Reads the first row of what answers a question, if there is one.
    pub fn answer<T>(
        &self,
        question: &Question,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Conn::Lite(_) => self.first(question.sql(), &question.values(), read),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.first((question.sql(), &question.values()), question.subjects(), read),
        }
    }

    /// Reads every row of what answers a question.
    pub fn answers<T>(
        &self,
        question: &Question,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.all(question.sql(), &question.values(), read)
    }

    /// What answers these questions is known without asking: a row of what is said of each, or none.
    pub fn knows(&self, known: impl FnOnce() -> Vec<Now>) -> Result<(), StoreError> {
        match self {
            Conn::Lite(_) => {
                drop(known);
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => known().iter().try_for_each(|now| pg.knows(now)),
        }
    }

    /// Says what the answer to a question is about, which is known by that answer: it stands when something is written of another.
    pub fn concerns(&self, question: impl FnOnce() -> Question, about: About) {
        #[cfg(feature = "postgres")]
        if let Conn::Pg(pg) = self {
            pg.concerns(&question(), about);
        }
        #[cfg(not(feature = "postgres"))]
        drop((question, about));
    }

    /// Whether a question is a way to another program, so that many are better asked at once.
    pub const fn is_far(&self) -> bool {
        match self {
            Conn::Lite(_) => false,
            #[cfg(feature = "postgres")]
            Conn::Pg(_) => true,
        }
    }

    /// Asks at once what will be asked one by one, where a question is a way to another program: its answer is known then until
    /// something is written to what it was read from.
    pub fn foresee<Q: AsRef<[Question]>>(&self, questions: impl FnOnce() -> Q) -> Result<(), StoreError> {
        match self {
            Conn::Lite(_) => {
                drop(questions);
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.foresee(questions().as_ref()),
        }
    }

    /// The only column of a query that always has one row.
    pub fn one<T: Field>(&self, sql: &str, values: &[Value<'_>]) -> Result<T, StoreError> {
        self.first(sql, values, |row| row.only())?.ok_or_else(no_row)
    }

    /// Writes a row of these, and gives the only column that the statement returns of it.
    pub fn made<T: Field, A: Into<Vec<About>>>(
        &self,
        about: impl FnOnce() -> A,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<T, StoreError> {
        match self {
            Conn::Lite(_) => {
                drop(about);
                self.one(sql, values)
            }
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.first((sql, values), &about().into(), |row| row.only())?.ok_or_else(no_row),
        }
    }

    /// Whether a query has a row.
    pub fn any(&self, sql: &str, values: &[Value<'_>]) -> Result<bool, StoreError> {
        Ok(self.first(sql, values, |_| Ok(()))?.is_some())
    }

    /// Runs a script of several statements that give nothing back.
    #[cfg(feature = "postgres")]
    pub fn script(&self, sql: &str) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.script(sql),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.script(sql),
        }
    }

    /// Begins a transaction.
    pub fn begin(&self, intent: Intent) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.begin(intent),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.begin(intent),
        }
    }

    /// Sets a mark in a transaction. One within another may have the same name, and is meant then.
    pub fn mark(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.execute(&format!("SAVEPOINT {name}"), &[]).map(drop),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => {
                pg.mark(name);
                Ok(())
            }
        }
    }

    /// Releases a mark, and leaves what was done since to what is around it. What the engine refused of it is told now.
    pub fn keep(&self, name: &str) -> Result<(), StoreError> {
        #[cfg(feature = "postgres")]
        if let Conn::Pg(pg) = self {
            pg.hear_all()?;
        }
        self.fold(name)
    }

    /// As [`Conn::keep`]; what the engine refuses of it may be told with what is around it, which fails as a whole then.
    pub fn fold(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.execute(&format!("RELEASE {name}"), &[]).map(drop),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => {
                pg.release(name);
                Ok(())
            }
        }
    }

    /// Takes back what was done since a mark, and releases it.
    pub fn take_back(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.execute(&format!("ROLLBACK TO {name}"), &[]).map(drop),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.back(name),
        }?;
        self.fold(name)
    }

    /// Ends a transaction and keeps what it did.
    pub fn commit(&self) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.script("COMMIT"),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.commit(),
        }
    }

    /// Ends a transaction and forgets what it did.
    pub fn roll_back(&self) {
        // Nothing is kept either way: an engine that cannot be told forgets by itself.
        let _ = match self {
            Conn::Lite(lite) => lite.script("ROLLBACK"),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.script("ROLLBACK"),
        };
    }

    /// Whether no transaction is open: the engine may have ended one by itself, after an error.
    pub fn is_idle(&self) -> bool {
        match self {
            Conn::Lite(lite) => lite.is_idle(),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.is_idle(),
        }
    }

    /// Reads everything there is, and names the first thing that is damaged.
    pub fn check(&self) -> Result<(), StoreError> {
        match self {
            Conn::Lite(lite) => lite.check(),
            #[cfg(feature = "postgres")]
            Conn::Pg(pg) => pg.check(),
        }
    }
}
