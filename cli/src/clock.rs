//! The one place that reads the clock and the operating system's random numbers.

use crate::args::Global;
use crate::fail::security;
use parties::trouble::Result;
use scheme::Chance;
use scheme::moment::Moment;
use std::time::{SystemTime, UNIX_EPOCH};
use vcard::{OsChance, SeededChance};

/// China's clock runs 8 hours ahead of UTC.
const CHINA_S: i64 = 8 * 3600;

/// The time to act at.
pub fn now(global: &Global) -> Result<Moment> {
    if let Some(at) = global.at {
        return Ok(at);
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| crate::fail::refused("the clock stands before 1970"))?;
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Moment::from_seconds(seconds.saturating_add(CHINA_S))
        .ok_or_else(|| crate::fail::refused("the clock stands beyond the year 9999").into())
}

/// Random numbers for one use; `label` keeps the streams of a seed apart.
pub fn entropy(global: &Global, label: &str) -> Box<dyn Chance + Send> {
    match global.seed {
        Some(seed) => Box::new(SeededChance::new(seed, label)),
        None => Box::new(OsChance),
    }
}

/// A security stop when a seed was given for an act that must not repeat: a seed never makes formal keys, never answers for a
/// card that holds some, and never makes a challenge that protects money. `what` is the act, or the card.
pub fn must_be_unseeded(global: &Global, what: &str) -> Result<()> {
    if global.seed.is_none() {
        return Ok(());
    }
    Err(security(format!("--seed is for test keys: whoever knows it repeats {what}"))
        .hint("leave --seed out; with --test-root, or in a rehearsal, it may stay")
        .into())
}

/// A serial for a new chip: any but those that stand for meters' MCUs, which no issuing card takes for a chip.
pub fn chip_serial(entropy: &mut dyn Chance) -> [u8; 8] {
    loop {
        let serial = random(entropy);
        if !keys::hierarchy::is_mcu_serial(&serial) {
            return serial;
        }
    }
}

/// An array of random bytes.
pub fn random<const N: usize>(entropy: &mut dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
