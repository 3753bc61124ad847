//! Data for an application on a phone, or from one: 8-bit messages with its port in the header, in parts where one does not hold them
//! [TS 23.040 9.2.3.24.1, 9.2.3.24.4].

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::tpdu::{InformationElement, MAX_USER_DATA, Part, UserData};

/// Element of two ports of two octets each: the receiver's, then the sender's, big endian.
const IE_PORTS_WIDE: u8 = 0x05;
/// Header of a message that stands alone: UDHL, and the ports.
const ALONE: usize = 7;
/// Header of a part: the same, and its place.
const OF_PART: usize = 12;
/// What one message holds beside its ports.
pub const WHOLE: usize = MAX_USER_DATA - ALONE;
/// What one part holds.
pub const OF_EACH: usize = MAX_USER_DATA - OF_PART;
/// Most parts a message goes in.
pub const MOST: usize = 255;

/// Where data goes and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The application it is for.
    pub to: u16,
    /// The application it is from.
    pub from: u16,
}

impl Ports {
    /// Those of a message; `None` where it names none, or names them in one octet each.
    #[must_use]
    pub fn of(user_data: &UserData) -> Option<Self> {
        let read = |element: &InformationElement| match (element.id, element.data.as_slice()) {
            (IE_PORTS_WIDE, &[t1, t0, f1, f0]) => {
                Some(Ports { to: u16::from_be_bytes([t1, t0]), from: u16::from_be_bytes([f1, f0]) })
            }
            _ => None,
        };
        user_data.elements().iter().rev().find_map(read)
    }

    fn octets(self) -> [u8; 4] {
        let ([t1, t0], [f1, f0]) = (self.to.to_be_bytes(), self.from.to_be_bytes());
        [t1, t0, f1, f0]
    }
}

/// User data of the messages that carry `data`, header first: one where it fits into 133 bytes, else parts of 128 that share `reference`.
/// `None` where 255 parts do not hold it.
#[must_use]
pub fn split(data: &[u8], ports: Ports, reference: u8) -> Option<Vec<Vec<u8>>> {
    let [t1, t0, f1, f0] = ports.octets();
    let ports = [IE_PORTS_WIDE, 4, t1, t0, f1, f0];
    if data.len() <= WHOLE {
        return Some([[&[6], &ports[..], data].concat()].into());
    }
    let total = u8::try_from(data.len().div_ceil(OF_EACH)).ok()?;
    let part = |(sequence, data): (u8, &[u8])| {
        [&[11], &ports[..], &[0x00, 3, reference, total, sequence], data].concat()
    };
    Some((1..=total).zip(data.chunks(OF_EACH)).map(part).collect())
}

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
    /// Where it goes.
    pub ports: Ports,
    /// What it carries.
    pub data: Vec<u8>,
    /// Messages it came in.
    pub parts: u8,
}

/// What a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    sender: String,
    ports: Ports,
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

    /// Takes a message from a sender; gives the whole that it completes. Messages without ports are nobody's here.
    #[must_use]
    pub fn take(&mut self, sender: &str, user_data: &UserData, now: Duration) -> Option<Whole> {
        self.expire(now);
        let ports = Ports::of(user_data)?;
        let body = user_data.body();
        let Some(part) = user_data.part().filter(|part| part.total > 1) else {
            return Some(Whole { ports, data: body.to_vec(), parts: 1 });
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
            let open = Open { since: now, order: self.opened, parts: BTreeMap::new() };
            self.open.insert(key.clone(), open);
        }
        let open = self.open.get_mut(&key)?;
        if open.parts.insert(sequence, body.to_vec()).is_none() {
            self.bytes += body.len();
        }
        if open.parts.len() == usize::from(total) {
            let data = open.parts.values().flatten().copied().collect();
            self.forget(&key);
            return Some(Whole { ports, data, parts: total });
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
