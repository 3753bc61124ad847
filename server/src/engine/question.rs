//! What is asked of the books, as a value: so it can be asked together with others before its answer is wanted.

use super::value::{Held, Value};
use std::borrow::Cow;

/// A statement that reads, and its values.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    sql: Cow<'static, str>,
    values: Vec<Held>,
}

impl Question {
    /// A statement with its values, the first for `?1`.
    pub fn new(sql: impl Into<Cow<'static, str>>, values: &[Value<'_>]) -> Self {
        Question { sql: sql.into(), values: Held::all(values) }
    }

    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(Held::as_value).collect()
    }
}
