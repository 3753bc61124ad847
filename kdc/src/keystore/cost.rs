//! What trying one passphrase costs.

use std::fmt;

/// Cost of trying one passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB: 8 MiB to 2 GiB.
    pub memory_kib: u32,
    /// Passes over it, 1 to 64.
    pub passes: u32,
    /// Lanes, 1 to 16.
    pub lanes: u8,
}

impl Cost {
    /// 64 MiB, three passes, one lane: some tenths of a second on an office machine.
    pub const STANDARD: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// Bounds, so that a made-up file neither costs nothing nor all memory there is.
    pub(super) fn is_sound(self) -> bool {
        (8 * 1024..=2 * 1024 * 1024).contains(&self.memory_kib)
            && (1..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB, {} pass(es), {} lane(s)", self.memory_kib, self.passes, self.lanes)
    }
}
