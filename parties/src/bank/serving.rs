//! How the PSAMs of a desk that serves many stand: what is known of them without asking a card.

use super::desk::Desk;
use super::stalls::PsamState;
use crate::session::Session;
use crate::trouble::Result;
use scheme::numbers::{DeviceNumber, RegionCode};
use serde::Serialize;

/// The bank's PSAMs, as a server works with them.
#[derive(Debug, Clone, Serialize)]
pub struct ServingReport {
    /// By number.
    pub psams: Vec<ServingPsam>,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct ServingPsam {
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// State of its keys.
    pub key_state: &'static str,
    /// Their version.
    pub key_version: u8,
    /// `idle`: not needed yet; `open`; `lost`: it is opened anew when it is needed; `paused`: it failed several times and is left alone for a
    /// time; `pin-refused`: its PIN is not tried again by itself.
    pub state: &'static str,
    /// How long it is left alone yet, in seconds.
    pub pause_s: Option<u64>,
    /// Why it failed the last time, by its stable name.
    pub code: Option<String>,
    /// The same in words.
    pub detail: Option<String>,
    /// Questions that wait for it.
    pub waiting: usize,
    /// Orders it can still seal; `None`: it has no limit, or is not open.
    pub orders_left: Option<u32>,
    /// Value that it can still seal, likewise.
    pub value_left_fen: Option<u64>,
    /// A tenth or less of one of its limits is left: its city gives it another.
    pub low: bool,
}

/// The bank's PSAMs, as they stand at a desk.
///
/// # Errors
/// A PSAM is known neither by its record nor by itself.
pub fn serving(session: &Session, desk: &Desk) -> Result<ServingReport> {
    let pool = desk.pool(session)?;
    let psams = pool.members.iter().map(|member| {
        let state = desk.psam_state(member.number);
        let unfit = state.as_ref().and_then(|state| state.unfit.clone());
        ServingPsam {
            number: member.number,
            city: member.city,
            key_state: member.keys.state.name(),
            key_version: member.keys.version,
            state: state.as_ref().map_or("idle", PsamState::name),
            pause_s: state.as_ref().and_then(|state| state.pause).map(|pause| pause.as_secs().max(1)),
            code: unfit.as_ref().map(|unfit| unfit.code.clone()),
            detail: unfit.map(|unfit| unfit.words),
            waiting: state.as_ref().map_or(0, |state| state.waiting),
            orders_left: state.as_ref().and_then(|state| state.orders),
            value_left_fen: state.as_ref().and_then(|state| state.fen),
            low: state.is_some_and(|state| state.is_low),
        }
    });
    Ok(ServingReport { psams: psams.collect() })
}
