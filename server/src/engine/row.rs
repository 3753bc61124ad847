//! What comes out of a query.

#[cfg(feature = "postgres")]
use super::value::Held;
use crate::error::StoreError;
use rusqlite::types::ValueRef;

/// A column of a row as its engine gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number, or 0 and 1 for no and yes.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// A row, whichever engine gave it.
pub(crate) enum Row<'a> {
    /// Of SQLite.
    Lite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Pg(&'a tokio_postgres::Row),
    /// One that is known without asking: names and cells.
    #[cfg(feature = "postgres")]
    Made(&'a [(Box<str>, Held)]),
}

impl Row<'_> {
    /// A column by its name.
    pub fn column<T: Field>(&self, name: &str) -> Result<T, StoreError> {
        let cell = match self {
            Row::Lite(row) => of_sqlite(row.get_ref(name)?, name)?,
            #[cfg(feature = "postgres")]
            Row::Pg(row) => row.try_get(name)?,
            #[cfg(feature = "postgres")]
            Row::Made(cells) => made(cells.iter().find(|(known, _)| &**known == name))?,
        };
        field(cell, name)
    }

    /// A column by its place, the first is 0: where rows are many, a name is dear to look for.
    pub fn at(&self, place: usize) -> Result<Cell<'_>, StoreError> {
        Ok(match self {
            Row::Lite(row) => of_sqlite(row.get_ref(place)?, "of a list")?,
            #[cfg(feature = "postgres")]
            Row::Pg(row) => row.try_get(place)?,
            #[cfg(feature = "postgres")]
            Row::Made(cells) => made(cells.get(place))?,
        })
    }

    /// The only column.
    pub fn only<T: Field>(&self) -> Result<T, StoreError> {
        let cell = match self {
            Row::Lite(row) => of_sqlite(row.get_ref(0)?, "the only one")?,
            #[cfg(feature = "postgres")]
            Row::Pg(row) => row.try_get(0)?,
            #[cfg(feature = "postgres")]
            Row::Made(cells) => made(cells.first())?,
        };
        field(cell, "the only one")
    }
}

#[cfg(feature = "postgres")]
fn made(cell: Option<&(Box<str>, Held)>) -> Result<Cell<'_>, StoreError> {
    let (_, cell) = cell.ok_or_else(|| StoreError::Value {
        place: "a row that is known without asking",
        detail: "a column that it has not".into(),
    })?;
    Ok(match cell {
        Held::Null => Cell::Null,
        Held::Int(number) => Cell::Int(*number),
        Held::Text(text) => Cell::Text(text),
        Held::Bytes(bytes) => Cell::Bytes(bytes),
    })
}

/// A column as SQLite gives it.
fn of_sqlite<'r>(value: ValueRef<'r>, name: &str) -> Result<Cell<'r>, StoreError> {
    let fault = |detail: String| StoreError::Value { place: "a column", detail: format!("{name} {detail}") };
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => {
            Cell::Text(core::str::from_utf8(text).map_err(|_| fault("is no UTF-8".into()))?)
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        ValueRef::Real(number) => return Err(fault(format!("is {number}, no whole number"))),
    })
}

fn field<T: Field>(cell: Cell<'_>, name: &str) -> Result<T, StoreError> {
    T::from_cell(cell)
        .ok_or_else(|| StoreError::Value { place: "a column", detail: format!("{name} is no {}", T::NAME) })
}

/// What a column can be read as.
pub(crate) trait Field: Sized {
    /// What it is called where a column is none.
    const NAME: &'static str;

    /// From a column; `None` when it is something else.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! whole {
    ($($kind:ty)+) => { $(
        impl Field for $kind {
            const NAME: &'static str = "number of its kind";

            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    Cell::Int(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )+ };
}

whole!(i64 u32 u16 u8);

impl Field for bool {
    const NAME: &'static str = "yes or no";

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(0) => Some(false),
            Cell::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl Field for String {
    const NAME: &'static str = "text";

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl Field for Vec<u8> {
    const NAME: &'static str = "bytes";

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<T: Field> Field for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            some => T::from_cell(some).map(Some),
        }
    }
}
