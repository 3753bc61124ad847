//! Which keys a chip or a module has.

use crate::meters::KeyState;
use std::fmt;

/// The keys of a chip, or of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys {
    /// Test or formal.
    pub state: KeyState,
    /// Their version.
    pub version: u8,
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys of version {}", self.state.name(), self.version)
    }
}
