//! The phones there are, and what is under way between them.

use super::network::{Conditions, Network, conditions};
use super::place::{PhoneName, Place, all, folder};
use crate::home::{Home, Party, owner};
use crate::session::Session;
use crate::trouble::Result;
use scheme::Moment;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

/// A phone of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedPhone {
    /// Its name.
    pub phone: PhoneName,
    /// IMEI.
    pub imei: String,
    /// The number it is reached by.
    pub number: String,
    /// The card in it.
    pub sim: String,
    /// Where its line is, while it runs.
    pub line: Option<PathBuf>,
}

/// A letter of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedLetter {
    /// Number and copy.
    pub letter: String,
    /// Whom it is from.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// When it arrives; what is due waits for its phone.
    #[serde(with = "scheme::names::text")]
    pub due: Moment,
}

/// All phones, and the network between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// The phones.
    pub phones: Vec<ListedPhone>,
    /// What becomes of letters.
    pub network: Conditions,
    /// Letters under way.
    pub under_way: Vec<ListedLetter>,
    /// Record files of what left for others, just now.
    pub handed_out: Vec<PathBuf>,
}

/// Where the line of a phone is, while somebody runs it: he holds its file; the name of its line alone may be what a killed one left.
fn line(place: &Place) -> Option<PathBuf> {
    let runs = disk::Lock::take(&place.file(), Duration::ZERO, "phone list", |_| false).is_err();
    (runs && place.line().exists()).then(|| place.line())
}

/// The phones that run, with their lines; none in a home that has no phones.
///
/// # Errors
/// A phone's file is damaged.
pub fn running(session: &Session) -> Result<Vec<(PhoneName, PathBuf)>> {
    let phones = Home::new(session).root().join(Party::Phones.folder());
    if owner(&phones)? != Some(Party::Phones) {
        return Ok(Vec::new());
    }
    let named = all(&phones)?.into_iter().map(|(name, _)| {
        let line = line(&Place::of(&phones, &name));
        line.map(|line| (name, line))
    });
    Ok(named.flatten().collect())
}

/// Lists the phones; what is due for others leaves.
///
/// # Errors
/// A phone's file is damaged.
pub fn list(session: &Session) -> Result<ListReport> {
    let folder = folder(session)?;
    let network = Network::new(&folder);
    let handed_out = network.hand_out(session)?;
    let phones = all(&folder)?.into_iter().map(|(name, file)| {
        let place = Place::of(&folder, &name);
        let line = line(&place);
        ListedPhone {
            phone: name,
            imei: file.imei.to_string(),
            number: file.number.to_string(),
            sim: file.sim,
            line,
        }
    });
    let phones = phones.collect();
    let under_way = network.under_way()?.into_iter().map(|(path, letter)| ListedLetter {
        letter: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        from: letter.from,
        to: letter.to,
        due: letter.due,
    });
    let under_way = under_way.collect();
    Ok(ListReport { phones, network: conditions(&folder)?, under_way, handed_out })
}
