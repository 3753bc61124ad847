//! What happens around a meter and in it: its battery, a magnet, a valve that sticks or leaks, contacts that are welded.

use super::place::{MeterPlace, folder, shown};
use super::supplied::Supplied;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Result, refused};
use meter::{Lock, Sensed};
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use serde::Serialize;

/// What changes around a meter.
#[derive(Debug, Clone, Copy)]
pub struct SensorsRequest {
    /// Number of the meter.
    pub number: MeterNumber,
    /// What it feels from now on.
    pub sensed: Sensed,
}

/// What a meter makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SensorsReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Register and supply.
    #[serde(flatten)]
    pub supplied: Supplied,
    /// Why relay or valve did not come to where they were told, by its name.
    pub stuck: Option<&'static str>,
    /// What holds the valve closed beside the purse, by its name.
    pub locked: Option<&'static str>,
    /// The display: two lines and a hint.
    pub display: [String; 3],
}

/// Changes what a meter feels, and lets its valve follow.
///
/// # Errors
/// There is no such meter, or it has nothing of what is changed; its ESAM is not there; the flash cannot be kept.
pub fn sensors(session: &Session, request: &SensorsRequest) -> Result<SensorsReport> {
    let place = MeterPlace::new(&folder(session)?, request.number);
    place.must_exist()?;
    // Whoever holds the ESAM holds the meter: the flash is read under it.
    let esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load()?;
    if !meter.sense(request.sensed, session.now()?) {
        return Err(refused(format!(
            "meter {} is for electricity: it has no battery, no valve, and nothing that a magnet moves",
            request.number
        ))
        .code("no-valve")
        .hint("its relay can be --jammed; `gridcard meter new --profile gas` makes one that has a valve")
        .into());
    }
    place.save(&meter)?;
    esam.close()?;
    let state = meter.state();
    Ok(SensorsReport {
        meter: request.number,
        supplied: Supplied::of(state),
        stuck: state.actuator.stuck().map(|stuck| stuck.cause.name()),
        locked: state.pipe.as_ref().and_then(|pipe| pipe.locked).map(Lock::name),
        display: shown(&meter.display()),
    })
}
