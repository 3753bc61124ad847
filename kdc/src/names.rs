//! Suites, states, kinds, roles and regions in files: by name or as people write them, so that a file can be
//! read without a table.

macro_rules! by_name {
    ($module:ident, $type:ty, $find:expr, $what:literal) => {
        #[doc = concat!("For `#[serde(with)]`: ", $what, " by its name.")]
        pub mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

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
by_name!(kind, wire::profile::CardKind, wire::profile::CardKind::from_name, "card kind");
by_name!(
    state,
    wire::profile::State,
    |name| [wire::profile::State::Test, wire::profile::State::Formal].into_iter().find(|s| s.name() == name),
    "state"
);
by_name!(role, keys::Role, |name| keys::Role::ALL.into_iter().find(|r| r.name() == name), "key role");

/// For `#[serde(with)]`: anything by the text that people write for it.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Display;
    use std::str::FromStr;

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
