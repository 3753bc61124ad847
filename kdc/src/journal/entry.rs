//! What the journal speaks of.

use crate::ids::{CheckValue, DeviceNumber, RegionCode, Serial};
use crate::issue::KeyCheck;
use keys::{Role, Suite};
use serde::{Deserialize, Serialize};
use wire::profile::{CardKind, State};

/// A card under way: which chip becomes what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Serial of the chip.
    pub serial: Serial,
    /// Kind of the card.
    #[serde(with = "crate::names::kind")]
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city, zeros for the province.
    #[serde(with = "crate::names::text")]
    pub region: RegionCode,
    /// Its suite.
    #[serde(with = "crate::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "crate::names::state")]
    pub state: State,
}

/// A key of an issued card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its role.
    #[serde(with = "crate::names::role")]
    pub role: Role,
    /// Its check value.
    pub check_value: CheckValue,
    /// Whether the source knew it beforehand.
    pub confirmed: bool,
}

impl From<&KeyCheck> for KeyRecord {
    fn from(key: &KeyCheck) -> Self {
        KeyRecord { role: key.role, check_value: key.check_value, confirmed: key.confirmed }
    }
}

impl From<&KeyRecord> for KeyCheck {
    fn from(key: &KeyRecord) -> Self {
        KeyCheck { role: key.role, check_value: key.check_value, confirmed: key.confirmed }
    }
}
