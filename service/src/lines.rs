//! Which meter is on which line.
//!
//! One line a number is the rule. A second one under the same number is let in beside the first while neither has been proved: whoever sits on a
//! number that is not his keeps its meter out for no longer than to the first act, which his line cannot bring to an end. A line over which an
//! ESAM's receipt came is proved until an act fails on it, and goes only when it falls silent.

use scheme::numbers::MeterNumber;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender as Requests;
use tokio::sync::{Notify, Semaphore};

/// What is done at a meter over its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineAct {
    /// Values are read.
    Read,
    /// Something is bought for it.
    Buy,
}

/// Lines of one number.
const OF_A_NUMBER: usize = 2;

/// A line to a meter, as others see it.
pub struct Line {
    /// Whom it says to be.
    pub meter: MeterNumber,
    /// Where it comes from.
    pub from: SocketAddr,
    /// When it logged in.
    pub since: Instant,
    /// What is to be sent on it.
    pub requests: Requests<Vec<u8>>,
    /// One conversation at a time.
    pub turn: Arc<Semaphore>,
    /// Who hears what the meter says, while somebody speaks with it.
    pub listener: Mutex<Option<SyncSender<Vec<u8>>>>,
    /// It is to end.
    pub ends: Notify,
    /// It said something whole.
    pub spoke: Notify,
    /// An ESAM's receipt came over it.
    pub proved: AtomicBool,
    /// When it last said something whole, in ms since it logged in.
    heard: AtomicU64,
    /// Frames of DL/T 645 that came.
    frames: AtomicU64,
}

/// What is told of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// Whom it says to be.
    pub meter: MeterNumber,
    /// Where it comes from.
    pub from: SocketAddr,
    /// Since how many seconds.
    pub since_s: u64,
    /// So many seconds ago it said something.
    pub silent_s: u64,
    /// Frames of DL/T 645 that came.
    pub frames: u64,
    /// An ESAM's receipt came over it.
    pub proved: bool,
}

impl Line {
    /// A new one.
    pub fn new(meter: MeterNumber, from: SocketAddr, requests: Requests<Vec<u8>>) -> Self {
        Line {
            meter,
            from,
            since: Instant::now(),
            requests,
            turn: Arc::new(Semaphore::new(1)),
            listener: Mutex::new(None),
            ends: Notify::new(),
            spoke: Notify::new(),
            proved: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            frames: AtomicU64::new(0),
        }
    }

    fn listener(&self) -> MutexGuard<'_, Option<SyncSender<Vec<u8>>>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something whole came.
    pub fn heard(&self) {
        self.heard.store(self.age().as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        self.spoke.notify_waiters();
    }

    /// A frame of DL/T 645 came; one that nobody waits for is nobody's. So is one more than whoever waits has room for: a meter says one at a
    /// time, and whoever says more is not to fill the server's memory.
    pub fn said(&self, frame: Vec<u8>) {
        self.heard();
        self.frames.fetch_add(1, Ordering::Relaxed);
        if let Some(listener) = &*self.listener() {
            let _ = listener.try_send(frame);
        }
    }

    /// Has somebody hear what the meter says; `None`: nobody any more.
    pub fn hears(&self, listener: Option<SyncSender<Vec<u8>>>) {
        *self.listener() = listener;
    }

    fn age(&self) -> Duration {
        self.since.elapsed()
    }

    fn facts(&self) -> LineFacts {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        LineFacts {
            meter: self.meter,
            from: self.from,
            since_s: self.age().as_secs(),
            silent_s: self.age().saturating_sub(heard).as_secs(),
            frames: self.frames.load(Ordering::Relaxed),
            proved: self.is_proved(),
        }
    }

    /// Whether somebody speaks with the meter now.
    pub fn is_spoken_with(&self) -> bool {
        self.turn.available_permits() == 0
    }

    /// Whether an ESAM's receipt came over it.
    pub fn is_proved(&self) -> bool {
        self.proved.load(Ordering::Relaxed)
    }

    /// It did not bring an act to its end: whoever has it now may be another than who proved it, and is alone under its number no longer.
    pub fn doubt(&self) {
        self.proved.store(false, Ordering::Relaxed);
    }

    /// Ends it.
    pub fn end(&self) {
        self.ends.notify_one();
    }
}

/// All lines. Clones are of the same.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<BTreeMap<MeterNumber, Vec<Arc<Line>>>>>);

impl Lines {
    fn all(&self) -> MutexGuard<'_, BTreeMap<MeterNumber, Vec<Arc<Line>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines of a number: the proved one first, then as they came.
    pub fn of(&self, meter: MeterNumber) -> Vec<Arc<Line>> {
        let mut found = self.all().get(&meter).cloned().unwrap_or_default();
        found.sort_by_key(|line| !line.is_proved());
        found
    }

    /// Lets a line in, if there is room for it beside those of its number.
    pub fn enter(&self, line: Arc<Line>) -> bool {
        let mut all = self.all();
        let lines = all.entry(line.meter).or_default();
        let is_room = lines.len() < OF_A_NUMBER && !lines.iter().any(|other| other.is_proved());
        if is_room {
            lines.push(line);
        }
        is_room
    }

    /// A line has ended.
    pub fn leave(&self, line: &Arc<Line>) {
        let mut all = self.all();
        if let Some(lines) = all.get_mut(&line.meter) {
            lines.retain(|other| !Arc::ptr_eq(other, line));
            if lines.is_empty() {
                all.remove(&line.meter);
            }
        }
    }

    /// An ESAM's receipt came over a line: whoever else is there under its number is not that meter.
    pub fn prove(&self, proved: &Arc<Line>) {
        proved.proved.store(true, Ordering::Relaxed);
        for line in self.of(proved.meter) {
            if !Arc::ptr_eq(&line, proved) {
                line.end();
                self.leave(&line);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().values().map(Vec::len).sum()
    }

    /// What is told of them, by number.
    pub fn facts(&self) -> Vec<LineFacts> {
        self.all().values().flatten().map(|line| line.facts()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};
    use std::sync::Arc;

    fn line(port: u16) -> Arc<Line> {
        let (requests, _) = tokio::sync::mpsc::channel(1);
        Arc::new(Line::new(
            "261100000001".parse().expect("a number"),
            ([127, 0, 0, 1], port).into(),
            requests,
        ))
    }

    #[test]
    fn a_line_is_alone_while_it_is_proved_and_no_longer() {
        let lines = Lines::default();
        let (first, second, third) = (line(1), line(2), line(3));
        assert!(lines.enter(first.clone()) && lines.enter(second.clone()) && !lines.enter(third.clone()));
        lines.prove(&first);
        assert_eq!(lines.of(first.meter).len(), 1);
        assert!(!lines.enter(third.clone()));
        first.doubt();
        assert!(lines.enter(third), "nobody knows whose it is now");
    }
}
