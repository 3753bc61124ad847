//! The time in a first message: 12 bytes that rise with each one [docs/specs/client.md 2].

/// Seconds since 1970 are counted from here, as TAI64N counts them, without leap seconds.
const EPOCH: u64 = 0x4000_0000_0000_000A;
const NANOS: u32 = 1_000_000_000;

/// A time of 12 bytes. Orders by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp([u8; 12]);

impl Stamp {
    /// Before all others.
    pub const ZERO: Stamp = Stamp([0; 12]);

    /// Of seconds since 1970-01-01T00:00:00Z and nanoseconds; what is beyond its range is the nearest there is.
    pub fn of(seconds: i64, nanos: u32) -> Self {
        Stamp::join(EPOCH.saturating_add_signed(seconds), nanos.min(NANOS - 1))
    }

    fn join(seconds: u64, nanos: u32) -> Self {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&seconds.to_be_bytes());
        bytes[8..].copy_from_slice(&nanos.to_be_bytes());
        Stamp(bytes)
    }

    /// Of bytes; `None`: the nanoseconds are a second or more.
    pub fn read(bytes: [u8; 12]) -> Option<Self> {
        (Stamp(bytes).parts().1 < NANOS).then_some(Stamp(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 12] {
        &self.0
    }

    fn parts(self) -> (u64, u32) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.0;
        (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes([i, j, k, l]))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(self) -> i64 {
        i64::try_from(i128::from(self.parts().0) - i128::from(EPOCH)).unwrap_or(i64::MAX)
    }

    /// A nanosecond later.
    pub fn next(self) -> Self {
        match self.parts() {
            (seconds, nanos) if nanos + 1 < NANOS => Stamp::join(seconds, nanos + 1),
            (seconds, _) => Stamp::join(seconds.saturating_add(1), 0),
        }
    }

    /// What a phone sends: its clock, or the next after what it sent last, whichever is later.
    pub fn after(self, last: Stamp) -> Self {
        self.max(last.next())
    }
}

impl core::fmt::Debug for Stamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (_, nanos) = self.parts();
        write!(f, "Stamp({}.{nanos:09})", self.seconds())
    }
}
