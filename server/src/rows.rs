//! How our types stand in the columns of the store.

use crate::engine::{Field, Row};
use crate::error::StoreError;
use core::fmt::Display;
use core::str::FromStr;
use scheme::moment::Moment;

/// A column that the engine can give as `T`.
pub(crate) fn column<T: Field>(row: &Row<'_>, name: &str) -> Result<T, StoreError> {
    row.column(name)
}

/// A text column that parses as `T`.
pub(crate) fn parsed<T>(row: &Row<'_>, name: &'static str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    let text: String = row.column(name)?;
    text.parse()
        .map_err(|fault: T::Err| StoreError::Value { place: name, detail: format!("{text:?} {fault}") })
}

/// A BLOB column of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &Row<'_>, name: &'static str) -> Result<[u8; N], StoreError> {
    let blob: Vec<u8> = row.column(name)?;
    exactly(&blob, name)
}

/// `blob` as exactly `N` bytes.
pub(crate) fn exactly<const N: usize>(blob: &[u8], place: &'static str) -> Result<[u8; N], StoreError> {
    blob.try_into()
        .map_err(|_| StoreError::Value { place, detail: format!("{} bytes instead of {N}", blob.len()) })
}

/// A moment as 14 digits, YYYYMMDDhhmmss.
pub(crate) fn time_text(time: Moment) -> String {
    hex::encode(time.0)
}

/// A moment from its 14 digits.
pub(crate) fn time(row: &Row<'_>, name: &'static str) -> Result<Moment, StoreError> {
    let text: String = row.column(name)?;
    let fault = |detail: String| StoreError::Value { place: name, detail: format!("{text:?}: {detail}") };
    let raw = hex::decode(&text).map_err(|e| fault(e.to_string()))?;
    let raw: [u8; 7] = exactly(&raw, name)?;
    Moment::new(raw).map_err(|e| fault(e.to_string()))
}
