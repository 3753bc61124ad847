//! Which numbers a message centre has to itself while it runs: a file that it holds.

use crate::home;
use crate::trouble::{Context, Result, refused};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name by which a centre holds its numbers.
const CENTRE: &str = "message centre";

#[derive(Serialize, Deserialize)]
struct Claim {
    numbers: Vec<String>,
}

/// The numbers are a centre's as long as this is not dropped.
pub(super) struct Held {
    file: PathBuf,
    _lock: disk::Lock,
}

impl Drop for Held {
    fn drop(&mut self) {
        // What is left there without a lock counts for nothing.
        let _ = std::fs::remove_file(&self.file);
    }
}

fn claim_file(phones: &Path) -> PathBuf {
    phones.join("network").join("centre.json")
}

/// Digits of a number, however it was dialled.
pub(super) fn bare(number: &str) -> &str {
    number.trim_start_matches('+').trim_start_matches("00")
}

/// Takes numbers, as digits, for a centre.
pub(super) fn make(phones: &Path, numbers: Vec<String>) -> Result<Held> {
    home::make_folder(&phones.join("network"))?;
    let file = claim_file(phones);
    // Whoever looks whether one runs holds it for a moment.
    let is_centre = |holder: &disk::Holder| holder.name().is_some_and(|(_, name)| name == CENTRE);
    let lock = disk::Lock::take(&file, Duration::from_secs(2), CENTRE, is_centre)
        .map_err(|_| refused("another message centre runs in this home").code("centre-runs"))?;
    home::write(&file, serde_json::to_string_pretty(&Claim { numbers })?.as_bytes())?;
    Ok(Held { file, _lock: lock })
}

/// The numbers that go to a centre which runs, as digits. A file that nobody holds was left by a killed one.
pub(super) fn claimed(phones: &Path) -> Result<Vec<String>> {
    let file = claim_file(phones);
    if !file.exists() || disk::Lock::take(&file, Duration::ZERO, "phones", |_| false).is_ok() {
        return Ok(Vec::new());
    }
    let claim: Claim =
        serde_json::from_str(&home::read_text(&file)?).with_context(|| file.display().to_string())?;
    Ok(claim.numbers)
}

/// Whether a letter goes to one of a centre's numbers.
pub(super) fn is_theirs(claimed: &[String], to: &str) -> bool {
    claimed.iter().any(|number| number == bare(to))
}
