//! Text: values in reports that JSON has as text, for `#[serde(serialize_with)]`, and what people type.

use crate::trouble::{Result, refused};
use serde::Serializer;
use std::fmt::Display;

/// A value by its text, or nothing.
pub(super) fn maybe<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> core::result::Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Text of 1 to `most` characters, as somebody typed it.
///
/// # Errors
/// It is shorter or longer, or has characters that nobody sees.
pub(super) fn short(name: &str, value: &str, most: usize) -> Result<String> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > most || value.chars().any(char::is_control) {
        return Err(refused(format!("{name} has 1 to {most} characters")).code("text-length").into());
    }
    Ok(value.to_owned())
}
