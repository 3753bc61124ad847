//! Keys that were none: how many of them an address may show in a minute.
//!
//! An address that showed too many is not looked at any more for a while; what was good from there before is let in all the same, so
//! that nobody who guesses keeps his neighbours out.

use crate::bucket::Buckets;
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

/// Keys that are none, a minute of one address.
pub const TRIES: u32 = 20;
/// What is remembered of keys that were good, at most.
const GOOD_MAX: usize = 4096;

/// The tries of all addresses.
pub struct Tries {
    left: Buckets<IpAddr>,
    good: HashSet<(IpAddr, [u8; 32])>,
}

/// The address that is counted: of IPv6 the network, for whoever has one address of it has all.
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Tries {
    /// Nobody tried anything.
    pub fn new() -> Self {
        Tries { left: Buckets::new(TRIES), good: HashSet::new() }
    }

    /// Whether what an address shows is looked at.
    pub fn may(&mut self, address: IpAddr, shown: [u8; 32], now: Duration) -> bool {
        let address = counted(address);
        self.left.has(&address, now) || self.good.contains(&(address, shown))
    }

    /// It was good.
    pub fn good(&mut self, address: IpAddr, shown: [u8; 32]) {
        if self.good.len() == GOOD_MAX {
            self.good.clear();
        }
        self.good.insert((counted(address), shown));
    }

    /// It was none. `false`: the address has shown too many, and this one is not worth a line.
    pub fn bad(&mut self, address: IpAddr, now: Duration) -> bool {
        self.left.take(&counted(address), now)
    }
}
