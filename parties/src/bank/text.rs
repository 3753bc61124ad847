//! Values in reports that JSON has as text, for `#[serde(serialize_with)]`.

use serde::Serializer;
use std::fmt::Display;

/// A value by its text, or nothing.
pub(super) fn maybe<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
