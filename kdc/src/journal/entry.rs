//! What the journal speaks of, and the lines of an older version.

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

/// A passage in an ESAM's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passing {
    /// Serial of its chip.
    pub serial: Serial,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    #[serde(with = "crate::names::text")]
    pub region: RegionCode,
    /// What becomes of it.
    pub act: crate::life::Act,
    /// Version of its keys before.
    pub from_version: u8,
    /// Version of its keys after; 00 of a retired one.
    pub to_version: u8,
    /// Money given up, in fen.
    pub forfeit_fen: u32,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The card is about to be touched.
    Intent {
        /// The card.
        #[serde(flatten)]
        subject: Subject,
    },
    /// The chip took its own master key in the place of the transport key.
    OwnMaster {
        /// Serial of the chip.
        serial: Serial,
    },
    /// The card was issued.
    Issued {
        /// The card.
        #[serde(flatten)]
        subject: Subject,
        /// Its keys.
        keys: Vec<KeyRecord>,
        /// Commands it took.
        apdus: u64,
    },
    /// The card was found issued after its run was cut off at the very end.
    Found {
        /// The card.
        #[serde(flatten)]
        subject: Subject,
    },
    /// The card was not issued.
    Failed {
        /// The card.
        #[serde(flatten)]
        subject: Subject,
        /// The reason in words.
        why: String,
        /// Tries of its master key left, when it refused one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tries_left: Option<u8>,
    },
    /// An ESAM is about to get other keys, another state, or its end.
    Passage {
        /// The passage.
        #[serde(flatten)]
        passing: Passing,
    },
    /// It has them.
    Passed {
        /// The passage.
        #[serde(flatten)]
        passing: Passing,
        /// Its keys; none of a retired one.
        keys: Vec<KeyRecord>,
    },
    /// It has them not.
    NotPassed {
        /// The passage.
        #[serde(flatten)]
        passing: Passing,
        /// The reason in words.
        why: String,
        /// Tries of its master key left, when it refused one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tries_left: Option<u8>,
    },
    /// An issuing card was lost, stolen or broken; no city shall take it into use any more.
    Revoked {
        /// Its kind.
        #[serde(with = "crate::names::kind")]
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
        /// The reason in words.
        why: String,
    },
    /// The limit of a card was written again.
    Limit {
        /// Its kind.
        #[serde(with = "crate::names::kind")]
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
        /// What it may make in all; nothing: no limit.
        limit: Option<u32>,
    },
    /// A PSAM is about to be paired with a server: from here on the server key before may be dead.
    Pairing {
        /// Its number.
        number: DeviceNumber,
    },
    /// A PSAM was paired with a server, and the file with its key is written; the server key before is dead.
    Paired {
        /// Its number.
        number: DeviceNumber,
    },
    /// A PSAM, a test card or an issuing card was retired: its keys are destroyed.
    Retired {
        /// Its kind.
        #[serde(with = "crate::names::kind")]
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
        /// Its chip.
        serial: Serial,
    },
    /// The lines `from` to `to` were torn by a crash and hold nothing.
    Torn {
        /// First torn line, from 1.
        from: u64,
        /// Last torn line.
        to: u64,
    },
}

/// When, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The time as the caller wrote it.
    pub at: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
