//! Text: values in reports that JSON has as text, for `#[serde(with)]`, and what people type.

use crate::trouble::{Result, refused};
use serde::{Deserialize, Deserializer};

/// A value by its text, or nothing.
pub(super) mod maybe {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    /// Writes the text, or nothing.
    pub fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the text, or nothing.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse()).transpose().map_err(D::Error::custom)
    }
}

/// Reads what is shown once: nothing, as which it is told later, is empty.
pub(super) fn once<'de, D: Deserializer<'de>>(deserializer: D) -> core::result::Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
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
