//! Where phones stand: `phones/NAME/phone.json`, and `modem` beside it while one runs.

use crate::home::{self, Home, Party};
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use scheme::CardRef;
use scheme::fault::{Fault, Kind};
use scheme::subscription::{Imei, PhoneNumber};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Folders beside those of phones.
const TAKEN: [&str; 3] = ["network", "out", "requests"];
/// Longest name.
const LONGEST: usize = 32;

/// The name of a phone: letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PhoneName(String);

/// A name that no phone has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name for a phone: letters, digits and dashes, at most {LONGEST}, and none of {taken}", taken = TAKEN.join(", "))]
pub struct NoPhoneName(String);

impl Fault for NoPhoneName {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &str {
        "phone-name"
    }
}

impl FromStr for PhoneName {
    type Err = NoPhoneName;

    fn from_str(text: &str) -> Result<Self, NoPhoneName> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let good = plain && (1..=LONGEST).contains(&text.len()) && !text.starts_with('-');
        if good && !TAKEN.contains(&text) {
            Ok(PhoneName(text.to_owned()))
        } else {
            Err(NoPhoneName(text.to_owned()))
        }
    }
}

impl fmt::Display for PhoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of the phones, whose act this is.
///
/// # Errors
/// There is none, or the home is another party's.
pub fn folder(session: &Session) -> Result<PathBuf> {
    Home::new(session).party(Party::Phones, "using a phone")
}

/// The name under which a phone's line is found while it runs.
///
/// # Errors
/// As [`folder`].
pub fn device_name(session: &Session, name: &PhoneName) -> Result<PathBuf> {
    Ok(Place::of(&folder(session)?, name).line())
}

/// What a phone is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PhoneFile {
    /// IMEI.
    #[serde(with = "scheme::names::text")]
    pub imei: Imei,
    /// The card in it.
    pub sim: String,
    /// The number that the network reaches it by.
    #[serde(with = "scheme::names::text")]
    pub number: PhoneNumber,
}

impl PhoneFile {
    /// The card in it.
    pub fn card(&self) -> Result<CardRef> {
        Ok(self.sim.parse()?)
    }
}

/// The place of one phone.
pub(super) struct Place {
    pub folder: PathBuf,
}

impl Place {
    pub fn of(phones: &Path, name: &PhoneName) -> Self {
        Place { folder: phones.join(&name.0) }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.join("phone.json")
    }

    pub fn line(&self) -> PathBuf {
        self.folder.join("modem")
    }

    pub fn load(&self) -> Result<PhoneFile> {
        let path = self.file();
        if !path.exists() {
            return Err(refused(format!("there is no phone in {}", self.folder.display()))
                .hint("`gridcard phone list` shows the phones; `gridcard phone new` makes one")
                .into());
        }
        serde_json::from_str(&home::read_text(&path)?).with_context(|| path.display().to_string())
    }

    pub fn save(&self, phone: &PhoneFile) -> Result<()> {
        home::make_folder(&self.folder)?;
        home::write(&self.file(), serde_json::to_string_pretty(phone)?.as_bytes())
    }
}

/// All phones by their names.
pub(super) fn all(phones: &Path) -> Result<Vec<(PhoneName, PhoneFile)>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(phones).with_context(|| format!("cannot read {}", phones.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", phones.display()))?;
        let Ok(name) = entry.file_name().to_string_lossy().parse::<PhoneName>() else { continue };
        let place = Place::of(phones, &name);
        if place.file().exists() {
            found.push((name, place.load()?));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
