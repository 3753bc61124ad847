//! Messages of 8-bit data put together as they come from many senders: parts late, twice, out of order, mixed with those of others.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::port::Ports;
use super::tpdu::{Part, UserData};

/// What a joiner keeps, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Messages of one sender that may be incomplete at once; the oldest gives way.
    pub of_sender: usize,
    /// Bytes of all parts that wait; the oldest message gives way.
    pub bytes: usize,
    /// How long the rest of a message is waited for, from its first part.
    pub patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { of_sender: 4, bytes: 1 << 20, patience: Duration::from_secs(600) }
    }
}

/// A message that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Where it goes, where it says so.
    pub ports: Option<Ports>,
    /// The element of a secured packet, where it is one.
    pub packet: Option<u8>,
    /// What it carries, without headers.
    pub data: Vec<u8>,
    /// Messages it came in.
    pub parts: u8,
}

/// What a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    sender: String,
    ports: Option<Ports>,
    reference: u16,
    is_wide: bool,
    total: u8,
}

#[derive(Debug)]
struct Open {
    since: Duration,
    /// Which of the open ones it is: the oldest has the lowest.
    order: u64,
    parts: BTreeMap<u8, Vec<u8>>,
    packet: Option<u8>,
}

/// Puts parts together that come late, twice, out of order and mixed with others. It has no clock: any time that only rises will do.
#[derive(Debug, Default)]
pub struct Joiner {
    bounds: Bounds,
    open: BTreeMap<Key, Open>,
    bytes: usize,
    opened: u64,
}

impl Joiner {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Joiner { bounds, ..Joiner::default() }
    }

    /// Bytes that wait for the rest of their messages.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bytes
    }

    /// Takes a message from a sender; gives the whole that it completes.
    #[must_use]
    pub fn take(&mut self, sender: &str, user_data: &UserData, now: Duration) -> Option<Whole> {
        self.expire(now);
        let (ports, packet) = (Ports::of(user_data), user_data.packet_element());
        let body = user_data.body();
        let Some(part) = user_data.part().filter(|part| part.total > 1) else {
            return Some(Whole { ports, packet, data: body.to_vec(), parts: 1 });
        };
        let Part { reference, is_wide, total, sequence } = part;
        let key = Key { sender: sender.to_string(), ports, reference, is_wide, total };
        // Another text under a reference that was used before: the one before will not be completed any more.
        let other = |open: &Open| open.parts.get(&sequence).is_some_and(|known| known != body);
        if self.open.get(&key).is_some_and(other) {
            self.forget(&key);
        }
        if !self.open.contains_key(&key) {
            self.make_room(&key.sender, body.len());
            self.opened += 1;
            let open = Open { since: now, order: self.opened, parts: BTreeMap::new(), packet: None };
            self.open.insert(key.clone(), open);
        }
        let open = self.open.get_mut(&key)?;
        // The first part of a packet says what it is, the second does not.
        open.packet = open.packet.or(packet);
        if open.parts.insert(sequence, body.to_vec()).is_none() {
            self.bytes += body.len();
        }
        if open.parts.len() == usize::from(total) {
            let (data, packet) = (open.parts.values().flatten().copied().collect(), open.packet);
            self.forget(&key);
            return Some(Whole { ports, packet, data, parts: total });
        }
        while self.bytes > self.bounds.bytes && self.forget_oldest(|_| true) {}
        None
    }

    /// Forgets what was waited for too long.
    pub fn expire(&mut self, now: Duration) {
        let patience = self.bounds.patience;
        let late = |open: &Open| now.saturating_sub(open.since) >= patience;
        let keys: Vec<Key> =
            self.open.iter().filter(|(_, open)| late(open)).map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.forget(key));
    }

    fn make_room(&mut self, sender: &str, more: usize) {
        let theirs = |key: &Key| key.sender == sender;
        while self.open.keys().filter(|key| theirs(key)).count() >= self.bounds.of_sender.max(1)
            && self.forget_oldest(theirs)
        {}
        while self.bytes + more > self.bounds.bytes && self.forget_oldest(|_| true) {}
    }

    fn forget_oldest(&mut self, whose: impl Fn(&Key) -> bool) -> bool {
        let theirs = self.open.iter().filter(|(key, _)| whose(key));
        let oldest = theirs.min_by_key(|(_, open)| open.order).map(|(key, _)| key.clone());
        oldest.as_ref().inspect(|key| self.forget(key)).is_some()
    }

    fn forget(&mut self, key: &Key) {
        if let Some(open) = self.open.remove(key) {
            self.bytes -= open.parts.values().map(Vec::len).sum::<usize>();
        }
    }
}
