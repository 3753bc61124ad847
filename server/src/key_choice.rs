//! Which keys a chip or a module has.

use crate::meters::KeyState;
use scheme::numbers::RegionCode;
use std::fmt;

/// The keys of a chip, or of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys {
    /// Test or formal.
    pub state: KeyState,
    /// Their version.
    pub version: u8,
    /// The city whose keys they are; `None`: not told, as in a register of before.
    pub city: Option<RegionCode>,
}

impl Keys {
    /// Whether what is sealed under the one opens under the other, as far as is known.
    pub fn fit(&self, other: &Keys) -> bool {
        let is_one_city = match (self.city, other.city) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        is_one_city && (self.state, self.version) == (other.state, other.version)
    }

    /// With whose they are, where that is known.
    pub fn in_full(&self) -> String {
        match self.city {
            Some(city) => format!("{self} of city {city}"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys of version {}", self.state.name(), self.version)
    }
}
