//! The world's own clock: it stands until somebody moves it.

use scheme::clock::ClockError;
use scheme::{Clock, Moment};
use std::sync::{Arc, Mutex, PoisonError};

/// A clock that its world moves. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct WorldClock(Arc<Mutex<Moment>>);

impl WorldClock {
    /// A clock that stands at a moment.
    pub fn at(now: Moment) -> Self {
        WorldClock(Arc::new(Mutex::new(now)))
    }

    /// The time it shows.
    pub fn time(&self) -> Moment {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts it to a moment.
    pub fn set(&self, now: Moment) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves it on; at the end of the calendar it stands.
    pub fn later(&self, seconds: i64) {
        let now = self.time();
        self.set(now.add_seconds(seconds).unwrap_or(now));
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Result<Moment, ClockError> {
        Ok(self.time())
    }
}
