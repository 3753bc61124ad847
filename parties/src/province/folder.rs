//! What stands in the province's folder, and where.

use crate::home;
use crate::places;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use ::kdc::ceremony::CeremonyRecord;
use scheme::profile::CardKind;
use std::path::{Path, PathBuf};

/// Cards the province makes for its cities.
pub const MADE: [CardKind; 3] = [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing];

/// Where the province keeps its main control card.
pub fn main_card(folder: &Path) -> PathBuf {
    folder.join("main-control.card")
}

/// Where the province keeps its key store.
pub fn keystore(folder: &Path) -> PathBuf {
    folder.join("roots.keystore")
}

/// Where the province keeps the record of its ceremony.
pub fn record_file(folder: &Path) -> PathBuf {
    folder.join("ceremony.json")
}

/// Where the province keeps the certificate of its signing root, and what it certified.
pub fn signing_file(folder: &Path) -> PathBuf {
    folder.join("signing.json")
}

/// The record of the ceremony.
///
/// # Errors
/// It is not there, or damaged.
pub fn record(folder: &Path) -> Result<CeremonyRecord> {
    let path = record_file(folder);
    serde_json::from_str(&home::read_text(&path)?).with_context(|| format!("{} is damaged", path.display()))
}

/// A province has its roots once.
///
/// # Errors
/// It has them.
pub fn must_be_new(session: &Session, folder: &Path) -> Result<()> {
    let holders = [main_card(folder), keystore(folder), record_file(folder)];
    let Some(there) = holders.iter().find(|path| places::taken(session, path)) else { return Ok(()) };
    let there = places::shown(session, there);
    if record_file(folder).exists() {
        return Err(refused(format!("{there} is there: this province has its roots")).into());
    }
    let words = format!("{there} is there without its ceremony.json");
    Err(refused(words)
        .hint("put the record back; a province of an older program whose `kdc init` was interrupted, and that made no card yet, is removed by hand")
        .into())
}
