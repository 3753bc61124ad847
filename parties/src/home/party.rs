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
    /// The customers' SIMs, in their phones.
    Sims,
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
        }
    }

    /// The party whose folder has this name.
    pub fn of_folder(name: &str) -> Option<Self> {
        match name {
            "province" => Some(Party::Province),
            "bank" => Some(Party::Bank),
            "meters" => Some(Party::Meters),
            "sims" => Some(Party::Sims),
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
        }
    }

    /// How its folder comes to be.
    pub(super) const fn beginning(self) -> &'static str {
        match self {
            Party::Province => "begin with `gridcard kdc init`",
            Party::City(_) => "take the city's issuing cards into use with `gridcard city open CARD...`",
            Party::Bank => "take the bank's PSAM into use with `gridcard server open CARD`",
            Party::Meters => "make a meter with `gridcard meter new`",
            Party::Sims => "make a SIM with `gridcard sim new`",
        }
    }
}

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
