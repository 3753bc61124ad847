//! The parties, and the mark of a folder that says whose it is.

use super::files::write;
use crate::trouble::{Result, refused};
use scheme::numbers::RegionCode;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// A party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The provincial key distribution centre.
    Province,
    /// A city office.
    City(RegionCode),
    /// The bank with its payment server.
    Bank,
    /// The meters.
    Meters,
    /// The customers' SIMs.
    Sims,
    /// The customers' phones, and the network between them.
    Phones,
}

impl Party {
    /// Name of its folder.
    pub fn folder(self) -> String {
        match self {
            Party::Province => "province".into(),
            Party::City(region) => format!("city-{region}"),
            Party::Bank => "bank".into(),
            Party::Meters => "meters".into(),
            Party::Sims => "sims".into(),
            Party::Phones => "phones".into(),
        }
    }

    /// The party whose folder has this name.
    pub fn of_folder(name: &str) -> Option<Self> {
        match name {
            "province" => Some(Party::Province),
            "bank" => Some(Party::Bank),
            "meters" => Some(Party::Meters),
            "sims" => Some(Party::Sims),
            "phones" => Some(Party::Phones),
            _ => name.strip_prefix("city-").and_then(|code| code.parse().ok()).map(Party::City),
        }
    }

    /// Who it is, in words.
    pub fn words(self) -> String {
        match self {
            Party::Province => "the province".into(),
            Party::City(region) => format!("the city {region}"),
            Party::Bank => "the bank".into(),
            Party::Meters => "the meters".into(),
            Party::Sims => "the SIMs' owners".into(),
            Party::Phones => "the phones' owners".into(),
        }
    }

    /// That there is none, as a sentence goes on.
    pub(super) fn none(self) -> String {
        match self {
            Party::Province => "no province".into(),
            Party::City(region) => format!("no city {region}"),
            Party::Bank => "no bank".into(),
            Party::Meters => "no meter".into(),
            Party::Sims => "no folder of SIMs".into(),
            Party::Phones => "no phone".into(),
        }
    }

    /// The command that lets it begin, and the one before that gives what it needs.
    pub(super) const fn beginning(self) -> &'static str {
        match self {
            Party::Province => {
                "`gridcard kdc init --test-root` founds one on test keys, `gridcard kdc ceremony run` by a ceremony"
            }
            Party::City(_) => CITY_BEGINS,
            Party::Bank => {
                "a city makes a PSAM with `gridcard psam issue`; then `gridcard server open CARD` opens the bank with it"
            }
            Party::Meters => "`gridcard meter new NUMBER --esam CARD --pairing FILE` makes the first one",
            Party::Sims => "`gridcard sim new --iccid NUMBER --imsi NUMBER` makes the first SIM",
            Party::Phones => "`gridcard phone new NAME --sim CARD` makes the first phone",
        }
    }
}

/// How a city begins.
pub(super) const CITY_BEGINS: &str = "the province makes its issuing cards with `gridcard kdc issue-card`; then \
     `gridcard city open CARD...` takes them into use";

#[derive(Serialize, Deserialize)]
struct Marker {
    role: String,
}

/// The file that says whose folder it is in.
pub const MARKER: &str = "role.json";

/// Marks a folder as a party's.
pub fn mark(folder: &Path, party: Party) -> Result<()> {
    let marker = serde_json::to_string(&Marker { role: party.folder() })?;
    write(&folder.join(MARKER), format!("{marker}\n").as_bytes())
}

/// Whose folder it is; `None` when it is nobody's.
pub fn owner(folder: &Path) -> Result<Option<Party>> {
    let marker = folder.join(MARKER);
    let Ok(text) = fs::read(&marker) else { return Ok(None) };
    let read: Option<Marker> = serde_json::from_slice(&text).ok();
    let party = read.and_then(|marker| Party::of_folder(&marker.role));
    let party =
        party.ok_or_else(|| refused(format!("{} names no role this program knows", marker.display())))?;
    Ok(Some(party))
}
