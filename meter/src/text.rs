//! Numbers, suites and states in files: by their digits and names, so that a file can be read without a
//! table.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

macro_rules! by_name {
    ($module:ident, $type:ty, $all:expr, $what:literal) => {
        pub(crate) mod $module {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(value.name())
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let name = String::deserialize(deserializer)?;
                let unknown = || D::Error::custom(format!(concat!("unknown ", $what, " {:?}"), name));
                $all.into_iter().find(|value| value.name() == name).ok_or_else(unknown)
            }
        }
    };
}

by_name!(suite, keys::Suite, keys::Suite::ALL, "suite");
by_name!(state, wire::profile::State, [wire::profile::State::Test, wire::profile::State::Formal], "state");
by_name!(role, keys::Role, keys::Role::ALL, "key role");

/// A meter number as its 12 digits.
pub(crate) mod number {
    use super::*;
    use wire::bcd::MeterNumber;

    pub(crate) fn serialize<S: Serializer>(number: &MeterNumber, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(number.0))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MeterNumber, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("meter number {text:?}: {error}")))
    }
}

/// Money as a plain number of fen.
pub(crate) mod fen {
    use super::*;
    use wire::money::Fen;

    pub(crate) fn serialize<S: Serializer>(amount: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(amount.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fen, D::Error> {
        u32::deserialize(deserializer).map(Fen)
    }
}

/// Bytes as hexadecimal text.
pub(crate) mod bytes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode_upper(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Bytes as hexadecimal text, or nothing.
pub(crate) mod maybe_bytes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&hex::encode_upper(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(hex::decode).transpose().map_err(D::Error::custom)
    }
}
