//! What a meter's register shows and whether the customer is supplied, in the words of its profile.

use meter::{MeterState, Profile};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Register and supply of a meter. In JSON: `register_hundredths_kwh` and `relay_open`, or `register_hundredths_m3` and `valve_open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supplied {
    /// What it is for.
    pub profile: Profile,
    /// Register, in 0.01 of the profile's unit.
    pub register: u32,
    /// The customer has no supply.
    pub is_cut: bool,
    /// What cuts it does not do what it was told.
    pub is_stuck: bool,
}

impl Supplied {
    /// Of a meter.
    pub fn of(state: &MeterState) -> Self {
        Supplied {
            profile: state.profile(),
            register: state.register.hundredths,
            is_cut: state.relay_open,
            is_stuck: state.actuator.stuck().is_some(),
        }
    }

    /// The register with its unit.
    pub fn register(&self) -> String {
        format!("{}.{:02} {}", self.register / 100, self.register % 100, self.profile.unit())
    }

    /// What cuts the supply.
    pub const fn device(&self) -> &'static str {
        if self.profile.has_valve() { "valve" } else { "relay" }
    }

    /// How it stands: an open relay is a closed valve.
    pub fn position(&self) -> String {
        let stands = if self.is_cut == self.profile.has_valve() { "closed" } else { "open" };
        let without = if self.is_cut { format!(" (no {})", self.profile.supply()) } else { String::new() };
        let stuck = if self.is_stuck { ", does not move" } else { "" };
        format!("{stands}{without}{stuck}")
    }
}

impl Serialize for Supplied {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        if self.profile.has_valve() {
            map.serialize_entry("register_hundredths_m3", &self.register)?;
            map.serialize_entry("valve_open", &!self.is_cut)?;
        } else {
            map.serialize_entry("register_hundredths_kwh", &self.register)?;
            map.serialize_entry("relay_open", &self.is_cut)?;
        }
        map.end()
    }
}
