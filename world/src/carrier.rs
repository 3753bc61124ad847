//! Messages on their way between the bank and the SIMs.

use crate::queue::Queue;
use scheme::Moment;
use std::path::PathBuf;

/// A message under way: whose SIM it is for or from, and the file with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The customer's place among the people of the world.
    pub person: usize,
    /// The record file.
    pub file: PathBuf,
}

/// Takes messages and gives them out when they have arrived.
pub trait Carrier {
    /// Takes a message at a moment.
    fn send(&mut self, now: Moment, parcel: Parcel);

    /// The next message that has arrived by a moment.
    fn arrived(&mut self, now: Moment) -> Option<Parcel>;
}

/// A network that loses nothing and keeps the order; every message takes the same time.
#[derive(Debug)]
pub struct Post {
    delay_s: i64,
    under_way: Queue<Parcel>,
}

impl Post {
    /// A network whose messages take so many seconds.
    pub fn new(delay_s: i64) -> Self {
        Post { delay_s, under_way: Queue::default() }
    }
}

impl Carrier for Post {
    fn send(&mut self, now: Moment, parcel: Parcel) {
        self.under_way.put(now.add_seconds(self.delay_s).unwrap_or(now), parcel);
    }

    fn arrived(&mut self, now: Moment) -> Option<Parcel> {
        self.under_way.due(now).map(|(_, parcel)| parcel)
    }
}
