//! Pairing files: the keys that let a meter's MCU and its ESAM know each other.
//!
//! A meter's MCU is no card, but it takes keys in the same form: wrapped under its transport key, which it got
//! at production, with its number in the place of challenge and serial [docs/specs/cards.md 7]. The file
//! holds those fields. The transport root is published, so the wrapping keeps out accidents, not attackers
//! [docs/specs/cards.md 2].

pub use crate::messages::PairingError;

use crate::headers;
use crate::ids::{CheckValue, DeviceNumber, RegionCode};
use crate::issue::KeyCheck;
use crate::source::{Current, KeySource, Level, Target};
use keys::{Role, Suite};
use serde::{Deserialize, Serialize};
use wire::profile::{MCU_KEYS, Recipient, State};

/// First field of every pairing file.
pub const FORMAT: &str = "gridcard pairing 2";

/// One wrapped key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairingKey {
    /// What the key is for: `int-auth` or `ext-auth`.
    #[serde(with = "crate::names::role")]
    pub role: Role,
    /// Header of the WRITE KEY the field was made for, 5 bytes in hexadecimal: part of what the MAC covers.
    #[serde(with = "hex_bytes")]
    pub header: Vec<u8>,
    /// Cipher text and 4-byte MAC, in hexadecimal.
    #[serde(with = "hex_bytes")]
    pub field: Vec<u8>,
    /// Check value of the key, where the maker knew it.
    pub check_value: Option<CheckValue>,
}

/// A pairing file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairingFile {
    /// [`FORMAT`].
    pub pairing: String,
    /// Number of the meter.
    pub number: DeviceNumber,
    /// Its city.
    #[serde(with = "crate::names::text")]
    pub region: RegionCode,
    /// Suite of its ESAM.
    #[serde(with = "crate::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "crate::names::state")]
    pub state: State,
    /// The wrapped keys, `int-auth` then `ext-auth`.
    pub keys: Vec<PairingKey>,
}

impl PairingFile {
    /// Makes the file for a meter. `seen` are the keys read back from its ESAM, if it was just issued: an
    /// issuing card does not tell check values of device keys, the ESAM does.
    ///
    /// # Errors
    /// Those of the source, with the role they concern; a provincial source makes no pairings.
    pub fn make(
        source: &mut dyn KeySource,
        number: DeviceNumber,
        region: RegionCode,
        seen: &[KeyCheck],
    ) -> Result<Self, PairingError> {
        Self::make_of(source, number, region, seen, false)
    }

    /// As [`PairingFile::make`]; with `test_keys` a formal source makes the pairing of an ESAM that goes back to test.
    ///
    /// # Errors
    /// Those of [`PairingFile::make`].
    pub fn make_of(
        source: &mut dyn KeySource,
        number: DeviceNumber,
        region: RegionCode,
        seen: &[KeyCheck],
        test_keys: bool,
    ) -> Result<Self, PairingError> {
        let about = source.about();
        let form = number.as_mcu_serial().0;
        let target = Target {
            recipient: Recipient::Mcu,
            master: Current::Transport,
            test_keys,
            version: None,
            serial: form,
            number: number.0,
            region: region.0,
        };
        let mut keys = Vec::with_capacity(MCU_KEYS.len());
        for row in MCU_KEYS {
            let code = row.role;
            let fail = |source| PairingError::Source { code, source };
            let header = headers::add(row, about.suite);
            let field = source.export_key(&target, code, form, header).map_err(fail)?;
            let known = source.expected(&target, code).map_err(fail)?.check_value;
            // Every role of the table has a name; the own master, which has none, is not in it.
            let Some(role) = Role::from_code(code) else { continue };
            let seen = seen.iter().find(|key| key.role == role).map(|key| key.check_value);
            keys.push(PairingKey { role, header: header.to_vec(), field, check_value: known.or(seen) });
        }
        let region = if let Level::City(own) = about.level { own } else { region };
        Ok(PairingFile {
            pairing: FORMAT.to_owned(),
            number,
            region,
            suite: about.suite,
            state: if test_keys { State::Test } else { about.state },
            keys,
        })
    }

    /// The file as JSON text, for people too.
    pub fn to_json(&self) -> Result<String, PairingError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a file; refuses another format by name.
    pub fn from_json(text: &str) -> Result<Self, PairingError> {
        let file: PairingFile = serde_json::from_str(text)?;
        if file.pairing != FORMAT {
            return Err(PairingError::Format { found: file.pairing });
        }
        Ok(file)
    }
}

/// Bytes as hexadecimal text in a file.
mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode_upper(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
