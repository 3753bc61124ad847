//! The pairing file: the keys that let a meter's MCU and its ESAM know each other, on their way into the MCU.
//!
//! A meter's MCU is no card, but it takes keys in the same form: wrapped under its transport key, which it got
//! at production, with its number in the place of challenge and serial [docs/specs/cards.md 7]. The file
//! holds those fields. Where the transport root is published, the wrapping keeps out accidents, not attackers
//! [docs/specs/cards.md 2].

use crate::fault::{Fault, Hint};
use crate::numbers::{CheckValue, DeviceNumber, RegionCode};
use crate::profile::State;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use keys::{Role, Suite};
use serde::{Deserialize, Serialize};

/// First field of every pairing file.
pub const FORMAT: &str = "gridcard pairing 2";

/// What the pairing file of a meter is called.
pub fn file_name(meter: DeviceNumber) -> String {
    alloc::format!("pairing-{meter}.json")
}

/// One wrapped key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// What the key is for: `int-auth` or `ext-auth`.
    #[serde(with = "crate::names::role")]
    pub role: Role,
    /// Header of the WRITE KEY the field was made for, 5 bytes in hexadecimal: part of what the MAC covers.
    #[serde(with = "crate::names::bytes")]
    pub header: Vec<u8>,
    /// Cipher text and 4-byte MAC, in hexadecimal.
    #[serde(with = "crate::names::bytes")]
    pub field: Vec<u8>,
    /// Check value of the key, where the maker knew it.
    #[serde(default)]
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
    pub region: RegionCode,
    /// Suite of its ESAM.
    #[serde(with = "crate::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "crate::names::state")]
    pub state: State,
    /// The wrapped keys, `int-auth` then `ext-auth`.
    pub keys: Vec<WrappedKey>,
}

/// Why a text is no pairing file.
#[derive(Debug, thiserror::Error)]
pub enum PairingFileError {
    /// Not JSON, or not of the right fields.
    #[error("not a pairing file: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("the pairing file is of format {found:?}, this program knows \"{FORMAT}\"")]
    Format {
        /// The format it names.
        found: String,
    },
}

impl Fault for PairingFileError {
    fn hint(&self) -> Hint {
        Some("the city makes a pairing file with its ESAM: `gridcard esam issue`, `gridcard issue take`, `gridcard esam change-keys`".into())
    }

    fn code(&self) -> &str {
        match self {
            PairingFileError::Json(_) => "pairing-file-json",
            PairingFileError::Format { .. } => "pairing-file-format",
        }
    }
}

impl PairingFile {
    /// A file of this format.
    pub fn new(
        number: DeviceNumber,
        region: RegionCode,
        suite: Suite,
        state: State,
        keys: Vec<WrappedKey>,
    ) -> Self {
        PairingFile { pairing: FORMAT.to_owned(), number, region, suite, state, keys }
    }

    /// The file as JSON text, for people too.
    pub fn to_json(&self) -> Result<String, PairingFileError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a file; refuses another format by name.
    pub fn from_json(text: &str) -> Result<Self, PairingFileError> {
        let file: PairingFile = serde_json::from_str(text)?;
        if file.pairing == FORMAT { Ok(file) } else { Err(PairingFileError::Format { found: file.pairing }) }
    }
}
