//! Lists of revoked cards [docs/specs/revocation.md].
//!
//! The province lists the issuing cards of its cities, a city the PSAMs, ESAMs and test cards it made. A list has a
//! number that only rises and holds whole what was revoked so far. Until there are signatures it is authentic by a MAC for each card
//! that shall believe it, under that card's own use key: only the card one level up can make it.

use keys::Suite;
use scheme::fault::{Fault, Hint};
use scheme::moment::Day;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::CardKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// First field of the file, and label of the bytes that are authentic.
pub const FORMAT: &str = "gridcard revocation 1";

/// Why a card was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Reason {
    /// Nobody knows where it is.
    Lost = 1,
    /// Somebody took it.
    Stolen = 2,
    /// It does not work any more.
    Broken = 3,
    /// Somebody else may have its keys or its PIN.
    Compromised = 4,
    /// Another card took its place.
    Replaced = 5,
}

impl Reason {
    const ALL: [Reason; 5] =
        [Reason::Lost, Reason::Stolen, Reason::Broken, Reason::Compromised, Reason::Replaced];

    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Lost => "lost",
            Reason::Stolen => "stolen",
            Reason::Broken => "broken",
            Reason::Compromised => "compromised",
            Reason::Replaced => "replaced",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reason {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or_else(|| "a reason is lost, stolen, broken, compromised or replaced".to_owned())
    }
}

/// A revoked card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Its kind, by name.
    pub kind: String,
    /// Its number.
    pub number: DeviceNumber,
    /// Serial of its chip.
    pub serial: Serial,
    /// The day.
    pub date: Day,
    /// Why.
    pub reason: Reason,
}

impl Revoked {
    /// `kind1 number6 serial8 date4 reason1`.
    fn bytes(&self) -> Result<[u8; 20], RevocationError> {
        let kind = CardKind::from_name(&self.kind).ok_or(RevocationError::Content)?;
        let mut out = [0; 20];
        out[0] = kind.code();
        out[1..7].copy_from_slice(&self.number.0);
        out[7..15].copy_from_slice(&self.serial.0);
        out[15..19].copy_from_slice(&self.date.bytes());
        out[19] = self.reason as u8;
        Ok(out)
    }
}

/// The MAC by which one card believes the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardMac {
    /// The card's kind, by name.
    pub kind: String,
    /// Its number.
    pub number: DeviceNumber,
    /// Eight bytes, hexadecimal.
    pub mac: String,
}

/// A region code in a file: its eight digits.
mod region {
    use super::RegionCode;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(region: &RegionCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(region)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegionCode, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("a region code has 8 digits"))
    }
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    format: String,
    /// The city whose list it is; zeros: the province.
    #[serde(with = "region")]
    pub issuer: RegionCode,
    /// Suite of the issuer's cards.
    pub suite: String,
    /// Number of the list, from 1, rising.
    pub number: u32,
    /// The day it was made.
    pub date: Day,
    /// All that was revoked, sorted by their bytes.
    pub revoked: Vec<Revoked>,
    /// For each card that shall believe it.
    pub macs: Vec<CardMac>,
    /// Where the issuer's audit log stood; not among the authentic bytes, the receiver's log keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<serde_json::Value>,
}

impl List {
    /// A list that revokes nobody, before the first.
    pub fn empty(issuer: RegionCode, suite: Suite, date: Day) -> Self {
        List {
            format: FORMAT.to_owned(),
            issuer,
            suite: suite.name().to_owned(),
            number: 0,
            date,
            revoked: Vec::new(),
            macs: Vec::new(),
            log: None,
        }
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, RevocationError> {
        let list: List = serde_json::from_str(text).map_err(|_| RevocationError::Content)?;
        let sorted = list.revoked.iter().map(Revoked::bytes).collect::<Result<Vec<_>, _>>()?;
        let in_order = sorted.windows(2).all(|pair| pair[0][..7] < pair[1][..7]);
        if list.format == FORMAT && list.number > 0 && in_order {
            Ok(list)
        } else {
            Err(RevocationError::Content)
        }
    }

    /// The file's text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// The next list, with one card more; its MACs are to be made.
    pub fn next(&self, card: Revoked, date: Day) -> Result<Self, RevocationError> {
        let kind = CardKind::from_name(&card.kind).ok_or(RevocationError::Content)?;
        if let Some(known) = self.find(kind, card.number) {
            return Err(RevocationError::Already {
                kind,
                number: card.number,
                date: known.date,
                reason: known.reason,
            });
        }
        let mut next = List { number: self.number + 1, date, macs: Vec::new(), log: None, ..self.clone() };
        next.revoked.push(card);
        let mut keyed = next
            .revoked
            .iter()
            .map(|card| Ok((card.bytes()?, card.clone())))
            .collect::<Result<Vec<_>, RevocationError>>()?;
        keyed.sort_by_key(|(bytes, _)| *bytes);
        next.revoked = keyed.into_iter().map(|(_, card)| card).collect();
        Ok(next)
    }

    /// A card on the list.
    pub fn find(&self, kind: CardKind, number: DeviceNumber) -> Option<&Revoked> {
        self.revoked.iter().find(|card| card.kind == kind.name() && card.number == number)
    }

    /// SHA-256 over `label || 00 || suite1 || issuer4 || number4 || date4 || count2 || entries`: what the MACs are of.
    pub fn digest(&self) -> Result<[u8; 32], RevocationError> {
        let suite = Suite::from_name(&self.suite).ok_or(RevocationError::Content)?;
        let count = u16::try_from(self.revoked.len()).map_err(|_| RevocationError::Content)?;
        let mut hash = Sha256::new()
            .chain_update(FORMAT)
            .chain_update([0, suite.code()])
            .chain_update(self.issuer.0)
            .chain_update(self.number.to_be_bytes())
            .chain_update(self.date.bytes())
            .chain_update(count.to_be_bytes());
        for card in &self.revoked {
            hash.update(card.bytes()?);
        }
        Ok(hash.finalize().into())
    }

    /// The MAC for a card; `None` when the list has none for it.
    pub fn mac_for(&self, kind: CardKind, number: DeviceNumber) -> Result<Option<[u8; 8]>, RevocationError> {
        let found = self.macs.iter().find(|mac| mac.kind == kind.name() && mac.number == number);
        let Some(found) = found else { return Ok(None) };
        let mut mac = [0; 8];
        hex::decode_to_slice(&found.mac, &mut mac).map_err(|_| RevocationError::Content)?;
        Ok(Some(mac))
    }

    /// Whether a party that keeps `self` takes `other`: the same issuer's, not of a lower number, and of the same number only
    /// itself.
    pub fn must_precede(&self, other: &List) -> Result<(), RevocationError> {
        if self.issuer != other.issuer {
            return Err(RevocationError::Issuer { kept: self.issuer, found: other.issuer });
        }
        if other.number < self.number || (other.number == self.number && other.digest()? != self.digest()?) {
            return Err(RevocationError::Older { kept: self.number, found: other.number });
        }
        Ok(())
    }
}

/// Why a list is not made, or not taken.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// Not a list.
    #[error("this is no list of revoked cards of the format \"{FORMAT}\"")]
    Content,
    /// The card is on the list.
    #[error("{} card {number} was revoked on {date} already ({reason})", kind.name())]
    Already {
        /// Its kind.
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
        /// When.
        date: Day,
        /// Why.
        reason: Reason,
    },
    /// A list of somebody else.
    #[error("this is the list of {found}, and the one kept here is of {kept} (00000000: the province)")]
    Issuer {
        /// Whose is kept.
        kept: RegionCode,
        /// Whose this is.
        found: RegionCode,
    },
    /// A list that was overtaken.
    #[error("this is list {found}, and list {kept} is kept here")]
    Older {
        /// Number kept.
        kept: u32,
        /// Number of this one.
        found: u32,
    },
}

impl Fault for RevocationError {
    fn hint(&self) -> Hint {
        Some(match self {
            RevocationError::Content => {
                "ask for the list again: the province writes it with `gridcard kdc revoke`, a city with `gridcard city revoke`"
            }
            RevocationError::Already { .. } => "the list is in the party's folder: revocation.json",
            RevocationError::Issuer { .. } => "name the list of the party these cards come from",
            RevocationError::Older { .. } => {
                "ask for the newest list; who gives an older one wants a revoked card to be used"
            }
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            RevocationError::Content => "revocation-content",
            RevocationError::Already { .. } => "revocation-already",
            RevocationError::Issuer { .. } => "revocation-issuer",
            RevocationError::Older { .. } => "revocation-older",
        }
    }
}
