//! The office that a bank's folder stands in, in words.

use super::text::short;
use crate::home;
use crate::trouble::Result;
use std::path::Path;

/// The file that names it.
const FILE: &str = "office";

/// The office of a bank's folder; empty where none was named.
pub(super) fn of(folder: &Path) -> String {
    home::read_text(&folder.join(FILE)).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// Names the office of a bank's folder.
///
/// # Errors
/// The name is too long, or cannot be kept.
pub(super) fn name(folder: &Path, office: &str) -> Result<()> {
    let office = short("office", office, 64)?;
    home::write(&folder.join(FILE), format!("{office}\n").as_bytes())
}
