//! Suites, states, kinds, roles, money and bytes in files: by name, digits or hexadecimal text, so that a file can be
//! read without a table. Each module is for `#[serde(with)]`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

macro_rules! by_name {
    ($module:ident, $type:ty, $find:expr, $what:literal) => {
        #[doc = concat!("A ", $what, " by its name.")]
        pub mod $module {
            use super::*;

            /// Writes the name.
            pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(value.name())
            }

            /// Reads the name.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let name = String::deserialize(deserializer)?;
                let find: fn(&str) -> Option<$type> = $find;
                find(&name)
                    .ok_or_else(|| D::Error::custom(format!(concat!("unknown ", $what, " \"{}\""), name)))
            }
        }
    };
}

by_name!(suite, keys::Suite, keys::Suite::from_name, "suite");
by_name!(kind, crate::profile::CardKind, crate::profile::CardKind::from_name, "card kind");
by_name!(
    state,
    crate::profile::State,
    |name| [crate::profile::State::Test, crate::profile::State::Formal]
        .into_iter()
        .find(|s| s.name() == name),
    "state"
);
by_name!(role, keys::Role, |name| keys::Role::ALL.into_iter().find(|r| r.name() == name), "key role");

/// Anything by the text that people write for it.
pub mod text {
    use super::*;
    use core::fmt::Display;
    use core::str::FromStr;

    /// Writes the text.
    pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads the text.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Money as a plain number of fen.
pub mod fen {
    use super::*;
    use crate::money::Fen;

    /// Writes the number.
    pub fn serialize<S: Serializer>(amount: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(amount.0)
    }

    /// Reads the number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fen, D::Error> {
        u32::deserialize(deserializer).map(Fen)
    }
}

/// Bytes as hexadecimal text.
pub mod bytes {
    use super::*;

    /// Writes capital digits.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode_upper(bytes))
    }

    /// Reads digits of either case.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Bytes as hexadecimal text, or nothing.
pub mod maybe_bytes {
    use super::*;

    /// Writes capital digits, or nothing.
    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&hex::encode_upper(bytes)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads digits, or nothing.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(hex::decode).transpose().map_err(D::Error::custom)
    }
}
