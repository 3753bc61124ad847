//! Values as PostgreSQL has them on its line, in its binary format.

use super::row::Cell;
use super::value::{Held, Value};
use bytes::BytesMut;
use core::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

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

impl ToSql for Held {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.as_value().to_sql(kind, out)
    }

    /// As for a [`Value`].
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
