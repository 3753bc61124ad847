//! What the journal speaks of, and the lines of an older version.

use issue::card::KeyCheck;
use issue::life::Passing;
use keys::{Role, Suite};
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, State};
use serde::{Deserialize, Serialize};

/// A card under way: which chip becomes what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Serial of the chip.
    pub serial: Serial,
    /// Kind of the card.
    #[serde(with = "scheme::names::kind")]
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city, zeros for the province.
    #[serde(with = "scheme::names::text")]
    pub region: RegionCode,
    /// Its suite.
    #[serde(with = "scheme::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "scheme::names::state")]
    pub state: State,
}

/// A key of an issued card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its role.
    #[serde(with = "scheme::names::role")]
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
        #[serde(with = "scheme::names::kind")]
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
        /// The reason in words.
        why: String,
    },
    /// The limit of a card was written again.
    Limit {
        /// Its kind.
        #[serde(with = "scheme::names::kind")]
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
        #[serde(with = "scheme::names::kind")]
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
