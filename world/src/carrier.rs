//! Messages on their way between the bank and the SIMs.

use crate::clock::WorldClock;
use crate::queue::Queue;
use parties::carrier::{Carrier, Files};
use parties::trouble::{Result, refused};
use scheme::Moment;
use scheme::record_file::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A network that loses nothing and keeps the order; every message takes the same time.
pub struct Post {
    clock: WorldClock,
    /// Where the messages are meanwhile.
    bag: Box<dyn Carrier>,
    way: Mutex<Way>,
}

#[derive(Default)]
struct Way {
    delay_s: i64,
    under_way: Queue<PathBuf>,
    arrives: BTreeMap<PathBuf, Moment>,
}

impl Post {
    /// A network whose messages arrive at once and stay in memory.
    pub fn new(clock: WorldClock) -> Self {
        Post { clock, bag: Box::new(Bag::default()), way: Mutex::default() }
    }

    /// The same with record files, where others may see them.
    pub fn in_files(clock: WorldClock) -> Self {
        Post { clock, bag: Box::new(Files), way: Mutex::default() }
    }

    /// From now on a message takes so many seconds.
    pub fn takes(&self, delay_s: i64) {
        self.way().delay_s = delay_s;
    }

    /// The name of the next message that has arrived and was not told yet.
    pub fn arrived(&self) -> Option<PathBuf> {
        self.way().under_way.due(self.clock.time()).map(|(_, name)| name)
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Post {
    fn send(&self, name: &Path, message: &Message) -> Result<()> {
        self.bag.send(name, message)?;
        let now = self.clock.time();
        let mut way = self.way();
        let arrives = now.add_seconds(way.delay_s).unwrap_or(now);
        way.under_way.put(arrives, name.to_owned());
        way.arrives.insert(name.to_owned(), arrives);
        Ok(())
    }

    fn fetch(&self, name: &Path) -> Result<Message> {
        match self.way().arrives.get(name) {
            Some(arrives) if *arrives > self.clock.time() => {
                Err(refused(format!("{} is under way until {arrives}", name.display())).into())
            }
            _ => self.bag.fetch(name),
        }
    }

    fn is_taken(&self, name: &Path) -> bool {
        self.bag.is_taken(name)
    }
}

/// Messages in memory.
#[derive(Default)]
struct Bag(Mutex<BTreeMap<PathBuf, Message>>);

impl Bag {
    fn messages(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Bag {
    fn send(&self, name: &Path, message: &Message) -> Result<()> {
        self.messages().insert(name.to_owned(), message.clone());
        Ok(())
    }

    fn fetch(&self, name: &Path) -> Result<Message> {
        let found = self.messages().get(name).cloned();
        found.ok_or_else(|| refused(format!("there is no message {}", name.display())).into())
    }

    fn is_taken(&self, name: &Path) -> bool {
        self.messages().contains_key(name)
    }
}
