//! What goes into a statement.

use core::fmt;

/// A value for a place of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number, or 0 and 1 for no and yes.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl fmt::Debug for Value<'_> {
    /// The kind alone: what a customer bought is nothing for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Null => "Null",
            Value::Int(_) => "Int",
            Value::Text(_) => "Text",
            Value::Bytes(_) => "Bytes",
        })
    }
}

/// A value that is kept beyond the statement it stood in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Null,
    Int(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

impl Held {
    /// The values of a statement, to keep.
    pub fn all(values: &[Value<'_>]) -> Vec<Self> {
        values.iter().copied().map(Held::from).collect()
    }

    /// To stand in a statement.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Held::Null => Value::Null,
            Held::Int(number) => Value::Int(*number),
            Held::Text(text) => Value::Text(text),
            Held::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

impl From<Value<'_>> for Held {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Held::Null,
            Value::Int(number) => Held::Int(number),
            Value::Text(text) => Held::Text(text.into()),
            Value::Bytes(bytes) => Held::Bytes(bytes.into()),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<super::Cell<'_>> for Held {
    fn from(cell: super::Cell<'_>) -> Self {
        match cell {
            super::Cell::Null => Held::Null,
            super::Cell::Int(number) => Held::Int(number),
            super::Cell::Text(text) => Held::Text(text.into()),
            super::Cell::Bytes(bytes) => Held::Bytes(bytes.into()),
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}

/// What can stand in a place of a statement.
pub(crate) trait AsValue {
    fn as_value(&self) -> Value<'_>;
}

macro_rules! whole {
    ($($kind:ty)+) => { $(
        impl AsValue for $kind {
            fn as_value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }
    )+ };
}

whole!(i64 u32 u16 u8 bool);

impl AsValue for str {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for String {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for [u8] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl AsValue for Vec<u8> {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<const N: usize> AsValue for [u8; N] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<T: AsValue> AsValue for Option<T> {
    fn as_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, AsValue::as_value)
    }
}

impl<T: AsValue + ?Sized> AsValue for &T {
    fn as_value(&self) -> Value<'_> {
        (*self).as_value()
    }
}

/// The values of a statement, the first for `?1`.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::engine::AsValue::as_value(&$value)),*]
    };
}
pub(crate) use params;
