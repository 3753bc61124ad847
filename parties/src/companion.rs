//! The record that goes with an issued card: what it is, and where its maker's log stood. Not needed to use the card; whoever
//! takes it notes the record in his own log, so that the two logs vouch for each other.

use crate::home;
use crate::issuing::CheckValues;
use crate::session::Session;
use crate::trouble::refused;
use crate::trouble::{Context, Result};
use crate::vouch::Origin;
use issue::card::Issued;
use scheme::CardRef;
use scheme::numbers::DeviceNumber;
use scheme::numbers::RegionCode;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FORMAT: &str = "gridcard issued card 1";

/// What the record says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Companion {
    format: String,
    kind: String,
    number: DeviceNumber,
    serial: String,
    city: String,
    at: String,
    check_values: serde_json::Value,
    /// The maker's log, the line of this card in it.
    pub log: Origin,
}

/// Where the record of a card stands: beside a card file, of a card in a reader in the maker's out.
fn place(session: &Session, card: &CardRef, out: &Path, kind: &str, number: DeviceNumber) -> Result<PathBuf> {
    Ok(match session.cards.resolve(card)?.path() {
        Some(path) => Path::new(path).with_extension("issued.json"),
        None => out.join(format!("{kind}-{number}.issued.json")),
    })
}

/// Writes the record of a card that was just issued.
///
/// # Errors
/// It cannot be written.
pub fn write(
    session: &Session,
    folder: &Path,
    card: &CardRef,
    (region, issued): (RegionCode, &Issued),
) -> Result<()> {
    let companion = Companion {
        format: FORMAT.to_owned(),
        kind: issued.kind.name().to_owned(),
        number: issued.number,
        serial: issued.serial.to_string(),
        city: region.to_string(),
        at: session.now()?.to_string(),
        check_values: serde_json::to_value(CheckValues::of_card(&issued.keys))?,
        log: Origin::of(folder)?,
    };
    let path = place(session, card, &crate::session::out(folder)?, &companion.kind, issued.number)?;
    home::write(&path, format!("{}\n", serde_json::to_string_pretty(&companion)?).as_bytes())
}

/// The record beside a card file, when there is one; it must be that card's.
///
/// # Errors
/// It is no record, or another card's.
pub fn beside(session: &Session, card: &CardRef, number: [u8; 6]) -> Result<Option<Companion>> {
    let found = session.cards.resolve(card)?;
    let Some(path) = found.path() else { return Ok(None) };
    let path = Path::new(path).with_extension("issued.json");
    if !path.exists() {
        return Ok(None);
    }
    let read: Companion = serde_json::from_str(&home::read_text(&path)?)
        .with_context(|| format!("{} is no record of an issued card", path.display()))?;
    if read.format != FORMAT || read.number.0 != number {
        let words = format!("{} is the record of another card", path.display());
        return Err(refused(words).hint("put the record beside the card it came with").into());
    }
    Ok(Some(read))
}
